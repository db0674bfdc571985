"""The definitions of lesson 11 choose as ``helpers.experiments`` does, and count right."""

import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from lesson import definitions
from made import a_record, with_predictions

from helpers import data, experiments
from helpers.experiments import Experiment, records
from helpers.networks import FixedNetwork, VariableNetwork

lesson = definitions("11_two_networks")

# Eighths have exact means, so that ties are ties; few values, so that there are many ties.
EIGHTHS = st.sampled_from([0.125, 0.25, 0.375, 0.5])
SCORES = st.tuples(EIGHTHS, EIGHTHS)
SWEEPS = st.lists(st.lists(SCORES, min_size=2, max_size=2), min_size=2, max_size=4)


def sweep(field, values, scores):
    """Records of a sweep over ``field``, two epochs each; the first would choose the worst."""
    made = []
    for value, by_seed in zip(values, scores, strict=True):
        for seed, (accuracy, loss) in enumerate(by_seed):
            experiment = Experiment(group="sweep", seed=seed, **{field: value})
            made.append(a_record(experiment, (1 - accuracy, loss), (accuracy, loss)))
    return made


@pytest.mark.parametrize(
    ("field", "values"),
    [("learning_rate", [0.001, 0.002, 0.0005, 0.004]), ("batch_size", [16, 4, 64, 32])],
)
@given(scores=SWEEPS)
def test_choice(field, values, scores):
    made = sweep(field, values[: len(scores)], scores)
    means = {(sum(a for a, _ in s), -sum(loss for _, loss in s)) for s in scores}
    ours = lesson.choose(records.runs(made), field)
    theirs = getattr(experiments.best(made, "sweep", {}), field)
    if len(means) == len(scores):  # else two settings are equal in both, and any order is right
        assert ours == theirs
    assert ours in values[: len(scores)]


def test_choice_prefers_accuracy_then_loss():
    scores = [[(0.5, 0.125)], [(0.75, 0.5)], [(0.75, 0.25)]]
    assert lesson.choose(records.runs(sweep("batch_size", [4, 16, 32], scores)), "batch_size") == 32


def test_confusion():
    labels = torch.tensor([0, 1, 1, 9, 9])
    made = [with_predictions("01799"), with_predictions("0119")]  # one is shorter
    counts = lesson.confusion(made, labels)
    assert counts.sum() == 9 and counts.trace() == 8
    assert counts[1, 7] == 1 and counts[1, 1] == 3 and counts[9, 9] == 3


def test_index_of_joins_all_sizes():
    groups = {
        side: data.Images(torch.zeros(2, 1, side, side), torch.zeros(2), torch.tensor(index))
        for side, index in ((32, [7, 1]), (48, [3, 0]))
    }
    assert lesson.index_of(groups).tolist() == [0, 1, 3, 7]


def test_an_accuracy_with_its_interval():
    assert lesson.with_interval([97.0, 98.0, 99.0]) == "98.00 (95.52 to 100.48)"
    assert lesson.with_interval([97.0]) == "97.00"


def test_comparison_of_two_networks():
    a, b = torch.ones(3, 400, dtype=torch.bool), torch.ones(3, 400, dtype=torch.bool)
    b[0, :40] = b[1, :36] = b[2, 1:39] = False
    effect, freedom, votes = lesson.compare(a, b)
    assert effect.mean == pytest.approx(9.5) and effect.low > 0
    assert freedom == pytest.approx(2)  # only one side varies
    assert votes[:2] == (40, 0)
    assert lesson.percent(b).tolist() == pytest.approx([90, 91, 90.5])
    table = lesson.in_table_of_differences({"one": (effect, freedom, votes)})
    assert table.loc["one", "votes"] == "40 : 0" and table.loc["one", "shown"] == "shown"


def test_near_best():
    sweep = pd.DataFrame({"percent": [99.0, 98.5, 98.0]})
    assert lesson.near_best(sweep, 0.2) == 2  # within 0.57
    assert lesson.near_best(sweep, 0.1) == 1
    assert lesson.near_best(sweep, 1.0) == 3


def test_most_frequent_mistakes():
    mistakes = torch.zeros(10, 10, dtype=torch.int64)
    mistakes[9, 4], mistakes[3, 5], mistakes[0, 1] = 7, 9, 1
    assert lesson.most_frequent(mistakes) == "3 as 5 (9), 9 as 4 (7) and 0 as 1 (1)"


def test_spreads():
    runs = pd.DataFrame(
        [(seed, epoch, float(v)) for seed, row in enumerate(((0, 0, 1, 3), (0, 0, 5, 5)))
         for epoch, v in enumerate(row, 1)],
        columns=["seed", "epoch", "percent"],
    )  # fmt: skip
    over_seeds, within, of_mean = lesson.spreads(runs)
    assert over_seeds == pytest.approx(2**0.5)  # 3 and 5
    assert within == pytest.approx(1)  # variances 2 and 0 over the last two epochs
    assert of_mean == pytest.approx(3 / 2**0.5)  # 2 and 5


def test_sides_of_the_square():
    cells = (("a", "x"), ("a", "y"), ("b", "x"))
    square = {cell: torch.full((2, 3), float(k)) for k, cell in enumerate(cells)}
    assert lesson.side(square, "a").unique().tolist() == [0.5]
    assert lesson.side(square, "x").unique().tolist() == [1]


def test_multiply_adds_of_the_fixed_network_do_not_depend_on_the_canvas():
    fixed, variable = FixedNetwork(28), VariableNetwork(5)
    expected = 9 * (28**2 * 16 + 14**2 * 16 * 32 + 7**2 * 32 * 64) + 576 * 10
    assert {lesson.multiply_adds(fixed, side) for side in (32, 64)} == {expected}
    expected = 9 * (32**2 * 16 + 16**2 * 16 * 32 + 8**2 * 32 * 5) + 5 * 10
    assert lesson.multiply_adds(variable, 32) == expected
