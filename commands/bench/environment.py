"""Where a measurement was made, and the file it goes to."""

import json
import platform
from pathlib import Path

import torch

from commands import PROJECT
from helpers.experiments import store
from helpers.machine import processor

RESULTS = PROJECT / "results"


def describe() -> dict:
    """Return what a measurement depends on: processor and versions."""
    return {
        "processor": processor(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def write(file: Path, values: dict) -> None:
    """Store what a measurement found as JSON, all or nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    store.replace(file, (json.dumps(values, indent=1) + "\n").encode())
