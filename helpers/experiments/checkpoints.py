"""The saved state of an unfinished run."""

import io
import os
import pickle
from pathlib import Path

import torch

from helpers.experiments.settings import Experiment


def write(file: Path, state: dict) -> None:
    """Save a state, all or nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    torch.save(state, buffer)
    temporary = file.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_bytes(buffer.getvalue())
    os.replace(temporary, file)


def read(file: Path, experiment: Experiment) -> dict | None:
    """Return the saved state, or None if there is none of this experiment or it is damaged."""
    if not file.is_file():
        return None
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
        fits = state["experiment"] == experiment.model_dump() and "schedule" in state
        return state if fits else None
    except (RuntimeError, EOFError, KeyError, TypeError, pickle.UnpicklingError):
        return None


def clear(folder: Path, keep: set[str]) -> None:
    """Remove what earlier calls left behind: all files of the folder but those named in ``keep``.

    Among them are the checkpoints of lines that left the table and half-written files.
    """
    for file in folder.glob("*") if folder.is_dir() else ():
        if file.name not in keep:
            file.unlink(missing_ok=True)
