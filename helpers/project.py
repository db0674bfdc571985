"""The project's files, wherever a lesson runs: in its own folder or in the project's root."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def path(name: str | Path) -> Path:
    """Return a file or folder of the project: ``"results"`` is that of the project's root.

    An absolute path stays as it is. Raises FileNotFoundError when there is no such file or folder,
    as with the package ``helpers`` alone: the lessons need the whole project.
    """
    found = ROOT / name
    if not found.exists():
        raise FileNotFoundError(
            f"{found} is missing: lessons need the whole project, with its data and results. "
            "In a copy of the repository, git status tells what is missing; README.md says how to "
            "run lessons."
        )
    return found


def read_json(name: str | Path):
    """Return what a measurement wrote, such as ``"results/batching.json"``."""
    return json.loads(path(name).read_text(encoding="utf-8"))
