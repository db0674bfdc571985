"""How many processes may compute at once: ``python commands/processes.py [GIGABYTES]``.

Counted by the cores that this process may use (affinity, and the quota of a container) and by the
memory that is free (of the machine, and of the container). Needs Python alone, since make asks
before anything is installed.
"""

import os
import sys
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")  # Linux: where a container finds its limits


def cores() -> int:
    """Return the number of cores that this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    quota = _quota()
    return max(1, allowed if quota is None else min(allowed, int(quota)))


def memory() -> int | None:
    """Return the bytes that can still be used, or None where the system does not tell."""
    found = [value for value in (_free_memory(), _container_memory()) if value is not None]
    return min(found, default=None)


def count(gigabytes: float = 2.0) -> int:
    """Return how many processes of ``gigabytes`` each may run at once, at least 1."""
    free = memory()
    return cores() if free is None else max(1, min(cores(), int(free / (gigabytes * 1e9))))


def _quota() -> float | None:
    """Return the cores that a container's quota allows, as a fraction (cgroup version 2 and 1)."""
    version_2 = _words(CGROUP / "cpu.max")
    if len(version_2) == 2 and version_2[0] != "max":
        return int(version_2[0]) / int(version_2[1])
    quota = _words(CGROUP / "cpu" / "cpu.cfs_quota_us")
    period = _words(CGROUP / "cpu" / "cpu.cfs_period_us")
    return int(quota[0]) / int(period[0]) if quota and period and int(quota[0]) > 0 else None


def _free_memory() -> int | None:
    """Return the memory of the machine that is available: on Linux; else half of all there is."""
    lines = [line.split() for line in _text(Path("/proc/meminfo")).splitlines()]
    available = [int(line[1]) * 1024 for line in lines if line and line[0] == "MemAvailable:"]
    if available:
        return available[0]
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, OSError, ValueError):
        return None


def _container_memory() -> int | None:
    """Return what is left of a container's memory limit; files in its cache count as free."""
    for limit, used, stat, cache in (
        ("memory.max", "memory.current", "memory.stat", "inactive_file"),
        (
            "memory/memory.limit_in_bytes",
            "memory/memory.usage_in_bytes",
            "memory/memory.stat",
            "total_inactive_file",
        ),
    ):
        words = _words(CGROUP / limit)
        if words and words[0] != "max" and int(words[0]) < 2**60:  # version 1 says 2**63 for none
            in_use = int((_words(CGROUP / used) or ["0"])[0])
            lines = (line.split() for line in _text(CGROUP / stat).splitlines())
            reclaimable = sum(int(line[1]) for line in lines if line[0] == cache)
            return max(0, int(words[0]) - in_use + reclaimable)
    return None


def _words(path: Path) -> list[str]:
    return _text(path).split()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""


if __name__ == "__main__":
    print(count(*map(float, sys.argv[1:])))
