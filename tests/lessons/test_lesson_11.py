"""The interval of lesson 11 holds what it should, and its broken layer is broken."""

import numpy as np
import pytest
from lesson import definitions

lesson = definitions("11_conclusions")


def test_one_more_by_hand():
    # two runs: mean 0.98, s^2 = 0.0002, t quantile for 1 degree of freedom 12.7062
    mean, low, high = lesson.one_more([0.97, 0.99], images=10_000)
    half = (12.7062047**2 * 0.0002 * 1.5 + 1.959964**2 * 2 * 0.98 * 0.02 / 10_000) ** 0.5
    assert (mean, low, high) == pytest.approx((0.98, 0.98 - half, 0.98 + half))


@pytest.mark.parametrize("n", [2, 3, 5])
def test_one_more_holds_95_of_100_further_runs(n):
    random = np.random.default_rng(0)
    trials = 3000
    accuracies = 0.9 + 0.01 * random.standard_normal((trials, n + 1))  # other seeds
    image_error = (0.9 * 0.1 / 10_000) ** 0.5
    accuracies[:, :-1] += image_error * random.standard_normal((trials, 1))  # of our images
    accuracies[:, -1] += image_error * random.standard_normal(trials)  # of the others
    held = 0
    for *ours, further in accuracies:
        _, low, high = lesson.one_more(ours)
        held += low <= further <= high
    assert 0.94 < held / trials < 0.98
