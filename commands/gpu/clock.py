"""Times of work on a device, by CUDA events on a GPU and by the clock on a CPU."""

import statistics
import time
from collections.abc import Callable

import torch


def milliseconds(function: Callable, device: str) -> float:
    """Return how long one call takes, until the device has done its work."""
    if device != "cuda":
        start = time.perf_counter()
        function()
        return 1000 * (time.perf_counter() - start)
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    function()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end)


def medians(
    functions: dict[str, Callable], device: str, rounds: int, warm_up: int = 3
) -> dict[str, float]:
    """Return the median milliseconds of each, all of them in turn, ``rounds`` times each."""
    for function in functions.values():
        for _ in range(warm_up):
            milliseconds(function, device)
    times = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            times[name].append(milliseconds(function, device))
    return {name: statistics.median(values) for name, values in times.items()}
