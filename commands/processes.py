"""How many processes this computer bears, and how they get their variables.

``python -m commands.processes`` prints the number: one per core that may be used, and not more than
there is memory for.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import joblib
import psutil

MEMORY = 2 * 2**30  # bytes that a process needs at most, with some to spare


def count() -> int:
    """Return for how many processes there are cores and memory, at least 1.

    Cores are those that the affinity and a container's quota leave. Where memory allows fewer, a
    line on standard error says so.
    """
    cores, free = joblib.cpu_count(), free_memory()
    fit = max(1, free // MEMORY)
    if fit < cores:
        print(
            f"{free / 2**30:.1f} GB of memory are free, enough for {fit} of {cores} processes at "
            f"{MEMORY / 2**30:.0f} GB each. --workers N overrules this.",
            file=sys.stderr,
        )
    return min(cores, fit)


def free_memory(
    cgroups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")
) -> int:
    """Return the bytes that this computer has free and that a container's limit leaves."""
    return min([psutil.virtual_memory().available, *_left_by_limits(cgroups, own)])


def _left_by_limits(cgroups: Path, own: Path) -> Iterator[int]:
    """Yield what each control group above this process leaves, versions 2 and 1."""
    names = [("memory.max", "memory.current", "inactive_file")]
    names += [("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")]
    for folder in _groups(cgroups, own):
        for limit, usage, cache in names:
            try:
                text = (folder / limit).read_text().strip()
                used = int((folder / usage).read_text())
                entries = (folder / "memory.stat").read_text().splitlines()
                freed_on_demand = int(dict(map(str.split, entries)).get(cache, 0))
            except (OSError, ValueError):
                continue
            if text.isdigit():  # else "max"
                yield max(0, int(text) - used + freed_on_demand)


def _groups(cgroups: Path, own: Path) -> Iterator[Path]:
    """Yield the folders of this process's groups, those above them included."""
    lines = own.read_text().splitlines() if own.is_file() else []
    for _, controllers, path in (line.split(":", 2) for line in lines):
        if controllers not in ("", "memory"):
            continue
        root = cgroups / controllers
        folder = root / path.lstrip("/")
        yield from [folder, *(parent for parent in folder.parents if parent.is_relative_to(root))]


@contextmanager
def with_variables(variables: dict[str, str]) -> Iterator[None]:
    """Set variables for the processes started meanwhile; what was there before comes back."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


if __name__ == "__main__":
    print(count())
