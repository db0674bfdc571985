"""What a comparison shows: both sources of chance, several comparisons, and what would be seen.

``helpers.statistics`` has the tests for one source of chance. Lesson 08 states the rule that all
lessons follow.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import brentq
from torch import Tensor

from helpers.statistics import Difference, p_text, span


def seeds_and_images(correct_a: Tensor, correct_b: Tensor, *, pairs: bool = True) -> Difference:
    """Compare accuracies on the test set in points: one interval for other seeds *and* images.

    ``correct_a`` and ``correct_b`` say which images each run gets right, bool (seeds, images), the
    same images in both. With ``pairs`` row k of both has the same seed: the differences are a table
    of seeds x images whose rows, columns and remainder vary independently. Their mean squares add
    up to the squared standard error

        (MS_seeds + MS_images - MS_remainder) / (seeds * images),

    since seeds and images each contain the remainder once (Searle, Casella and McCulloch 1992,
    Variance Components, chapter 4: the crossed two-way layout with random effects, one value a
    cell). It is at least that of the seeds alone and of the images alone. Without ``pairs`` the two
    networks have seeds of their own, and their parts are added. The t quantile has the degrees of
    freedom of the seeds: one less than their number, without pairs those of Welch and
    Satterthwaite. As there are many more images than seeds, the interval is rather too wide.

    With a single seed, or no variation, interval and p value are NaN. Raises ValueError where the
    numbers of images differ, or with ``pairs`` those of the seeds.
    """
    a, b = (100 * np.asarray(correct, dtype=float) for correct in (correct_a, correct_b))
    if a.shape[1] != b.shape[1] or (pairs and a.shape != b.shape):
        raise ValueError(
            f"cannot compare {a.shape} with {b.shape}: expected (seeds, images) with the same "
            "images" + (" and the same seeds; or pass pairs=False" if pairs else "")
        )
    mean = float(a.mean() - b.mean())
    tables = [a - b] if pairs else [a, b]
    if min(len(table) for table in tables) < 2:
        return Difference(mean, math.nan, math.nan, math.nan)
    n_images = a.shape[1]
    by_seeds = [table.mean(axis=1).var(ddof=1) / len(table) for table in tables]
    by_images = (a.mean(axis=0) - b.mean(axis=0)).var(ddof=1) / n_images
    counted_twice = sum(_remainder(table) / table.size for table in tables)
    variance = max(sum(by_seeds) + by_images - counted_twice, sum(by_seeds), by_images)
    if not sum(by_seeds):  # the seeds do not vary, so nothing is known about other ones
        return Difference(mean, math.nan, math.nan, math.nan)
    freedom = _satterthwaite(by_seeds, [len(table) for table in tables])
    error = math.sqrt(variance)
    half = float(stats.t.ppf(0.975, freedom)) * error
    p = 2 * float(stats.t.sf(abs(mean) / error, freedom))
    return Difference(mean, mean - half, mean + half, p)


def _remainder(table: np.ndarray) -> float:
    """Return the mean square of what neither row nor column explains."""
    rest = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
    return float((rest**2).sum() / ((table.shape[0] - 1) * (table.shape[1] - 1)))


def _satterthwaite(squared_errors: Sequence[float], numbers: Sequence[int]) -> float:
    """Return the degrees of freedom of a sum of squared standard errors, one per sample."""
    parts = zip(squared_errors, numbers, strict=True)
    return sum(squared_errors) ** 2 / sum(error**2 / (n - 1) for error, n in parts)


def degrees_of_freedom(a: Sequence[float], b: Sequence[float], *, pairs: bool = True) -> float:
    """Return the degrees of freedom of the comparison of one value per seed of each.

    One less than the number of pairs; without ``pairs`` those of Welch and Satterthwaite. NaN
    where there is no test.
    """
    if pairs:
        return len(a) - 1 if len(a) > 1 else math.nan
    if min(len(a), len(b)) < 2 or not np.var(a) + np.var(b):
        return math.nan
    return _satterthwaite([np.var(x, ddof=1) / len(x) for x in (a, b)], [len(a), len(b)])


def holm(p: Sequence[float]) -> list[float]:
    """Return p values corrected for their number by Holm's method (Holm 1979).

    The smallest of n is multiplied by n, the next by n - 1, and so on; none becomes smaller than
    the one before it, or larger than 1. The probability that any of them is below 0.05 by chance is
    then at most 0.05. NaN stays NaN and does not count.
    """
    p = np.asarray(p, dtype=float)
    order = [k for k in np.argsort(p) if not math.isnan(p[k])]
    corrected, largest = [math.nan] * len(p), 0.0
    for rank, k in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * float(p[k])))
        corrected[k] = largest
    return corrected


def detectable(found: Difference, freedom: float, power: float = 0.8) -> float:
    """Return the true difference that a comparison like this one finds with this power.

    With a true difference of c standard errors, t has the noncentral t distribution with the
    noncentrality c, and the power is its probability above t_0.975 (Cohen 1988, Statistical Power
    Analysis for the Behavioral Sciences, chapter 2). This solves for c. The standard error is that
    of ``found``, half its interval divided by t_0.975. NaN where there is no interval.
    """
    t = float(stats.t.ppf(0.975, freedom))
    error = (found.high - found.low) / 2 / t
    if math.isnan(error):
        return math.nan
    return error * brentq(lambda c: stats.nct.sf(t, freedom, c) - power, 0, 100)


def verdict(found: Difference, freedom: float, p: float | None = None) -> str:
    """Return "shown" if p < 0.05, else "not shown" with the detectable difference, 80 % power.

    ``p`` is the corrected value where the comparison is one of several.
    """
    p = found.p if p is None else p
    if math.isnan(p):
        return "no test"
    return "shown" if p < 0.05 else f"not shown (80 % power: {detectable(found, freedom):.2f})"


def in_words(found: Difference, freedom: float, p: float | None = None) -> str:
    """Return ``verdict`` as the end of a sentence that needs no explanation, "which is shown"."""
    said = verdict(found, freedom, p)
    if said == "no test":
        return "which too few runs leave without a test"
    if said == "shown":
        return "which is shown"
    return (
        "which is not shown; a true difference of "
        f"{detectable(found, freedom):.2f} points would be found in four of five such comparisons"
    )


def as_table(found: Mapping[str, Difference], freedom: float | Sequence[float]) -> pd.DataFrame:
    """Return comparisons as the rows of a table: difference, interval, corrected p, verdict.

    ``freedom`` is the degrees of freedom, one number or one for each row.
    """
    corrected = holm([one.p for one in found.values()])
    freedom = np.broadcast_to(np.asarray(freedom, dtype=float), len(corrected))
    rows = {
        name: {
            "difference": one.mean,
            "95 % interval": span(one.low, one.high),
            "p (Holm)": p_text(p),
            "shown": verdict(one, float(f), p),
        }
        for (name, one), p, f in zip(found.items(), corrected, freedom, strict=True)
    }
    return pd.DataFrame.from_dict(rows, orient="index")
