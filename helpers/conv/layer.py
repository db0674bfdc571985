"""The layer: ``conv2d`` in place of torch's function, ``Conv2d`` in place of torch's module."""

import math

import torch
from torch import Tensor, nn

from helpers.conv import kernels
from helpers.conv.arguments import autocast, check_conv2d, check_padding, padding_widths, pair
from helpers.conv.gradients import Conv2dFunction, geometry_of


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1) -> Tensor:
    """Convolve ``input`` with ``weight``, in place of ``torch.nn.functional.conv2d``.

    ``input`` (N, C, height, width) or (C, height, width), ``weight`` (O, C / groups, k_h, k_w),
    ``bias`` (O,) or None; ``padding`` is an int, a pair, "valid" or "same". Returns
    (N, O, H_out, W_out), without the N when the input has none. Raises TypeError for mixed dtypes
    or values that are not ints, ValueError for shapes or values that do not fit together.
    """
    input, weight, bias = autocast(input, weight, bias)
    check_conv2d(input, weight, bias, groups)
    if input.ndim == 3:
        return conv2d(input[None], weight, bias, stride, padding, dilation, groups)[0]
    if isinstance(padding, str):
        check_padding(padding, stride)
        left, right, top, bottom = padding_widths(padding, weight.shape[2:], dilation)
        if (left, top) != (right, bottom):  # torch too adds the odd row below, the column right
            input = nn.functional.pad(input, (0, right - left, 0, bottom - top))
        padding = (top, left)
    geometry = geometry_of(input, weight, stride, padding, dilation, groups)
    if torch.compiler.is_compiling():
        # the compiler cannot trace Functions with a jvp, but it can differentiate plain operations
        return kernels.convolve(input, weight, bias, geometry)
    return Conv2dFunction.apply(input, weight, bias, geometry)


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
        self.kernel_size = pair(kernel_size, "kernel_size", 1)
        self.stride, self.dilation = pair(stride, "stride", 1), pair(dilation, "dilation", 1)
        self.padding_mode = padding_mode
        if isinstance(padding, str):
            check_padding(padding, stride)
            self.padding = padding
        else:
            self.padding = pair(padding, "padding", 0)
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
            widths = padding_widths(padding, self.kernel_size, self.dilation)
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
