"""Checks of the exercises of lesson 01 about sizes and costs."""

import math

from helpers.conv import output_size
from helpers.exercises.judge import judge
from helpers.exercises.loops import output_length
from helpers.exercises.task import Task, switches
from helpers.exercises.values import judge_values

# (height, width), kernel_size, stride, padding, all but the first the same along both axes
LAYERS = {
    "a": ((28, 28), 5, 1, 0),
    "b": ((28, 20), 3, 1, 1),
    "c": ((9, 12), 3, 2, 0),
    "d": ((10, 7), 4, 3, 1),
}


def _pair(size, *options, wrong=frozenset()):
    return [output_length(length, *options, 1, wrong) for length in size]


def check_sizes(answers) -> int:
    """Exercise 1.5: a dictionary with the output size (height, width) of four layers."""
    expected = {name: output_size(*layer) for name, layer in LAYERS.items()}
    words = {
        "up": "a window that sticks out does not count: the quotient is rounded down.",
        "one": "the first window is missing in the count: add 1.",
        "one side": "the padding is added at both ends of an axis.",
        "padding": "the padding is missing.",
        "stride": "the stride is missing.",
        "kernel": "the last window has to end inside the image, so the kernel's size matters.",
    }
    mistakes = {}
    for name, layer in LAYERS.items():
        mistakes[name] = {said: _pair(*layer, wrong={key}) for key, said in words.items()}
        mistakes[name]["a pair is (height, width), in this order."] = expected[name][::-1]
    return judge_values(answers, expected, mistakes)


def cost(input_shape, weight_shape, stride, padding, wrong=frozenset()):
    """Return (parameters, multiply-adds) of a layer with a bias, with mistakes."""
    batch, channels, height, width = input_shape
    out_channels, _, k_h, k_w = weight_shape
    out_h, out_w = output_size((height, width), (k_h, k_w), stride, padding)
    if "input size" in wrong:
        out_h, out_w = height, width
    batch = 1 if "batch" in wrong else batch
    terms = k_h * k_w * (1 if "channels" in wrong else channels)
    biases = {"no bias": 0, "one bias": 1}
    bias = next((count for word, count in biases.items() if word in wrong), out_channels)
    multiply_adds = batch * out_channels * out_h * out_w * terms
    multiply_adds //= out_channels if "one kernel" in wrong else 1
    multiply_adds *= 2 if "operations" in wrong else 1
    parameters = out_channels * terms + bias
    if "parameters times batch" in wrong:
        parameters *= input_shape[0]
    return parameters, multiply_adds


def check_cost(function) -> int:
    """Exercise 1.6: ``cost(input_shape, weight_shape, stride, padding)``."""

    def reference(input_shape, weight_shape, stride, padding):
        return cost(input_shape, weight_shape, stride, padding)

    words = {
        "input size": "the number of windows is that of the output's pixels, not the input's.",
        "batch": "every image of the batch has to be convolved.",
        "channels": "a window reaches through all input channels: K = C k_h k_w values.",
        "one kernel": "that is for one kernel. There is one for each output channel.",
        "operations": "a multiplication and its addition count as one multiply-add here.",
        "no bias": "the biases are parameters too, one for each output channel.",
        "one bias": "there is one bias for each output channel.",
        "parameters times batch": "all images share the same parameters.",
    }
    cases = [
        ((1, 1, 3, 3), (1, 1, 2, 2), (1, 1), (0, 0)),
        ((2, 3, 7, 5), (4, 3, 3, 3), (1, 1), (1, 1)),
        ((16, 1, 28, 28), (16, 1, 3, 3), (1, 1), (1, 1)),
        ((3, 2, 8, 7), (5, 2, 3, 2), (3, 2), (0, 1)),
    ]
    parts = ("parameters", "multiply-adds")
    return judge(function, Task("cost", reference, cases, switches(cost, words), parts))


def same_padding(size, kernel_size, stride, dilation, wrong=frozenset()):
    """Return how many rows of padding give ceil(size / stride) windows, with mistakes."""
    span = kernel_size if "dilation" in wrong else dilation * (kernel_size - 1) + 1
    span = dilation * kernel_size if "span" in wrong else span
    windows = size // stride if "down" in wrong else math.ceil(size / stride)
    if "stride" in wrong:
        return span - 1
    steps = windows if "steps" in wrong else windows - 1
    total = steps * stride + span - size
    total = total if "negative" in wrong else max(total, 0)
    return total // 2 if "half" in wrong else total


def check_same_padding(function) -> None:
    """Exercise 1.7: ``same_padding(size, kernel_size, stride, dilation)``, above and below."""

    def reference(size, kernel_size, stride, dilation):
        return same_padding(size, kernel_size, stride, dilation)

    words = {
        "stride": "that is right for stride 1. With a stride fewer rows may be needed.",
        "down": "there are ceil(size / stride) windows: round up.",
        "steps": "from the first to the last window there is one step less than there are windows.",
        "dilation": "the dilation is ignored.",
        "span": "the kernel spans dilation * (kernel_size - 1) + 1 rows.",
        "negative": "a padding is never negative: where no rows are needed it is 0.",
        "half": "that is for one side. The total of both sides is asked for.",
    }
    cases = [(5, 3, 1, 1), (6, 3, 2, 1), (7, 3, 2, 1), (8, 5, 3, 1), (28, 3, 1, 2)]
    cases += [(9, 2, 4, 1), (5, 1, 2, 1), (10, 4, 3, 2), (6, 1, 2, 1)]
    mistakes = switches(same_padding, words)
    judge(function, Task("same_padding", reference, cases, mistakes))
