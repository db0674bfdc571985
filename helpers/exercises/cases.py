"""The inputs on which a learner's function is tried: the example by hand, then adversarial ones."""

import torch
from torch import Tensor

from helpers import example
from helpers.checks import ADVERSARIAL, Shape

IMAGE, KERNEL = example.IMAGE[None, None], example.KERNEL[None, None]
UPSTREAM = example.UPSTREAM[None, None]
# Another one, for the exercises by hand: the lessons work out the first.
BY_HAND = torch.tensor([[2.0, 0, 1], [1, 3, 0], [0, 1, 2]], dtype=torch.float64)[None, None]
BY_HAND_KERNEL = torch.tensor([[1.0, -1], [2, 0]], dtype=torch.float64)[None, None]
BY_HAND_UPSTREAM = torch.tensor([[0.0, 2], [-1, 2]], dtype=torch.float64)[None, None]
ONE, NONE = (1, 1), (0, 0)  # a stride, and no padding

# One thing at a time, with few numbers: the first of these that goes wrong says most.
SIMPLE = (
    Shape(2, 1, 1, (3, 3), (2, 2), ONE, NONE),  # two images
    Shape(1, 2, 1, (3, 3), (2, 2), ONE, NONE),  # two input channels
    Shape(1, 1, 2, (3, 3), (2, 2), ONE, NONE),  # two output channels
    Shape(1, 1, 1, (2, 4), (2, 2), ONE, NONE),  # an image that is not square
    Shape(1, 1, 1, (3, 3), (1, 2), ONE, NONE),  # a kernel that is not square
    Shape(1, 1, 1, (4, 4), (2, 2), (2, 2), NONE),  # a stride
    Shape(1, 1, 1, (3, 3), (2, 2), (2, 2), NONE),  # a stride that leaves pixels over
    Shape(1, 1, 1, (3, 5), (2, 3), (1, 2), NONE),  # strides that differ
    Shape(1, 1, 1, (2, 2), (2, 2), ONE, (1, 1)),  # padding
    Shape(1, 1, 1, (3, 2), (2, 2), ONE, (0, 1)),  # paddings that differ
)
SHAPES = SIMPLE + ADVERSARIAL


def random(*shape: int, seed: int = 0) -> Tensor:
    """Return whole numbers from -5 to 5 as float64: a message can be checked by hand."""
    generator = torch.Generator().manual_seed(1000 * seed + sum(shape))
    return torch.randint(-5, 6, shape, generator=generator).double()


def tensors(shape: Shape) -> tuple[Tensor, Tensor, Tensor]:
    """Return the input, the weight and the bias of an adversarial shape."""
    return (
        random(shape.batch, shape.in_channels, *shape.size, seed=1),
        random(shape.out_channels, shape.in_channels, *shape.kernel_size, seed=2),
        random(shape.out_channels, seed=3),
    )


def layers() -> list[tuple]:
    """Return (input, weight, bias, stride, padding) of the example and of all shapes."""
    plain = (IMAGE, KERNEL, None, ONE, NONE)
    return [plain, *[(*tensors(shape), shape.stride, shape.padding) for shape in SHAPES]]
