"""What the compiled loops of ``helpers.conv`` gain, and what their first use costs.

``python -m commands.bench.compiled``: for each shape forward and backward of the layer with
compiled loops, of the same layer in PyTorch, and of torch's, each in its better memory format; the
same with two threads; and the time of a first call in a new process, with an empty cache and with a
full one.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F

from commands import PROJECT
from commands.bench import environment, loops
from commands.bench.convolution import FORMATS, both, machine
from commands.bench.profiling import peak_bytes
from commands.bench.timing import seconds_of, time_interleaved
from helpers import conv
from helpers.checks import BENCHMARK_SHAPES

# Reported beside: where a library is near the processor's peak.
LARGE = ((8, 64, 64, 56, 56, 3, 1, 1), (1, 3, 64, 224, 224, 7, 2, 3))
# Groups of channels: not compiled, computed in PyTorch. The second is depthwise.
GROUPED = (((16, 32, 32, 14, 14, 3, 1, 1), 4), ((16, 32, 32, 14, 14, 3, 1, 1), 32))
SIDES = ("compiled", "in PyTorch", "torch")

# A process that convolves for the first time, forward and backward, by the shapes of a network.
FIRST = """
import time, torch
from helpers import conv
torch.set_num_threads(1)
start = time.perf_counter()
for c, o, size in ((1, 16, 28), (16, 32, 14), (32, 64, 7)):
    x = torch.rand(16, c, size, size, requires_grad=c > 1)
    w = torch.rand(o, c, 3, 3, requires_grad=True)
    conv.conv2d(x, w, padding=1).sum().backward()
print(time.perf_counter() - start)
"""


def side(name: str, shape, memory_format, groups: int = 1) -> Callable:
    """Return a callable that runs forward and backward of a side."""
    function = F.conv2d if name == "torch" else conv.conv2d
    run = both(function, shape, memory_format, groups=groups)

    def switched():
        with conv.compiled.switched(name == "compiled"):
            return run()

    return switched


def compare(shape, seconds: float, clock: Callable, groups: int = 1) -> dict[str, float]:
    """Return for each side the median seconds in its better memory format, run in turn."""
    runs = {(s, f): side(s, shape, FORMATS[f], groups) for s in SIDES for f in FORMATS}
    times = time_interleaved(runs, seconds, measure=partial(seconds_of, clock=clock))
    return {s: min(times[s, f].median for f in FORMATS) for s in SIDES}


def measure(seconds: float, clock: Callable, shapes=BENCHMARK_SHAPES + LARGE) -> list[dict]:
    """Return for each shape the seconds of all sides on one thread, and on two by wall clock."""
    rows = []
    for shape in shapes:
        row = {"shape": shape, "one": compare(shape, seconds, clock)}
        row["peak"] = {
            s: min(peak_bytes(side(s, shape, f)) for f in FORMATS.values()) for s in SIDES
        }
        if shape[0] >= 16:
            row["threads"] = {}
            for threads in (1, 2):
                torch.set_num_threads(threads)
                row["threads"][threads] = compare(shape, seconds, time.perf_counter)
            torch.set_num_threads(1)
        rows.append(row)
    return rows


def measure_grouped(seconds: float, clock: Callable) -> list[dict]:
    """Return the seconds of all sides for convolutions with groups, on one thread."""
    return [
        {"shape": shape, "groups": groups, "one": compare(shape, seconds, clock, groups)}
        for shape, groups in GROUPED
    ]


def start_times() -> dict[str, float]:
    """Return the seconds of a first use in a new process: nothing compiled yet, and all of it."""
    with tempfile.TemporaryDirectory() as folder:
        variables = os.environ | {"PYTHONPATH": str(PROJECT), "NUMBA_CACHE_DIR": folder}
        command = [sys.executable, "-c", FIRST]
        found = [
            float(subprocess.run(command, env=variables, capture_output=True, check=True).stdout)
            for _ in range(2)
        ]
    return dict(zip(("cold", "warm"), found, strict=True))


def show(rows: list[dict]) -> None:
    """Print the table: times over torch's, peak memory over torch's, gain by a second thread."""
    print(f"{'shape':38} {'compiled':>9} {'PyTorch':>9} {'memory':>9}   2 threads: gain, ratio")
    for row in rows:
        one, peak = row["one"], row["peak"]
        line = f"{str(tuple(row['shape'])):38} {one['compiled'] / one['torch']:9.2f}"
        line += f" {one['in PyTorch'] / one['torch']:9.2f} {peak['compiled'] / peak['torch']:9.2f}"
        if "threads" in row:
            first, second = row["threads"].values()
            line += f"   {first['compiled'] / second['compiled']:16.2f}"
            line += f", {second['compiled'] / second['torch']:.2f}"
        print(line)
    for name, mean in means(rows).items():
        print(f"geometric mean of the small shapes, {name}: {mean:.2f}")


def means(rows: list[dict]) -> dict[str, float]:
    """Return the geometric mean of the time over torch's, over the shapes of the benchmark."""
    small = [row["one"] for row in rows if row["shape"] in BENCHMARK_SHAPES]
    return {
        name: statistics.geometric_mean([one[name] / one["torch"] for one in small])
        for name in SIDES[:2]
    }


def main() -> None:
    """Measure, print, and write ``compiled.json`` where a folder is named."""
    parser = argparse.ArgumentParser(
        prog="python -m commands.bench.compiled", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--results", type=Path, metavar="DIR", help="write compiled.json there")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each comparison")
    parser.add_argument("--busy", action="store_true", help="count this thread's time, not wall")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    print(f"helpers.conv computes {conv.compiled.status()}")
    clock = time.thread_time if chosen.busy else time.perf_counter
    rows, start = measure(chosen.seconds, clock), start_times()
    rates = loops.rates(2 * chosen.seconds)
    show(rows)
    grouped = measure_grouped(chosen.seconds, clock)
    for row in grouped:
        ratio = row["one"]["compiled"] / row["one"]["torch"]
        print(f"{tuple(row['shape'])} in {row['groups']} groups, in PyTorch: {ratio:.2f}")
    print(", ".join(f"{name} {rate:.1f} GFLOP/s" for name, rate in rates.items()))
    print(f"first use in a new process: {start['cold']:.1f} s, cached {start['warm']:.1f} s")
    if chosen.results:
        found = {
            "machine": machine(),
            "shapes": rows,
            "grouped": grouped,
            "start": start,
            "rates": rates,
        }
        found["geometric_mean"] = means(rows)
        environment.write(chosen.results / "compiled.json", found)


if __name__ == "__main__":
    main()
