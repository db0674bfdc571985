"""Two-dimensional convolution by hand: as loops, as one matrix product, as an autograd Function.

Names and argument order are torch's; pairs are (height, width) and padding is per side. N images,
C input channels, O output channels, P patches per image, K = C * k_h * k_w values per patch.
"""

import math

import torch
from torch import Tensor, nn


def _pair(value, name: str, smallest: int) -> tuple[int, int]:
    """Return an int or a pair as a pair of ints, each at least ``smallest``."""
    pair = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) != 2 or not all(isinstance(v, int) and not isinstance(v, bool) for v in pair):
        raise TypeError(f"{name} must be an int or a pair of ints (height, width), got {value!r}")
    if min(pair) < smallest:
        raise ValueError(f"{name} must be at least {smallest}, got {value!r}")
    return pair


def output_size(size, kernel_size, stride=1, padding=0, dilation=1) -> tuple[int, int]:
    """Height and width of a convolution's output, floor((size + 2p - d(k - 1) - 1) / s) + 1.

    Every argument is an int or a pair (height, width); ``padding`` is added on each of two sides.
    Raises ValueError when a value is too small or the kernel does not fit the padded image.
    """
    size, kernel_size = _pair(size, "size", 0), _pair(kernel_size, "kernel_size", 1)
    stride, padding = _pair(stride, "stride", 1), _pair(padding, "padding", 0)
    dilation = _pair(dilation, "dilation", 1)
    # the last pixel a kernel covers lies d(k - 1) beyond the first
    room = [
        n + 2 * p - d * (k - 1) - 1
        for n, k, p, d in zip(size, kernel_size, padding, dilation, strict=True)
    ]
    if min(room) < 0:
        raise ValueError(
            f"kernel_size {kernel_size} with dilation {dilation} is larger than the padded image: "
            f"size {size} with padding {padding} on each side"
        )
    return room[0] // stride[0] + 1, room[1] // stride[1] + 1


def _check_conv2d(input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    """Raise TypeError or ValueError unless the three tensors belong to one convolution."""
    for name, tensor in (("input", input), ("weight", weight), ("bias", bias)):
        if tensor is None and name == "bias":
            continue
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name} must be a tensor, got {type(tensor).__name__}")
        if tensor.dtype != input.dtype:
            raise TypeError(f"{name} is {tensor.dtype} but input is {input.dtype}: convert one")
        if tensor.device != input.device:
            raise ValueError(f"{name} is on {tensor.device} but input is on {input.device}")
    if input.ndim != 4:
        raise ValueError(f"input must be (N, C, height, width), got shape {tuple(input.shape)}")
    if weight.ndim != 4:
        raise ValueError(f"weight must be (O, C, k_h, k_w), got shape {tuple(weight.shape)}")
    if input.shape[1] != weight.shape[1]:
        raise ValueError(
            f"input has {input.shape[1]} channels but weight expects {weight.shape[1]}"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(
            f"bias must have one value per output channel, shape ({weight.shape[0]},), "
            f"got {tuple(bias.shape)}"
        )


def _pad(input: Tensor, padding: tuple[int, int]) -> Tensor:
    """Surround the last two axes with zeros."""
    height, width = padding
    return nn.functional.pad(input, (width, width, height, height)) if any(padding) else input


def naive_conv2d(input, weight, bias=None, stride=1, padding=0) -> Tensor:
    """Convolve with plain loops: slow, to be read.

    ``input`` (N, C, height, width), ``weight`` (O, C, k_h, k_w), ``bias`` (O,) or None; returns
    (N, O, H_out, W_out). Raises TypeError or ValueError for arguments that do not fit together.
    """
    _check_conv2d(input, weight, bias)
    out_channels, _, k_h, k_w = weight.shape
    out_h, out_w = output_size(tuple(input.shape[2:]), (k_h, k_w), stride, padding)
    s_h, s_w = _pair(stride, "stride", 1)
    padded = _pad(input, _pair(padding, "padding", 0))
    output = input.new_zeros(len(input), out_channels, out_h, out_w)
    for n in range(len(input)):
        for o in range(out_channels):
            for y in range(out_h):
                for x in range(out_w):
                    window = padded[n, :, s_h * y : s_h * y + k_h, s_w * x : s_w * x + k_w]
                    output[n, o, y, x] = (window * weight[o]).sum()
            if bias is not None:
                output[n, o] += bias[o]
    return output


def naive_unfold(input, kernel_size, stride=1, padding=0) -> Tensor:
    """Copy every patch of (N, C, height, width) into a column of (N, K, P): slow, to be read.

    Patch number p = y * W_out + x; place in the patch k = (c * k_h + u) * k_w + v.
    """
    k_h, k_w = _pair(kernel_size, "kernel_size", 1)
    s_h, s_w = _pair(stride, "stride", 1)
    out_h, out_w = output_size(tuple(input.shape[2:]), kernel_size, stride, padding)
    padded = _pad(input, _pair(padding, "padding", 0))
    columns = input.new_zeros(len(input), input.shape[1] * k_h * k_w, out_h * out_w)
    for n in range(len(input)):
        for y in range(out_h):
            for x in range(out_w):
                patch = padded[n, :, s_h * y : s_h * y + k_h, s_w * x : s_w * x + k_w]
                columns[n, :, y * out_w + x] = patch.flatten()
    return columns


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
        return unfold(input[None], kernel_size, dilation, padding, stride)[0]
    if input.ndim != 4:
        raise ValueError(
            f"input must be (N, C, height, width) or (C, height, width), got {tuple(input.shape)}"
        )
    output_size(tuple(input.shape[2:]), kernel_size, stride, padding, dilation)  # checks them
    kernel_size, stride = _pair(kernel_size, "kernel_size", 1), _pair(stride, "stride", 1)
    padding, dilation = _pair(padding, "padding", 0), _pair(dilation, "dilation", 1)
    windows = _windows(_pad(input, padding), kernel_size, stride, dilation)
    n, c, out_h, out_w, k_h, k_w = windows.shape
    return windows.permute(0, 1, 4, 5, 2, 3).reshape(n, c * k_h * k_w, out_h * out_w)


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1) -> Tensor:
    """Add the columns of ``input`` into an image, as ``torch.nn.functional.fold`` does.

    (N, K, P) -> (N, C, *output_size), or without the N on both sides. The adjoint of ``unfold``:
    every pixel receives the sum over the patches that cover it. Raises ValueError when K or P do
    not belong to ``output_size`` and the kernel.
    """
    if input.ndim == 2:
        return fold(input[None], output_size, kernel_size, dilation, padding, stride)[0]
    if input.ndim != 3:
        raise ValueError(f"input must be (N, K, P) or (K, P), got shape {tuple(input.shape)}")
    out_h, out_w = _output_size(output_size, kernel_size, stride, padding, dilation)
    height, width = _pair(output_size, "output_size", 1)
    k_h, k_w = _pair(kernel_size, "kernel_size", 1)
    (s_h, s_w), (p_h, p_w) = _pair(stride, "stride", 1), _pair(padding, "padding", 0)
    d_h, d_w = _pair(dilation, "dilation", 1)
    n, k, p = input.shape
    if k % (k_h * k_w) != 0:
        raise ValueError(f"input has {k} rows, which the kernel's {k_h * k_w} values do not divide")
    if p != out_h * out_w:
        raise ValueError(
            f"input has {p} columns but an image of {height}x{width} has {out_h}x{out_w} patches"
        )
    patches = input.reshape(n, k // (k_h * k_w), k_h, k_w, out_h, out_w)
    padded = input.new_zeros(n, patches.shape[1], height + 2 * p_h, width + 2 * p_w)
    for u in range(k_h):
        for v in range(k_w):
            # all patches at once: their value (u, v) lies on a grid with the stride's spacing
            rows = slice(u * d_h, u * d_h + s_h * out_h, s_h)
            columns = slice(v * d_w, v * d_w + s_w * out_w, s_w)
            padded[:, :, rows, columns] += patches[:, :, u, v]
    return padded[:, :, p_h : p_h + height, p_w : p_w + width]


_output_size = output_size  # fold has an argument of that name


class Conv2dFunction(torch.autograd.Function):
    """Convolution as one product of the patch matrix U (NP, K) with W (K, O).

    Saves input and weight, not the patches: those are k_h * k_w times the input, and unfolding
    again takes less time than it takes to multiply.
    """

    @staticmethod
    def forward(ctx, input, weight, bias, stride, padding):
        """Return X -> U (unfold) -> Y' = U W + b -> Y (reshape)."""
        ctx.save_for_backward(input, weight)
        ctx.stride, ctx.padding = stride, padding
        out_channels, _, k_h, k_w = weight.shape
        patches = _patch_matrix(input, (k_h, k_w), stride, padding)
        flat = patches @ weight.reshape(out_channels, -1).T
        if bias is not None:
            flat += bias
        out_h, out_w = output_size(tuple(input.shape[2:]), (k_h, k_w), stride, padding)
        return flat.reshape(len(input), out_h, out_w, out_channels).permute(0, 3, 1, 2).contiguous()

    @staticmethod
    def backward(ctx, grad_output):
        """Return the gradients of input, weight and bias that are asked for, else None."""
        input, weight = ctx.saved_tensors
        out_channels, _, k_h, k_w = weight.shape
        grad_flat = grad_output.permute(0, 2, 3, 1).reshape(-1, out_channels)
        grad_input = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            grad_patches = grad_flat @ weight.reshape(out_channels, -1)
            n, _, height, width = input.shape
            columns = grad_patches.reshape(n, -1, grad_patches.shape[1]).transpose(1, 2)
            grad_input = fold(columns, (height, width), (k_h, k_w), 1, ctx.padding, ctx.stride)
        if ctx.needs_input_grad[1]:
            patches = _patch_matrix(input, (k_h, k_w), ctx.stride, ctx.padding)
            grad_weight = (patches.T @ grad_flat).T.reshape(weight.shape)
        if ctx.needs_input_grad[2]:
            grad_bias = grad_flat.sum(0)
        return grad_input, grad_weight, grad_bias, None, None


def _patch_matrix(input, kernel_size, stride, padding) -> Tensor:
    """Return U (NP, K), one patch per row."""
    columns = unfold(input, kernel_size, 1, padding, stride)
    return columns.transpose(1, 2).reshape(-1, columns.shape[1])


def conv2d(input, weight, bias=None, stride=1, padding=0) -> Tensor:
    """Convolve ``input`` (N, C, height, width) with ``weight`` (O, C, k_h, k_w).

    Returns (N, O, H_out, W_out), as ``torch.nn.functional.conv2d`` does. Raises TypeError for
    mixed dtypes or values that are not ints, ValueError for shapes or values that do not fit.
    """
    _check_conv2d(input, weight, bias)
    output_size(tuple(input.shape[2:]), tuple(weight.shape[2:]), stride, padding)  # checks them
    return Conv2dFunction.apply(input, weight, bias, stride, padding)


class Conv2d(nn.Module):
    """A layer of kernels, with torch.nn.Conv2d's arguments, parameter names and initial values."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, bias=True):
        """Draw weight and bias from U(-1/sqrt(K), 1/sqrt(K)), K = in_channels * k_h * k_w."""
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size = _pair(kernel_size, "kernel_size", 1)
        self.stride, self.padding = _pair(stride, "stride", 1), _pair(padding, "padding", 0)
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels, *self.kernel_size))
        self.register_parameter("bias", nn.Parameter(torch.empty(out_channels)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        bound = 1 / math.sqrt(self.weight[0].numel())
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """Convolve ``input`` (N, C, height, width)."""
        return conv2d(input, self.weight, self.bias, self.stride, self.padding)

    def extra_repr(self) -> str:
        """Return the arguments in torch's style."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        text += f", stride={self.stride}"
        if any(self.padding):
            text += f", padding={self.padding}"
        return text + ("" if self.bias is not None else ", bias=False")
