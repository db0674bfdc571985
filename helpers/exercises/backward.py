"""Checks of the exercises of lesson 03: gradients by hand, a whole backward pass, its sizes."""

import torch
from torch import Tensor
from torch.nn import functional as F

from helpers.conv import output_size
from helpers.exercises.cases import (
    BY_HAND,
    BY_HAND_KERNEL,
    BY_HAND_UPSTREAM,
    IMAGE,
    KERNEL,
    NONE,
    ONE,
    SHAPES,
    UPSTREAM,
    random,
    tensors,
)
from helpers.exercises.gradients import (
    INPUT_WORDS,
    WEIGHT_WORDS,
    input_gradient,
    weight_gradient,
)
from helpers.exercises.judge import judge
from helpers.exercises.task import Task, switches
from helpers.exercises.values import judge_values


def check_gradients(answers) -> int:
    """Exercise 3.1: the gradients by hand, a dictionary of "kernel", "bias" and "image"."""
    image, kernel, upstream = BY_HAND, BY_HAND_KERNEL, BY_HAND_UPSTREAM
    ones = torch.ones_like(upstream)
    patches = upstream.reshape(4, 1) * kernel.reshape(1, 4)
    kernel_grad = F.conv2d(image, upstream)[0, 0]
    image_grad = F.conv_transpose2d(upstream, kernel)[0, 0]
    mistakes = {
        "kernel": {
            "that is the gradient for an upstream of ones. Each pixel is multiplied by the "
            "upstream gradient of its window.": F.conv2d(image, ones)[0, 0],
            "rows and columns are exchanged.": kernel_grad.T,
            "the upstream gradient is turned by 180 degrees. That belongs to the gradient of the "
            "image.": F.conv2d(image, upstream.flip(2, 3))[0, 0],
            "that is the output of the forward pass.": F.conv2d(image, kernel)[0, 0],
        },
        "bias": {
            "that is the number of output values. The gradient is the sum of their gradients.": 4,
            "that is the mean of the upstream gradient. Its sum is needed.": 0.75,
            "the signs were lost: 0 + 2 - 1 + 2.": 5.0,
        },
        "image": {
            "the kernel was turned once too often: the pixel below weight W[u, v] of window (y, x) "
            "is X[y + u, x + v].": F.conv2d(upstream, kernel, padding=1)[0, 0],
            "only the last window that reads a pixel counts. The gradients of all are "
            "added.": _fold_last(patches),
            "the sums are divided by the number of windows that read a pixel.": image_grad
            / torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]),
            "that is the gradient for an upstream of ones.": F.conv_transpose2d(ones, kernel)[0, 0],
        },
    }
    expected = {
        "kernel": kernel_grad,
        "bias": upstream.sum().item(),
        "image": image_grad,
    }
    return judge_values(answers, expected, mistakes)


def _fold_last(patches: Tensor) -> Tensor:
    """Write the four patches into a 3x3 image, the last one over the others."""
    image = patches.new_zeros(3, 3)
    for p, patch in enumerate(patches):
        y, x = divmod(p, 2)
        image[y : y + 2, x : x + 2] = patch.reshape(2, 2)
    return image


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
