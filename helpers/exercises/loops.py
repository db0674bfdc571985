"""Checks of the exercises of lesson 01: windows, output sizes, loops, counting."""

import math

import torch
from torch.nn import functional as F

from helpers import example
from helpers.exercises.cases import (
    BY_HAND,
    BY_HAND_KERNEL,
    NONE,
    ONE,
    SHAPES,
    layers,
    random,
)
from helpers.exercises.judge import judge
from helpers.exercises.task import Task, switches
from helpers.exercises.values import judge_value


def _numbers(convolved) -> torch.Tensor:
    return convolved[0, 0]


def check_output(answer) -> None:
    """Exercise 1.1: the output of the convolution by hand, (2, 2)."""
    expected = F.conv2d(BY_HAND, BY_HAND_KERNEL)
    turned = F.conv2d(BY_HAND, BY_HAND_KERNEL.flip(2, 3))
    mistakes = {
        "that is what the turned kernel gives. Lay the kernel over the window as it is.": turned,
        "that is what the transposed kernel gives. Its first row is (1, -1).": F.conv2d(
            BY_HAND, BY_HAND_KERNEL.mT
        ),
        "these are sums of windows. Each pixel is multiplied by the weight on it.": F.conv2d(
            BY_HAND, torch.ones_like(BY_HAND_KERNEL)
        ),
        "the weight -1 was taken for 1.": F.conv2d(BY_HAND, BY_HAND_KERNEL.abs()),
        "rows and columns of the output are exchanged.": expected.mT,
        "that is the output with padding 1. Here the windows lie inside the image.": F.conv2d(
            BY_HAND, BY_HAND_KERNEL, padding=1
        ),
    }
    found = {sentence: _numbers(value) for sentence, value in mistakes.items()}
    judge_value(answer, _numbers(expected), "the output", found)


def output_length(size, kernel_size, stride, padding, dilation, wrong=frozenset()):
    """Return the number of windows along one axis, with the mistakes named in ``wrong``."""
    span = dilation * (kernel_size - 1) + 1
    if "dilation" in wrong:
        span = kernel_size
    if "span" in wrong:
        span = dilation * kernel_size
    if "kernel" in wrong:
        span = 1
    sides = 1 if "one side" in wrong else 0 if "padding" in wrong else 2
    step = 1 if "stride" in wrong else stride
    steps = (size + sides * padding - span) / step
    if "up" in wrong:
        steps = math.ceil(steps)
    elif "floor" not in wrong:
        steps = math.floor(steps)
    return steps if "one" in wrong else steps + 1


_LENGTH_WORDS = {
    "one": "1 is missing: the steps are counted, and there is one window more than steps.",
    "floor": "the quotient is not rounded down. A window that sticks out does not count.",
    "up": "the quotient is rounded up. A window that sticks out does not count: round down.",
    "one side": "the padding is added once. It is added at both ends: 2 * padding.",
    "padding": "the padding is ignored.",
    "stride": "the stride is ignored.",
    "dilation": "the dilation is ignored.",
    "span": "the kernel spans dilation * (kernel_size - 1) + 1 pixels, not dilation * kernel_size.",
    "kernel": "the size of the kernel is ignored. The last window has to end inside the image.",
}


def check_output_length(function) -> None:
    """Exercise 1.2: ``output_length(size, kernel_size, stride, padding, dilation)``, one axis."""

    def reference(size, kernel_size, stride, padding, dilation):
        return output_length(size, kernel_size, stride, padding, dilation)

    cases = [(3, 2, 1, 0, 1), (5, 3, 2, 0, 1), (6, 3, 2, 0, 1), (6, 3, 1, 1, 1), (7, 1, 3, 0, 1)]
    cases += [(9, 3, 1, 0, 2), (28, 5, 3, 2, 2), (4, 4, 4, 0, 1), (10, 2, 3, 1, 3), (1, 1, 1, 2, 1)]
    mistakes = switches(output_length, _LENGTH_WORDS)
    judge(function, Task("output_length", reference, cases, mistakes))


def convolve(input, weight, bias, stride, padding, wrong=frozenset()):
    """Convolve a batch by loops over the output pixels, with the mistakes named in ``wrong``."""
    (s_h, s_w), (p_h, p_w), (k_h, k_w) = stride, padding, weight.shape[2:]
    s_h, s_w = (1, 1) if "stride" in wrong else (s_h, s_w)
    s_h, s_w = (s_w, s_h) if "stride order" in wrong else (s_h, s_w)
    s_w = s_h if "stride square" in wrong else s_w
    p_h, p_w = (0, 0) if "padding" in wrong else (p_h, p_w)
    p_h, p_w = (p_w, p_h) if "padding order" in wrong else (p_h, p_w)
    p_w = p_h if "padding square" in wrong else p_w
    once = "one side" in wrong
    padded = F.pad(input, (p_w, 0 if once else p_w, p_h, 0 if once else p_h))
    weight = weight.flip(2, 3) if "turned" in wrong else weight
    weight = weight.mT if "transposed" in wrong else weight
    if "channel" in wrong:
        padded, weight = padded[:, :1], weight[:, :1]
    height, width = padded.shape[2:]
    if "unpadded" in wrong:
        height, width = input.shape[2:]
    width = height if "square image" in wrong else width
    out_h, out_w = (height - k_h) // s_h + 1, (width - k_w) // s_w + 1
    out_h, out_w = (out_h - 1, out_w - 1) if "small" in wrong else (out_h, out_w)
    out_w = out_h if "square" in wrong else out_w
    output = input.new_zeros(len(input), len(weight), out_h, out_w)
    short = 1 if "last" in wrong else 0
    size_h, size_w = (s_h, s_w) if "window" in wrong else (k_h, k_w)
    move_h, move_w = (1, 1) if "start" in wrong else (s_h, s_w)
    for y in range(out_h - short):
        for x in range(out_w - short):
            top, left = move_h * y, move_w * x
            window = padded[:, None, :, top : top + size_h, left : left + size_w]
            output[:, :, y, x] = (window * weight).sum((2, 3, 4))
    if "first image" in wrong:
        output = output[:1].expand_as(output)
    if bias is None or "bias" in wrong:
        return output
    times = input.shape[1] if "bias often" in wrong else 1
    return output + times * bias[:, None, None]


_CONVOLVE_WORDS = {
    "last": "the last row and the last column are never computed: `range(n)` ends at n - 1.",
    "small": "the output has one row and one column too few: 1 is missing in the output size.",
    "window": "the window has the size of the stride. It has the size of the kernel, "
    "from s * y to s * y + k.",
    "stride": "the stride is ignored.",
    "start": "the output has the right size, but the window moves by one pixel. "
    "It begins at row s_h * y and column s_w * x.",
    "stride order": "the strides of height and width are exchanged. A pair is (height, width).",
    "stride square": "the stride of the height is used for the width as well.",
    "padding": "the padding is ignored.",
    "padding order": "the paddings of height and width are exchanged. `F.pad` begins with the "
    "last axis, a pair here with the height.",
    "padding square": "the padding of the height is used for the width as well.",
    "one side": "the padding is put on one side only, above and to the left.",
    "unpadded": "the output size is computed from the image without its padding.",
    "turned": "the kernel is turned by 180 degrees. Lay it over the window as it is.",
    "transposed": "height and width of the kernel are exchanged.",
    "channel": "only the first input channel is read. The sum runs over all channels.",
    "square": "the width of the output is taken to be its height. Images need not be square.",
    "square image": "the width of the output is computed from the height of the image.",
    "first image": "all images of the batch get the result of the first one.",
    "bias": "the bias is missing.",
    "bias often": "the bias is added once per input channel. It is added once to every value.",
}
_CONVOLVE_AXES = ("image", "output channel", "row", "column")


def check_convolve(function) -> None:
    """Exercise 1.4: ``convolve(input, weight, bias, stride, padding)``, a batch and its layer."""

    def reference(input, weight, bias, stride, padding):
        return F.conv2d(input, weight, bias, stride, padding)

    mistakes = switches(convolve, _CONVOLVE_WORDS)
    judge(function, Task("convolve", reference, layers(), mistakes, axes=_CONVOLVE_AXES))


def check_convolve_image(function) -> None:
    """Exercise 1.3: ``convolve_image(image, kernel, stride, padding)``, two axes, pairs."""

    def reference(image, kernel, stride, padding):
        return F.conv2d(image[None, None], kernel[None, None], None, stride, padding)[0, 0]

    def variant(image, kernel, stride, padding, wrong=frozenset()):
        output = convolve(image[None, None], kernel[None, None], None, stride, padding, wrong)
        return output[0, 0]

    left_out = ("channel", "first image", "bias", "bias often")
    words = {key: said for key, said in _CONVOLVE_WORDS.items() if key not in left_out}
    sizes = [(shape.size, shape.kernel_size, shape.stride, shape.padding) for shape in SHAPES]
    shapes = list(dict.fromkeys(sizes))
    cases = [(example.IMAGE, example.KERNEL, ONE, NONE)]
    cases += [(random(*size), random(*kernel), *options) for size, kernel, *options in shapes]
    mistakes = switches(variant, words)
    judge(function, Task("convolve_image", reference, cases, mistakes, axes=("row", "column")))
