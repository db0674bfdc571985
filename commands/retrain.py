"""Train runs anew beside the stored records, and compare: ``python -m commands.retrain``.

    python -m commands.retrain            train all runs, or those of --only, into build/retrained/
                                          and compare; an interrupted call is gone on with
    python -m commands.retrain compare    compare again what is there
    python -m commands.retrain replace    put the new records into the place of the stored ones

Nothing that is stored changes before ``replace``. On the same kind of processor, and with the same
convolutions (``REPORT_COMPILED=0`` takes torch's), the records are the same, to the last digit, but
for speed and machine.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from commands import PROJECT, CommandError, options, runs
from commands.train import chosen, retire, surplus, train
from helpers.experiments import records, store, table, training
from helpers.experiments.profiles import profile_of
from helpers.experiments.store import Record


def retrain(
    results: Path,
    retrained: Path,
    profile: str = "full",
    only: Sequence[str] = ("*",),
    workers: int | None = None,
    device: str = "cpu",
) -> list[str]:
    """Train runs of the table into ``retrained``; return the names of runs that failed.

    With all runs, tuned ones are chosen anew, from the new records. Those of ``only`` are taken
    from the table of ``results``.
    """
    if there := store.names(retrained):
        runs.say(
            f"{retrained} holds {len(there)} records of an earlier call, which are kept. "
            "To train those anew as well, delete the folder."
        )
    if tuple(only) == ("*",):
        return train(retrained, profile, only, workers, device)
    lines = chosen(results, profile, only)
    table.claim(retrained, profile)
    with runs.locked(retrained):
        left = [line for line in lines if line.name not in store.names(retrained)]
        return runs.train_all(left, retrained, workers, device, lines)


def compare(results: Path, retrained: Path) -> list[str]:
    """Print how the new records differ from the stored ones; return the names of those that do.

    Raises CommandError if there are no new records.
    """
    new, old = store.names(retrained), set(store.names(results))
    if not new:
        raise CommandError(f"{retrained} has no records. Train some: python -m commands.retrain")
    differ = []
    for name in new:
        verdict = "there was none before"
        if name in old:
            pair = (store.read(store.path(folder, name)) for folder in (results, retrained))
            verdict = difference(*pair)
        if verdict:
            print(f"{name}: {verdict}")
            differ.append(name)
    print(f"{len(new) - len(differ)} of {len(new)} new records hold the same results as before.")
    return differ


def difference(old: Record, new: Record) -> str:
    """Say in what two records of one run differ; nothing if they hold the same result."""
    if records.same_result(old, new):
        return ""
    told = []
    if old.first_losses != new.first_losses:
        agree = training.agree(new.first_losses, old.first_losses)
        told = [f"first losses {'within' if agree else 'beyond'} {training.TOLERANCE:g}"]
    pairs = {"validation": [r.epochs[-1].validation_accuracy for r in (old, new)]}
    if old.test and new.test:
        pairs["test"] = [r.test.accuracy for r in (old, new)]
    told += [f"{part} {a:.2%}, now {b:.2%}" for part, (a, b) in pairs.items() if a != b]
    return "; ".join(told) or "the same accuracies; losses, predictions or weights differ"


def replace(results: Path, retrained: Path) -> None:
    """Put the new records into the place of the stored ones, and remove their folder.

    Stored records whose settings are no longer chosen are moved to build/retired/.
    """
    table.claim(results, profile_of(retrained))
    names = store.names(retrained)
    if not names:
        raise CommandError(f"{retrained} has no records to put in place of others")
    read = [store.read(store.path(retrained, name)) for name in names]
    new = [(record, store.read_weights(retrained, record)) for record in read]  # all, or none
    with runs.locked(results):
        for record, weights in new:
            store.write(results, record, weights)
        if old := surplus(results):
            print(f"{len(old)} records are no longer in the table: {retire(results, old)}")
    shutil.rmtree(retrained)
    print(f"{len(new)} records of {results} were replaced.")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = options.parser("retrain", __doc__)
    parser.add_argument("action", nargs="?", default="run", choices=["run", "compare", "replace"])
    options.add_training(parser)
    return options.ended(lambda: _act(parser.parse_args(arguments)))


def _act(given: argparse.Namespace) -> int:
    results = given.results or options.results_of(given.profile)
    retrained = PROJECT / "build" / "retrained" / given.profile
    if given.action == "replace":
        replace(results, retrained)
        return 0
    if given.action == "run":
        failed = retrain(results, retrained, given.profile, given.only, given.workers, given.device)
        if failed:
            print(f"{len(failed)} runs failed: {', '.join(failed)}", file=sys.stderr)
            return 1
    if compare(results, retrained):
        print("To keep the new ones: python -m commands.retrain replace")
    return 0


if __name__ == "__main__":
    sys.exit(main())
