"""Which images a run gets, and how they are normalised."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from helpers import data
from helpers.experiments.settings import Experiment

ROOT: Path | None = None  # the folder that holds MNIST/raw; None: the project's data/

Groups = dict[int, data.Images]  # from a side, in pixels, to images
Prepare = Callable[[Tensor], Tensor]  # from uint8 images to the network's input


class Inputs(NamedTuple):
    """Training and validation images of a run, see ``load_part``, and their normalisation."""

    train: Groups
    validation: Groups
    prepare: Prepare


def load(experiment: Experiment) -> Inputs:
    """Return what a run sees, without its network: ``inputs.load(record.experiment)``."""
    train = load_part(experiment, "train")
    return Inputs(train, load_part(experiment, "validation"), fit_normaliser(experiment, train))


def load_part(experiment: Experiment, part: str) -> Groups:
    """Return the images of ``train``, ``validation`` or ``test``, by original side.

    Training images that all have one size are one group under this size, so that batches mix them.
    Raises PermissionError for the test part of an experiment that is not marked ``test``.
    """
    if part == "test" and not experiment.test:
        raise PermissionError(
            f"{experiment.name} may not read the test set: it is for final results only, "
            "which the table of experiments marks with test=True"
        )
    return _load(experiment.data, part, experiment.images)


def fit_normaliser(experiment: Experiment, train: Groups) -> Prepare:
    """Return the run's normalisation, from its training images; only a scaling if it has none."""
    if not experiment.normalisation:
        return normaliser(0.0, 1.0)
    return normaliser(*data.mean_std(*(images.images for images in train.values())))


def normaliser(mean: float, std: float) -> Prepare:
    """Return the function that maps uint8 images to (value / 255 - mean) / std, float32."""
    return lambda images: data.normalise(images, mean, std)


def _resize(side: int) -> Callable[[Tensor], Tensor]:
    return lambda images: data.resize(images, side)


def _pad(side: int) -> Callable[[Tensor], Tensor]:
    return lambda images: F.pad(images, (0, side - images.shape[-1], 0, side - images.shape[-2]))


CHANGES = {"varres-28": _resize(28), "varres-64": _resize(64), "varres-pad64": _pad(64)}


@lru_cache(maxsize=3)  # the parts of one data set: runs of one follow each other
def _load(kind: str, part: str, n: int | None) -> Groups:
    built = kind in ("mnist", "varres-original")
    groups = _some(_read(kind if built else "varres")[part], part, n, kind == "varres-original")
    if kind not in CHANGES:
        return groups
    changed = {
        side: data.Images(CHANGES[kind](images.images), images.labels, images.index)
        for side, images in groups.items()
    }
    return _join(changed) if part == "train" else changed


def _some(groups: Groups, part: str, n: int | None, by_digit: bool) -> Groups:
    """Return ``n`` of the training images, or a fifth as many of validation and test set.

    ``by_digit``: the test set is in the order of the digits, so that its first are all zeros.
    """
    if n is None:
        return groups
    if part == "test":
        # the same images of all data sets, so that predictions can be compared: the file's first
        n = n // 5
        step = sum(map(len, groups.values())) // n if by_digit else 1
        few = {side: i[torch.isin(i.index, step * torch.arange(n))] for side, i in groups.items()}
        return {side: images for side, images in few.items() if len(images)}
    n = n if part == "train" else n // 5
    return {side: images[: n // len(groups)] for side, images in groups.items()}


# Each process reads a data set once.
@lru_cache
def _read(kind: str) -> dict[str, Groups]:
    if kind == "mnist":
        parts = data.load_mnist(ROOT)._asdict()
        return {part: {28: images} for part, images in parts.items()}
    if kind == "varres-original":
        return data.load_varres_original(ROOT)._asdict()
    return data.load_varres(ROOT)._asdict()


def _join(groups: Groups) -> Groups:
    """Return images of one size as one group."""
    parts = list(groups.values())
    joined = data.Images(
        torch.cat([part.images for part in parts]),
        torch.cat([part.labels for part in parts]),
        torch.cat([part.index for part in parts]),
    )
    return {joined.images.shape[-1]: joined}
