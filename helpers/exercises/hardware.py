"""Checks of the exercises of lesson 05: costs, the roofline, rows of patches, chunks."""

import math

import torch
from torch.nn import functional as F

from helpers.conv import output_size
from helpers.exercises.cases import IMAGE, KERNEL, UPSTREAM, random
from helpers.exercises.judge import judge
from helpers.exercises.task import Task, switches
from helpers.exercises.values import judge_values


def intensity(input_shape, weight_shape, output_shape, wrong=frozenset()):
    """Return operations per byte of a convolution in float32, with the mistakes named."""
    _, channels, k_h, k_w = weight_shape
    terms = k_h * k_w * (1 if "channels" in wrong else channels)
    outputs = math.prod(input_shape if "input pixels" in wrong else output_shape)
    operations = (1 if "once" in wrong else 2) * outputs * terms
    moved = [math.prod(shape) for shape in (input_shape, weight_shape, output_shape)]
    moved[1] = 0 if "no weight" in wrong else moved[1]
    moved[2] = 0 if "no output" in wrong else moved[2]
    if "patches" in wrong:
        moved[0] = output_shape[0] * output_shape[2] * output_shape[3] * terms
    return operations / ((1 if "numbers" in wrong else 4) * sum(moved))


def check_intensity(function) -> None:
    """Exercise 5.1: ``intensity(input_shape, weight_shape, output_shape)``, in float32."""

    def reference(input_shape, weight_shape, output_shape):
        return intensity(input_shape, weight_shape, output_shape)

    words = {
        "once": "a multiplication and an addition are two operations.",
        "numbers": "a number in float32 takes four bytes.",
        "channels": "each output value is a sum over all input channels: K = C k_h k_w products.",
        "input pixels": "the sums are counted for the input's values. There is one for each output "
        "value.",
        "no weight": "the weights have to be read too.",
        "no output": "the output has to be written too.",
        "patches": "the image has to be read once. Copies of it in patches are what a program may "
        "avoid.",
    }
    cases = [
        ((1, 1, 3, 3), (1, 1, 2, 2), (1, 1, 2, 2)),
        ((2, 3, 7, 5), (4, 3, 3, 3), (2, 4, 7, 5)),
        ((16, 16, 14, 14), (32, 16, 3, 3), (16, 32, 14, 14)),
        ((3, 2, 8, 7), (5, 2, 3, 2), (3, 5, 2, 3)),
    ]
    mistakes = switches(intensity, words)
    judge(function, Task("intensity", reference, cases, mistakes, atol=1e-6))  # also in float32


PEAK, BANDWIDTH = 80.0, 16.0  # the machine of the exercise: 1e9 operations, 1e9 bytes per second


def check_roofline(answers) -> int:
    """Exercise 5.2: four numbers about a machine of 80 Gflop/s and 16 GB/s."""
    expected = {"ridge": PEAK / BANDWIDTH, "at 2": 2 * BANDWIDTH, "at 20": PEAK, "seconds": 0.125}
    mistakes = {
        "ridge": {
            "that is bytes per operation. The ridge is where intensity times bandwidth reaches "
            "the peak.": BANDWIDTH / PEAK,
            "the ridge is a quotient: peak by bandwidth.": PEAK * BANDWIDTH,
        },
        "at 2": {
            "memory is too slow for the peak here: intensity times bandwidth is less.": PEAK,
            "that is the bandwidth. Each byte serves two operations.": BANDWIDTH,
        },
        "at 20": {
            "that many operations could be fed, but no machine is faster than its peak.": 20
            * BANDWIDTH,
        },
        "seconds": {
            "that is the time at the peak. At intensity 2 the memory is the limit.": 4 / PEAK,
            "that is the time to move 4 GB. 4e9 operations at intensity 2 move 2 GB.": 4
            / BANDWIDTH,
        },
    }
    return judge_values(answers, expected, mistakes)


def copied(channels, size, kernel_size, padding, wrong=frozenset()):
    """Return how many numbers R and U hold for one image with stride 1, with mistakes."""
    (height, width), (k_h, k_w), p_h = size, kernel_size, padding[0]
    out_h, out_w = output_size(size, kernel_size, 1, padding)
    rows_high = height if "no padding" in wrong else height + 2 * p_h
    rows_high = out_h if "output rows" in wrong else rows_high
    across = width if "input columns" in wrong else out_w
    wide = k_h * k_w if "whole patches" in wrong else k_w
    channels = 1 if "channels" in wrong else channels
    patches = channels * k_h * k_w * (height * width if "input patches" in wrong else out_h * out_w)
    return channels * rows_high * across * wide, patches


def check_copied(function) -> int:
    """Exercise 5.3: ``copied(channels, size, kernel_size, padding)``: numbers in R and in U."""

    def reference(channels, size, kernel_size, padding):
        return copied(channels, size, kernel_size, padding)

    words = {
        "no padding": "R has a row for each row of the padded image.",
        "output rows": "R has a row for each row of the padded image, not of the output.",
        "input columns": "a row of R holds W_out patches.",
        "whole patches": "the patches in R are one row high: k_w values for each channel.",
        "channels": "every patch reaches through all channels.",
        "input patches": "there is a patch for each pixel of the output.",
    }
    cases = [(1, (3, 3), (2, 2), (0, 0)), (3, (7, 5), (3, 3), (1, 1)), (2, (6, 9), (2, 5), (0, 2))]
    cases += [(16, (14, 14), (3, 3), (1, 1)), (4, (8, 5), (5, 1), (2, 0))]
    parts = ("numbers in R", "numbers in U")
    judged = Task("copied", reference, cases, switches(copied, words), parts)
    return judge(function, judged)


def rows_convolve(input, weight, padding, wrong=frozenset()):
    """Add up one convolution for each kernel row, with the mistakes named in ``wrong``."""
    (p_h, p_w), k_h = padding, weight.shape[2]
    padded = F.pad(input, (p_w, p_w) if "height" in wrong else (p_w, p_w, p_h, p_h))
    out_h = padded.shape[2] - k_h + 1
    terms = []
    for u in range(k_h):
        first = 0 if "slice" in wrong else k_h - 1 - u if "reversed" in wrong else u
        rows = padded[:, :, first : first + out_h]
        terms.append(F.conv2d(rows, weight[:, :, u : u + 1]))
    output = terms[0] if "first" in wrong else terms[-1] if "last" in wrong else sum(terms)
    if "order" in wrong:
        return output.permute(2, 0, 3, 1).reshape(*_sizes(output)).permute(0, 3, 1, 2)
    return output


def _sizes(output):
    n, channels, out_h, out_w = output.shape
    return n, out_h, out_w, channels


def check_rows_convolve(function) -> None:
    """Exercise 5.4: ``rows_convolve(input, weight, padding)``, stride 1."""

    def reference(input, weight, padding):
        return F.conv2d(input, weight, None, 1, padding)

    words = {
        "last": "only the last kernel row counts. The products of all kernel rows are added.",
        "first": "only the first kernel row counts. The products of all kernel rows are added.",
        "slice": "every kernel row is multiplied by the same rows. Kernel row u needs the rows "
        "u to u + H_out of R.",
        "reversed": "the kernel rows are used in reverse order. That is the gradient of the input.",
        "order": "the rows of the product run through (y, n, x). They were taken for (n, y, x).",
        "height": "the image is padded along its width only.",
    }
    shapes = [(2, 3, 4, (7, 5), (3, 3), (1, 1)), (2, 2, 3, (6, 9), (2, 5), (0, 2))]
    shapes += [(3, 2, 5, (5, 4), (1, 1), (0, 0)), (1, 5, 1, (4, 4), (4, 2), (0, 0))]
    cases = [(IMAGE, KERNEL, (0, 0))]
    for n, c, o, size, kernel, padding in shapes:
        cases.append((random(n, c, *size), random(o, c, *kernel), padding))
    axes = ("image", "output channel", "row", "column")
    mistakes = switches(rows_convolve, words)
    judge(function, Task("rows_convolve", reference, cases, mistakes, axes=axes))


def chunked_weight_gradient(input, grad_output, kernel_size, chunk, wrong=frozenset()):
    """Add up the gradients of chunks of the batch, with the mistakes named in ``wrong``."""
    shape = (grad_output.shape[1], input.shape[1], *kernel_size)
    ends = range(0, len(input) - chunk + 1 if "rest" in wrong else len(input), chunk)
    ends = range(0, len(input) - chunk, chunk) if "end" in wrong else ends
    parts = []
    for i in ends:
        of_chunk = slice(i, i + chunk)
        parts.append(torch.nn.grad.conv2d_weight(input[of_chunk], shape, grad_output[of_chunk]))
    if "last" in wrong:
        return parts[-1]
    total = torch.stack(parts).sum(0)  # an error when there are none
    if "mean" in wrong:
        return total / len(parts)
    return total / len(input) if "batch mean" in wrong else total


def check_chunked_weight_gradient(function) -> None:
    """Exercise 5.5: ``chunked_weight_gradient(input, grad_output, kernel_size, chunk)``."""

    def reference(input, grad_output, kernel_size, chunk):
        return chunked_weight_gradient(input, grad_output, kernel_size, chunk)

    words = {
        "end": "the last chunk is never used. `range(0, n - chunk, chunk)` ends too early.",
        "rest": "images are left over when the chunk does not divide the batch.",
        "mean": "the gradients of the chunks are averaged. The gradient sums over all images, so "
        "those of the chunks are added.",
        "batch mean": "the gradient is divided by the number of images.",
        "last": "only the last chunk counts. `+=` adds, `=` replaces.",
    }
    cases = [(IMAGE, UPSTREAM, (2, 2), 1), (IMAGE, UPSTREAM, (2, 2), 4)]
    for n, chunk in ((4, 2), (5, 2), (6, 6), (3, 1), (7, 3)):
        cases.append((random(n, 2, 5, 4), random(n, 3, 3, 3, seed=1), (3, 2), chunk))
    mistakes = switches(chunked_weight_gradient, words)
    judge(function, Task("chunked_weight_gradient", reference, cases, mistakes))
