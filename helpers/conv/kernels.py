"""The arithmetic behind ``helpers.conv.conv2d``: three maps, and the choice of how to compute them.

A convolution is linear in its input and in its weight. Its gradients with respect to either are
linear maps of the same kind, and the derivatives of those are again one of the three:

    convolve(input, weight) -> output
    input_gradient(grad_output, weight) -> gradient of input
    weight_gradient(input, grad_output) -> gradient of weight

``rows`` and ``patches`` are two fast ways for each, for a few images or image rows at a time;
``plain`` is for tensors that cannot be written into. ``_way`` chooses, for all three. (A program
that is recorded never comes here: ``conv2d`` gives it ``plain`` itself, without a Function.)
"""

from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

import torch
from torch import Tensor

from helpers.conv import compiled, patches, plain, rows
from helpers.conv.arguments import no_autocast, sum_dtype
from helpers.conv.geometry import Geometry, empty

# Numbers copied at a time: few enough to stay in a cache, enough to keep products long. A rule of
# thumb that suits the shapes of this report.
CHUNK = 1 << 19


def _use_rows(in_channels: int, out_channels: int, geometry: Geometry) -> bool:
    """Choose the implementation by a rule of thumb that suits the shapes of this report.

    A product with few columns is slow, so few channels go first instead of last; near the 16 of the
    rule the other way may be faster. A stride takes rows apart that ``rows`` needs side by side,
    and so do groups channels.
    """
    wide = in_channels * geometry.kernel_size[1] >= 16 and out_channels >= 16
    return wide and geometry.stride[0] == 1 and geometry.groups == 1


def _way(in_channels, out_channels, geometry: Geometry, *tensors: Tensor) -> ModuleType:
    """Return the module that computes: ``plain``, ``rows`` or ``patches``."""
    if any(map(torch._C._functorch.is_legacy_batchedtensor, tensors)):  # of torch's older vmap
        return plain
    return rows if _use_rows(in_channels, out_channels, geometry) else patches


def convolve(input: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    """Return the convolution (N, O, H_out, W_out) of input (N, C, height, width)."""
    n, in_channels, out_channels = *input.shape[:2], len(weight)
    last = geometry.channels_last
    if maps := compiled.chosen(in_channels, out_channels, geometry, input, weight, bias):
        output = empty(input, (n, out_channels, *geometry.output_size), last)
        maps.convolve(input, weight, bias, geometry, output)
        return output
    way = _way(in_channels, out_channels, geometry, input, weight)
    with no_autocast(input):
        if way is plain:
            (p_h, p_w), g = geometry.padding, geometry
            options = list(g.stride), [p_w, p_w, p_h, p_h], list(g.dilation), g.groups
            return plain.convolve(input, weight, bias, *options)
        dtype = sum_dtype(input.dtype)
        weight, bias = _as(dtype, weight), None if bias is None else _as(dtype, bias)
        output = empty(input, (n, out_channels, *geometry.output_size), last)
        for part in _parts(way, n, in_channels, geometry):
            x = _as(dtype, part.of_input(input))
            way.convolve(x, weight, bias, part.geometry, out=part.of_output(output))
        return output


def input_gradient(grad_output: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    """Return the gradient (N, C, height, width) of a convolution's input."""
    n, in_channels = len(grad_output), weight.shape[1] * geometry.groups
    last = geometry.channels_last
    if maps := compiled.chosen(in_channels, len(weight), geometry, grad_output, weight):
        grad = empty(grad_output, (n, in_channels, *geometry.size), last)
        maps.input_gradient(grad_output, weight, geometry, grad)
        return grad
    way = _way(in_channels, len(weight), geometry, grad_output, weight)
    with no_autocast(grad_output):
        if way is plain:
            return plain.input_gradient(grad_output, weight, geometry)
        dtype = sum_dtype(weight.dtype)
        weight, total = _as(dtype, weight), None
        grad = empty(grad_output, (n, in_channels, *geometry.size), last)
        for part in _parts(way, n, in_channels, geometry):
            g = _as(dtype, part.of_output(grad_output))
            result = way.input_gradient(g, weight, part.geometry)
            if part.rows is None:
                part.of_output(grad).copy_(result)
                continue
            # the windows of neighbouring strips overlap: add up, round once per image
            if part.out_rows.start == 0:
                total = result.new_zeros(1, in_channels, *geometry.size)
            inside = slice(part.above, part.above + part.rows.stop - part.rows.start)
            total[:, :, part.rows] += result[:, :, inside]
            if part.out_rows.stop == geometry.output_size[0]:
                grad[part.images] = total
        return grad


def weight_gradient(input: Tensor, grad_output: Tensor, geometry: Geometry) -> Tensor:
    """Return the gradient (O, C / groups, k_h, k_w) of a convolution's weight."""
    n, in_channels, out_channels = *input.shape[:2], grad_output.shape[1]
    last = geometry.channels_last
    shape = (out_channels, in_channels // geometry.groups, *geometry.kernel_size)
    if maps := compiled.chosen(in_channels, out_channels, geometry, input, grad_output):
        grad = empty(input, shape, last)
        maps.weight_gradient(input, grad_output, geometry, grad)
        return grad
    way = _way(in_channels, out_channels, geometry, input, grad_output)
    with no_autocast(input):
        if way is plain:
            return plain.weight_gradient(input, grad_output, geometry)
        dtype, total = sum_dtype(input.dtype), None
        for part in _parts(way, n, in_channels, geometry):
            x, g = _as(dtype, part.of_input(input)), _as(dtype, part.of_output(grad_output))
            result = way.weight_gradient(x, g, part.geometry)
            total = result if total is None else total.add_(result)
        return empty(input, shape, last).copy_(total)


def _as(dtype: torch.dtype, tensor: Tensor) -> Tensor:
    """Return ``tensor.to(dtype)``, without the call where it is not needed."""
    return tensor if tensor.dtype == dtype else tensor.to(dtype)


class _Part(NamedTuple):
    """Some images, or some rows of one image: few enough for ``CHUNK``."""

    geometry: Geometry
    images: slice | None = None  # None for all, as for the rows
    out_rows: slice = slice(None)  # of the output
    rows: slice | None = None  # of the input, that these see; None for all
    above: int = 0  # rows of zeros above and below them
    below: int = 0

    def of_input(self, input: Tensor) -> Tensor:
        if self.rows is None:
            return input if self.images is None else input[self.images]
        seen = input[self.images, :, self.rows]
        return torch.constant_pad_nd(seen, (0, 0, self.above, self.below))

    def of_output(self, output: Tensor) -> Tensor:
        if self.rows is None:
            return output if self.images is None else output[self.images]
        return output[self.images, :, self.out_rows]


def _parts(way: ModuleType, n: int, in_channels: int, geometry: Geometry) -> Iterator[_Part]:
    """Split a batch into even parts of about ``CHUNK`` copied numbers."""
    out_h = geometry.output_size[0]
    per_row = in_channels * way.copied(geometry)
    per_image = per_row * (geometry.size[0] if way is rows else out_h)
    parts = max(1, -(-n * per_image // CHUNK))
    if parts == 1:
        yield _Part(geometry)
        return
    images = -(-n // parts)
    step = max(1, CHUNK // max(1, per_row))  # rows of the output
    for first in range(0, n, images):
        chosen = slice(first, first + images)
        if per_image <= CHUNK or step >= out_h:
            yield _Part(geometry, chosen)
            continue
        for top in range(0, out_h, step):
            yield _strip(chosen, top, min(top + step, out_h), geometry)


def _strip(images: slice, top: int, bottom: int, g: Geometry) -> _Part:
    """Return the part of the output rows from ``top`` to ``bottom``."""
    height, (p_h, p_w), s = g.size[0], g.padding, g.stride[0]
    first = top * s - p_h  # may lie above the image, and the last below it
    seen = (bottom - top - 1) * s + g.dilation[0] * (g.kernel_size[0] - 1) + 1
    start, stop = min(max(first, 0), height), min(max(first + seen, 0), height)
    above = min(max(-first, 0), seen)
    out_size = (bottom - top, g.output_size[1])
    part = g._replace(size=(seen, g.size[1]), padding=(0, p_w), output_size=out_size)
    below = seen - above - (stop - start)
    return _Part(part, images, slice(top, bottom), slice(start, stop), above, below)
