"""Runs on the workers of a Dask cluster, each of which needs the installed package only.

A worker refuses a run if its code is not the caller's. It keeps checkpoints in the system's folder
for temporary files, and is sent the MNIST archives. A run ends when its caller no longer wants it.
"""

import hashlib
import os
import tempfile
import time
from pathlib import Path

import torch
from distributed import WorkerPlugin, get_worker

import helpers
from helpers import data
from helpers.experiments import inputs, jobs
from helpers.experiments.settings import Experiment

STOPPED = "the caller no longer wants this run"
FOLDER = f"convolution-report-{os.getuid() if hasattr(os, 'getuid') else 'user'}"


def versions() -> dict[str, str]:
    """Return what decides a run's result: torch's version and a digest of the engine's code."""
    package = Path(helpers.__file__).parent
    files = [package / "networks.py", *package.glob("data/*.py"), *package.glob("experiments/*.py")]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.name.encode() + file.read_bytes().replace(b"\r\n", b"\n"))
    return {"torch": torch.__version__, "code": digest.hexdigest()[:12]}


def objection(wanted: dict[str, str], dask_worker=None) -> str | None:
    """Return why this worker cannot do the caller's runs, or None.

    ``wanted`` are the caller's ``versions``.
    """
    worker = dask_worker or get_worker()
    if worker.state.nthreads != 1:
        return (
            f"{worker.address} runs {worker.state.nthreads} threads, expected 1, since a run "
            "decides on its process: start it with --nthreads 1 and, for more runs, --nworkers"
        )
    found = versions()
    if found != wanted:
        return (
            f"{worker.address} has {found}, this computer {wanted}: install the same version of "
            "the project and of torch there, and start the worker again"
        )
    return None


def train(text: str, checkpoint: str, wanted: dict[str, str]) -> jobs.Outcome:
    """Train one line of the table on this worker; ``checkpoint`` is the name of the file.

    The line is JSON: the scheduler reads what it passes on and may lack the package.
    """
    line = Experiment.model_validate_json(text)
    if reason := objection(wanted):
        return jobs.Outcome(line, None, None, reason)
    worker = get_worker()
    key, last = worker.get_current_task(), time.monotonic()

    def stop_if_cancelled(event: dict) -> None:
        nonlocal last
        if time.monotonic() - last > 0.5:
            last = time.monotonic()
            task = worker.state.tasks.get(key)
            if task is None or task.state == "cancelled":
                raise RuntimeError(STOPPED)

    return jobs.train(line, checkpoints() / checkpoint, on_progress=stop_if_cancelled)


def checkpoints() -> Path:
    """Return this worker's folder for the states of unfinished runs."""
    folder = Path(tempfile.gettempdir(), FOLDER, "checkpoints")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def forget(checkpoint: str) -> None:
    """Remove the saved state of a finished run."""
    (checkpoints() / checkpoint).unlink(missing_ok=True)


class Archives(WorkerPlugin):
    """Gives the MNIST archives to a worker that has none, also to one that joins later."""

    name = "convolution-report-archives"

    def __init__(self):
        """Read the archives of the caller."""
        raw = data.DATA / "MNIST" / "raw"
        self.content = {name: (raw / name).read_bytes() for name in data.ARCHIVES}

    def setup(self, worker) -> None:
        """Write them below the worker's own folder, unless it has the project's."""
        if (data.DATA / "MNIST" / "raw").is_dir():
            return
        root = Path(worker.local_directory) / "convolution-report-data"
        raw = root / "MNIST" / "raw"
        raw.mkdir(parents=True, exist_ok=True)
        for name, content in self.content.items():
            (raw / name).write_bytes(content)
        inputs.ROOT = root
