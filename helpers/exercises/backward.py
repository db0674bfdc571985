"""Checks of the exercises of lesson 03: a backward pass as a whole, and its sizes."""

import torch
from torch.nn import functional as F

from helpers.conv import output_size
from helpers.exercises.cases import IMAGE, KERNEL, NONE, ONE, SHAPES, UPSTREAM, random, tensors
from helpers.exercises.gradients import (
    INPUT_WORDS,
    WEIGHT_WORDS,
    input_gradient,
    weight_gradient,
)
from helpers.exercises.judge import judge
from helpers.exercises.task import Task, switches

_BIAS_WORDS = {
    "bias batch": "the bias gradient sums over the images only. It also sums over all pixels: one "
    "number for each output channel.",
    "bias mean": "the bias gradient is a mean. The bias is added to every value: it is the sum.",
    "bias first": "the bias gradient counts the first image only.",
    "bias count": "the bias gradient is the number of values, as for an upstream of ones.",
}


def bias_gradient(grad_output, wrong):
    """Return the gradient of the bias, with mistakes."""
    if "bias batch" in wrong:
        return grad_output.sum(0)
    if "bias mean" in wrong:
        return grad_output.mean((0, 2, 3))
    if "bias count" in wrong:
        return torch.ones_like(grad_output).sum((0, 2, 3))
    return grad_output[:1].sum((0, 2, 3)) if "bias first" in wrong else grad_output.sum((0, 2, 3))


def backward(input, weight, grad_output, stride, padding, wrong=frozenset()):
    """Return the gradients of input, weight and bias, with the mistakes named in ``wrong``."""
    size, kernel_size = tuple(input.shape[2:]), tuple(weight.shape[2:])
    return (
        input_gradient(grad_output, weight, size, stride, padding, wrong),
        weight_gradient(input, grad_output, kernel_size, stride, padding, wrong),
        bias_gradient(grad_output, wrong),
    )


def check_backward(function) -> int:
    """Exercise 3.4: ``backward(input, weight, grad_output, stride, padding)``, three gradients."""

    def reference(input, weight, grad_output, stride, padding):
        bias = input.new_zeros(len(weight))
        arguments = [tensor.detach().requires_grad_() for tensor in (input, weight, bias)]
        with torch.enable_grad():
            output = F.conv2d(*arguments, stride, padding)
        return torch.autograd.grad(output, arguments, grad_output)

    cases = [(IMAGE, KERNEL, UPSTREAM, ONE, NONE)]
    for shape in SHAPES:
        input, weight, _ = tensors(shape)
        size = output_size(shape.size, shape.kernel_size, shape.stride, shape.padding)
        upstream = random(shape.batch, shape.out_channels, *size, seed=5)
        cases.append((input, weight, upstream, shape.stride, shape.padding))
    parts = ("gradient of the input", "gradient of the weight", "gradient of the bias")
    words = dict(zip(parts, (INPUT_WORDS, WEIGHT_WORDS, _BIAS_WORDS), strict=True))
    mistakes = {part: switches(backward, said) for part, said in words.items()}
    return judge(function, Task("backward", reference, cases, {}, parts, mistakes_of=mistakes))


def transposed_size(size, kernel_size, stride, padding, wrong=frozenset()):
    """Return the smallest input that has an output of this size, along one axis, with mistakes."""
    if "forward" in wrong:
        return (size + 2 * padding - kernel_size) // stride + 1
    steps = size if "steps" in wrong else size - 1
    stride = 1 if "stride" in wrong else stride
    sides = 0 if "padding" in wrong else 1 if "one side" in wrong else 2
    sides = -2 if "sign" in wrong else sides
    kernel_size = 1 if "kernel" in wrong else kernel_size
    largest = stride - 1 if "largest" in wrong else 0
    return steps * stride + kernel_size - sides * padding + largest


def check_transposed_size(function) -> None:
    """Exercise 3.5: ``transposed_size(size, kernel_size, stride, padding)``, along one axis."""

    def reference(size, kernel_size, stride, padding):
        return transposed_size(size, kernel_size, stride, padding)

    words = {
        "forward": "that is the output size of a convolution. Solve it for the input size.",
        "steps": "between `size` windows there are size - 1 steps.",
        "stride": "the stride is ignored: neighbouring windows begin `stride` pixels apart.",
        "padding": "the padding is not removed. The image is what is left without it.",
        "one side": "the padding has to be removed at both ends.",
        "sign": "the padding is added. The image is what is left without it.",
        "kernel": "the last window is kernel_size pixels long.",
        "largest": "that is the largest size with this output. The smallest is asked for.",
    }
    cases = [(2, 2, 1, 0), (3, 3, 1, 1), (3, 3, 2, 0), (4, 3, 2, 1), (5, 1, 3, 0), (2, 5, 3, 2)]
    cases += [(7, 4, 2, 1), (1, 6, 4, 1), (14, 3, 2, 1)]
    mistakes = switches(transposed_size, words)
    judge(function, Task("transposed_size", reference, cases, mistakes))
