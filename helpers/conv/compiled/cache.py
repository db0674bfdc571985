"""Compiles a function once, and keeps what was compiled for later processes.

Numba looks only at the file of a function to see whether it was edited. Here the folder's name
holds a hash of all files that compiled code is made from, and Numba's version.
"""

import hashlib
import os
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import llvmlite
import numba
from numba.core import config

KEPT = 4  # versions of the sources whose code is kept
_HERE = Path(__file__).parent
OPTIONS = {"error_model": "numpy", "boundscheck": False}


def _key() -> str:
    """Return a name that changes with the sources and with the compiler."""
    text = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__}".encode())
    for file in sorted(_HERE.glob("*.py")):
        text.update(file.read_bytes())
    return text.hexdigest()[:16]


def _bases() -> list[Path]:
    """Return where the folder may be: in the project's build/, or with the user's other caches."""
    project = _HERE.parents[2]
    bases = [Path(config.CACHE_DIR)] if config.CACHE_DIR else []
    bases += [project / "build" / "compiled"] if (project / "Makefile").is_file() else []
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return [*bases, Path(user) / "convolution-report"]


def _folder() -> Path | None:
    """Return the folder, made where it can be written to; None where there is no such place."""
    for base in _bases():
        folder = base / _key()
        is_new = not folder.is_dir()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            if is_new and str(base) != config.CACHE_DIR:  # that may hold what is not ours
                tidy(base)
            return folder
    return None


def tidy(base: Path) -> None:
    """Remove all but the newest ``KEPT`` folders: of sources as they were before."""
    folders = sorted(base.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in folders[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


FOLDER = _folder()
_lock = threading.RLock()  # Numba's setting holds for all threads
_said = FOLDER is not None and any(FOLDER.rglob("*.nbc"))


def njit(function: Callable, **options) -> Callable:
    """Return ``numba.njit(function)``, cached on disk where there is a place for it."""
    return cached(numba.njit(cache=FOLDER is not None, nogil=True, **OPTIONS | options), function)


def cached(compile: Callable, function: Callable) -> Callable:
    """Return ``compile(function)``, where what Numba caches goes to the folder."""
    with _lock:
        before = config.CACHE_DIR
        config.CACHE_DIR = str(FOLDER or "")
        try:
            return compile(function)
        finally:
            config.CACHE_DIR = before


def say_once() -> None:
    """Say before the first compilation on this computer why it takes a while."""
    global _said
    # a lesson that is executed for the report gives the same bytes on every run
    if not _said and "REPORT_FIGURES" not in os.environ:
        place = "" if FOLDER else " (there is no folder to keep it in)"
        print(f"helpers.conv compiles its loops, once: some seconds{place}", file=sys.stderr)
    _said = True
