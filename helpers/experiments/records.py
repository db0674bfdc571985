"""The records that count: those of the runs in the table, and tables of them."""

from pathlib import Path

import pandas as pd
from torch import Tensor

from helpers import project
from helpers.experiments import store, table
from helpers.experiments.profiles import profile_of
from helpers.experiments.settings import Experiment
from helpers.experiments.store import Record, RecordError

__all__ = ["Record", "RecordError", "epochs", "load", "load_weights", "runs", "same_result"]


def load(results: str | Path, **fields) -> list[Record]:
    """Return the records of all runs of the table that have these fields, sorted by name.

    ``load("results", group="baseline", seed=0)``; ``results`` is a folder of the project, and a
    tuple or list stands for any of its values. A record in the folder that is not of a run in the
    table is never returned. Raises ValueError for an unknown field, and RecordError if no run of
    the table fits or if a record is missing or damaged.
    """
    results = project.path(results)
    if unknown := fields.keys() - Experiment.model_fields.keys():
        raise ValueError(
            f"an experiment has no field {', '.join(map(repr, sorted(unknown)))}; it has "
            f"{', '.join(Experiment.model_fields)}"
        )
    profile = profile_of(results)
    chosen = [line for line in table.lines(results, profile) if _fits(line, fields)]
    wanted = ", ".join(f"{key}={value!r}" for key, value in fields.items()) or "any field"
    if not chosen:
        raise RecordError(
            f"{results} has no record with {wanted} of a run in the table of the {profile} "
            "profile; tuned runs are in it once their sweeps are complete. Train with: make results"
        )
    there = set(store.names(results))
    if missing := [line.name for line in chosen if line.name not in there]:
        raise RecordError(
            f"{results} lacks {len(missing)} of the {len(chosen)} records with {wanted}, such as "
            f"{missing[0]}. Train the runs with: make results"
        )
    found = [store.read_run(results, line) for line in chosen]
    return sorted(found, key=lambda record: record.name)


def load_weights(results: str | Path, name: str) -> dict[str, Tensor]:
    """Return the stored weights of a run, for ``load_state_dict``; see ``store.load_weights``."""
    return store.load_weights(project.path(results), name)


def runs(records: list[Record]) -> pd.DataFrame:
    """Return one row per run: the experiment's fields, the last epoch's values, test accuracy.

    Accuracies are fractions of 1; ``test_accuracy`` is missing where the test set was not read.
    """
    rows = [
        {"name": record.name}
        | record.experiment.model_dump()
        | record.epochs[-1].model_dump(exclude={"per_resolution"})
        | {"test_accuracy": record.test and record.test.accuracy}
        | record.run.model_dump()
        for record in records
    ]
    return pd.DataFrame(rows)


def epochs(records: list[Record]) -> pd.DataFrame:
    """Return one row per run and epoch: the experiment's fields and the epoch's values.

    Where there are several resolutions, columns such as ``validation_accuracy_32`` hold each.
    """
    rows = [
        # the experiment's own "epochs" is their number, the row's "epoch" counts from 1
        {"name": record.name}
        | record.experiment.model_dump()
        | epoch.model_dump(exclude={"per_resolution"})
        | {
            f"validation_{what}_{side}": value
            for side, result in (epoch.per_resolution or {}).items()
            for what, value in result
        }
        for record in records
        for epoch in record.epochs
    ]
    return pd.DataFrame(rows)


def same_result(a: Record, b: Record) -> bool:
    """Say whether two records hold the same result; speed, machine and versions do not count."""
    return a.model_copy(update={"run": b.run}) == b


def _fits(line: Experiment, fields: dict) -> bool:
    return all(
        getattr(line, key) in (wanted if isinstance(wanted, tuple | list) else (wanted,))
        for key, wanted in fields.items()
    )
