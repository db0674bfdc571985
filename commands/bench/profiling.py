"""How much memory a computation takes, and where its time goes, by torch's profiler."""

import itertools
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from torch.profiler import ProfilerActivity, profile


def _trace(function: Callable, **options) -> list[dict]:
    """Run ``function`` under torch's profiler and return the events of its trace."""
    with profile(activities=[ProfilerActivity.CPU], **options) as run:
        function()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trace.json"
        run.export_chrome_trace(str(file))
        return json.loads(file.read_text(encoding="utf-8"))["traceEvents"]


def peak_bytes(function: Callable) -> int:
    """Return the most memory that tensors made during ``function()`` take at a time."""
    function()
    events = [e for e in _trace(function, profile_memory=True) if e.get("name") == "[memory]"]
    steps = (e["args"]["Bytes"] for e in sorted(events, key=lambda e: e["ts"]))
    return max(itertools.accumulate(steps), default=0)


KINDS = {
    "products": ("mm", "addmm", "addmm_", "bmm", "baddbmm", "baddbmm_"),
    "convolution": ("mkldnn_convolution", "convolution_backward", "_slow_conv2d_forward"),
    "copies": ("copy_", "fill_", "zero_", "cat", "constant_pad_nd", "_slow_conv2d_backward"),
    "sums": ("add_", "add", "sum", "unfold_backward"),
}


def profile_shares(function: Callable, runs: int = 20) -> dict[str, float]:
    """Return which share of the time goes to products, copies and sums; the rest is overhead.

    The profiler adds its own time to every operation, so the rest is an upper bound.
    """
    function()
    with profile(activities=[ProfilerActivity.CPU]) as run:
        for _ in range(runs):
            function()
    times = {e.key.removeprefix("aten::"): e.self_cpu_time_total for e in run.key_averages()}
    total = sum(times.values())
    shares = {kind: sum(times.get(n, 0) for n in ns) / total for kind, ns in KINDS.items()}
    return shares | {"rest": 1 - sum(shares.values())}
