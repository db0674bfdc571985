"""The inputs on which a learner's function is tried: the example by hand, then adversarial ones."""

import torch
from torch import Tensor

from helpers import example
from helpers.checks import ADVERSARIAL, Shape

IMAGE, KERNEL = example.IMAGE[None, None], example.KERNEL[None, None]
UPSTREAM = example.UPSTREAM[None, None]
ONE, NONE = (1, 1), (0, 0)  # a stride, and no padding


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
    """Return (input, weight, bias, stride, padding) of the example and the adversarial shapes."""
    plain = (IMAGE, KERNEL, None, ONE, NONE)
    return [plain, *[(*tensors(shape), shape.stride, shape.padding) for shape in ADVERSARIAL]]
