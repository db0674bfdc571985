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
from torch.nn import functional as F

from helpers.conv import compiled
from helpers.conv.arguments import channels_last, pair
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

    Equal to rounding. A gradient of zero passes on zero even where it meets an infinity or NaN, and
    one that is not finite may make NaN of pixels beside its window as well.
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
    if type(conv) not in (nn.Conv2d, Conv2d) or type(input) is not Tensor or _is_watched(conv):
        return None
    weight, bias = conv.weight, conv.bias
    sizes = conv.kernel_size, conv.stride, conv.padding, conv.dilation
    if not all(type(size) is tuple and len(size) == 2 for size in sizes):
        return None
    if conv.padding_mode != "zeros" or min(conv.padding) < 0 or conv.dilation[1] != 1:
        return None
    if input.ndim != 4 or weight.shape != (len(weight), input.shape[1], *conv.kernel_size):
        return None
    if bias is not None and (bias.shape != weight.shape[:1] or bias.dtype != weight.dtype):
        return None
    if weight.dtype != input.dtype or input.device.type != "cpu":
        return None
    if torch.is_autocast_enabled("cpu"):
        return None
    last = channels_last(input) or channels_last(weight)
    return _sizes(tuple(input.shape[2:]), *sizes, last)


def _is_watched(conv: nn.Module) -> bool:
    """Return whether something wants to see the convolution on its own."""
    hooks = conv._forward_hooks, conv._forward_pre_hooks
    hooks += conv._backward_hooks, conv._backward_pre_hooks
    return (
        any(hooks)
        or nn.modules.module._has_any_global_hook()
        or not vars(conv).keys().isdisjoint(("forward", "_conv_forward"))
        or is_recorded()
        or forward_ad._current_level >= 0
        or torch._C._are_functorch_transforms_active()
    )


@lru_cache(maxsize=256)
def _sizes(size, kernel_size, stride, padding, dilation, last) -> Geometry:
    pairs = [pair(value) for value in (kernel_size, stride, padding, dilation)]
    return Geometry(size, *pairs, 1, fit(size, *pairs), last)


class _Block(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, weight, bias, geometry):
        from helpers.conv.compiled import block

        output, which = block.forward(input, weight, bias, geometry)
        ctx.save_for_backward(input, weight, bias, which)
        ctx.geometry = geometry
        return output

    @staticmethod
    def backward(ctx, grad):
        from helpers.conv.compiled import block

        input, weight, bias, which = ctx.saved_tensors
        if torch.is_grad_enabled() or not compiled.is_plain(grad):
            return *_by_autograd(ctx, (input, weight, bias), grad), None
        arguments = grad, input, weight, which.contiguous(), ctx.geometry
        of_input, of_weight, of_bias = ctx.needs_input_grad[:3]
        weight, bias = block.weight_gradient(*arguments) if of_weight or of_bias else (None, None)
        input = block.input_gradient(*arguments) if of_input else None
        return input, weight if of_weight else None, bias if of_bias else None, None


def _by_autograd(ctx, tensors, grad) -> list[Tensor | None]:
    """Return the gradients of input, weight and bias so that they can be differentiated again."""
    g, asked = ctx.geometry, ctx.needs_input_grad[:3]
    input, weight, bias = tensors
    options = g.stride, g.padding, g.dilation
    with torch.enable_grad():
        output = conv_pool_relu(lambda images: F.conv2d(images, weight, bias, *options), input)
        wanted = [tensor for tensor, is_asked in zip(tensors, asked, strict=True) if is_asked]
        found = iter(torch.autograd.grad(output, wanted, grad, create_graph=True))
    return [next(found) if is_asked else None for is_asked in asked]
