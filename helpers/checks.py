"""The check behind every "equals" of the lessons, and the shapes it is tried on."""

from typing import NamedTuple

import numpy as np
import torch


class Shape(NamedTuple):
    """One convolution: sizes as in ``torch.nn.functional.conv2d``, pairs are (height, width)."""

    batch: int
    in_channels: int
    out_channels: int
    size: tuple[int, int]
    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]


# The shapes on which hand-written convolutions go wrong; lessons and tests share them.
ADVERSARIAL = (
    Shape(1, 1, 1, (5, 5), (3, 3), (1, 1), (0, 0)),  # the plain case, for comparison
    Shape(2, 3, 4, (7, 5), (3, 3), (1, 1), (1, 1)),  # height and width differ
    Shape(2, 2, 3, (6, 9), (2, 5), (1, 1), (0, 2)),  # kernel sides differ, padding on one axis
    Shape(3, 2, 5, (8, 7), (3, 2), (3, 2), (0, 0)),  # the stride leaves pixels over
    Shape(2, 3, 2, (6, 5), (3, 3), (2, 3), (2, 1)),  # stride, padding and both unequal
    Shape(2, 4, 3, (5, 4), (1, 1), (1, 1), (0, 0)),  # 1x1 kernel
    Shape(1, 3, 2, (5, 6), (1, 1), (2, 2), (0, 0)),  # 1x1 kernel that skips pixels
    Shape(2, 2, 3, (3, 4), (5, 6), (1, 1), (1, 1)),  # kernel as large as the padded image
    Shape(1, 5, 1, (4, 4), (2, 2), (2, 2), (0, 0)),  # patches that do not overlap
)

# The layers whose speed lesson 05 measures:
# (batch, in, out, height, width, kernel, stride, padding): first, middle and last layers of the
# networks of this report, larger ones, and a strided 5x5
BENCHMARK_SHAPES = (
    (16, 1, 16, 28, 28, 3, 1, 1),
    (16, 16, 32, 14, 14, 3, 1, 1),
    (16, 32, 64, 7, 7, 3, 1, 1),
    (16, 32, 81, 16, 16, 3, 1, 1),
    (16, 3, 8, 32, 32, 3, 1, 1),
    (16, 1, 16, 64, 64, 3, 1, 1),
    (64, 16, 32, 32, 32, 3, 1, 1),
    (4, 3, 16, 96, 72, 5, 2, 1),
)

# Absolute tolerances: sums of some hundred terms of size one, with room to spare.
_TOLERANCE = {
    torch.float64: 1e-10,
    torch.complex128: 1e-10,
    torch.float32: 1e-4,
    torch.complex64: 1e-4,
    torch.float16: 1e-2,
    torch.bfloat16: 1e-1,
}


def _tensor(value) -> torch.Tensor:
    """Return a tensor as it is, and plain numbers in full precision: float64, int64, complex128."""
    return value if isinstance(value, torch.Tensor) else torch.as_tensor(np.array(value))


def check_equal(
    actual, expected, what: str = "", *, atol: float | None = None, show_error: bool = False
) -> None:
    """Assert that two tensors agree, and print within which tolerance they do.

    Both are tensors (or numbers, which count as float64 or int64) of the same shape and dtype.
    ``atol`` is the largest absolute difference allowed; by default 1e-10 for float64, 1e-4 for
    float32, 1e-2 for float16, 1e-1 for bfloat16, 0 for integers, and for complex numbers as for
    their parts. ``show_error`` prints the largest error as well, where rounding is the subject: its
    digits depend on the processor. Raises AssertionError when they differ by more.
    """
    actual, expected = _tensor(actual), _tensor(expected)
    if atol is None:
        atol = _TOLERANCE.get(actual.dtype, 0.0)
    torch.testing.assert_close(actual, expected, atol=atol, rtol=0.0)
    said = f"equal within {atol:.0e}" if atol else "equal"
    if show_error:
        said += f", largest error {_largest_error(actual, expected):.0e}"
    print(f"{what}: {said}" if what else said)


def _largest_error(actual: torch.Tensor, expected: torch.Tensor) -> float:
    if not actual.is_complex():
        actual, expected = actual.double(), expected.double()
    differ = actual != expected  # two infinities are equal, though their difference is no number
    return (actual - expected)[differ].abs().max().item() if differ.any() else 0.0
