"""The time of work on a device: by CUDA events on a GPU, by the clock on a CPU."""

from collections.abc import Callable

import torch

from commands.bench.timing import seconds_of


def on_a_gpu(function: Callable) -> float:
    """Return the seconds of one call, until the GPU has done its work."""
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    function()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) / 1000


def of(device: str) -> Callable[[Callable], float]:
    """Return what measures a call on the device, for ``time_interleaved``."""
    return on_a_gpu if device == "cuda" else seconds_of
