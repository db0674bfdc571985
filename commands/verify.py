"""Train the first steps of every record again and compare: ``python -m commands.verify``.

A record holds all that it was trained with. Its first losses, made again by the code as it is now,
must agree to a relative difference of 0.001.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from commands import CommandError, options
from helpers.experiments import store, training
from helpers.experiments.store import RecordError


def verify(results: Path, only: Sequence[str] = ("*",)) -> list[str]:
    """Compare the first losses of the records; return the names of those that do not match.

    Raises CommandError if there is no record that matches ``only``.
    """
    names = [name for name in store.names(results) if options.matches(name, only)]
    if not names:
        raise CommandError(
            f"{results} has no record that matches {' '.join(only)}: nothing to verify. "
            "Name another folder with --results, or train with: make results"
        )
    wrong = [name for name in by_data(names) if not matches(results, name)]
    print(
        f"{len(names) - len(wrong)} records match the code: their first {training.FIRST} losses "
        f"differ by at most {training.TOLERANCE:g} of their value. {len(wrong)} do not match."
    )
    return wrong


def by_data(names: list[str]) -> list[str]:
    """Order names so that runs of one data set, their second part, follow each other."""
    return sorted(names, key=lambda name: (name.split("_")[1:2], name))


def matches(results: Path, name: str) -> bool:
    """Compare one record with the code, and print how it went."""
    try:
        record = store.read(store.path(results, name))
        found = training.first_losses(record.experiment, len(record.first_losses))
        error = training.largest_error(found, record.first_losses)
    except (RecordError, ValueError) as problem:  # damaged, or of another number of steps
        print(f"FAIL  {name}: {problem}", flush=True)
        return False
    fits = error <= training.TOLERANCE
    print(f"{'ok   ' if fits else 'FAIL '} {error:.0e}  {name}", flush=True)
    return fits


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    chosen = options.parser("verify", __doc__, profile=False).parse_args(arguments)
    results = chosen.results or options.results_of("full")
    return options.ended(lambda: 1 if verify(results, chosen.only) else 0, stopped="")


if __name__ == "__main__":
    sys.exit(main())
