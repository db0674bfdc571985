"""Is one network better than another? Over seeds, and over test images.

Two sources of chance, two tests: another seed would give other weights, other images other
mistakes. Lesson 08 explains both.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy import stats
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

    A single value has no interval, and neither have values that are all equal: no spread says
    nothing about the next seed. Both ends are then NaN. Raises ValueError for no value at all.
    """
    values = np.asarray(values, dtype=float)
    if not values.size:
        raise ValueError("expected at least one value, one per seed, got none")
    if _without_spread(values):
        return float(values.mean()), math.nan, math.nan
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    return float(values.mean()), float(low), float(high)


def paired(a: Sequence[float], b: Sequence[float]) -> Difference:
    """Compare one value per seed of each: the paired t test of the differences a - b.

    ``a`` and ``b`` list the same seeds in the same order. With a single seed, or when all
    differences are equal, there is neither an interval nor a p value; they are NaN. Raises
    ValueError for unequal numbers of seeds, and for none.
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    _check_shapes(a, b, "one value per seed of each, the same seeds")
    between = interval(a - b)
    p = math.nan if _without_spread(a - b) else float(stats.ttest_rel(a, b).pvalue)
    return Difference(*between, p)


def welch(a: Sequence[float], b: Sequence[float]) -> Difference:
    """Compare one value per seed of each without pairs: Welch's t test of mean(a) - mean(b).

    For networks that share neither their first weights nor the order of the images, so that seed
    k of one has nothing in common with seed k of the other; the numbers of seeds may differ. With a
    single seed of either, or where neither varies, interval and p value are NaN. Raises ValueError
    for no seed.
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if not (a.size and b.size):
        raise ValueError(f"expected at least one value of each, got {a.size} and {b.size}")
    mean = float(a.mean() - b.mean())
    if min(a.size, b.size) < 2 or (_without_spread(a) and _without_spread(b)):
        return Difference(mean, math.nan, math.nan, math.nan)
    test = stats.ttest_ind(a, b, equal_var=False)
    low, high = test.confidence_interval(0.95)
    return Difference(mean, float(low), float(high), float(test.pvalue))


def _without_spread(values: np.ndarray) -> bool:
    """Say whether values are equal but for rounding; a single one is."""
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())


def span(low: float, high: float) -> str:
    """Return an interval of differences as text, and a dash where there is none (NaN)."""
    return "–" if math.isnan(low) else f"{low:+.2f} to {high:+.2f}"


def p_text(p: float) -> str:
    """Return a p value as text, "no spread" where there is none (NaN), see ``paired``."""
    return "no spread" if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.2g}"


def seeds(n: int) -> str:
    """Return "one seed", "2 seeds", ..."""
    return "one seed" if n == 1 else f"{n} seeds"


def correct(runs: list[Record], labels: Tensor) -> Tensor:
    """Return which test images each run classifies correctly, bool (runs, images), ordered by seed.

    ``runs`` are records with test predictions, ``labels`` int64 those of MNIST's test images.
    """
    runs = sorted(runs, key=lambda run: run.experiment.seed)
    predictions = torch.tensor([[int(d) for d in run.test.predictions] for run in runs])
    return predictions == labels[: predictions.shape[1]]


def vote(correct_a: Tensor, correct_b: Tensor) -> Votes:
    """Compare two networks on the same images, bool (seeds, images) each: McNemar's exact test.

    Each image has one vote, however many seeds there are: for ``a`` if more of its runs get the
    image right than of ``b``'s, against it if fewer do. Raises ValueError for unequal shapes.
    """
    _check_shapes(correct_a, correct_b, "the same seeds and the same images of each")
    votes = correct_a.sum(dim=0) - correct_b.sum(dim=0)
    gained, lost = int((votes > 0).sum()), int((votes < 0).sum())
    n = gained + lost  # each of them a fair coin if the networks were equal
    return Votes(gained, lost, float(stats.binomtest(gained, n).pvalue) if n else 1.0)


def _check_shapes(a, b, expected: str) -> None:
    # Unequal shapes would be broadcast, or more seeds have more votes: a confident wrong answer.
    if a.shape != b.shape:
        raise ValueError(
            f"cannot compare values of shape {tuple(a.shape)} with {tuple(b.shape)}: "
            f"expected {expected}; leave out the seeds that only one of them has"
        )
