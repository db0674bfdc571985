"""Train the runs of the table that have no record: ``python -m commands.train``.

    python -m commands.train            train what is missing, or go on where it was interrupted
    python -m commands.train list       what is there, with its accuracy, and what does not count
    python -m commands.train retire     move the records that are not in the table to build/retired/

Only records of runs in the table count: others in the folder enter no comparison. A run is saved
after each epoch below build/checkpoints/. With DASK_SCHEDULER_ADDRESS set, the workers of that
scheduler train; they need the installed package and nothing else.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from commands import PROJECT, CommandError, options, runs
from helpers.experiments import Experiment, store, table
from helpers.experiments.profiles import profile_of


def train(
    results: Path,
    profile: str = "full",
    only: Sequence[str] = ("*",),
    workers: int | None = None,
    device: str = "cpu",
) -> list[str]:
    """Train what the table lists and ``results`` lacks; return the names of runs that failed.

    Tuned runs follow when the sweeps they are chosen from are complete. Raises RecordError for a
    damaged record or a folder of another profile, before anything is trained, and CommandError if
    ``only`` matches nothing.
    """
    chosen(results, profile, only)
    table.claim(results, profile)
    failed: list[str] = []
    if not missing(results, profile, only):
        return failed
    with runs.locked(results):
        while lines := missing(results, profile, only, failed):  # the tuned ones come later
            runs.say(f"{len(lines)} runs to train")
            keep = table.lines(results, profile)
            failed += runs.train_all(lines, results, workers, device, keep)
    return failed


def chosen(results: Path, profile: str, only: Sequence[str]) -> list[Experiment]:
    """Return the runs of the table whose name matches; CommandError if there is none."""
    lines = [n for n in table.lines(results, profile) if options.matches(n.name, only)]
    if not lines:
        raise CommandError(
            f"no run of the profile {profile} matches {' '.join(only)}; all names, those of tuned "
            "runs once their sweeps are complete: "
            f"python -m commands.train list --profile {profile}"
        )
    return lines


def missing(
    results: Path, profile: str, only: Sequence[str], failed: Sequence[str] = ()
) -> list[Experiment]:
    """Return the runs that have no record; RecordError if one that is there is damaged."""
    there = set(store.names(results))
    lines = [n for n in table.lines(results, profile) if options.matches(n.name, only)]
    for line in lines:
        if line.name in there:
            store.read_run(results, line)
    return [line for line in lines if line.name not in there and line.name not in failed]


def surplus(results: Path) -> list[str]:
    """Return the names of records that are of no run in the table, so that they do not count."""
    counted = {line.name for line in table.lines(results, profile_of(results))}
    return [name for name in store.names(results) if name not in counted]


def retire(results: Path, names: Sequence[str]) -> Path:
    """Move records, with their weights, out of a folder; return where they are now."""
    number, folder = 1, PROJECT / "build" / "retired"
    while (target := folder / str(number)).exists():
        number += 1
    target.mkdir(parents=True)
    for name in names:
        for file in (store.path(results, name), results / f"{name}.safetensors"):
            if file.is_file():
                shutil.move(file, target / file.name)
    return target


def show(results: Path, profile: str, only: Sequence[str]) -> None:
    """Print the table: what has a record and with which accuracy, and records that do not count."""
    there, lines = set(store.names(results)), chosen(results, profile, only)
    for line in lines:
        state = "missing"
        if line.name in there:
            last = store.read_run(results, line).epochs[-1]
            state = f"{100 * last.validation_accuracy:6.2f}%"
        print(f"{state}  {line.name}")
    n = sum(line.name in there for line in lines)
    print(f"{n} of {len(lines)} runs have a record in {results}; in % their accuracy in")
    print("validation. Tuned runs are listed once their sweeps are complete.")
    for name in surplus(results):
        print(f"not in the table: {name}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = options.parser("train", __doc__)
    parser.add_argument("action", nargs="?", default="run", choices=["run", "list", "retire"])
    options.add_training(parser)
    return options.ended(lambda: _act(parser.parse_args(arguments)))


def _act(given: argparse.Namespace) -> int:
    profile, only = given.profile, given.only
    results = given.results or options.results_of(profile)
    if given.action == "list":
        show(results, profile, only)
        return 0
    if given.action == "retire":
        names = [name for name in surplus(results) if options.matches(name, only)]
        where = f"moved to {retire(results, names)}" if names else "nothing to move"
        print(f"{len(names)} records are not in the table: {where}.")
        return 0
    failed = train(results, profile, only, given.workers, given.device)
    if failed:
        print(f"{len(failed)} runs failed: {', '.join(failed)}", file=sys.stderr)
        return 1
    print(f"Every run of the profile {profile} that matches has a record.")
    if names := surplus(results):
        print(
            f"{len(names)} records in {results} are of no run in the table and do not count; "
            "python -m commands.train list names them, and retire moves them away."
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
