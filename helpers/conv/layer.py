"""Two-dimensional convolution by hand: as loops, as one matrix product, as an autograd Function.

Names and argument order are torch's; pairs are (height, width) and padding is per side. N images,
C input channels, O output channels, P patches per image, K = C * k_h * k_w values per patch.
"""

import inspect
import math

import torch
from torch import Tensor, nn

from helpers.conv import kernels
from helpers.conv.kernels import Geometry


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


def _check_conv2d(input, weight, bias, groups=1, dims=(3, 4)) -> None:
    """Raise TypeError or ValueError unless the tensors belong to one convolution."""
    for name, tensor in (("input", input), ("weight", weight), ("bias", bias)):
        if tensor is None and name == "bias":
            continue
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name} must be a tensor, got {type(tensor).__name__}")
        if tensor.dtype == torch.bool:
            raise TypeError(f"{name} must hold numbers, got {tensor.dtype}")
        if tensor.dtype != input.dtype:
            raise TypeError(f"{name} is {tensor.dtype} but input is {input.dtype}: convert one")
        if tensor.device != input.device:
            raise ValueError(f"{name} is on {tensor.device} but input is on {input.device}")
    if input.ndim not in dims:
        raise ValueError(
            "input must be (N, C, height, width)"
            + (" or (C, height, width)" if 3 in dims else "")
            + f", got shape {tuple(input.shape)}"
        )
    if weight.ndim != 4:
        raise ValueError(f"weight must be (O, C / groups, k_h, k_w), got {tuple(weight.shape)}")
    if not isinstance(groups, int) or isinstance(groups, bool):
        raise TypeError(f"groups must be an int, got {groups!r}")
    if groups < 1 or weight.shape[0] < groups or weight.shape[0] % groups != 0:
        raise ValueError(
            f"groups must be at least 1 and divide the {weight.shape[0]} output channels, "
            f"got {groups}"
        )
    if input.shape[-3] != weight.shape[1] * groups:
        raise ValueError(
            f"input has {input.shape[-3]} channels but weight {tuple(weight.shape)} with "
            f"groups {groups} expects {weight.shape[1] * groups}"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(
            f"bias must have one value per output channel, shape ({weight.shape[0]},), "
            f"got {tuple(bias.shape)}"
        )
    if 0 in input.shape[-2:] and 0 not in input.shape[:-2]:
        raise ValueError(f"only the batch or the channels may be empty, got {tuple(input.shape)}")


def _pad(input: Tensor, padding: tuple[int, int]) -> Tensor:
    """Surround the last two axes with zeros."""
    height, width = padding
    return nn.functional.pad(input, (width, width, height, height)) if any(padding) else input


def naive_conv2d(input, weight, bias=None, stride=1, padding=0) -> Tensor:
    """Convolve with plain loops: slow, to be read.

    ``input`` (N, C, height, width), ``weight`` (O, C, k_h, k_w), ``bias`` (O,) or None; returns
    (N, O, H_out, W_out). Raises TypeError or ValueError for arguments that do not fit together.
    """
    _check_conv2d(input, weight, bias, dims=(4,))
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

    Patch number p = y * W_out + x; place in the patch k = (c * k_h + u) * k_w + v. Raises TypeError
    or ValueError for sizes that are no ints, too small, or do not fit together.
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


def _patch_matrix(input, kernel_size, stride, padding) -> Tensor:
    """Return U (NP, K), one patch per row."""
    columns = unfold(input, kernel_size, 1, padding, stride)
    return columns.transpose(1, 2).reshape(-1, columns.shape[1])


class UnfoldConv2dFunction(torch.autograd.Function):
    """Convolution as one product of the patch matrix U (NP, K) with W (K, O), as in lesson 03.

    Saves input and weight, not the patches, which are k_h * k_w times the input. Unfolding them
    again in the backward pass costs time to save memory; lesson 05 measures both.
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


def unfold_conv2d(input, weight, bias=None, stride=1, padding=0) -> Tensor:
    """Convolve as lesson 03 does, for comparison; ``conv2d`` is the one to use.

    ``input`` (N, C, height, width), ``weight`` (O, C, k_h, k_w), ``bias`` (O,) or None; returns
    (N, O, H_out, W_out). Raises TypeError or ValueError for arguments that do not fit together.
    """
    _check_conv2d(input, weight, bias, dims=(4,))
    output_size(tuple(input.shape[2:]), tuple(weight.shape[2:]), stride, padding)  # checks them
    return UnfoldConv2dFunction.apply(input, weight, bias, stride, padding)


# The Functions behind conv2d. Each is linear in each of its two tensors, and its derivatives are
# the other two: so all of them can be differentiated any number of times, in both modes.


def _geometry(input, weight, stride, padding, dilation, groups) -> Geometry:
    size, kernel_size = tuple(input.shape[2:]), tuple(weight.shape[2:])
    out = output_size(size, kernel_size, stride, padding, dilation)
    stride, padding = _pair(stride, "stride", 1), _pair(padding, "padding", 0)
    dilation = _pair(dilation, "dilation", 1)
    return Geometry(size, kernel_size, stride, padding, dilation, groups, out)


def _save(ctx, inputs, output) -> None:
    """Keep each tensor for the derivative with respect to the other, and the geometry."""
    first, second = inputs[:2]
    needs_first, needs_second = ctx.needs_input_grad[:2]
    ctx.save_for_backward(first if needs_second else None, second if needs_first else None)
    ctx.save_for_forward(first, second)
    ctx.geometry = inputs[-1]


def _product_rule(function, ctx, first_tangent, second_tangent) -> Tensor | None:
    """Return the tangent of a map that is linear in each of two tensors; None stands for zero."""
    first, second = ctx.saved_tensors
    terms = []
    if first_tangent is not None:
        terms.append(function.apply(first_tangent, second, ctx.geometry))
    if second_tangent is not None:
        terms.append(function.apply(first, second_tangent, ctx.geometry))
    return sum(terms[1:], terms[0]) if terms else None


def _as_groups(function, axes, info, in_dims, *tensors_and_geometry):
    """Run all examples of a ``vmap`` as the groups of one convolution.

    The vmapped axis, number ``in_dims[i]`` of tensor i, is merged into its channels, ``axes[i]``.
    """
    *tensors, geometry = tensors_and_geometry
    merged = []
    for tensor, vmapped, axis in zip(tensors, in_dims, axes, strict=False):
        if tensor is not None:
            one = tensor.unsqueeze(0) if vmapped is None else tensor.movedim(vmapped, 0)
            one = one.expand(info.batch_size, *one.shape[1:])
            tensor = one.movedim(0, axis).flatten(axis, axis + 1)
        merged.append(tensor)
    output = function.apply(*merged, geometry._replace(groups=geometry.groups * info.batch_size))
    axis = axes[-1]
    return output.unflatten(axis, (info.batch_size, -1)), axis


def _apply(function, *args):
    """Apply a Function, or only its forward when nothing is to be differentiated further."""
    return function.apply(*args) if torch.is_grad_enabled() else function.forward(*args)


class Conv2dFunction(torch.autograd.Function):
    """Y from input X and weight W: the gradients are the two Functions below.

    ``apply(input, weight, bias, geometry)``; unchecked, ``conv2d`` checks.
    """

    @staticmethod
    def forward(input, weight, bias, geometry):
        """Return the output (N, O, H_out, W_out)."""
        return kernels.convolve(input, weight, bias, geometry)

    setup_context = staticmethod(_save)

    @staticmethod
    def backward(ctx, grad_output):
        """Return the gradients of input, weight and bias that are asked for, else None."""
        input, weight = ctx.saved_tensors
        grad_input = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            grad_input = _apply(InputGradient, grad_output, weight.conj(), ctx.geometry)
        if ctx.needs_input_grad[1]:
            grad_weight = _apply(WeightGradient, input.conj(), grad_output, ctx.geometry)
        if ctx.needs_input_grad[2]:
            grad_bias = grad_output.sum((0, 2, 3))
        return grad_input, grad_weight, grad_bias, None

    @staticmethod
    def jvp(ctx, input_tangent, weight_tangent, bias_tangent, _):
        """Return the tangent of the output."""
        tangent = _product_rule(_NoBias, ctx, input_tangent, weight_tangent)
        if bias_tangent is None:
            return tangent
        shift = bias_tangent[:, None, None]
        if tangent is None:
            n, size = len(ctx.saved_tensors[0]), ctx.geometry.output_size
            return shift.expand(n, -1, *size).clone()
        return tangent + shift

    @staticmethod
    def vmap(info, in_dims, *args):
        """Return the outputs of all examples, and the axis that numbers them."""
        return _as_groups(Conv2dFunction, (1, 0, 0, 1), info, in_dims, *args)


class _NoBias:
    @staticmethod
    def apply(input, weight, geometry):
        return Conv2dFunction.apply(input, weight, None, geometry)


class InputGradient(torch.autograd.Function):
    """The gradient of X from those of Y and from W: ``apply(grad_output, weight, geometry)``."""

    @staticmethod
    def forward(grad_output, weight, geometry):
        """Return a tensor of the input's shape, (N, C, height, width)."""
        return kernels.input_gradient(grad_output, weight, geometry)

    setup_context = staticmethod(_save)

    @staticmethod
    def backward(ctx, grad):
        """Return the gradients of grad_output and weight that are asked for, else None."""
        grad_output, weight = ctx.saved_tensors
        first = second = None
        if ctx.needs_input_grad[0]:
            first = _apply(Conv2dFunction, grad, weight.conj(), None, ctx.geometry)
        if ctx.needs_input_grad[1]:
            second = _apply(WeightGradient, grad, grad_output.conj(), ctx.geometry)
        return first, second, None

    @staticmethod
    def jvp(ctx, grad_output_tangent, weight_tangent, _):
        """Return the tangent of the gradient."""
        return _product_rule(InputGradient, ctx, grad_output_tangent, weight_tangent)

    @staticmethod
    def vmap(info, in_dims, *args):
        """Return the gradients of all examples, and the axis that numbers them."""
        return _as_groups(InputGradient, (1, 0, 1), info, in_dims, *args)


class WeightGradient(torch.autograd.Function):
    """The gradient of W from X and that of Y: ``apply(input, grad_output, geometry)``."""

    @staticmethod
    def forward(input, grad_output, geometry):
        """Return a tensor of the weight's shape, (O, C / groups, k_h, k_w)."""
        return kernels.weight_gradient(input, grad_output, geometry)

    setup_context = staticmethod(_save)

    @staticmethod
    def backward(ctx, grad):
        """Return the gradients of input and grad_output that are asked for, else None."""
        input, grad_output = ctx.saved_tensors
        first = second = None
        if ctx.needs_input_grad[0]:
            first = _apply(InputGradient, grad_output.conj(), grad, ctx.geometry)
        if ctx.needs_input_grad[1]:
            second = _apply(Conv2dFunction, input.conj(), grad, None, ctx.geometry)
        return first, second, None

    @staticmethod
    def jvp(ctx, input_tangent, grad_output_tangent, _):
        """Return the tangent of the gradient."""
        return _product_rule(WeightGradient, ctx, input_tangent, grad_output_tangent)

    @staticmethod
    def vmap(info, in_dims, *args):
        """Return the gradients of all examples, and the axis that numbers them."""
        return _as_groups(WeightGradient, (1, 1, 0), info, in_dims, *args)


for _function in (Conv2dFunction, InputGradient, WeightGradient):
    # torch works the signature out at every call; found here, it takes no time there
    _function.forward.__signature__ = inspect.signature(_function.forward)


def _padding_widths(padding, kernel_size, dilation) -> tuple[int, int, int, int]:
    """Return the widths (left, right, top, bottom) of the padding."""
    if padding == "same":
        (k_h, k_w), (d_h, d_w) = kernel_size, _pair(dilation, "dilation", 1)
        height, width = d_h * (k_h - 1), d_w * (k_w - 1)
        return width // 2, width - width // 2, height // 2, height - height // 2
    p_h, p_w = (0, 0) if padding == "valid" else padding
    return p_w, p_w, p_h, p_h


def _check_padding(padding, stride) -> None:
    if padding not in ("valid", "same"):
        raise ValueError(f"padding must be 'valid', 'same', an int or a pair, got {padding!r}")
    if padding == "same" and _pair(stride, "stride", 1) != (1, 1):
        raise ValueError(f"padding='same' needs stride 1, got stride {stride!r}")


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1) -> Tensor:
    """Convolve ``input`` with ``weight``, in place of ``torch.nn.functional.conv2d``.

    ``input`` (N, C, height, width) or (C, height, width), ``weight`` (O, C / groups, k_h, k_w),
    ``bias`` (O,) or None; ``padding`` is an int, a pair, "valid" or "same". Returns
    (N, O, H_out, W_out), without the N when the input has none. Raises TypeError for mixed dtypes
    or values that are not ints, ValueError for shapes or values that do not fit together.
    """
    input, weight, bias = _autocast(input, weight, bias)
    _check_conv2d(input, weight, bias, groups)
    if input.ndim == 3:
        return conv2d(input[None], weight, bias, stride, padding, dilation, groups)[0]
    if isinstance(padding, str):
        _check_padding(padding, stride)
        left, right, top, bottom = _padding_widths(padding, weight.shape[2:], dilation)
        if (left, top) != (right, bottom):  # torch too adds the odd row below, the column right
            input = nn.functional.pad(input, (0, right - left, 0, bottom - top))
        padding = (top, left)
    geometry = _geometry(input, weight, stride, padding, dilation, groups)
    if torch.compiler.is_compiling():
        # the compiler cannot trace Functions with a jvp, but it can differentiate plain operations
        return kernels.convolve(input, weight, bias, geometry)
    return Conv2dFunction.apply(input, weight, bias, geometry)


def _autocast(input, *others):
    """Inside torch.autocast, convert what torch converts: floating point except float64."""
    device = input.device.type if isinstance(input, Tensor) else "cpu"
    if not (torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)):
        return input, *others
    dtype = torch.get_autocast_dtype(device)
    return tuple(
        t.to(dtype)
        if isinstance(t, Tensor) and t.is_floating_point() and t.dtype != torch.float64
        else t
        for t in (input, *others)
    )


class Conv2d(nn.Module):
    """A layer of kernels, with torch.nn.Conv2d's arguments, parameter names and initial values."""

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        """Draw weight and bias from U(-1/sqrt(K), 1/sqrt(K)), K = C / groups * k_h * k_w.

        Raises TypeError for sizes that are no ints, ValueError for sizes that are too small, for
        channels that ``groups`` does not divide, and for an unknown padding or padding mode.
        """
        super().__init__()
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"groups must be at least 1 and divide in_channels {in_channels} and "
                f"out_channels {out_channels}, got {groups}"
            )
        if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
            raise ValueError(
                "padding_mode must be 'zeros', 'reflect', 'replicate' or 'circular', "
                f"got {padding_mode!r}"
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = _pair(kernel_size, "kernel_size", 1)
        self.stride, self.dilation = _pair(stride, "stride", 1), _pair(dilation, "dilation", 1)
        self.padding_mode = padding_mode
        if isinstance(padding, str):
            _check_padding(padding, stride)
            self.padding = padding
        else:
            self.padding = _pair(padding, "padding", 0)
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = nn.Parameter(torch.empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        bound = 1 / math.sqrt(max(1, self.weight[0].numel()))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """Convolve ``input`` (N, C, height, width) or (C, height, width).

        Raises what ``conv2d`` raises.
        """
        padding = self.padding
        if self.padding_mode != "zeros":
            widths = _padding_widths(padding, self.kernel_size, self.dilation)
            input = nn.functional.pad(input, widths, mode=self.padding_mode)
            padding = 0
        return conv2d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )

    def extra_repr(self) -> str:
        """Return the arguments in torch's style."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        text += f", stride={self.stride}"
        if self.padding != (0, 0):
            text += f", padding={self.padding}"
        if self.dilation != (1, 1):
            text += f", dilation={self.dilation}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text
