"""What the commands on records have in common: their options, and how they end."""

import argparse
import sys
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from commands import PROJECT, CommandError
from helpers.experiments.profiles import PROFILES
from helpers.experiments.store import RecordError


def parser(name: str, description: str, profile: bool = True) -> argparse.ArgumentParser:
    """Return a parser with ``--only``, ``--results`` and, unless told otherwise, ``--profile``."""
    made = argparse.ArgumentParser(
        prog=f"python -m commands.{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--only",
        default=["*"],
        nargs="+",
        metavar="PATTERN",
        help="runs whose name matches, such as 'final*'",
    )
    if profile:
        made.add_argument("--profile", default="full", choices=PROFILES)
    made.add_argument(
        "--results",
        type=Path,
        metavar="DIR",
        help="the records; by default results/, and for other profiles build/PROFILE/results/",
    )
    return made


def add_training(made: argparse.ArgumentParser) -> None:
    """Add the options that say where runs are trained."""
    made.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes on this computer; 1: this one. By default the workers of "
        "DASK_SCHEDULER_ADDRESS, or as many as there are cores and memory for",
    )
    made.add_argument("--device", default="cpu", choices=["cpu", "cuda"], help="a GPU: one process")


def results_of(profile: str) -> Path:
    """Return the folder that holds a profile's records by default."""
    return PROJECT / "results" if profile == "full" else PROJECT / "build" / profile / "results"


def matches(name: str, only: Sequence[str]) -> bool:
    """Say whether a name matches one of the patterns."""
    return any(fnmatchcase(name, pattern) for pattern in only)


GOES_ON = (
    "Finished runs are recorded and will not be trained again; the same command goes on from the "
    "last finished epoch of the others."
)


def ended(command: Callable[[], int], stopped: str = GOES_ON) -> int:
    """Run a command and return its exit status; what went wrong is said in a sentence.

    ``stopped`` is said after Ctrl-C.
    """
    try:
        return command()
    except KeyboardInterrupt:
        print(f"\nStopped. {stopped}", file=sys.stderr)
        return 130
    except (CommandError, RecordError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
