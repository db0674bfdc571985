"""The layer: ``conv2d`` in place of torch's function, ``Conv2d`` in place of torch's module."""

import torch
from torch import Tensor, nn
from torch.overrides import handle_torch_function, has_torch_function

from helpers.conv import plain
from helpers.conv.arguments import (
    autocast,
    channels_last,
    check_conv2d,
    check_groups,
    padding_widths,
    pair,
)
from helpers.conv.geometry import geometry_of
from helpers.conv.gradients import Conv2dFunction
from helpers.conv.loops import output_size


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1) -> Tensor:
    """Convolve ``input`` with ``weight``, in place of ``torch.nn.functional.conv2d``.

    ``input`` (N, C, height, width) or (C, height, width), ``weight`` (O, C / groups, k_h, k_w),
    ``bias`` (O,) or None; ``padding`` is an int, a pair, "valid" or "same". Returns
    (N, O, H_out, W_out), without the N when the input has none. Padding is zeros that are
    multiplied: an infinite weight gives NaN there, where torch's function may skip them. Raises
    TypeError for mixed dtypes or values that are not ints, ValueError for shapes or values that do
    not fit together.
    """
    tensors = (input, weight, bias)
    if has_torch_function(tensors):  # subclasses of tensors and torch.fx, as in torch's functions
        options = (stride, padding, dilation, groups)
        return handle_torch_function(conv2d, tensors, *tensors, *options)
    input, weight, bias = autocast(input, weight, bias)
    groups = check_groups(groups)
    if not torch.jit.is_tracing():  # sizes are tensors there
        check_conv2d(input, weight, bias, groups)
    if input.ndim == 3:
        return conv2d(input[None], weight, bias, stride, padding, dilation, groups).squeeze(0)
    recorded = is_recorded()
    kernel_size = plain.kernel_size(weight) if recorded else tuple(weight.shape[2:])
    widths = padding_widths(padding, kernel_size, stride, dilation)
    if recorded:
        return _recorded(input, weight, bias, stride, widths, dilation, groups)
    left, right, top, bottom = widths
    if (left, top) != (right, bottom):
        input = nn.functional.pad(input, (0, right - left, 0, bottom - top))
    geometry = geometry_of(input, weight, stride, (top, left), dilation, groups)
    return Conv2dFunction.apply(input, weight, bias, geometry)


def is_recorded() -> bool:
    """Return whether operators are written down: by torch.jit, torch.compile or make_fx."""
    if torch.jit.is_tracing() or torch.compiler.is_compiling():
        return True
    return torch._C._get_dispatch_mode(torch._C._TorchDispatchModeKey.PROXY) is not None


def _recorded(input, weight, bias, stride, widths, dilation, groups) -> Tensor:
    """Convolve in a program that is recorded: see ``plain``."""
    if not torch.jit.is_tracing():
        left, right, top, bottom = widths
        size = input.shape[2] + top + bottom, input.shape[3] + left + right
        output_size(size, plain.kernel_size(weight), stride, 0, dilation)  # checks them
    stride, dilation = pair(stride, "stride", 1), pair(dilation, "dilation", 1)
    options = list(stride), list(widths), list(dilation), groups
    output = plain.convolve(input, weight, bias, *options)
    if torch.compiler.is_compiling() and not torch.compiler.is_exporting():
        last = channels_last(input) or channels_last(weight)
        return output.contiguous(memory_format=torch.channels_last) if last else output
    return output


class Conv2d(nn.Conv2d):
    """torch.nn.Conv2d with the convolution of this package; all else is torch's.

    Arguments, parameters, initial values and state_dict are those of torch.nn.Conv2d, and code that
    asks ``isinstance(layer, torch.nn.Conv2d)`` finds one. A tool that compares exact types has to
    be told of it, as ``thop.profile(..., custom_ops={Conv2d: count_convNd})``. A call of the layer
    raises what ``conv2d`` raises.
    """

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if torch.jit.is_scripting():  # compiles ordinary operators only
            widths = self._reversed_padding_repeated_twice
            widths = widths if len(widths) == 4 else widths + widths
            mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
            batch = nn.functional.pad(input if input.dim() == 4 else input[None], widths, mode)
            stride = [self.stride[0], self.stride[-1]]
            dilation = [self.dilation[0], self.dilation[-1]]
            output = plain.convolve(batch, weight, bias, stride, [0] * 4, dilation, self.groups)
            return output if input.dim() == 4 else output.squeeze(0)
        padding = self.padding
        if self.padding_mode != "zeros":
            widths = self._reversed_padding_repeated_twice
            input, padding = nn.functional.pad(input, widths, mode=self.padding_mode), 0
        return conv2d(input, weight, bias, self.stride, padding, self.dilation, self.groups)
