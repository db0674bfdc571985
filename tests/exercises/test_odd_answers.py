"""Whatever a learner hands in, a check answers in words and stops with no error of its own."""

import contextlib
import inspect
import io

import pytest
import torch

from helpers import exercises
from helpers.exercises import (
    Wrong,
    affine,
    classifier,
    comparison,
    luck,
    pooling,
    resolution,
    without_autograd,
)

MODULES = (
    *(exercises, affine, classifier, comparison),
    *(luck, pooling, resolution, without_autograd),
)
CHECKS = {
    name: check
    for module in MODULES
    for name, check in inspect.getmembers(module, inspect.isfunction)
    if name.startswith("check_") and name != "check_equal"
}


def of(result):
    return lambda *arguments: result


ODD = {
    "nothing": None,
    "an ellipsis": ...,
    "a number": 3,
    "a word": "many",
    "a list of words": ["a", "b"],
    "a list with holes": [[1, 2], [3]],
    "a dictionary": {},
    "a dictionary of nothing": {"all": None, "limit": None},
    "a tensor": torch.zeros(2, 3),
    "an empty tensor": torch.zeros(0),
    "a type": int,
    "a function of nothing": lambda: 1,
    "a function that returns nothing": of(None),
    "a function that returns itself": lambda *arguments: arguments,
    "a function that returns words": of(["a", "b", "c"]),
    "a function that returns nan": of(torch.full((2, 2), torch.nan)),
    "a function that returns True": of(True),
    "a function that returns an empty list": of([]),
    "a function that returns indices": of([[0, 99]]),
    "a function that returns complex numbers": of(torch.zeros(3, dtype=torch.complex128)),
    "a function that stops": lambda *arguments: 1 / 0,
}


@pytest.mark.parametrize("name", CHECKS)
def test_odd_answers_are_wrong(name):
    for what, answer in ODD.items():
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            with contextlib.suppress(Wrong):
                points = CHECKS[name](answer)
                assert points is not None, f"{what} is right"
                assert "Wrong" in printed.getvalue(), what
