"""Is one network better than another? Over seeds, and over test images.

Two sources of chance, two tests: another seed would give other weights, other images other
mistakes. Lesson 07 explains both.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.weightstats import DescrStatsW
from torch import Tensor

from helpers.experiments.records import Record


class Difference(NamedTuple):
    """A mean difference, its 95 % t interval from ``low`` to ``high``, and the p value."""

    mean: float
    low: float
    high: float
    p: float


class Votes(NamedTuple):
    """On how many images a network does better (``gained``) and worse (``lost``); the p value."""

    gained: int
    lost: int
    p: float


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean and the 95 % t interval of one value per seed.

    A single value has no interval; both ends are NaN.
    """
    if len(values) == 1:
        return float(values[0]), math.nan, math.nan
    statistics = DescrStatsW(np.asarray(values, dtype=float))
    return float(statistics.mean), *map(float, statistics.tconfint_mean(alpha=0.05))


def paired(a: Sequence[float], b: Sequence[float]) -> Difference:
    """Compare one value per seed of each: the paired t test of the differences a - b.

    ``a`` and ``b`` list the same seeds in the same order. With a single seed there is neither an
    interval nor a p value; they are NaN. Raises ValueError for unequal numbers of seeds.
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    _same_shape(a, b, "one value per seed of each, the same seeds")
    differences = a - b
    p = DescrStatsW(differences).ttest_mean()[1] if len(differences) > 1 else math.nan
    return Difference(*interval(differences), float(p))


def span(low: float, high: float) -> str:
    """Return an interval of differences as text, and a dash for that of a single seed."""
    return "–" if math.isnan(low) else f"{low:+.2f} to {high:+.2f}"


def seeds(n: int) -> str:
    """Return "one seed", "2 seeds", ..."""
    return "one seed" if n == 1 else f"{n} seeds"


def right(runs: list[Record], labels: Tensor) -> Tensor:
    """Return which test images each run gets right, bool (runs, images), ordered by seed.

    ``runs`` are records with test predictions, ``labels`` int64 those of MNIST's test images.
    """
    runs = sorted(runs, key=lambda run: run.experiment.seed)
    predictions = torch.tensor([[int(d) for d in run.test.predictions] for run in runs])
    return predictions == labels[: predictions.shape[1]]


def vote(right_a: Tensor, right_b: Tensor) -> Votes:
    """Compare two networks on the same images, bool (seeds, images) each: McNemar's exact test.

    Each image has one vote, however many seeds there are: for ``a`` if more of its runs get the
    image right than of ``b``'s, against it if fewer do. Raises ValueError for unequal shapes.
    """
    _same_shape(right_a, right_b, "the same seeds and the same images of each")
    votes = right_a.sum(dim=0) - right_b.sum(dim=0)
    gained, lost = int((votes > 0).sum()), int((votes < 0).sum())
    return Votes(gained, lost, float(mcnemar([[0, gained], [lost, 0]], exact=True).pvalue))


def _same_shape(a, b, expected: str) -> None:
    # Unequal shapes would be broadcast, or more seeds have more votes: a confident wrong answer.
    if a.shape != b.shape:
        raise ValueError(
            f"cannot compare values of shape {tuple(a.shape)} with {tuple(b.shape)}: "
            f"expected {expected}; leave out the seeds that only one of them has"
        )
