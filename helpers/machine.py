"""This computer, for processes that must not wait for torch: its name, and their variables."""

import platform
from pathlib import Path

# For child processes in which one thread computes. They keep the memory that they free, since every
# step of a training needs it again: asking the system for it anew costs up to a third of the time
# (glibc; other systems ignore the last three).
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
}


def processor() -> str:
    """Return the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
