"""The Functions behind ``helpers.conv.conv2d``: three maps, closed under differentiation.

A convolution joins three tensors: input, weight and output. Each of the three Functions takes two
of them and gives the third (or its gradient), and is linear in each. So its derivative with respect
to one of its tensors is the Function that gives that one, from the two others: all of them can be
differentiated any number of times, in both modes.
"""

import torch
from torch import Tensor
from torch.autograd import forward_ad

from helpers.conv import kernels

# The axis of each tensor along which the groups of a convolution are lined up.
_GROUP_AXIS = {"input": 1, "weight": 0, "output": 1}


class _Map(torch.autograd.Function):
    """Gives one of input, weight and output from the two others, ``takes``, and a geometry."""

    takes: tuple[str, str]
    gives: str

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Keep each tensor for the derivative with respect to the other, and the geometry."""
        first, second = inputs[:2]
        needs_first, needs_second = ctx.needs_input_grad[:2]
        ctx.save_for_backward(first if needs_second else None, second if needs_first else None)
        ctx.save_for_forward(first, second)
        ctx.geometry = inputs[-1]

    @classmethod
    def backward(cls, ctx, grad):
        """Return the gradients of the two tensors where they are asked for, else None."""
        known = dict(zip(cls.takes, ctx.saved_tensors, strict=True))
        known = {name: t.conj() for name, t in known.items() if t is not None}
        known[cls.gives] = grad
        gradients = [
            _derivative(name, known, ctx.geometry) if needed else None
            for name, needed in zip(cls.takes, ctx.needs_input_grad[:2], strict=True)
        ]
        return *gradients, None

    @classmethod
    def jvp(cls, ctx, first_tangent, second_tangent, *_):
        """Return the tangent of the result by the product rule; None stands for zero."""
        first, second = ctx.saved_tensors
        terms = []
        if first_tangent is not None:
            terms.append(cls.map(first_tangent, second, ctx.geometry))
        if second_tangent is not None:
            terms.append(cls.map(first, second_tangent, ctx.geometry))
        return sum(terms[1:], terms[0]) if terms else None

    @classmethod
    def map(cls, first, second, geometry) -> Tensor:
        """Apply the Function to its two tensors."""
        return cls.apply(first, second, geometry)

    @classmethod
    def vmap(cls, info, in_dims, *tensors_and_geometry):
        """Run all examples as the groups of one convolution; return that and the examples' axis.

        The vmapped axis, number ``in_dims[i]`` of tensor i, is merged into its channels.
        """
        *tensors, geometry = tensors_and_geometry
        axes = [_GROUP_AXIS[name] for name in cls.takes] + [0] * len(tensors[2:])  # a bias has one
        merged = []
        for tensor, vmapped, axis in zip(tensors, in_dims[:-1], axes, strict=True):
            if tensor is not None:
                one = tensor.unsqueeze(0) if vmapped is None else tensor.movedim(vmapped, 0)
                one = one.expand(info.batch_size, *one.shape[1:])
                tensor = one.movedim(0, axis).flatten(axis, axis + 1)
            merged.append(tensor)
        groups = geometry.groups * info.batch_size
        result = cls.apply(*merged, geometry._replace(groups=groups))
        axis = _GROUP_AXIS[cls.gives]
        return result.unflatten(axis, (info.batch_size, -1)), axis


class Conv2dFunction(_Map):
    """Y from input X and weight W: ``apply(input, weight, bias, geometry)``, unchecked."""

    takes, gives = ("input", "weight"), "output"

    @staticmethod
    def forward(input, weight, bias, geometry):
        """Return the output (N, O, H_out, W_out)."""
        return kernels.convolve(input, weight, bias, geometry)

    @classmethod
    def map(cls, first, second, geometry) -> Tensor:
        """Apply the Function without a bias, as the part that is linear in both tensors."""
        return cls.apply(first, second, None, geometry)

    @classmethod
    def backward(cls, ctx, grad):
        """Return the gradients of input, weight and bias that are asked for, else None."""
        grad_input, grad_weight, _ = super().backward(ctx, grad)
        grad_bias = grad.sum((0, 2, 3)) if ctx.needs_input_grad[2] else None
        return grad_input, grad_weight, grad_bias, None

    @classmethod
    def jvp(cls, ctx, input_tangent, weight_tangent, bias_tangent, _):
        """Return the tangent of the output."""
        tangent = super().jvp(ctx, input_tangent, weight_tangent)
        if bias_tangent is None:
            return tangent
        shift = bias_tangent[:, None, None]
        if tangent is None:
            n, size = len(ctx.saved_tensors[0]), ctx.geometry.output_size
            return shift.expand(n, -1, *size).clone()
        return tangent + shift


class InputGradient(_Map):
    """The gradient of X from those of Y and from W: ``apply(grad_output, weight, geometry)``."""

    takes, gives = ("output", "weight"), "input"

    @staticmethod
    def forward(grad_output, weight, geometry):
        """Return a tensor of the input's shape, (N, C, height, width)."""
        return kernels.input_gradient(grad_output, weight, geometry)


class WeightGradient(_Map):
    """The gradient of W from X and that of Y: ``apply(input, grad_output, geometry)``."""

    takes, gives = ("input", "output"), "weight"

    @staticmethod
    def forward(input, grad_output, geometry):
        """Return a tensor of the weight's shape, (O, C / groups, k_h, k_w)."""
        return kernels.weight_gradient(input, grad_output, geometry)


_GIVES = {function.gives: function for function in (Conv2dFunction, InputGradient, WeightGradient)}


def _derivative(name: str, known: dict[str, Tensor], geometry) -> Tensor:
    """Return the gradient of the tensor ``name`` from the two others."""
    function = _GIVES[name]
    first, second = (known[taken] for taken in function.takes)
    if (
        torch.is_grad_enabled()
        or forward_ad._current_level >= 0
        or torch._C._are_functorch_transforms_active()
    ):
        return function.map(first, second, geometry)
    # nothing will be differentiated further: spare the Function
    bias = (None,) if function is Conv2dFunction else ()
    return function.forward(first, second, *bias, geometry)
