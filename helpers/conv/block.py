"""A block of the report's networks in one step: convolution, 2x2 max pool, ReLU.

The gradient of a max pool is zero at three of four pixels at least, but a convolution that is
computed on its own does not know it, and multiplies by the zeros. A block that is computed as one
leaves them out, in both gradients. That is less than half of the multiplications of a step, and
nothing else is saved for backward than the input and one byte for each number of the output.
"""

from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from helpers.conv import compiled
from helpers.conv.geometry import Geometry
from helpers.conv.layer import Conv2d, is_recorded
from helpers.conv.loops import fit


def conv_pool_relu(conv: nn.Module, input: Tensor) -> Tensor:
    """Return ``relu(max_pool2d(conv(input), 2))`` for input (N, C, height, width).

    Pool and ReLU both keep the order of values, so they commute; this order is less work.
    """
    return F.relu(F.max_pool2d(conv(input), 2))


def fused(conv: nn.Module, input: Tensor) -> Tensor:
    """Return what ``conv_pool_relu`` returns, by compiled loops where they suit.

    Equal to rounding, and differentiable once. A gradient of zero passes on zero even where it
    meets an infinity or NaN.
    """
    geometry = _geometry(conv, input)
    if geometry is None or min(geometry.output_size) < 2:
        return conv_pool_relu(conv, input)
    tensors = input, conv.weight, conv.bias
    if compiled.chosen(input.shape[1], len(conv.weight), geometry, *tensors) is None:
        return conv_pool_relu(conv, input)
    return _Block.apply(*tensors, geometry)


def _geometry(conv: nn.Module, input: Tensor) -> Geometry | None:
    """Return the sizes of a convolution that a block can be made of, else None."""
    usual = type(conv) in (nn.Conv2d, Conv2d) and conv.padding_mode == "zeros"
    if not usual or isinstance(conv.padding, str) or conv.groups != 1 or conv.dilation[1] != 1:
        return None
    if is_recorded() or forward_ad._current_level >= 0:
        return None
    if torch.is_autocast_enabled(input.device.type):
        return None
    if input.ndim != 4 or input.shape[1] != conv.in_channels:
        return None
    if conv._forward_hooks or conv._forward_pre_hooks or conv._backward_hooks:
        return None  # they are told of the convolution on its own
    sizes = conv.kernel_size, conv.stride, conv.padding, conv.dilation
    return _sizes(tuple(input.shape[2:]), *sizes)


@lru_cache(maxsize=256)
def _sizes(size, kernel_size, stride, padding, dilation) -> Geometry:
    output_size = fit(size, kernel_size, stride, padding, dilation)
    return Geometry(size, kernel_size, stride, padding, dilation, 1, output_size, True)


class _Block(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, weight, bias, geometry):
        from helpers.conv.compiled import block

        output, which = block.forward(input, weight, bias, geometry)
        ctx.save_for_backward(input, weight, which)
        ctx.geometry = geometry
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        from helpers.conv.compiled import block

        arguments = grad.resolve_neg(), *ctx.saved_tensors, ctx.geometry
        of_input, of_weight, of_bias = ctx.needs_input_grad[:3]
        weight, bias = block.weight_gradient(*arguments) if of_weight or of_bias else (None, None)
        input = block.input_gradient(*arguments) if of_input else None
        return input, weight if of_weight else None, bias if of_bias else None, None
