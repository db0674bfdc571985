"""Checks of the exercises of lesson 13: how far luck moves an accuracy, and who wins by it."""

import math

import torch
from torch import Tensor

from helpers.exercises.cases import random
from helpers.exercises.comparison import PAIRED_WORDS, quantile
from helpers.exercises.judge import judge
from helpers.exercises.task import Task, switches
from helpers.exercises.values import judge_values


# --------------------------------------------------------------------------- 13.1: a standard error
def check_standard_error(answers) -> int:
    """Exercise 13.1: how sure 98.7 % of 10,000 images is, in points; 3 points."""
    p, n = 0.987, 10_000
    error = 100 * math.sqrt(p * (1 - p) / n)
    expected = {"standard error": error, "lower end": 98.7 - 1.96 * error}
    expected["images for half of it"] = 4 * n
    mistakes = {
        "standard error": {
            "a hundred times as much is right. Points are hundredths; and the division is by the "
            "root of the number of images.": error / 100,
            "that is the variance. Take the root.": 100 * p * (1 - p) / n,
            "the number of images is missing.": 100 * math.sqrt(p * (1 - p)),
            "that is for 50 %. Near 100 % it is smaller: p * (1 - p).": 0.5,
        },
        "lower end": {
            "95 % reach 1.96 standard errors to each side, not one.": 98.7 - error,
            "that is the upper end.": 98.7 + 1.96 * error,
        },
        "images for half of it": {
            "the error falls with the root of the number: twice as many images are not enough.": 2
            * n,
            "fewer images make it larger.": n / 4,
        },
    }
    return judge_values(answers, expected, mistakes, atol=5e-4)


# ------------------------------------------------------------------------- 13.2: the winner's curse
def _winners_curse(validation: Tensor, test: Tensor, wrong=frozenset()) -> Tensor:
    axis = 0 if "axis" in wrong else 1
    best = (test if "test" in wrong else validation).argmax(axis, keepdim=True)
    chosen, tested = validation.gather(axis, best), test.gather(axis, best)
    if "both best" in wrong:
        tested = test.amax(axis, keepdim=True)
    if "others" in wrong:
        tested = test.mean(axis, keepdim=True)
    if "mean first" in wrong:
        means = validation.mean(0), test.mean(0)
        return means[0].max() - means[1][means[0].argmax()]
    gap = (chosen - tested).mean()
    return -gap if "sign" in wrong else gap


_CURSE_WORDS = {
    "both best": "the best test accuracy is looked for by itself. The winner is the setting that "
    "validation chose; read its test accuracy.",
    "test": "the winner is chosen by the test accuracies.",
    "axis": "the winner is looked for among the trials. Each trial has its own winner, among the "
    "settings.",
    "others": "that compares with the mean test accuracy of all settings, not with the winner's.",
    "mean first": "the mean over the trials is taken before the choice. In a single trial luck "
    "decides, so choose first and take the mean afterwards.",
    "sign": "the sign is wrong: validation minus test.",
}


def check_winners_curse(function) -> None:
    """Exercise 13.2: ``winners_curse(validation, test)``, both (trials, settings), to a number."""

    def winners_curse(validation, test):
        return _winners_curse(validation, test).item()

    def accuracies(trials, settings, seed):
        generator = torch.Generator().manual_seed(seed)
        return 98 + torch.randn(trials, settings, generator=generator, dtype=torch.float64)

    shapes = [(1, 3), (4, 2), (3, 6), (5, 5)]
    cases = [(accuracies(*shape, 1), accuracies(*shape, 2)) for shape in shapes]
    mistakes = switches(_winners_curse, _CURSE_WORDS)
    judge(function, Task("winners_curse", winners_curse, cases, mistakes))


# ------------------------------------------------------------------- 13.3: where the next run falls
def _next_run(values: Tensor, wrong=frozenset()) -> tuple:
    n, spread = len(values), values.std(correction=0 if "n" in wrong else 1)
    factor = math.sqrt(1 + 1 / n)
    if "mean" in wrong:
        factor = math.sqrt(1 / n)
    if "spread" in wrong:
        factor = 1
    half = quantile(n if "degrees" in wrong else n - 1, wrong) * spread * factor
    if "range" in wrong:
        return values.mean(), values.min(), values.max()
    return values.mean(), values.mean() - half, values.mean() + half


_NEXT_WORDS = {
    "mean": "that is the interval of the mean. One more run scatters around it as well: the "
    "variances add up, s^2 + s^2 / n.",
    "spread": "the mean of the runs is uncertain itself: the variances add up, s^2 + s^2 / n.",
    "typed": PAIRED_WORDS["typed"],
    "normal": PAIRED_WORDS["normal"],
    "n": PAIRED_WORDS["n"],
    "degrees": PAIRED_WORDS["degrees"],
    "one side": PAIRED_WORDS["one side"],
    "range": "that is the range of the runs seen. The next one may fall outside of it.",
}


def check_next_run(function) -> int:
    """Exercise 13.3: ``next_run(values)``, the 95 % interval for one more run; 3 points."""

    def next_run(values):
        return tuple(value.item() for value in _next_run(values))

    cases = [(98 + random(n, seed=n) / 10 + torch.arange(n) / 9,) for n in (3, 5, 4, 12)]
    mistakes = switches(_next_run, _NEXT_WORDS)
    parts = ("the mean", "the lower end", "the upper end")
    return judge(function, Task("next_run", next_run, cases, mistakes, parts))
