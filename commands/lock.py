"""Run a command alone: ``python commands/lock.py FILE COMMAND...``.

A second call with the same file waits until the first has ended, and says so. The system releases
the lock when its holder ends, however it ends. Needs Python alone: make uses it before anything is
installed.
"""

import fcntl
import subprocess
import sys
from pathlib import Path


def main(file: str, *command: str) -> int:
    """Return the exit status of ``command``, run while ``file`` is locked."""
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Another make is at work here (it holds {path}); waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        # The files that make hands to its children stay open; the lock's does not go with them.
        child = subprocess.Popen(command, close_fds=False)
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                pass  # the child got it as well and says what to do


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
