"""Records: what a finished training run leaves behind, one readable file each in ``results/``.

A record is a dictionary, stored as JSON under ``NAME.run.json``:

- ``name``, and ``experiment``: the line of the table, see ``helpers.experiments``;
- ``first_losses``: the training loss of the first 20 steps, by which ``verify`` compares;
- ``epochs``: for each epoch its number, ``train_loss`` (mean over the epoch's batches),
  ``validation_loss``, ``validation_accuracy`` and, where there are several resolutions,
  ``per_resolution`` with loss and accuracy of each;
- ``test``: null, or ``accuracy``, ``per_resolution`` and ``predictions``, a string whose i-th digit
  is the prediction for test image i in MNIST's order;
- ``weights``: null, or the SHA-256 of ``NAME.safetensors``, the weights after the last epoch;
- ``run``: seconds, images per second, threads, processor and versions, which may differ between
  two runs of the same experiment; everything else may not;
- ``checksum``: SHA-256 of all the rest.

A record that does not match its checksum is refused by name.
"""

import hashlib
import json
import os
import tempfile
from pathlib import Path

import pandas as pd
import safetensors.torch

SUFFIX = ".run.json"


class RecordError(ValueError):
    """A record is missing, damaged, half-written or edited by hand."""


def path(results: str | Path, name: str) -> Path:
    """Return the file that holds, or will hold, the record ``name``."""
    return Path(results) / f"{name}{SUFFIX}"


def write(results: str | Path, record: dict, weights: bytes | None = None) -> Path:
    """Store a record, and its weights if it has any, all or nothing; return the record's path.

    ``weights`` is the content of a safetensors file. A record already there is replaced.
    """
    results = Path(results)
    results.mkdir(parents=True, exist_ok=True)
    record = {key: value for key, value in record.items() if key != "checksum"}
    record["weights"] = None if weights is None else hashlib.sha256(weights).hexdigest()
    if weights is not None:  # first, since the record is what makes a run finished
        _replace(results / f"{record['name']}.safetensors", weights)
    target = path(results, record["name"])
    _replace(target, _format(record | {"checksum": _checksum(record)}).encode())
    return target


def write_measurement(file: Path, values: dict) -> None:
    """Store what a measurement found (speeds, not a training run) as JSON, all or nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    _replace(file, (json.dumps(values, indent=1) + "\n").encode())


def read(file: str | Path) -> dict:
    """Return one record. Raises RecordError if the file is missing or not as it was written."""
    file = Path(file)
    advice = (
        f"Restore it (git checkout -- {file}), or delete it and train the run again (make results)."
    )
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        stored = record.pop("checksum")
        found = _checksum(record)
    except FileNotFoundError:
        raise RecordError(f"{file} is missing. Train the run with: make results") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"{file} is damaged or half-written ({error}). {advice}") from None
    if found != stored:
        raise RecordError(
            f"{file} was changed after it was written: its checksum should be {found}, "
            f"the file says {stored}. {advice}"
        )
    if file.name != f"{record['name']}{SUFFIX}":
        raise RecordError(f"{file} holds the record {record['name']!r}. Rename or delete it.")
    return record


def load(results: str | Path, **fields) -> list[dict]:
    """Return all records of a folder whose experiment has these fields, sorted by name.

    ``load(results, group="baseline", seed=0)``. A tuple or list stands for any of its values.
    Raises RecordError for a damaged record, and if there is none that fits.
    """
    results = Path(results)
    chosen = [
        record
        for file in sorted(results.glob(f"*{SUFFIX}"))
        if _fits((record := read(file))["experiment"], fields)
    ]
    if not chosen:
        wanted = ", ".join(f"{key}={value!r}" for key, value in fields.items()) or "any field"
        raise RecordError(f"{results} has no record with {wanted}. Train it with: make results")
    return sorted(chosen, key=lambda record: record["name"])


def load_weights(results: str | Path, name: str) -> dict:
    """Return the stored weights of a run, for ``load_state_dict``.

    Raises RecordError if the run stored none or the file is not the one the run wrote.
    """
    record = read(path(results, name))
    file = Path(results) / f"{name}.safetensors"
    if record["weights"] is None:
        raise RecordError(f"the run {name} stored no weights (save_weights in the table)")
    content = file.read_bytes() if file.is_file() else b""
    if hashlib.sha256(content).hexdigest() != record["weights"]:
        raise RecordError(
            f"{file} is missing or not the file that its record names. "
            f"Restore it (git checkout -- {file}), or delete the record and train the run again."
        )
    return safetensors.torch.load(content)


def runs(records: list[dict]) -> pd.DataFrame:
    """Return one row per run: the experiment's fields, the last epoch's values, test accuracy.

    Accuracies are fractions of 1; ``test_accuracy`` is missing where the test set was not read.
    """
    rows = [
        {"name": record["name"]}
        | record["experiment"]
        | {key: value for key, value in record["epochs"][-1].items() if _plain(value)}
        | {"test_accuracy": record["test"] and record["test"]["accuracy"]}
        | {key: value for key, value in record["run"].items() if _plain(value)}
        for record in records
    ]
    return pd.DataFrame(rows)


def epochs(records: list[dict]) -> pd.DataFrame:
    """Return one row per run and epoch: the experiment's fields and the epoch's values.

    Where there are several resolutions, columns such as ``validation_accuracy_32`` hold each.
    """
    rows = [
        # the experiment's own "epochs" is their number, the row's "epoch" counts from 1
        {"name": record["name"]}
        | record["experiment"]
        | {key: value for key, value in epoch.items() if _plain(value)}
        | {
            f"validation_{what}_{side}": value
            for side, values in epoch.get("per_resolution", {}).items()
            for what, value in values.items()
        }
        for record in records
        for epoch in record["epochs"]
    ]
    return pd.DataFrame(rows)


def same(a: dict, b: dict) -> bool:
    """Say whether two records hold the same result; speed, machine and versions do not count."""
    return all(a.get(key) == b.get(key) for key in (a.keys() | b.keys()) - {"run", "checksum"})


def _fits(experiment: dict, fields: dict) -> bool:
    for key, wanted in fields.items():
        if key not in experiment:
            raise ValueError(f"an experiment has no field {key!r}; it has {', '.join(experiment)}")
        if experiment[key] not in (wanted if isinstance(wanted, tuple | list) else (wanted,)):
            return False
    return True


def _plain(value) -> bool:
    return not isinstance(value, dict | list)


def _checksum(record: dict) -> str:
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _format(record: dict) -> str:
    """Return JSON with one line per entry, and one per epoch."""
    lines = []
    for key, value in record.items():
        text = json.dumps(value)
        if key == "epochs":
            text = "[\n  " + ",\n  ".join(map(json.dumps, value)) + "\n ]"
        lines.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _replace(target: Path, content: bytes) -> None:
    """Write a file so that it is at no time half there."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(file.name, 0o644)  # a temporary file is private at first
            os.replace(file.name, target)
        except BaseException:
            os.unlink(file.name)
            raise
