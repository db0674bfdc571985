"""What a comparison shows: worked out by hand, and tried on made data whose truth is known."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from helpers import evidence, statistics


def made(*, seeds=5, images=400, seed=0, gain=0.0, by_seed=0.0, by_image=0.0):
    """Return which images two networks get right, bool (seeds, images) each.

    An image is right with probability 0.8 and ``gain`` more for the first network; the difference
    varies over seeds and images with these standard deviations.
    """
    rng = np.random.default_rng(seed)
    shift = rng.normal(gain, by_seed, (seeds, 1)) + rng.normal(0, by_image, images)
    chances = (0.8 + shift, np.full((seeds, images), 0.8))
    return [torch.tensor(rng.random((seeds, images)) < chance) for chance in chances]


def test_seeds_and_images_by_hand():
    a = torch.tensor([[1, 1, 0, 1], [1, 1, 1, 0]], dtype=torch.bool)
    b = torch.tensor([[1, 0, 0, 0], [1, 0, 0, 0]], dtype=torch.bool)
    # differences (0 1 0 1) and (0 1 1 0): seeds 1/2 and 1/2, images 0, 1, 1/2, 1/2
    found = evidence.seeds_and_images(a, b)
    assert found.mean == 50 and math.isnan(found.low)  # the seeds do not differ
    a = torch.tensor([[1, 1, 0, 1], [1, 1, 1, 1]], dtype=torch.bool)
    # differences (0 1 0 1) and (0 1 1 1): seeds 1/2 and 3/4, images 0, 1, 1/2, 1; mean 5/8
    by_seeds = (1 / 4) ** 2 / 2 / 2
    by_images = ((5 / 8) ** 2 + (3 / 8) ** 2 + (1 / 8) ** 2 + (3 / 8) ** 2) / 3 / 4
    # remainders 1/8 1/8 -3/8 1/8 in the first row, with the other sign in the second
    remainder = 2 * (3 * (1 / 8) ** 2 + (3 / 8) ** 2) / 3 / 8
    error = 100 * (by_seeds + by_images - remainder) ** 0.5
    half = stats.t.ppf(0.975, 1) * error
    found = evidence.seeds_and_images(a, b)
    assert found[:3] == pytest.approx((62.5, 62.5 - half, 62.5 + half))
    assert found.p == pytest.approx(2 * stats.t.sf(62.5 / error, 1))


@pytest.mark.parametrize("pairs", [True, False])
def test_never_narrower_than_over_seeds(pairs):
    compare = statistics.paired if pairs else statistics.welch
    for seed in range(20):
        a, b = made(seed=seed)
        both = evidence.seeds_and_images(a, b, pairs=pairs)
        alone = compare(*(100 * right.double().mean(dim=1) for right in (a, b)))
        assert both.mean == pytest.approx(alone.mean)
        assert both.high - both.low >= (alone.high - alone.low) * (1 - 1e-9)


def test_without_pairs_equal_variances_add():
    a, b = made(seeds=40, images=2000, by_seed=0.05)
    paired, apart = (evidence.seeds_and_images(a, b, pairs=pairs) for pairs in (True, False))
    assert apart.mean == paired.mean
    assert apart.high - apart.low == pytest.approx(paired.high - paired.low, rel=0.1)


@pytest.mark.parametrize("pairs", [True, False])
def test_the_interval_holds_the_truth_where_that_over_seeds_does_not(pairs):
    """Images that differ much: other images, other differences. The true difference is 0."""
    both, seeds = 0, 0
    for seed in range(300):
        a, b = made(seed=seed, images=100, by_image=0.15)
        found = evidence.seeds_and_images(a, b, pairs=pairs)
        both += found.low <= 0 <= found.high
        percent = [100 * right.double().mean(dim=1) for right in (a, b)]
        alone = statistics.paired(*percent) if pairs else statistics.welch(*percent)
        seeds += alone.low <= 0 <= alone.high
    assert both >= 0.95 * 300 and seeds < 0.95 * 300


def test_other_images_and_other_seeds_are_refused():
    a, b = made(seeds=3, images=10)
    with pytest.raises(ValueError, match=r"\(3, 10\) with \(3, 9\): .* the same images"):
        evidence.seeds_and_images(a, b[:, :9], pairs=False)
    with pytest.raises(ValueError, match=r"\(3, 10\) with \(2, 10\): .* pass pairs=False"):
        evidence.seeds_and_images(a, b[:2])
    assert not math.isnan(evidence.seeds_and_images(a, b[:2], pairs=False).low)


@pytest.mark.parametrize("pairs", [True, False])
def test_one_seed_or_equal_networks_give_no_interval(recwarn, pairs):
    a, b = made(seeds=3, images=10)
    assert math.isnan(evidence.seeds_and_images(a[:1], b[:1], pairs=pairs).p)
    same = torch.ones(3, 10, dtype=torch.bool)
    found = evidence.seeds_and_images(same, same, pairs=pairs)
    assert found.mean == 0 and math.isnan(found.low)
    assert not recwarn.list


def test_degrees_of_freedom():
    assert evidence.degrees_of_freedom([1, 2, 3], [4, 5, 6]) == 2
    # squared standard errors 1/3 and 5/3, see test_welch_by_hand
    found = evidence.degrees_of_freedom([1, 2, 3], [2, 4, 6, 8], pairs=False)
    assert found == pytest.approx(4 / (1 / 18 + 25 / 27))
    assert math.isnan(evidence.degrees_of_freedom([1], [2]))
    assert math.isnan(evidence.degrees_of_freedom([1, 1], [2, 2], pairs=False))


@pytest.mark.parametrize(
    ("p", "corrected"),
    [
        ([0.01], [0.01]),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),  # 3 x 0.01, 2 x 0.03, and no less than that
        ([0.5, 0.9], [1.0, 1.0]),
        ([0.02, math.nan, 0.04], [0.04, math.nan, 0.04]),
        ([], []),
    ],
)
def test_holm(p, corrected):
    assert evidence.holm(p) == pytest.approx(corrected, nan_ok=True)


@pytest.mark.parametrize("n", [3, 5, 20])
def test_what_is_detectable_is_found_four_times_in_five(n):
    """Made differences with just that mean: how often is p below 0.05?"""
    found = statistics.Difference(0.0, -stats.t.ppf(0.975, n - 1), stats.t.ppf(0.975, n - 1), 1.0)
    size = evidence.detectable(found, n - 1)  # in standard errors
    made = np.random.default_rng(0).normal(size / n**0.5, 1, (20000, n))
    assert (stats.ttest_1samp(made, 0, axis=1).pvalue < 0.05).mean() == pytest.approx(0.8, abs=0.01)
    assert evidence.detectable(found, n - 1, power=0.9) > size


def test_with_many_seeds_detectable_is_the_sum_of_two_normal_quantiles():
    found = statistics.Difference(0.0, -1.959964, 1.959964, 1.0)
    assert evidence.detectable(found, 1e6) == pytest.approx(1.959964 + 0.841621, rel=1e-4)
    assert math.isnan(evidence.detectable(statistics.paired([2.0], [1.0]), math.nan))


def test_a_table_of_comparisons():
    found = {
        "large": statistics.paired([2.0, 2.2, 2.1], [1.0, 1.1, 1.15]),
        "small": statistics.paired([1.0, 1.3, 1.4], [1.1, 1.2, 1.3]),
        "one seed": statistics.paired([2.0], [1.0]),
    }
    table = evidence.as_table(found, [2, 2, math.nan])
    assert table["p (Holm)"].iloc[0] == statistics.p_text(2 * found["large"].p)  # of two with a p
    assert table["shown"].iloc[0] == "shown"
    size = evidence.detectable(found["small"], 2)
    assert table["shown"].iloc[1] == f"not shown (80 % power: {size:.2f})"
    assert table["shown"].iloc[2] == "no test" and table["95 % interval"].iloc[2] == "–"


def test_a_corrected_p_decides():
    found = statistics.Difference(1.0, 0.1, 1.9, 0.04)
    assert evidence.verdict(found, 4) == "shown"
    assert evidence.verdict(found, 4, 0.08).startswith("not shown (80 % power: 1.2")
    assert evidence.in_words(found, 4) == "which is shown"
    needed = f"{evidence.detectable(found, 4):.2f}"
    assert f"not shown; a true difference of {needed} points" in evidence.in_words(found, 4, 0.08)
    assert "without a test" in evidence.in_words(statistics.paired([2.0], [1.0]), math.nan)
