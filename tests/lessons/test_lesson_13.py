"""The interval of lesson 13 holds what it should; its list of mistakes is complete."""

import re
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from lesson import NOTEBOOKS, definitions

from helpers.experiments import Experiment
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


MAX = Experiment(group="a", data="varres", network="max", width=81, learning_rate=0.0005)
FIXED = Experiment(group="b", data="varres-28")
PADDED = Experiment(group="c", data="varres-pad64", width=26, seed=1)


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (MAX, FIXED, "input, head, rate"),
        (MAX, MAX.model_copy(update={"network": "mean", "batch_size": 4}), "pooling, batch size"),
        (MAX, PADDED, "padding, head, rate"),
        (PADDED, FIXED, "input, channels"),
        (FIXED, FIXED.model_copy(update={"normalisation": False}), "normalisation"),
        (FIXED, FIXED.model_copy(update={"seed": 1, "test": True}), ""),
    ],
)
def test_in_what_two_sides_differ(a, b, words):
    assert lesson.differs(a, b) == lesson.differs(b, a) == words


@pytest.mark.parametrize("change", [{"schedule": "linear"}, {"epochs": 10}, {"batch_norm": True}])
def test_a_difference_without_a_word_is_an_error(change):
    with pytest.raises(AssertionError, match=[*change][0]):
        lesson.differs(MAX, MAX.model_copy(update=change))


@pytest.mark.parametrize(
    ("original", "low", "high", "verdict"),
    [
        (0.5, 0.2, 0.8, "sign and size"),
        (1.8, 0.2, 0.8, "sign, not size"),
        (None, 0.2, 0.8, "the same sign"),
        (0.5, -0.2, 0.8, "not shown"),
        (0.5, -0.8, -0.2, "the reverse"),
    ],
)
def test_sign_and_size_are_judged_apart(original, low, high, verdict):
    assert lesson.judge(original, Difference((low + high) / 2, low, high, 0.1)) == verdict


@pytest.fixture(scope="module")
def of_the_records():
    """Return the names that the lesson's cells define up to its list, from the stored records."""
    namespace: dict = {"__name__": "13_conclusions"}
    for cell in nbformat.read(NOTEBOOKS / "13_conclusions.ipynb", as_version=4).cells:
        if cell.id == "take-home-list":
            break
        if cell.cell_type == "code":
            exec(compile(cell.source, f"13_conclusions.ipynb, cell {cell.id}", "exec"), namespace)
    names = [name for _, name in namespace["found"]]
    assert len(set(names)) == len(names) == len(namespace["effects"])  # each has its own
    return SimpleNamespace(
        found=dict(zip(names, namespace["found"].values(), strict=True)),
        shown=dict(zip(names, namespace["effects"]["shown"] == "shown", strict=True)),
        difference=namespace["difference"],
        runs=SimpleNamespace(**namespace),
    )


def test_the_words_of_the_list_say_no_more_than_the_records(of_the_records):
    found, shown = of_the_records.found, of_the_records.shown
    assert shown["normalised − not, slow"] and not shown["augmented − not, slow"]
    told, tuned = (found[f"max − mean, {how}"] for how in ("as told", "tuned, falling"))
    assert told.low > tuned.high and not shown["max − mean, tuned, falling"]
    rate, padding = found["resized to 28, fast − slow"], found["padded − resized, both 64"]
    assert rate.low > padding.high and shown["padded − resized, both 64"]
    for head in "max − flatten, resized, falling", "max − flatten, as they are, falling":
        assert shown[head]
    assert shown["as they are − resized, max, falling"]  # the input counts with one head only
    assert not shown["as they are − resized, flatten, falling"]
    assert (
        found["max − flatten, as they are, falling"].mean
        > found["as they are − resized, max, falling"].mean
    )


def test_at_the_small_rate_the_gain_is_one_of_normalisation(of_the_records):
    found, runs = of_the_records.found, of_the_records.runs
    assert found["normalised − not, slow"].low > found["augmented − not, slow"].high
    for fast, slow in ((runs.BASELINE, runs.NORMED), (runs.NOT_NORMALISED, runs.CODED_NEITHER)):
        assert of_the_records.difference("validation", fast, slow).low > 0
