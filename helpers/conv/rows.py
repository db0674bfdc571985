"""The three maps by patches one kernel row high, channels last: k_w copied numbers per pixel.

With the image rows as the first axis, the rows that kernel row u sees are a slice, not a copy, and
every product runs over the whole batch. The stride of the rows must be 1, and so must the groups.
"""

import torch
from torch import Tensor

from helpers.conv.geometry import Geometry


def copied(geometry: Geometry) -> int:
    """Return how many numbers are copied for one channel and one row of the image."""
    return geometry.kernel_size[1] * geometry.output_size[1]


def _pad(x: Tensor, *widths: int) -> Tensor:
    """Pad with zeros, last axis first, before and after; a negative width takes rows away."""
    return torch.constant_pad_nd(x, widths) if any(widths) else x


def _row_matrix(x: Tensor, g: Geometry) -> Tensor:
    """Copy (N, C, height, width) to (padded height * N * W_out, k_w * C)."""
    (p_h, p_w), (k, s, d) = g.padding, (g.kernel_size[1], g.stride[1], g.dilation[1])
    x = _pad(x.permute(2, 0, 3, 1), 0, 0, p_w, p_w, 0, 0, p_h, p_h)
    height, n, _, c = x.shape
    windows = x.unfold(2, d * (k - 1) + 1, s)  # a view, as is every d-th number of it
    windows = windows[..., ::d] if d > 1 else windows
    return windows.transpose(3, 4).reshape(height * n * g.output_size[1], k * c)


def _row_weights(weight: Tensor) -> Tensor:
    """Return the weight as one matrix per kernel row, (k_h, O, k_w * C)."""
    return weight.permute(2, 0, 3, 1).flatten(2)


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None, g: Geometry, out: Tensor) -> None:
    """Write the convolution of ``x`` (N, C, height, width) to ``out`` (N, O, H_out, W_out)."""
    n, (out_h, out_w) = len(x), g.output_size
    rows, y = _row_matrix(x, g), None
    for u, matrix in enumerate(_row_weights(weight)):
        first = u * g.dilation[0] * n * out_w
        seen = rows[first : first + out_h * n * out_w]
        if y is not None:
            torch.addmm(y, seen, matrix.T, out=y)
        elif bias is not None:
            y = torch.addmm(bias, seen, matrix.T)
        else:
            y = seen @ matrix.T
    out.copy_(y.view(out_h, n, out_w, len(weight)).permute(1, 3, 0, 2))


def input_gradient(grad_output: Tensor, weight: Tensor, g: Geometry) -> Tensor:
    """Return the gradient of the input, (N, C, height, width), a view."""
    n, o, out_h, out_w = grad_output.shape
    (height, width), (p_h, p_w) = g.size, g.padding
    (k_h, k_w), (d_h, d_w), s = g.kernel_size, g.dilation, g.stride[1]
    # row r of the image was seen by kernel row u for output row r + p_h - u * d_h
    above, below = d_h * (k_h - 1) - p_h, p_h + height - out_h
    padded = _pad(grad_output.permute(2, 0, 3, 1), 0, 0, 0, 0, 0, 0, above, below).reshape(-1, o)
    rows = None
    for u, matrix in enumerate(_row_weights(weight)):
        first = d_h * (k_h - 1 - u) * n * out_w
        seen = padded[first : first + height * n * out_w]
        rows = seen @ matrix if rows is None else torch.addmm(rows, seen, matrix, out=rows)
    rows = rows.view(height, n, out_w, k_w, weight.shape[1])
    image = rows.new_zeros(height, n, width + 2 * p_w, weight.shape[1])
    for v, part in enumerate(rows.unbind(3)):
        image[:, :, v * d_w : v * d_w + s * (out_w - 1) + 1 : s].add_(part)
    return image[:, :, p_w : p_w + width].permute(1, 3, 0, 2)


def weight_gradient(x: Tensor, grad_output: Tensor, g: Geometry) -> Tensor:
    """Return the gradient of the weight, (O, C, k_h, k_w), a view."""
    n, o, out_h, out_w = grad_output.shape
    rows = _row_matrix(x, g)
    grad_flat = grad_output.permute(2, 0, 3, 1).reshape(-1, o).T
    step = g.dilation[0] * n * out_w
    k_h, k_w = g.kernel_size
    parts = [grad_flat @ rows[u * step : u * step + out_h * n * out_w] for u in range(k_h)]
    return torch.stack(parts).view(k_h, o, k_w, x.shape[1]).permute(1, 3, 0, 2)
