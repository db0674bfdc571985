"""This computer: its processor, and the variables that decide how torch computes on it.

Imports nothing heavy, so that it can be used before torch is loaded.
"""

import platform
from pathlib import Path

# For processes in which one thread computes. They keep the memory they free: given back to the
# system and asked for again in every step, it costs a third of the time.
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
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
