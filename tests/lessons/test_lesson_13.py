"""The interval of lesson 13 holds what it should; its list of mistakes is complete."""

import re

import nbformat
import numpy as np
import pytest
from lesson import NOTEBOOKS, definitions

from helpers.statistics import Difference

lesson = definitions("13_conclusions")


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


def test_a_line_of_the_comparison():
    line = lesson.compare(97.0, np.array([0.98, 0.98, 0.98]) + [-1e-4, 0, 1e-4], 10_000)
    assert line["holds"] == "ours is higher" and line["runs"] == 3
    assert lesson.compare(98.1, np.array([0.979, 0.981]), 10_000)["holds"] == "yes"
    assert lesson.compare(99.9, np.array([0.9799, 0.98]), 10_000)["holds"] == "ours is lower"
    assert lesson.as_text(Difference(0.5, -0.25, 1.25, 0.1)) == "+0.50 (-0.25 to +1.25)"


def text(file):
    notebook = nbformat.read(NOTEBOOKS / file, as_version=4)
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def test_every_correction_is_listed_with_a_lesson_that_has_it():
    rows = re.findall(r"^\| (\d+) \| .+ \| (\[.+\)) \|$", text("13_conclusions.ipynb"), re.M)
    assert [int(number) for number, _ in rows] == list(range(1, 37))
    for number, links in rows:
        for file in re.findall(r"\]\((\d\d_\w+\.ipynb)\)", links):
            assert re.search(rf"[Cc]orrections? ([\d, and]* )?{number}\b", text(file)), (
                number,
                file,
            )
