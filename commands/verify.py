"""Train the first steps of every record again and compare: ``python -m commands.verify``.

A record holds all that it was trained with, also whether its convolutions were torch's or those of
blocks in one step. Its first losses, made again by the code as it is now, must agree to a relative
difference of 0.001. With ``--now`` all are made as runs are trained now: they add in another order
than torch, and where two values of a maximum are nearly equal, that can pick the other one.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from commands import CommandError, options
from helpers.conv import compiled
from helpers.experiments import store, training
from helpers.experiments.store import RecordError


def verify(results: Path, only: Sequence[str] = ("*",), now: bool = False) -> list[str]:
    """Compare the first losses of the records; return the names of those that do not match.

    ``now``: with convolutions as runs are trained now, whatever the records say.

    Raises CommandError if there is no record that matches ``only``.
    """
    names = [name for name in store.names(results) if options.matches(name, only)]
    if not names:
        raise CommandError(
            f"{results} has no record that matches {' '.join(only)}: nothing to verify. "
            "Name another folder with --results, or train with: make results"
        )
    wrong = [name for name in by_data(names) if not matches(results, name, now)]
    print(
        f"{len(names) - len(wrong)} records match the code: their first {training.FIRST} losses "
        f"differ by at most {training.TOLERANCE:g} of their value. {len(wrong)} do not match."
    )
    return wrong


def by_data(names: list[str]) -> list[str]:
    """Order names so that runs of one data set, their second part, follow each other."""
    return sorted(names, key=lambda name: (name.split("_")[1:2], name))


def matches(results: Path, name: str, now: bool = False) -> bool:
    """Compare one record with the code, and print how it went."""
    try:
        record = store.read(store.path(results, name))
        steps, own = len(record.first_losses), record.run.convolutions == "blocks"
        with compiled.switched(compiled.is_on() and (now or own)):
            found = training.first_losses(record.experiment, steps)
        error = training.largest_error(found, record.first_losses)
    except (RecordError, ValueError) as problem:  # damaged, or of another number of steps
        print(f"FAIL  {name}: {problem}", flush=True)
        return False
    fits = error <= training.TOLERANCE
    print(f"{'ok   ' if fits else 'FAIL '} {error:.0e}  {name}", flush=True)
    return fits


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = options.parser("verify", __doc__, profile=False)
    parser.add_argument("--now", action="store_true", help="with convolutions as in training now")
    chosen = parser.parse_args(arguments)
    results = chosen.results or options.results_of("full")
    return options.ended(lambda: 1 if verify(results, chosen.only, chosen.now) else 0, stopped="")


if __name__ == "__main__":
    sys.exit(main())
