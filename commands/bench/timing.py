"""What lesson 05 shares with its measurements in ``commands/bench/convolution.py``.

Times are in seconds of wall clock, sizes in bytes.
"""

import itertools
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F

from helpers import conv


class Timing(NamedTuple):
    """Median, lower and upper quartile in seconds, and how many runs they are taken from."""

    median: float
    lower: float
    upper: float
    runs: int


def seconds_of(function: Callable, clock: Callable[[], float] | None = None) -> float:
    """Return how long one call takes by ``clock``, or by the clock on the wall."""
    clock = clock or time.perf_counter
    start = clock()
    function()
    return clock() - start


def time_interleaved(
    functions: dict[str, Callable],
    seconds: float = 2.0,
    warm_up: int = 3,
    least: int = 5,
    measure: Callable[[Callable], float] = seconds_of,
) -> dict[str, Timing]:
    """Run all ``functions`` in turn until ``seconds`` are over, each at least ``least`` times.

    ``measure`` calls a function and returns its time, see ``seconds_of``.
    """
    for function in functions.values():
        for _ in range(warm_up):
            function()
    times = {name: [] for name in functions}
    end = time.perf_counter() + seconds
    for run in itertools.count(1):
        for name, function in functions.items():
            times[name].append(measure(function))
        if run >= least and time.perf_counter() > end:
            break
    timings = {}
    for name, values in times.items():
        lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
        timings[name] = Timing(median, lower, upper, len(values))
    return timings


def flops(shape, both: bool) -> int:
    """Return the operations of a convolution's forward, or of forward and both gradients."""
    n, c, o, height, width, k, stride, padding = shape
    out_h, out_w = conv.output_size((height, width), k, stride, padding)
    return (6 if both else 2) * n * out_h * out_w * c * k * k * o


# Two rungs of the ladder; they take (input, weight, bias, stride, padding)


def pixels_conv2d(input, weight, bias, stride, padding):
    """Loop over output pixels only: batch, channels and kernel in one product each."""
    k_h, k_w = weight.shape[2:]
    out_h, out_w = conv.output_size(tuple(input.shape[2:]), (k_h, k_w), stride, padding)
    padded = F.pad(input, (padding,) * 4)
    matrix = weight.flatten(1).T
    output = input.new_empty(len(input), len(weight), out_h, out_w)
    for y in range(out_h):
        for x in range(out_w):
            window = padded[:, :, stride * y :, stride * x :][:, :, :k_h, :k_w]
            output[:, :, y, x] = torch.addmm(bias, window.flatten(1), matrix)
    return output


def unfold_product_conv2d(input, weight, bias, stride, padding):
    """Unfold and multiply; the backward is found by autograd."""
    k = tuple(weight.shape[2:])
    out_h, out_w = conv.output_size(tuple(input.shape[2:]), k, stride, padding)
    columns = conv.unfold(input, k, 1, padding, stride)
    output = weight.flatten(1) @ columns + bias[:, None]
    return output.unflatten(2, (out_h, out_w))


def arguments(shape, memory_format=torch.contiguous_format, device="cpu", groups=1):
    """Return random (input, weight, bias), stride and padding of ``shape``, requiring gradients."""
    n, c, o, height, width, k, stride, padding = shape
    generator = torch.Generator().manual_seed(0)
    tensors = [
        torch.randn(size, generator=generator)
        for size in ((n, c, height, width), (o, c // groups, k, k), o)
    ]
    tensors[0] = tensors[0].contiguous(memory_format=memory_format)
    return [t.to(device).requires_grad_() for t in tensors], stride, padding
