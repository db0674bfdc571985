"""Profiles: all of the table, or a rehearsal; and whose records a folder holds."""

from pathlib import Path

from helpers.experiments.settings import Experiment
from helpers.experiments.store import RecordError


def _full(lines: list[Experiment]) -> list[Experiment]:
    return lines


def _quick(lines: list[Experiment]) -> list[Experiment]:
    """Two seeds, two epochs of 500 images, two points of each sweep: a rehearsal, no result."""
    rates = {
        "baseline-rate": (0.0005, 0.002),
        "learning-rate": (0.001, 0.0015),
        "learning-rate-64": (0.001, 0.002),
    }
    return [
        line.model_copy(update={"epochs": min(line.epochs, 2), "images": 500})
        for line in lines
        if line.seed < 2
        and (line.group not in rates or line.learning_rate in rates[line.group])
        and (line.group != "batch-size" or line.batch_size in (16, 64))
    ]


PROFILES = {"full": _full, "quick": _quick}


def profile_of(results: str | Path) -> str:
    """Return the profile whose records a folder holds: what its file ``profile`` says, or full.

    Raises RecordError for a name that is not a profile.
    """
    file = Path(results, "profile")
    name = file.read_text(encoding="utf-8").strip() if file.is_file() else "full"
    if name not in PROFILES:
        raise RecordError(f"{file} names the profile {name!r}; expected: {', '.join(PROFILES)}")
    return name
