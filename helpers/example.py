"""The example by hand that runs through lessons 01 to 03: one image, one kernel, every number.

A 3×3 image and a 2×2 kernel, with stride 1 and without padding. All constants but the losses and
the learning rate are float64 tensors, with two axes as on paper: ``IMAGE[None, None]`` is a batch
of one image with one channel, and ``KERNEL[None, None]`` one kernel with one channel, as torch's
functions want them. Take a copy (``IMAGE.clone()``) before writing into one.

The loss is half the sum of the squared differences, ``((OUTPUT - TARGET) ** 2).sum() / 2``. Its
gradient with respect to the output is the difference itself: ``UPSTREAM = OUTPUT - TARGET``.
"""

import torch


def _matrix(*rows: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64)


# forward: OUTPUT is IMAGE convolved with KERNEL, the bias is 0
IMAGE = _matrix((1, 2, 0), (0, 1, 3), (2, 0, 1))  # X (3, 3)
KERNEL = _matrix((1, 2), (0, -1))  # W (2, 2)
BIAS = torch.zeros(1, dtype=torch.float64)  # b (1,)
PATCHES = _matrix((1, 2, 0, 1), (2, 0, 1, 3), (0, 1, 2, 0), (1, 3, 0, 1))  # U (P, K): (4, 4)
OUTPUT = _matrix((4, -1), (2, 6))  # Y (2, 2)

# backward, from the target to the gradients of the loss
TARGET = _matrix((3, -1), (0, 7))  # the output that the loss asks for (2, 2)
UPSTREAM = _matrix((1, 0), (2, -1))  # with respect to Y
KERNEL_GRAD = _matrix((0, 1), (4, 0))  # with respect to W
BIAS_GRAD = torch.full((1,), 2.0, dtype=torch.float64)  # with respect to b
PATCHES_GRAD = _matrix((1, 2, 0, -1), (0, 0, 0, 0), (2, 4, 0, -2), (-1, -2, 0, 1))  # to U
IMAGE_GRAD = _matrix((1, 2, 0), (2, 2, -2), (0, -2, 1))  # with respect to X

# one step of gradient descent, KERNEL - LEARNING_RATE * KERNEL_GRAD, and the bias likewise
LEARNING_RATE = 0.1
NEXT_KERNEL = _matrix((1, 1.9), (-0.4, -1))
NEXT_BIAS = torch.full((1,), -0.2, dtype=torch.float64)
NEXT_OUTPUT = _matrix((3.6, -1.6), (0.9, 5.5))
LOSS, NEXT_LOSS = 3.0, 1.89
