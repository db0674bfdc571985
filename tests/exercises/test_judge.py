"""The judge: what it lets pass, and what it says of wrong answers, whatever the exercise."""

import numpy as np
import pytest
import torch

from helpers.exercises import (
    Task,
    Unanswered,
    Wrong,
    judge,
    judge_choice,
    judge_value,
    judge_values,
)
from helpers.exercises.task import switches


def double(values, offset):
    return 2 * values + offset


VALUES = torch.arange(12.0, dtype=torch.float64).reshape(3, 4)
TASK = Task("double", double, [(VALUES, 0), (VALUES[:2] + 1, 1)], axes=("row", "column"))


def in_place(values, offset):
    return values.mul_(2).add_(offset)


def written_later(values, offset):
    raise NotImplementedError


def calls_another(values, offset):
    return written_later(values, offset)


def crashes(values, offset):
    return values[:, 9]


def crooked(values, offset):
    result = double(values, offset)
    result[:, -1] = 7
    return result


def with_graph(values, offset):
    return double(values.requires_grad_(), offset)


calls = []


def counting(values, offset):
    calls.append(1)
    return double(values, offset) + len(calls)


SAID = [
    (written_later, r"not written yet"),
    (calls_another, r"`double` calls `written_later`, which is not written yet"),
    (None, r"there is no function yet"),
    (VALUES, r"takes the function itself.*Tensor"),
    (lambda values: values, r"has to be called as `double\(values, offset\)`"),
    (lambda values, offset: None, r"returns nothing"),
    (lambda values, offset: [1, 2], r"returns a list, where a tensor"),
    (crashes, r"IndexError in the line `return values\[:, 9\]`.*\n  Called with values of shape"),
    (lambda values, offset: double(values, offset)[:-1], r"axis 0 \(row\).*One too few"),
    (lambda values, offset: double(values, offset).flatten(), r"1 axes in place of 2"),
    (lambda values, offset: double(values, offset).T, r"stand in another order"),
    (lambda values, offset: -double(values, offset), r"wrong sign"),
    (lambda values, offset: 3 * double(values, offset), r"every number is 3 times"),
    (lambda values, offset: double(values, offset) + 5, r"off by the same amount, 5"),
    (lambda values, offset: 0 * values, r"zero everywhere"),
    (lambda values, offset: double(values, offset) / 0, r"infinities"),
    (lambda values, offset: double(values, offset).flip(1), r"in reverse order along axis 1"),
    (crooked, r"only the last column is wrong"),
    (lambda values, offset: double(values, offset).T.reshape(values.shape), r"`reshape` where"),
    (lambda values, offset: double(values, offset).float(), r"torch.float32 and the input is"),
    (in_place, r"`values` is not what it was"),
    (with_graph, r"requires_grad"),
    (counting, r"two results"),
    (lambda values, offset: double(values, 0), r"It is right in 1 of 2 cases"),
]


@pytest.mark.parametrize("function, words", SAID, ids=[words[:20] for _, words in SAID])
def test_what_is_said_of_wrong_functions(function, words):
    with pytest.raises(Wrong, match=f"(?s){words}"):
        judge(function, TASK)


ODD = [
    "text",
    b"bytes",
    {"a": 1},
    {1, 2},
    object(),
    [[1, 2], [3]],
    (VALUES, VALUES),
    [None],
    range(3),
    True,
    1 + 2j,
    float("nan"),
    torch.tensor(True),
    VALUES.to(torch.complex128),
    VALUES.bool(),
    VALUES.to("meta"),
    VALUES.to_sparse(),
    VALUES[:0],
    np.array(["a"]),
    np.zeros((3, 4)),
    torch.nn.Linear(2, 2),
    lambda: 3,
]


@pytest.mark.parametrize("result", ODD, ids=lambda result: type(result).__name__)
def test_whatever_a_function_returns_the_judge_has_words(result):
    parts = Task("double", lambda a, b: (a, b), TASK.cases, parts=("first", "second"))
    number = Task("double", lambda a, b: 3, TASK.cases)
    for task in (TASK, parts, number):
        with pytest.raises(Wrong):
            judge(lambda values, offset: result, task)
    with pytest.raises(Wrong):
        judge_value(result, [[1, 2], [3, 4]], "the answer")


def test_a_right_function(capsys):
    assert judge(lambda a, b: a + a + b, TASK) is None
    assert capsys.readouterr().out == "Right: `double` gives the right result in 2 of 2 cases.\n"


def variant(values, offset, wrong=frozenset()):
    factor = 3 if "factor" in wrong else 2
    return factor * values - offset if "sign" in wrong else factor * values + offset


def test_one_mistake_and_two_are_recognised():
    words = {"factor": "that is three times.", "sign": "the offset is subtracted."}
    task = Task("double", double, TASK.cases, switches(variant, words))
    with pytest.raises(Wrong, match="that is three times.\n"):
        judge(lambda values, offset: 3 * values + offset, task)
    with pytest.raises(Wrong, match="two mistakes. First, that is three.*Second, the offset"):
        judge(lambda values, offset: 3 * values - offset, task)
    with pytest.raises(Wrong) as wrong:  # only in one of two cases: not this mistake
        judge(lambda values, offset: (2 + offset) * values + offset, task)
    assert "three times" not in str(wrong.value)


def test_parts_are_counted(capsys):
    def both(values):
        return values + 1, values - 1

    task = Task("both", both, [(VALUES,)], parts=("sum", "difference"))
    assert judge(both, task) == 2
    assert judge(lambda values: (values + 1, values), task) == 1
    assert "`both`, difference: every number is off" in capsys.readouterr().out
    with pytest.raises(Wrong, match="2 things: sum, difference"):
        judge(lambda values: values + 1, task)
    with pytest.raises(Wrong, match="(?s)both`, sum.*both`, difference"):
        judge(lambda values: (values, values), task)


def test_values_are_judged_by_name(capsys):
    expected = {"height": 3, "width": 5, "name": "conv"}
    mistakes = {"width": {"that is the height.": 3}}
    assert judge_values(expected, expected) == 3
    assert judge_values({"height": 3, "width": 3, "name": "pool"}, expected, mistakes) == 1
    said = capsys.readouterr().out
    assert "width: that is the height." in said and "name: 'pool' is not right" in said
    for nothing in (None, dict.fromkeys(expected), {"height": ...}):
        with pytest.raises(Unanswered, match="no answer yet"):
            judge_values(nothing, expected)


def test_a_choice():
    reasons = {"b": "It is too small."}
    judge_choice("a", "a", "abc", "the letter", reasons)
    for answer, words in (("b", "It is too small"), ("z", "none of"), (None, "no answer yet")):
        with pytest.raises(Wrong, match=words):
            judge_choice(answer, "a", "abc", "the letter", reasons)


def test_jupyter_shows_the_message_alone():
    assert Wrong("it is too large.")._render_traceback_() == ["Wrong: it is too large."]
