"""All sizes of one convolution in one value."""

from typing import NamedTuple

from torch import Tensor

from helpers.conv.arguments import channels_last, pair
from helpers.conv.loops import fit


class Geometry(NamedTuple):
    """All sizes of one convolution; pairs are (height, width)."""

    size: tuple[int, int]
    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    output_size: tuple[int, int]
    channels_last: bool = False  # the memory format of the output and of all gradients


def geometry_of(input, weight, stride, padding, dilation, groups) -> Geometry:
    """Return the geometry of ``input`` (N, C, height, width) and ``weight`` (O, C, k_h, k_w).

    ``padding`` is a pair. Raises TypeError or ValueError for sizes that do not fit together. As in
    torch, the memory format is channels last when one of the two tensors is.
    """
    size, kernel_size = tuple(input.shape[2:]), tuple(weight.shape[2:])
    stride, dilation = pair(stride, "stride", 1), pair(dilation, "dilation", 1)
    out = fit(size, pair(kernel_size, "kernel_size", 1), stride, padding, dilation)
    last = channels_last(input) or channels_last(weight)
    return Geometry(size, kernel_size, stride, padding, dilation, groups, out, last)


def empty(like: Tensor, shape, channels_last: bool) -> Tensor:
    """Return a tensor (N, C, height, width) of a memory format that owns its numbers.

    A Function that returned a view of another tensor would forbid to change its result in place.
    """
    if not channels_last:
        return like.new_empty(shape)
    _, c, height, width = shape
    return like.new_empty_strided(shape, (c * height * width, 1, c * width, c))
