"""Convolution as one product of a matrix of patches, as lessons 02 and 03 derive it.

N images, C input channels, O output channels, P patches per image, K = C * k_h * k_w values per
patch.
"""

import torch
from torch import Tensor

from helpers.conv import loops
from helpers.conv.arguments import autocast, check_conv2d, no_autocast, pad, pair, sum_dtype


def _windows(padded: Tensor, kernel_size, stride, dilation) -> Tensor:
    """View (N, C, height, width) as its windows (N, C, H_out, W_out, k_h, k_w), without a copy."""
    for axis, k, s, d in zip((2, 3), kernel_size, stride, dilation, strict=True):
        # a window spans d(k - 1) + 1 pixels, of which every d-th counts
        padded = padded.unfold(axis, d * (k - 1) + 1, s)[..., ::d]
    return padded


def unfold(input, kernel_size, dilation=1, padding=0, stride=1) -> Tensor:
    """Return the patches of ``input`` as columns, as ``torch.nn.functional.unfold`` does.

    (N, C, height, width) -> (N, K, P), or without the N on both sides. Raises ValueError for
    another number of dimensions or a kernel larger than the padded image.
    """
    if input.ndim == 3:
        return unfold(input[None], kernel_size, dilation, padding, stride).squeeze(0)
    if input.ndim != 4:
        raise ValueError(
            f"input must be (N, C, height, width) or (C, height, width), got {tuple(input.shape)}"
        )
    loops.output_size(tuple(input.shape[2:]), kernel_size, stride, padding, dilation)  # checks them
    kernel_size, stride = pair(kernel_size, "kernel_size", 1), pair(stride, "stride", 1)
    padding, dilation = pair(padding, "padding", 0), pair(dilation, "dilation", 1)
    windows = _windows(pad(input, padding), kernel_size, stride, dilation)
    n, c, out_h, out_w, k_h, k_w = windows.shape
    windows = windows.permute(0, 1, 4, 5, 2, 3)
    # always a copy: where the windows do not overlap, reshape alone may return a view of the input
    windows = windows.clone(memory_format=torch.contiguous_format)
    return windows.view(n, c * k_h * k_w, out_h * out_w)


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1) -> Tensor:
    """Add the columns of ``input`` into an image, as ``torch.nn.functional.fold`` does.

    (N, K, P) -> (N, C, *output_size), or without the N on both sides. The adjoint of ``unfold``:
    every pixel receives the sum over the patches that cover it. Raises ValueError when K or P do
    not belong to ``output_size`` and the kernel. Numbers of 16 bits are added up in float32.
    """
    if input.ndim == 2:
        return fold(input[None], output_size, kernel_size, dilation, padding, stride).squeeze(0)
    if input.ndim != 3:
        raise ValueError(f"input must be (N, K, P) or (K, P), got shape {tuple(input.shape)}")
    out_h, out_w = loops.output_size(output_size, kernel_size, stride, padding, dilation)
    height, width = pair(output_size, "output_size", 1)
    k_h, k_w = pair(kernel_size, "kernel_size", 1)
    (s_h, s_w), (p_h, p_w) = pair(stride, "stride", 1), pair(padding, "padding", 0)
    d_h, d_w = pair(dilation, "dilation", 1)
    n, k, p = input.shape
    if k % (k_h * k_w) != 0:
        raise ValueError(f"input has {k} rows, which the kernel's {k_h * k_w} values do not divide")
    if p != out_h * out_w:
        raise ValueError(
            f"input has {p} columns but an image of {height}x{width} has {out_h}x{out_w} patches"
        )
    patches = input.reshape(n, k // (k_h * k_w), k_h, k_w, out_h, out_w)
    shape = (n, patches.shape[1], height + 2 * p_h, width + 2 * p_w)
    padded = input.new_zeros(shape, dtype=sum_dtype(input.dtype))
    for u in range(k_h):
        for v in range(k_w):
            # all patches at once: their value (u, v) lies on a grid with the stride's spacing
            rows = slice(u * d_h, u * d_h + s_h * out_h, s_h)
            columns = slice(v * d_w, v * d_w + s_w * out_w, s_w)
            padded[:, :, rows, columns] += patches[:, :, u, v]
    image = padded[:, :, p_h : p_h + height, p_w : p_w + width].to(input.dtype)
    return image.clone(memory_format=torch.contiguous_format)  # without the padding around it


def _patch_matrix(input, kernel_size, stride, padding) -> Tensor:
    """Return U (NP, K), one patch per row."""
    columns = unfold(input, kernel_size, 1, padding, stride)
    return columns.transpose(1, 2).reshape(-1, columns.shape[1])


class UnfoldConv2dFunction(torch.autograd.Function):
    """Convolution as one product of the patch matrix U (NP, K) with W (K, O), as in lesson 03.

    Saves input and weight, not the patches, which are k_h * k_w times the input. Unfolding them
    again in the backward pass costs time to save memory; lesson 05 measures both.

    Covers what the lesson's Function leaves out: torch.func (hence ``setup_context`` and
    ``generate_vmap_rule``), autocast (no part of the backward pass may change its dtype), and
    complex numbers (the gradients take conjugates). Neither has a forward mode.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(input, weight, bias, stride, padding):
        """Return X -> U (unfold) -> Y' = U W + b -> Y (reshape)."""
        out_channels, _, k_h, k_w = weight.shape
        patches = _patch_matrix(input, (k_h, k_w), stride, padding)
        flat = patches @ weight.reshape(out_channels, -1).T
        if bias is not None:
            flat = flat + bias
        out_h, out_w = loops.output_size(tuple(input.shape[2:]), (k_h, k_w), stride, padding)
        images = flat.reshape(len(input), out_h, out_w, out_channels).permute(0, 3, 1, 2)
        return images.clone(memory_format=torch.contiguous_format)

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Keep input and weight for the backward pass."""
        input, weight, _, ctx.stride, ctx.padding = inputs
        ctx.save_for_backward(input, weight)

    @staticmethod
    def backward(ctx, grad_output):
        """Return the gradients of input, weight and bias that are asked for, else None."""
        input, weight = ctx.saved_tensors
        out_channels, _, k_h, k_w = weight.shape
        grad_flat = grad_output.permute(0, 2, 3, 1).reshape(-1, out_channels)
        grad_input = grad_weight = grad_bias = None
        with no_autocast(input):
            if ctx.needs_input_grad[0]:
                grad_patches = grad_flat @ weight.reshape(out_channels, -1).conj()
                n, _, height, width = input.shape
                columns = grad_patches.reshape(n, -1, grad_patches.shape[1]).transpose(1, 2)
                grad_input = fold(columns, (height, width), (k_h, k_w), 1, ctx.padding, ctx.stride)
            if ctx.needs_input_grad[1]:
                patches = _patch_matrix(input, (k_h, k_w), ctx.stride, ctx.padding)
                grad_weight = (patches.mH @ grad_flat).T.reshape(weight.shape)
            if ctx.needs_input_grad[2]:
                grad_bias = grad_flat.sum(0)
        return grad_input, grad_weight, grad_bias, None, None


def unfold_conv2d(input, weight, bias=None, stride=1, padding=0) -> Tensor:
    """Convolve as lesson 03 does, for comparison; ``conv2d`` is the one to use.

    ``input`` (N, C, height, width), ``weight`` (O, C, k_h, k_w), ``bias`` (O,) or None; returns
    (N, O, H_out, W_out). Raises TypeError or ValueError for arguments that do not fit together.
    """
    input, weight, bias = autocast(input, weight, bias)
    check_conv2d(input, weight, bias, dims=(4,))
    # checks the other arguments
    loops.output_size(tuple(input.shape[2:]), tuple(weight.shape[2:]), stride, padding)
    return UnfoldConv2dFunction.apply(input, weight, bias, stride, padding)
