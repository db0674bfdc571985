"""Time and memory of the convolutions, side by side, for ``results/benchmarks.json``.

``python -m commands.bench.convolution``: all callables of a comparison run in turn in one process,
so that whatever else the machine does meets all of them alike; reported are medians and quartiles
after a warm-up, on one thread. Times are in seconds of wall clock, sizes in bytes.
"""

import argparse
import itertools
import os
import platform
import statistics
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F

from commands.bench import environment
from commands.bench.profiling import peak_bytes, profile_shares
from commands.bench.timing import (
    arguments,
    flops,
    pixels_conv2d,
    time_interleaved,
    unfold_product_conv2d,
)
from helpers import conv
from helpers.checks import BENCHMARK_SHAPES
from helpers.machine import processor
from helpers.memory import saved_bytes

FORMATS = {"channels_first": torch.contiguous_format, "channels_last": torch.channels_last}
# The ladder: name -> function, largest image side it is timed on, whether its backward is timed
LADDER = {
    "nested loops": (conv.naive_conv2d, 16, False),
    "loops over pixels": (pixels_conv2d, 64, False),
    "unfold, autograd's backward": (unfold_product_conv2d, 128, True),
    "unfold, our Function": (conv.unfold_conv2d, 128, True),
    "conv2d": (conv.conv2d, 256, True),
    "torch": (F.conv2d, 256, True),
}
SIDES = (16, 32, 64, 128, 256)
# what grows -> the shapes, all else equal
GROWTH = {
    "channels": [(16, c, c, 32, 32, 3, 1, 1) for c in (4, 8, 16, 32, 64)],
    "batch": [(n, 16, 16, 32, 32, 3, 1, 1) for n in (1, 4, 16, 64, 256)],
}


def matrix_rate(size: int = 1024, seconds: float = 2.0) -> float:
    """Return the GFLOP/s of a plain float32 product of two ``size`` x ``size`` matrices."""
    a, b, out = (torch.rand(size, size) for _ in range(3))
    timing = time_interleaved({"product": lambda: torch.mm(a, b, out=out)}, seconds)["product"]
    return 2 * size**3 / timing.median / 1e9


def copy_rate(numbers: int = 1 << 24, seconds: float = 2.0) -> float:
    """Return the GB/s, read and written, of copying a float32 array that fits into no cache."""
    a = torch.rand(numbers)
    out = torch.empty_like(a)
    timing = time_interleaved({"copy": lambda: out.copy_(a)}, seconds)["copy"]
    return 2 * a.numel() * a.element_size() / timing.median / 1e9


def forward(function, shape, memory_format=torch.contiguous_format) -> Callable:
    """Return a callable that runs the forward pass alone, without recording it."""
    tensors, stride, padding = arguments(shape, memory_format)

    @torch.no_grad()
    def run():
        return function(*tensors, stride, padding)

    return run


def both(
    function, shape, memory_format=torch.contiguous_format, device="cpu", groups=1
) -> Callable:
    """Return a callable that runs forward and backward, for all three gradients."""
    tensors, stride, padding = arguments(shape, memory_format, device, groups)
    options = {"groups": groups} if groups > 1 else {}
    output = F.conv2d(*[t.detach() for t in tensors], stride, padding, **options)
    upstream = torch.ones_like(output, memory_format=memory_format)

    def run():
        output = function(*tensors, stride, padding, **options)
        return torch.autograd.grad(output, tensors, upstream)

    return run


def record_forward(function, shape, memory_format=torch.contiguous_format) -> Callable:
    """Return a callable that runs the forward pass and returns the recorded output."""
    tensors, stride, padding = arguments(shape, memory_format)
    return lambda: function(*tensors, stride, padding)


def _row(name, shape, timing, is_both, **more) -> dict:
    gflops = flops(shape, is_both) / timing.median / 1e9
    passes = "both" if is_both else "forward"
    return {"name": name, "shape": shape, "passes": passes, "gflops": gflops} | (
        timing._asdict() | more
    )


def measure_ladder(seconds: float, batch=16, channels=(16, 32)) -> list[dict]:
    """Time every rung of the ladder over the side of the image."""
    rows = []
    for side in SIDES:
        shape = (batch, *channels, side, side, 3, 1, 1)
        for is_both in (False, True):
            run = both if is_both else forward
            functions = {
                name: run(function, shape)
                for name, (function, largest, has_backward) in LADDER.items()
                if side <= largest and (has_backward or not is_both) and name != "nested loops"
            }
            timings = time_interleaved(functions, seconds, warm_up=1, least=3)
            if side <= LADDER["nested loops"][1] and not is_both:  # alone: it takes a second
                nested = {"nested loops": run(conv.naive_conv2d, shape)}
                timings |= time_interleaved(nested, 0, warm_up=0, least=3)
            rows += [_row(name, shape, timing, is_both) for name, timing in timings.items()]
    return rows


def measure_shapes(seconds: float) -> tuple[list[dict], float]:
    """Compare ``conv2d``, the textbook layer and torch's on all shapes, in both memory formats.

    Also returns the geometric mean over the shapes of the time of conv2d over that of torch's
    forward and backward, each in its better memory format.
    """
    rows, ratios = [], []
    rivals = {"conv2d": conv.conv2d, "textbook": conv.unfold_conv2d, "torch": F.conv2d}
    for shape in BENCHMARK_SHAPES:
        choices = list(itertools.product(rivals, FORMATS))
        functions = {c: both(rivals[c[0]], shape, FORMATS[c[1]]) for c in choices}
        timings = time_interleaved(functions, seconds)
        best = {r: min(timings[r, f].median for f in FORMATS) for r in rivals}
        ratios.append(best["conv2d"] / best["torch"])
        for (rival, memory_format), timing in timings.items():
            function, chosen = rivals[rival], FORMATS[memory_format]
            rows.append(
                _row(
                    rival,
                    shape,
                    timing,
                    True,
                    memory_format=memory_format,
                    ratio=best[rival] / best["torch"],
                    saved=saved_bytes(record_forward(function, shape, chosen)),
                    peak=peak_bytes(functions[rival, memory_format]),
                )
            )
    return rows, statistics.geometric_mean(ratios)


def measure_growth(seconds: float) -> list[dict]:
    """Time conv2d and torch's over channels and over batch, all else equal."""
    rows = []
    for what, shapes in GROWTH.items():
        for shape in shapes:
            functions = {
                (name, memory_format): both(function, shape, FORMATS[memory_format])
                for name, function in (("conv2d", conv.conv2d), ("torch", F.conv2d))
                for memory_format in FORMATS
            }
            timings = time_interleaved(functions, seconds)
            rows += [
                _row(name, shape, timing, True, memory_format=memory_format, over=what)
                for (name, memory_format), timing in timings.items()
            ]
    return rows


def measure_memory_and_profile() -> list[dict]:
    """Saved and peak memory and where the time goes, for every rung with a backward."""
    rows = []
    shape = BENCHMARK_SHAPES[1]
    input_and_weight = sum(4 * t.numel() for t in arguments(shape)[0][:2])
    for name, (function, _, has_backward) in LADDER.items():
        if has_backward:
            run = both(function, shape)
            saved = saved_bytes(record_forward(function, shape))
            rows.append(
                {"name": name, "shape": shape, "input_and_weight": input_and_weight}
                | {"saved": saved, "peak": peak_bytes(run), "profile": profile_shares(run)}
            )
    return rows


def machine() -> dict:
    """Return what the numbers depend on: processor, cores, threads and versions."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "vector_instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def measure(seconds: float = 2.0) -> dict:
    """Measure everything, with ``seconds`` for each comparison: by default some three minutes."""
    shapes, geometric_mean = measure_shapes(2 * seconds)
    return {
        "machine": machine(),
        "matrix_gflops": matrix_rate(seconds=seconds),
        "copy_gbytes": copy_rate(seconds=seconds),
        "shapes": shapes,
        "geometric_mean": geometric_mean,
        "ladder": measure_ladder(seconds),
        "growth": measure_growth(seconds),
        "memory": measure_memory_and_profile(),
    }


def main() -> None:
    """Measure on one thread and write the results."""
    parser = argparse.ArgumentParser(
        prog="python -m commands.bench.convolution", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--results", type=Path, default=environment.RESULTS, metavar="DIR")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each comparison")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    with conv.compiled.switched(False):  # rung 5 is the layer in PyTorch; compiled.py has the other
        results = measure(chosen.seconds)
    environment.write(chosen.results / "benchmarks.json", results)
    print(f"{'batch, in, out, height, width, kernel, stride, padding':56} time over torch's")
    for row in results["shapes"]:
        if row["name"] != "torch" and row["memory_format"] == "channels_first":
            print(f"{str(tuple(row['shape'])):40} {row['name']:15} {row['ratio']:.2f}")
    print(f"geometric mean of conv2d: {results['geometric_mean']:.2f}")


if __name__ == "__main__":
    main()
