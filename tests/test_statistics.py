"""The tests of significance against values worked out by hand."""

import math
from math import comb

import pytest
import torch
from made import with_predictions
from scipy import stats

from helpers import statistics


def test_paired_by_hand():
    # differences 1, 2, 3: standard error 1/sqrt(3), t quantile for 2 degrees of freedom 4.3027
    found = statistics.paired([2, 4, 6], [1, 2, 3])
    half = 4.302653 / 3**0.5
    assert found[:3] == pytest.approx((2, 2 - half, 2 + half), rel=1e-6)
    assert found.p == pytest.approx(0.0741799, rel=1e-5)  # t = 2 sqrt(3)
    assert statistics.interval([1, 2, 3]) == pytest.approx(found[:3])


@pytest.mark.parametrize(("a", "b"), [([1, 2, 3], [1]), ([1], [1, 2]), ([1, 2, 3], [1, 2])])
def test_unequal_numbers_of_seeds_are_refused(a, b):
    shapes = rf"\({len(a)},\) with \({len(b)},\)"
    with pytest.raises(ValueError, match=shapes):
        statistics.paired(a, b)
    correct_a, correct_b = (torch.ones(len(seeds), 4, dtype=torch.bool) for seeds in (a, b))
    with pytest.raises(ValueError, match=rf"\({len(a)}, 4\) with \({len(b)}, 4\)"):
        statistics.vote(correct_a, correct_b)


def test_votes_on_other_images_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 4\) with \(2, 1\)"):
        statistics.vote(torch.ones(2, 4, dtype=torch.bool), torch.ones(2, 1, dtype=torch.bool))


def test_welch_by_hand():
    # means 2 and 5, squared standard errors 1/3 and (20/3)/4 = 5/3, together 2
    found = statistics.welch([1, 2, 3], [2, 4, 6, 8])
    freedom = 2**2 / ((1 / 3) ** 2 / 2 + (5 / 3) ** 2 / 3)  # Satterthwaite: 4.075
    half = stats.t.ppf(0.975, freedom) * 2**0.5
    assert found[:3] == pytest.approx((-3, -3 - half, -3 + half))
    assert found.p == pytest.approx(2 * stats.t.sf(3 / 2**0.5, freedom))


def test_welch_takes_other_seeds_and_ignores_their_order():
    assert statistics.welch([3, 1, 2], [8, 2, 6, 4]) == statistics.welch([1, 2, 3], [2, 4, 6, 8])


@pytest.mark.parametrize(("a", "b"), [([1.0], [2.0, 3.0]), ([1.0, 1.0], [2.0, 2.0])])
def test_welch_without_spread_has_no_interval(recwarn, a, b):
    found = statistics.welch(a, b)
    assert found.mean < 0 and all(map(math.isnan, found[1:]))
    assert not recwarn.list
    with pytest.raises(ValueError, match="at least one value of each, got 0 and"):
        statistics.welch([], b)


def test_vote_counts_an_image_once():
    a = torch.tensor([[1, 1, 1, 1, 0, 0], [1, 1, 1, 0, 0, 1]], dtype=torch.bool)
    b = torch.tensor([[0, 0, 0, 1, 1, 0], [0, 0, 1, 0, 0, 1]], dtype=torch.bool)
    found = statistics.vote(a, b)
    assert (found.gained, found.lost) == (3, 1)
    # 4 fair coins, at most 1 or at least 3 heads
    assert found.p == pytest.approx(2 * (comb(4, 0) + comb(4, 1)) / 2**4)


def test_more_seeds_are_not_more_images():
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.rand(1, 300, generator=generator) > share for share in (0.1, 0.15))
    once = statistics.vote(a, b)
    assert statistics.vote(a.repeat(5, 1), b.repeat(5, 1)) == once


def test_correct_sorts_by_seed():
    runs = [with_predictions("719", seed=1), with_predictions("720", seed=0)]
    labels = torch.tensor([7, 2, 9, 4])
    assert statistics.correct(runs, labels).tolist() == [[True, True, False], [True, False, True]]


def test_a_single_seed_has_no_interval():
    found = statistics.paired([3.0], [1.0])
    assert found.mean == 2 and all(map(math.isnan, found[1:]))
    assert statistics.span(found.low, found.high) == "–"
    assert statistics.span(-1, 2.345) == "-1.00 to +2.35"
    assert [statistics.seeds(n) for n in (1, 2)] == ["one seed", "2 seeds"]


@pytest.mark.parametrize("compare", [statistics.interval, lambda x: statistics.paired(x, x)])
def test_no_seed_at_all_is_refused(compare):
    with pytest.raises(ValueError, match="expected at least one value, one per seed, got none"):
        compare([])


@pytest.mark.parametrize("shift", [0.0, 0.01, 1 / 3], ids=str)
def test_no_spread_leaves_nothing_to_test(recwarn, shift):
    found = statistics.paired([0.98 + shift] * 3, [0.98] * 3)
    assert found.mean == pytest.approx(shift) and all(map(math.isnan, found[1:]))
    assert all(map(math.isnan, statistics.interval([0.99] * 4)[1:]))
    assert not recwarn.list


def test_equal_predictions_are_no_evidence():
    same = torch.ones(2, 5, dtype=torch.bool)
    assert statistics.vote(same, same) == (0, 0, 1.0)


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (math.nan, "no spread"),
        (0.0, "< 0.001"),
        (0.00099, "< 0.001"),
        (0.0044, "0.0044"),
        (1.0, "1"),
    ],
)
def test_p_as_text(p, text):
    assert statistics.p_text(p) == text
