"""The arithmetic behind ``helpers.conv.conv2d``: three maps, and two fast ways for each.

A convolution is linear in its input and in its weight. Its gradients with respect to either are
linear maps of the same kind, and the derivatives of those are again one of the three:

    convolve(input, weight) -> output
    input_gradient(grad_output, weight) -> gradient of input
    weight_gradient(input, grad_output) -> gradient of weight

Each has two implementations. ``_patches_...`` copies whole patches, channels first: k_h * k_w
numbers per pixel. ``_rows_...`` copies patches one kernel row high, channels last: only k_w
numbers per pixel. With the image rows as the first axis, the rows that kernel row u sees are then
a slice, not a copy, and every product runs over the whole batch.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Geometry(NamedTuple):
    """All sizes of one convolution; pairs are (height, width)."""

    size: tuple[int, int]
    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    output_size: tuple[int, int]


# Numbers copied at a time: few enough to stay in a cache, enough to keep products long. A rule of
# thumb that suits the shapes of this report.
CHUNK = 1 << 19


def _use_rows(in_channels: int, out_channels: int, geometry: Geometry) -> bool:
    """Choose the implementation by a rule of thumb that suits the shapes of this report.

    A product with few columns is slow, so few channels go first instead of last; near the 16 of the
    rule the other way may be faster. A stride takes rows apart that ``_rows_...`` needs side by
    side, and so do groups channels.
    """
    wide = in_channels * geometry.kernel_size[1] >= 16 and out_channels >= 16
    return wide and geometry.stride[0] == 1 and geometry.groups == 1


def convolve(input: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    """Return the convolution (N, O, H_out, W_out) of input (N, C, height, width)."""
    rows = _use_rows(input.shape[1], weight.shape[0], geometry)
    one = _rows_convolve if rows else _patches_convolve
    step = _images_at_a_time(len(input), input.shape[1], rows, geometry)
    shape = (len(input), weight.shape[0], *geometry.output_size)
    return _in_steps(lambda x: one(x, weight, bias, geometry), input, weight, step, shape)


def input_gradient(grad_output: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    """Return the gradient (N, C, height, width) of a convolution's input."""
    n, in_channels = len(grad_output), weight.shape[1] * geometry.groups
    rows = _use_rows(in_channels, weight.shape[0], geometry)
    one = _rows_input_gradient if rows else _patches_input_gradient
    step = _images_at_a_time(n, in_channels, rows, geometry)
    shape = (n, in_channels, *geometry.size)
    cut_out = any(geometry.padding)
    return _in_steps(lambda g: one(g, weight, geometry), grad_output, weight, step, shape, cut_out)


def weight_gradient(input: Tensor, grad_output: Tensor, geometry: Geometry) -> Tensor:
    """Return the gradient (O, C / groups, k_h, k_w) of a convolution's weight."""
    rows = _use_rows(input.shape[1], grad_output.shape[1], geometry)
    one = _rows_weight_gradient if rows else _patches_weight_gradient
    step = _images_at_a_time(len(input), input.shape[1], rows, geometry)
    parts = zip(input.split(step), grad_output.split(step), strict=True)
    return sum(one(x, g, geometry) for x, g in parts).contiguous()


def _images_at_a_time(n: int, in_channels: int, rows: bool, geometry: Geometry) -> int:
    """Return into how large parts to split a batch: about ``CHUNK`` copied numbers, even parts."""
    k_h, k_w = geometry.kernel_size
    out_h, out_w = geometry.output_size
    copied = n * in_channels * k_w * out_w * (geometry.size[0] if rows else k_h * out_h)
    parts = max(1, -(-copied // CHUNK))
    return max(1, -(-n // parts))


def _in_steps(function, images, weight, step: int, shape, cut_out=False) -> Tensor:
    """Apply ``function`` to ``step`` images at a time; channels last when an argument is."""
    last = any(t.stride(1) == 1 and not t.is_contiguous() for t in (images, weight))
    n, c, height, width = shape
    if n > step:
        result = images.new_empty((n, height, width, c) if last else shape)
        result = result.permute(0, 3, 1, 2) if last else result
        for part, out in zip(images.split(step), result.split(step), strict=True):
            out.copy_(function(part))
        return result
    result = function(images)
    result = result.permute(0, 2, 3, 1) if last else result
    # a cut-out of one image and channel counts as contiguous: copy it, so that no padding stays
    keep = torch.contiguous_format
    result = result.clone(memory_format=keep) if cut_out else result.contiguous()
    return result.permute(0, 3, 1, 2) if last else result


def _pad(x: Tensor, *widths: int) -> Tensor:
    """Pad with zeros, last axis first, before and after; a negative width takes rows away."""
    return torch.constant_pad_nd(x, widths) if any(widths) else x


# Whole patches, channels first


def _patch_columns(x: Tensor, geometry: Geometry) -> Tensor:
    """Copy the patches of (N, C, height, width) to (N * groups, K, P)."""
    (p_h, p_w), (s_h, s_w), (d_h, d_w) = geometry.padding, geometry.stride, geometry.dilation
    x = _pad(x, p_w, p_w, p_h, p_h)
    (n, c), (k_h, k_w), (out_h, out_w) = x.shape[:2], geometry.kernel_size, geometry.output_size
    image, channel, down, right = x.stride()
    windows = x.as_strided(
        (n, c, k_h, k_w, out_h, out_w),
        (image, channel, d_h * down, d_w * right, s_h * down, s_w * right),
    )
    return windows.reshape(n * geometry.groups, c // geometry.groups * k_h * k_w, out_h * out_w)


def _weight_matrix(weight: Tensor, n: int, groups: int) -> Tensor:
    """View the weight as (O / groups, K), repeated for all images: (N * groups, O / groups, K)."""
    matrix = weight.reshape(1, groups, weight.shape[0] // groups, -1)
    return matrix.expand(n, -1, -1, -1).flatten(0, 1)


def _patches_convolve(x, weight, bias, geometry) -> Tensor:
    n, groups = len(x), geometry.groups
    patches, matrix = _patch_columns(x, geometry), _weight_matrix(weight, n, groups)
    if bias is None:
        y = torch.bmm(matrix, patches)
    else:
        bias = bias.view(1, groups, -1, 1).expand(n, -1, -1, -1).flatten(0, 1)
        y = torch.baddbmm(bias, matrix, patches)
    return y.view(n, len(weight), *geometry.output_size)


def _patches_input_gradient(g, weight, geometry) -> Tensor:
    n, groups, (out_h, out_w) = len(g), geometry.groups, geometry.output_size
    matrix = _weight_matrix(weight, n, groups)
    grad_flat = g.reshape(n * groups, len(weight) // groups, out_h * out_w)
    patches = torch.bmm(matrix.transpose(1, 2), grad_flat)
    in_channels = weight.shape[1] * groups
    patches = patches.view(n, in_channels, *geometry.kernel_size, out_h, out_w)
    # fold one axis at a time: k_w + k_h additions instead of k_w * k_h
    columns = _fold(patches, 3, 5, 1, geometry)
    return _fold(columns, 2, 3, 0, geometry)


def _fold(x: Tensor, kernel_axis: int, image_axis: int, which: int, geometry: Geometry) -> Tensor:
    """Add what each position in the kernel contributes to each position of the image, one axis."""
    size, p = geometry.size[which], geometry.padding[which]
    s, d = geometry.stride[which], geometry.dilation[which]
    shape = list(x.shape)
    out = shape[image_axis]
    shape[image_axis] = size + 2 * p
    del shape[kernel_axis]
    image_axis -= kernel_axis < image_axis
    image = x.new_zeros(shape)
    for v, part in enumerate(x.unbind(kernel_axis)):
        window = [slice(None)] * image.ndim
        window[image_axis] = slice(v * d, v * d + s * (out - 1) + 1, s)
        image[tuple(window)].add_(part)
    return image.narrow(image_axis, p, size)


def _patches_weight_gradient(x, g, geometry) -> Tensor:
    n, groups = len(x), geometry.groups
    out_channels, in_channels = g.shape[1], x.shape[1] // groups
    grad_flat = g.reshape(n * groups, out_channels // groups, g.shape[2] * g.shape[3])
    products = torch.bmm(grad_flat, _patch_columns(x, geometry).transpose(1, 2))
    return products.view(n, out_channels, in_channels, *geometry.kernel_size).sum(0)


# Patches one kernel row high, channels last: axes (height, N, width, channels)


def _row_matrix(x: Tensor, geometry: Geometry) -> Tensor:
    """Copy (N, C, height, width) to (padded height * N * W_out, k_w * C)."""
    (p_h, p_w), k, out_w = geometry.padding, geometry.kernel_size[1], geometry.output_size[1]
    x = _pad(x.permute(2, 0, 3, 1), 0, 0, p_w, p_w, 0, 0, p_h, p_h)
    height, n, _, c = x.shape
    down, image, right, channel = x.stride()
    windows = x.as_strided(
        (height, n, out_w, k, c),
        (down, image, geometry.stride[1] * right, geometry.dilation[1] * right, channel),
    )
    return windows.reshape(height * n * out_w, k * c)


def _row_weights(weight: Tensor) -> Tensor:
    """Return the weight as one matrix per kernel row, (k_h, O, k_w * C)."""
    return weight.permute(2, 0, 3, 1).flatten(2)


def _rows_convolve(x, weight, bias, geometry) -> Tensor:
    n, (out_h, out_w) = len(x), geometry.output_size
    rows, y = _row_matrix(x, geometry), None
    for u, matrix in enumerate(_row_weights(weight)):
        first = u * geometry.dilation[0] * n * out_w
        seen = rows[first : first + out_h * n * out_w]
        if y is not None:
            y.addmm_(seen, matrix.T)
        elif bias is not None:
            y = torch.addmm(bias, seen, matrix.T)
        else:
            y = seen @ matrix.T
    return y.view(out_h, n, out_w, len(weight)).permute(1, 3, 0, 2)


def _rows_input_gradient(g, weight, geometry) -> Tensor:
    n, o, out_h, out_w = g.shape
    (height, width), (p_h, p_w) = geometry.size, geometry.padding
    (k_h, k_w), (d_h, d_w), s = geometry.kernel_size, geometry.dilation, geometry.stride[1]
    # row r of the image was seen by kernel row u for output row r + p_h - u * d_h
    above, below = d_h * (k_h - 1) - p_h, p_h + height - out_h
    g = _pad(g.permute(2, 0, 3, 1), 0, 0, 0, 0, 0, 0, above, below).reshape(-1, o)
    rows = None
    for u, matrix in enumerate(_row_weights(weight)):
        first = d_h * (k_h - 1 - u) * n * out_w
        seen = g[first : first + height * n * out_w]
        rows = seen @ matrix if rows is None else rows.addmm_(seen, matrix)
    rows = rows.view(height, n, out_w, k_w, weight.shape[1])
    image = rows.new_zeros(height, n, width + 2 * p_w, weight.shape[1])
    for v, part in enumerate(rows.unbind(3)):
        image[:, :, v * d_w : v * d_w + s * (out_w - 1) + 1 : s].add_(part)
    return image[:, :, p_w : p_w + width].permute(1, 3, 0, 2)


def _rows_weight_gradient(x, g, geometry) -> Tensor:
    n, o, out_h, out_w = g.shape
    rows = _row_matrix(x, geometry)
    grad_flat = g.permute(2, 0, 3, 1).reshape(-1, o).T
    step = geometry.dilation[0] * n * out_w
    k_h, k_w = geometry.kernel_size
    parts = [grad_flat @ rows[u * step : u * step + out_h * n * out_w] for u in range(k_h)]
    return torch.stack(parts).view(k_h, o, k_w, x.shape[1]).permute(1, 3, 0, 2)
