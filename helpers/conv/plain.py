"""The three maps of ``kernels`` in ordinary operators, for programs that are recorded.

torch.compile, torch.export, torch.jit and the exporters to ONNX do not run a convolution: they
record its operators, to run them later, on inputs of other sizes and strides. They cannot
differentiate a Function, and what was decided by the example's sizes is wrong for the next input.
So here are only operators that torch can record and differentiate, and no decision depends on the
size of an image. torch's older ``vmap``, behind ``is_grads_batched=True``, needs the same:
it knows few operators, and cannot write into a tensor.

``convolve`` is also TorchScript: this explains its type annotations and loops.
"""

import torch
from torch import Tensor

from helpers.conv.arguments import sum_dtype
from helpers.conv.geometry import Geometry


def kernel_size(weight: Tensor) -> tuple[int, int]:
    """Return (k_h, k_w), counted: as parts of its shape torch.jit.trace would leave them open."""
    return len(weight.unbind(2)), len(weight.unbind(3))


def _windows(x: Tensor, kernel_size: int, stride: int, dilation: int) -> Tensor:
    """Copy what each place of a kernel sees of the last axis: (..., L) -> (k, ..., L_out)."""
    seen = x.shape[-1] - dilation * (kernel_size - 1)
    parts: list[Tensor] = []
    for v in range(kernel_size):
        part = x.narrow(-1, v * dilation, seen)
        parts.append(part[..., ::stride] if stride > 1 else part)
    return torch.stack(parts)


def _patches(
    x: Tensor,
    kernel_size: list[int],
    stride: list[int],
    widths: list[int],
    dilation: list[int],
) -> Tensor:
    """Copy the patches of (N, C, height, width) to (N, C, k_h, k_w, H_out, W_out)."""
    if max(widths) > 0 or min(widths) < 0:
        x = torch.constant_pad_nd(x, widths)
    x = _windows(x, kernel_size[1], stride[1], dilation[1]).transpose(-1, -2)
    return _windows(x, kernel_size[0], stride[0], dilation[0]).permute(2, 3, 0, 1, 5, 4)


def convolve(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: list[int],
    widths: list[int],
    dilation: list[int],
    groups: int,
) -> Tensor:
    """Return the convolution (N, O, H_out, W_out) of ``input`` (N, C, height, width).

    ``widths`` are those of the padding, (left, right, top, bottom); negative ones crop.
    """
    dtype = input.dtype
    if dtype == torch.float16 or dtype == torch.bfloat16:  # round the finished sums only
        input, weight = input.float(), weight.float()
        bias = bias.float() if bias is not None else None
    k_h, k_w = kernel_size(weight)
    patches = _patches(input, [k_h, k_w], stride, widths, dilation)
    n, out_h, out_w = patches.shape[0], patches.shape[4], patches.shape[5]
    k = weight.shape[1] * k_h * k_w
    out_channels = weight.shape[0]
    matrix = weight.reshape(1, groups, out_channels // groups, k).expand(n, -1, -1, -1)
    y = torch.bmm(
        matrix.reshape(n * groups, out_channels // groups, k),
        patches.reshape(n * groups, k, out_h * out_w),
    )
    y = y.reshape(n, out_channels, out_h, out_w)
    if bias is not None:
        y = y + bias.reshape(-1, 1, 1)
    return y.to(dtype)


def input_gradient(grad_output: Tensor, weight: Tensor, g: Geometry) -> Tensor:
    """Return the gradient of the input: the convolution of ``grad_output`` with turned kernels.

    Between the values of ``grad_output`` stand the stride's zeros; input and output channels are
    exchanged.
    """
    n, o, out_h, out_w = grad_output.shape
    (s_h, s_w), (d_h, d_w), (k_h, k_w) = g.stride, g.dilation, g.kernel_size
    c = weight.shape[1]
    spread = grad_output.reshape(n, o, out_h, 1, out_w, 1)
    spread = torch.constant_pad_nd(spread, (0, s_w - 1, 0, 0, 0, s_h - 1))
    spread = spread.reshape(n, o, out_h * s_h, out_w * s_w)
    top, left = d_h * (k_h - 1) - g.padding[0], d_w * (k_w - 1) - g.padding[1]
    bottom = g.size[0] + g.padding[0] - out_h * s_h
    right = g.size[1] + g.padding[1] - out_w * s_w
    turned = weight.reshape(g.groups, o // g.groups, c, k_h, k_w).transpose(1, 2).flip(3, 4)
    turned = turned.reshape(g.groups * c, o // g.groups, k_h, k_w)
    widths = [left, right, top, bottom]
    return convolve(spread, turned, None, [1, 1], widths, list(g.dilation), g.groups)


def weight_gradient(input: Tensor, grad_output: Tensor, g: Geometry) -> Tensor:
    """Return the gradient of the weight: one product per image and group, added up."""
    (p_h, p_w), (k_h, k_w) = g.padding, g.kernel_size
    (n, c), (_, o, out_h, out_w) = input.shape[:2], grad_output.shape
    dtype = sum_dtype(input.dtype)
    patches = _patches(
        input.to(dtype), list(g.kernel_size), list(g.stride), [p_w, p_w, p_h, p_h], list(g.dilation)
    )
    c, p = c // g.groups, out_h * out_w
    products = torch.bmm(
        grad_output.to(dtype).reshape(n * g.groups, o // g.groups, p),
        patches.reshape(n * g.groups, c * k_h * k_w, p).transpose(1, 2),
    )
    return products.reshape(n, o, c, k_h, k_w).sum(0).to(input.dtype)
