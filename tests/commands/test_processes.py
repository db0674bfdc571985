"""As many processes as there are cores and memory for, also within a container's limits."""

import os
import subprocess
import sys

import joblib
import psutil
import pytest

from commands import processes

GB = 2**30


@pytest.mark.parametrize(
    ("cores", "free", "expected"), [(8, 64, 8), (8, 8, 4), (16, 3, 1), (2, 0.5, 1), (1, 64, 1)]
)
def test_cores_and_memory_decide(monkeypatch, capsys, cores, free, expected):
    monkeypatch.setattr(joblib, "cpu_count", lambda: cores)
    monkeypatch.setattr(processes, "free_memory", lambda: int(free * GB))
    assert processes.count() == expected
    said = capsys.readouterr().err
    assert (f"enough for {expected} of {cores} processes" in said) == (expected < cores)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
def test_affinity_counts():
    core = min(os.sched_getaffinity(0))
    program = [sys.executable, "-m", "commands.processes"]
    found = subprocess.run(
        program,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "1\n"


def write(folder, **values):
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in values.items():
        (folder / name.replace("_dot_", ".")).write_text(f"{value}\n")


@pytest.fixture
def free(tmp_path, monkeypatch):
    monkeypatch.setattr(
        psutil, "virtual_memory", lambda: type("Memory", (), {"available": 100 * GB})
    )

    def free(own):
        (tmp_path / "own").write_text(own)
        return processes.free_memory(tmp_path / "cgroup", tmp_path / "own") / GB

    return free


def test_without_limits_all_free_memory_counts(free):
    assert free("0::/\n") == 100


def test_a_container_sees_its_limit_at_the_root(free, tmp_path):
    limits = {"memory_dot_max": 8 * GB, "memory_dot_current": 3 * GB}
    write(tmp_path / "cgroup", **limits, memory_dot_stat=f"anon {GB}\ninactive_file {2 * GB}")
    assert free("0::/\n") == 7  # the files that are only kept at hand do not count


def test_the_smallest_limit_of_all_groups_above_counts(free, tmp_path):
    for path, limit in (("user", 4 * GB), ("user/session", "max"), ("user/session/app", 6 * GB)):
        values = {"memory_dot_max": limit, "memory_dot_current": 0, "memory_dot_stat": "anon 0"}
        write(tmp_path / "cgroup" / path, **values)
    assert free("0::/user/session/app\n") == 4


def test_version_1(free, tmp_path):
    write(
        tmp_path / "cgroup/memory/docker/x",
        memory_dot_limit_in_bytes=2 * GB,
        memory_dot_usage_in_bytes=GB,
        memory_dot_stat="cache 0\ntotal_inactive_file 0",
    )
    assert free("12:cpu,cpuacct:/docker/x\n9:memory:/docker/x\n0::/\n") == 1


def test_the_environment_comes_back(monkeypatch):
    monkeypatch.setenv("ONE", "before")
    monkeypatch.delenv("OTHER", raising=False)
    with (
        pytest.raises(RuntimeError),
        processes.with_variables({"ONE": "1", "OTHER": "2"}),
    ):
        assert (os.environ["ONE"], os.environ["OTHER"]) == ("1", "2")
        raise RuntimeError
    assert os.environ["ONE"] == "before" and "OTHER" not in os.environ
