"""The three maps by whole patches, channels first: k_h * k_w copied numbers per pixel."""

import torch
from torch import Tensor

from helpers.conv.arguments import pad
from helpers.conv.geometry import Geometry


def copied(geometry: Geometry) -> int:
    """Return how many numbers are copied for one channel and one row of the output."""
    return geometry.kernel_size[0] * geometry.kernel_size[1] * geometry.output_size[1]


def _columns(x: Tensor, g: Geometry) -> Tensor:
    """Copy the patches of (N, C, height, width) to (N * groups, K, P)."""
    x = pad(x, g.padding)
    for axis in (0, 1):
        k, s, d = g.kernel_size[axis], g.stride[axis], g.dilation[axis]
        x = x.unfold(2 + axis, d * (k - 1) + 1, s)  # a view, as is every d-th number of it
        x = x[..., ::d] if d > 1 else x
    (n, c), (k_h, k_w), (out_h, out_w) = x.shape[:2], g.kernel_size, g.output_size
    windows = x.permute(0, 1, 4, 5, 2, 3)
    return windows.reshape(n * g.groups, c // g.groups * k_h * k_w, out_h * out_w)


def _for_each(n: int, weight: Tensor, groups: int) -> Tensor:
    """Return weight or bias as matrices (O / groups, K), those of all groups for each image."""
    matrices = weight.reshape(groups, len(weight) // groups, -1)
    return matrices.expand(n, -1, -1) if groups == 1 else matrices.repeat(n, 1, 1)


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None, g: Geometry, out: Tensor) -> None:
    """Write the convolution of ``x`` (N, C, height, width) to ``out`` (N, O, H_out, W_out)."""
    n, groups = len(x), g.groups
    columns, matrix = _columns(x, g), _for_each(n, weight, groups)
    shape = (n * groups, len(weight) // groups, columns.shape[2])
    direct = out.dtype == x.dtype and out.is_contiguous()
    y = out.view(shape) if direct else x.new_empty(shape)
    if bias is None:
        torch.bmm(matrix, columns, out=y)
    else:
        torch.baddbmm(_for_each(n, bias, groups), matrix, columns, out=y)
    if not direct:
        out.copy_(y.view(out.shape))


def input_gradient(grad_output: Tensor, weight: Tensor, g: Geometry) -> Tensor:
    """Return the gradient of the input, (N, C, height, width), possibly a view."""
    n, groups, (out_h, out_w) = len(grad_output), g.groups, g.output_size
    grad_flat = grad_output.reshape(n * groups, len(weight) // groups, out_h * out_w)
    columns = torch.bmm(_for_each(n, weight, groups).transpose(1, 2), grad_flat)
    columns = columns.view(n, weight.shape[1] * groups, *g.kernel_size, out_h, out_w)
    # fold one axis at a time: k_w + k_h additions instead of k_w * k_h
    return _fold(_fold(columns, 3, 5, 1, g), 2, 3, 0, g)


def _fold(x: Tensor, kernel_axis: int, image_axis: int, which: int, g: Geometry) -> Tensor:
    """Add what each position in the kernel contributes to each position of the image, one axis."""
    size, p, s, d = g.size[which], g.padding[which], g.stride[which], g.dilation[which]
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


def weight_gradient(x: Tensor, grad_output: Tensor, g: Geometry) -> Tensor:
    """Return the gradient of the weight, (O, C / groups, k_h, k_w)."""
    n, groups = len(x), g.groups
    out_channels, in_channels = grad_output.shape[1], x.shape[1] // groups
    columns = _columns(x, g)
    grad_flat = grad_output.reshape(n * groups, out_channels // groups, columns.shape[2])
    products = torch.bmm(grad_flat, columns.transpose(1, 2))
    return products.view(n, out_channels, in_channels, *g.kernel_size).sum(0)
