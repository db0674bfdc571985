"""Processes are counted by cores and memory, those of a container too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands import processes

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Return a function that sets what the machine and its container have."""

    def set_up(cores=8, free=64e9, **files):
        monkeypatch.setattr(processes, "CGROUP", tmp_path)
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(cores), raising=False)
        monkeypatch.setattr(processes, "_free_memory", lambda: free and int(free))
        for name, text in files.items():
            (tmp_path / {"cpu": "cpu.max", "limit": "memory.max"}[name]).write_text(text)

    return set_up


def test_cores_bound_the_number(machine):
    machine(cores=3)
    assert processes.count() == 3


def test_memory_bounds_the_number(machine):
    machine(cores=16, free=9e9)
    assert processes.count(gigabytes=2) == 4


def test_there_is_always_one(machine):
    machine(cores=4, free=1e8)
    assert processes.count(gigabytes=2) == 1


@pytest.mark.parametrize(
    ("quota", "cores"), [("200000 100000\n", 2), ("50000 100000", 1), ("max 100000", 8)]
)
def test_a_containers_quota_counts(machine, quota, cores):
    machine(cores=8, cpu=quota)
    assert processes.cores() == cores


def test_a_containers_memory_counts_without_its_file_cache(machine, tmp_path):
    machine(cores=8, limit=str(8 * 10**9))
    (tmp_path / "memory.current").write_text(str(7 * 10**9))
    (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {3 * 10**9}\n")
    assert processes.memory() == 4 * 10**9
    assert processes.count(gigabytes=2) == 2


def test_limits_of_the_first_version_count(machine, tmp_path):
    machine(cores=8)
    for name, text in {
        "cpu/cpu.cfs_quota_us": "300000",
        "cpu/cpu.cfs_period_us": "100000",
        "memory/memory.limit_in_bytes": str(6 * 10**9),
        "memory/memory.usage_in_bytes": str(2 * 10**9),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert processes.cores() == 3 and processes.memory() == 4 * 10**9


def test_no_limit_is_no_limit(machine, tmp_path):
    machine(cores=2, free=None, limit="max\n")
    assert processes.memory() is None and processes.count() == 2


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")
def test_affinity_to_one_core_leaves_one():
    code = (
        "import os, runpy; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]);"
        "runpy.run_path('commands/processes.py', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "1\n"
