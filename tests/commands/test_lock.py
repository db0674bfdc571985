"""A command that holds the lock keeps another waiting, and what it returns is returned."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

LOCK = Path(__file__).resolve().parents[2] / "commands" / "lock.py"


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, LOCK, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_the_second_waits_and_says_so(tmp_path):
    lock, go, log = tmp_path / "x.lock", tmp_path / "go", tmp_path / "log"
    first = start(
        lock,
        "sh",
        "-c",
        f"echo 1 >> {log}; until [ -e {go} ]; do sleep 0.05; done; echo 2 >> {log}",
    )
    while not log.exists():
        time.sleep(0.01)
    second = start(lock, "sh", "-c", f"echo 3 >> {log}")
    assert (
        second.stdout.readline()
        == f"Another make is at work here (it holds {lock}); waiting for it.\n"
    )
    go.touch()
    assert first.wait() == 0 and second.wait() == 0
    assert log.read_text().split() == ["1", "2", "3"]


def test_a_lock_ends_with_its_holder(tmp_path):
    first = start(tmp_path / "x.lock", "sh", "-c", "echo; exec sleep 60")
    first.stdout.readline()
    first.kill()  # not its child, which must not keep the lock either
    try:
        assert start(tmp_path / "x.lock", "true").wait(timeout=20) == 0
    finally:
        os.killpg(first.pid, signal.SIGKILL)


def test_the_status_of_the_command_is_returned(tmp_path):
    assert start(tmp_path / "x.lock", "sh", "-c", "exit 7").wait() == 7
