"""The Functions behind ``helpers.conv.conv2d``.

Each is linear in each of its two tensors, and its derivatives are the other two: so all of them can
be differentiated any number of times, in both modes.
"""

import inspect

import torch
from torch import Tensor

from helpers.conv import kernels
from helpers.conv.arguments import pair
from helpers.conv.kernels import Geometry
from helpers.conv.loops import output_size


def geometry_of(input, weight, stride, padding, dilation, groups) -> Geometry:
    """Return all sizes of the convolution of ``input`` with ``weight``."""
    size, kernel_size = tuple(input.shape[2:]), tuple(weight.shape[2:])
    out = output_size(size, kernel_size, stride, padding, dilation)
    stride, padding = pair(stride, "stride", 1), pair(padding, "padding", 0)
    dilation = pair(dilation, "dilation", 1)
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
