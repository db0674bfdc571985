"""Records: what a finished training run leaves behind, one readable file each in ``results/``.

``NAME.run.json`` is a ``Record`` as JSON, with a checksum of all the rest; ``NAME.safetensors``
holds the weights after the last epoch where the table asks for them.
"""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import ClassVar, Literal

import safetensors.torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor

from helpers.experiments.settings import Experiment

SUFFIX = ".run.json"


class RecordError(ValueError):
    """A record is missing, damaged, half-written, edited by hand or of another schema."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Result(_Entry):
    """Mean loss and accuracy (a fraction of 1) on some images."""

    loss: float
    accuracy: float


class Epoch(_Entry):
    """One epoch, counted from 1. ``train_loss`` is the mean over the epoch's batches.

    ``per_resolution``, from a side in pixels to the validation result, where there are several.
    """

    epoch: int
    train_loss: float
    validation_loss: float
    validation_accuracy: float
    per_resolution: dict[int, Result] | None = None


class TestResult(Result):
    """The result on the test set, over all images and from each side in pixels.

    The i-th digit of ``predictions`` is the prediction for test image i in MNIST's order.
    """

    __test__: ClassVar[bool] = False  # for pytest, which takes a Test... for a test

    per_resolution: dict[int, Result]
    predictions: str


class Circumstances(_Entry):
    """How fast the run was, and where: all that may differ between two runs of one experiment."""

    seconds: float  # of training, validation not counted
    images_per_second: float
    threads: int
    processor: str
    python: str
    torch: str
    convolutions: Literal["torch", "blocks"] = "torch"  # blocks: see helpers.conv.block


class Record(_Entry):
    """A finished run.

    ``first_losses``: the training loss of each of the first 20 steps. ``test``: None if the run may
    not read the test set. ``weights``: the SHA-256 of the file with the weights, or None.
    """

    name: str
    experiment: Experiment
    first_losses: list[float]
    epochs: list[Epoch]
    test: TestResult | None
    weights: str | None
    run: Circumstances

    def as_json(self) -> dict:
        """Return the record as it is stored: only what JSON knows, and no absent resolutions."""
        content = self.model_dump()
        content["experiment"] = self.experiment.stored()
        if self.run.convolutions == "torch":  # as records say that are older than the field
            del content["run"]["convolutions"]
        for epoch in content["epochs"]:
            if epoch["per_resolution"] is None:
                del epoch["per_resolution"]
        return json.loads(json.dumps(content))  # a side becomes a text, as in the file


def path(results: str | Path, name: str) -> Path:
    """Return the file that holds, or will hold, the record ``name``."""
    return Path(results) / f"{name}{SUFFIX}"


def names(results: str | Path) -> list[str]:
    """Return the names of all records of a folder, sorted, whether the table lists them or not."""
    return sorted(file.name.removesuffix(SUFFIX) for file in Path(results).glob(f"*{SUFFIX}"))


def write(results: str | Path, record: Record, weights: bytes | None = None) -> Path:
    """Store a record, and its weights if it has any, all or nothing; return the record's path.

    ``weights`` is the content of a safetensors file. A record already there is replaced.
    """
    results = Path(results)
    results.mkdir(parents=True, exist_ok=True)
    digest = None if weights is None else hashlib.sha256(weights).hexdigest()
    content = record.model_copy(update={"weights": digest}).as_json()
    if weights is not None:  # first, since the record is what makes a run finished
        replace(results / f"{record.name}.safetensors", weights)
    target = path(results, record.name)
    replace(target, _format(content | {"checksum": _checksum(content)}).encode())
    return target


def read(file: str | Path) -> Record:
    """Return one record. Raises RecordError if the file is missing or not as it was written."""
    file = Path(file)
    advice = (
        f"Restore it (git checkout -- {file}), or delete it and train the run again (make results)."
    )
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        stored = content.pop("checksum")
        found = _checksum(content)
    except FileNotFoundError:
        raise RecordError(f"{file} is missing. Train the run with: make results") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"{file} is damaged or half-written ({error}). {advice}") from None
    if found != stored:
        raise RecordError(
            f"{file} was changed after it was written: its checksum should be {found}, "
            f"the file says {stored}. {advice}"
        )
    try:
        record = Record.model_validate(content)
    except ValidationError as error:
        raise RecordError(
            f"{file} does not fit this version of the project: {_fields(error)}. {advice}"
        ) from None
    if not file.name == f"{record.name}{SUFFIX}" == f"{record.experiment.name}{SUFFIX}":
        raise RecordError(
            f"{file} holds the record {record.name!r} of the run {record.experiment.name!r}. "
            "Rename or delete it."
        )
    return record


def read_run(results: str | Path, line: Experiment) -> Record:
    """Return the record of this run. Raises RecordError as ``read``, and if the settings differ."""
    file = path(results, line.name)
    record = read(file)
    wanted, found = line.model_dump(), record.experiment.model_dump()
    if differs := {key: (wanted[key], found[key]) for key in wanted if wanted[key] != found[key]}:
        raise RecordError(
            f"{file} is of an experiment with other settings than the table's: {differs} "
            "(table, record). Delete it, and train the run again with: make results"
        )
    return record


def load_weights(results: str | Path, name: str) -> dict[str, Tensor]:
    """Return the stored weights of a run, for ``load_state_dict``.

    Raises RecordError if the run stored none or the file is not the one the run wrote.
    """
    content = read_weights(results, read(path(results, name)))
    if content is None:
        raise RecordError(f"the run {name} stored no weights (save_weights in the table)")
    return safetensors.torch.load(content)


def read_weights(results: str | Path, record: Record) -> bytes | None:
    """Return the file with a record's weights, None if it stored none; RecordError as above."""
    if record.weights is None:
        return None
    file = Path(results) / f"{record.name}.safetensors"
    content = file.read_bytes() if file.is_file() else b""
    if hashlib.sha256(content).hexdigest() != record.weights:
        raise RecordError(
            f"{file} is missing or not the file that its record names. "
            f"Restore it (git checkout -- {file}), or delete the record and train the run again."
        )
    return content


def replace(target: Path, content: bytes) -> None:
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


def _fields(error: ValidationError) -> str:
    """Return each field that does not fit, and why, in one line."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()
    )


def _checksum(content: dict) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _format(content: dict) -> str:
    """Return JSON with one line per entry, and one per epoch."""
    lines = []
    for key, value in content.items():
        text = json.dumps(value)
        if key == "epochs":
            text = "[\n  " + ",\n  ".join(map(json.dumps, value)) + "\n ]"
        lines.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"
