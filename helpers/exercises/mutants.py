"""Layers with one mistake each, and the checks of lesson 04 that notice it or do not."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from helpers.checks import ADVERSARIAL, Shape
from helpers.exercises.backward import bias_gradient
from helpers.exercises.cases import random
from helpers.exercises.gradients import input_gradient, weight_gradient


@dataclass(frozen=True)
class Mutant:
    """A layer ``(input, weight, bias, stride, padding)`` with a mistake.

    ``forward`` returns the output, and ``backward`` the gradients of input, weight and bias, from
    (input, weight, grad_output, stride, padding). What is left out is right.
    """

    name: str
    forward: Callable = F.conv2d
    backward: Callable | None = None

    def __call__(self, input, weight, bias, stride, padding):
        """Return the output (N, O, H_out, W_out), whose backward pass is the mutant's."""
        return _Layer.apply(input, weight, bias, stride, padding, self)


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, weight, bias, stride, padding, mutant):
        ctx.save_for_backward(input, weight)
        ctx.rest = stride, padding, mutant.backward or gradients()
        return mutant.forward(input, weight, bias, stride, padding)

    @staticmethod
    def backward(ctx, grad_output):
        *geometry, backward = ctx.rest
        return *backward(*ctx.saved_tensors, grad_output, *geometry), None, None, None


def gradients(*, of_input=frozenset(), of_weight=frozenset(), of_bias=frozenset()) -> Callable:
    """Return a backward pass whose three gradients have the mistakes named."""

    def backward(input, weight, grad_output, stride, padding):
        size, kernel_size = tuple(input.shape[2:]), tuple(weight.shape[2:])
        return (
            input_gradient(grad_output, weight, size, stride, padding, of_input),
            weight_gradient(input, grad_output, kernel_size, stride, padding, of_weight),
            bias_gradient(grad_output, of_bias),
        )

    return backward


def _random_weights(input, weight, bias, stride, padding):
    return F.conv2d(input, random(*weight.shape, seed=6).to(weight), bias, stride, padding)


def _last_left_out(input, weight, bias, stride, padding):
    output = F.conv2d(input, weight, bias, stride, padding)
    output[..., -1, :] = output[..., -1] = 0
    return output


def _width_from_height(input, weight, bias, stride, padding):
    output = F.conv2d(input, weight, bias, stride, padding)
    return output.reshape(*output.shape[:3], output.shape[2])


def _pairs_reversed(input, weight, bias, stride, padding):
    return F.conv2d(input, weight, bias, stride[::-1], padding[::-1])


def _pairs_reversed_backward(input, weight, grad_output, stride, padding):
    return gradients()(input, weight, grad_output, stride[::-1], padding[::-1])


def _fold_for_3x3(input, weight, grad_output, stride, padding):
    _, *others = gradients()(input, weight, grad_output, stride, padding)
    columns = weight.flatten(1).T @ grad_output.flatten(2)
    return F.fold(columns, input.shape[2:], (3, 3), padding=1), *others


def _matrix_shape(input, weight, grad_output, stride, padding):
    of_input, of_weight, of_bias = gradients()(input, weight, grad_output, stride, padding)
    return of_input, of_weight.flatten(1).T, of_bias


MUTANTS = (
    Mutant("gradient of the weight returned as (K, O)", backward=_matrix_shape),
    Mutant("random weights in the forward pass", _random_weights),
    Mutant("last row and column never computed", _last_left_out),
    Mutant("gradients divided by the batch", backward=gradients(of_weight={"mean"})),
    Mutant("fold divided by the counts", backward=gradients(of_input={"mean"})),
    Mutant("kernel turned in fold", backward=gradients(of_input={"turned"})),
    Mutant(
        "reshape without a permute, backward",
        backward=gradients(of_input={"permute"}, of_weight={"permute"}),
    ),
    Mutant("sum of U for the gradient of W", backward=gradients(of_weight={"ones"})),
    Mutant("width taken from the height", _width_from_height),
    Mutant("pairs read as (width, height)", _pairs_reversed, _pairs_reversed_backward),
    Mutant("fold for 3×3 and padding 1 only", backward=_fold_for_3x3),
    Mutant("stride forgotten in fold", backward=gradients(of_input={"stride"})),
    Mutant("pixels left over not cut off", backward=gradients(of_weight={"uncropped"})),
    Mutant("all gradients computed, needed or not"),
)

SQUARE = Shape(2, 3, 4, (8, 8), (3, 3), (1, 1), (1, 1))  # the layer of many first tests
UNEQUAL = ADVERSARIAL[1]  # the same but for its sides: 7x5

# name of a check: what is compared, for which upstream gradient, on which shapes
CHECKS = {
    "shapes": ("shapes", "random", [SQUARE]),
    "upstream of ones": ("values", "ones", [UNEQUAL]),
    "square sizes": ("values", "random", [SQUARE]),
    "random upstream": ("values", "random", [UNEQUAL]),
    "adversarial sizes": ("values", "random", ADVERSARIAL),
}


def notices(convolution, shape: Shape, compare: str = "values", upstream: str = "random") -> bool:
    """Say whether a comparison with torch's layer on one shape finds something wrong.

    Output and gradients are compared, their "values" or only their "shapes", for an upstream
    gradient of "ones" or a "random" one. An error in the layer is noticed as well.
    """
    sizes = (
        (shape.batch, shape.in_channels, *shape.size),
        (shape.out_channels, shape.in_channels, *shape.kernel_size),
        (shape.out_channels,),
    )
    arguments = [random(*size, seed=i).requires_grad_() for i, size in enumerate(sizes)]
    expected = F.conv2d(*arguments, shape.stride, shape.padding)
    given = torch.ones_like(expected) if upstream == "ones" else random(*expected.shape, seed=7)
    theirs = [expected, *torch.autograd.grad(expected, arguments, given)]
    try:
        output = convolution(*arguments, shape.stride, shape.padding)
        ours = [output, *torch.autograd.grad(output, arguments, given)]
    except (RuntimeError, ValueError):
        return True
    pairs = list(zip(ours, theirs, strict=True))
    if any(our.shape != their.shape for our, their in pairs):
        return True
    return compare == "values" and not all(torch.allclose(*pair, atol=1e-9) for pair in pairs)


def caught(convolution) -> dict[str, bool]:
    """Say of each check whether it notices that something is wrong with a layer."""
    return {
        name: any(notices(convolution, shape, compare, upstream) for shape in shapes)
        for name, (compare, upstream, shapes) in CHECKS.items()
    }
