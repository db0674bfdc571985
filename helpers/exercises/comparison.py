"""Checks of the exercises of lesson 11: a paired interval, McNemar's test, a fair choice."""

import math

import torch
from scipy import stats
from torch import Tensor

from helpers.exercises.cases import random
from helpers.exercises.judge import judge
from helpers.exercises.task import Task, switches


# -------------------------------------------------------------------------- 11.1: a paired interval
def quantile(degrees: int, wrong) -> float:
    """Return how many standard errors a 95 % interval reaches to each side."""
    if "typed" in wrong:
        return 1.96
    level = 0.95 if "one side" in wrong else 0.975
    return stats.norm.ppf(level) if "normal" in wrong else stats.t.ppf(level, degrees)


def _paired_interval(a: Tensor, b: Tensor, wrong=frozenset()) -> tuple:
    n, d = len(a), a - b
    spread = d.std(correction=0 if "n" in wrong else 1)
    error = spread if "root" in wrong else spread / math.sqrt(n)
    degrees = n if "degrees" in wrong else n - 1
    if "unpaired" in wrong:
        error, degrees = ((a.var() + b.var()) / n).sqrt(), 2 * n - 2
    if "apart" in wrong:
        error = ((a.var() + b.var()) / n).sqrt()
    half = quantile(degrees, wrong) * error
    mean = -d.mean() if "sign" in wrong else d.mean()
    if "width" in wrong:
        return mean, mean - half / 2, mean + half / 2
    return mean, mean - half, mean + half


PAIRED_WORDS = {
    "unpaired": "the two lists are treated as independent. Runs with one seed belong together: "
    "take the differences first.",
    "apart": "the variances of the two lists are added up, as if they were independent. Runs with "
    "one seed belong together: take the differences first.",
    "typed": "1.96 is the quantile of the normal distribution. With few seeds it is that of the t "
    "distribution, which is larger.",
    "normal": "the quantile is that of the normal distribution. With few seeds it is that of the t "
    "distribution, which is larger.",
    "n": "the standard deviation divides by n; from a sample it divides by n - 1.",
    "degrees": "the t distribution has n - 1 degrees of freedom.",
    "root": "the standard deviation of a mean is smaller by the square root of n.",
    "one side": "the quantile belongs to one side: 95 % leave 2.5 % on each side, so it is that of "
    "0.975.",
    "sign": "the differences are taken the other way round: a - b is asked for.",
    "width": "the interval is half as wide as it should be: mean plus and minus t times the error.",
}


def check_paired_interval(function) -> int:
    """Exercise 11.1: ``paired_interval(a, b)``, the 95 % t interval of a - b; 3 points."""

    def paired_interval(a, b):
        return tuple(value.item() for value in _paired_interval(a, b))

    def percent(n, seed):
        return 98 + random(n, seed=seed) / 10 + torch.arange(n) / 7

    cases = [(percent(n, n), percent(n, n + 1) - 0.1) for n in (3, 5, 4, 10)]
    mistakes = switches(_paired_interval, PAIRED_WORDS)
    parts = ("the mean difference", "the lower end", "the upper end")
    return judge(function, Task("paired_interval", paired_interval, cases, mistakes, parts))


# ----------------------------------------------------------------------------- 11.2: McNemar's test
def _mcnemar(only_a: int, only_b: int, wrong=frozenset()) -> float:
    n, k = only_a + only_b, min(only_a, only_b)
    if "larger" in wrong:
        k = max(only_a, only_b)
    if "normal" in wrong:
        return math.erfc(abs(only_a - only_b) / math.sqrt(2 * n))
    last = k - 1 if "strict" in wrong else k
    if "point" in wrong:
        tail = math.comb(n, k) / 2**n
    else:
        tail = sum(math.comb(n, i) for i in range(last + 1)) / 2**n
    if "one side" in wrong:
        return tail
    return 2 * tail if "above 1" in wrong else min(1.0, 2 * tail)


_MCNEMAR_WORDS = {
    "one side": "that is one side only. Either network could have been the better one: both tails "
    "count, so twice as much.",
    "above 1": "a probability is at most 1: where both numbers are equal the two tails overlap.",
    "normal": "that is the approximation by the normal distribution, which small numbers do not "
    "allow. Add up the probabilities of the binomial distribution.",
    "strict": "the observed number belongs to the tail: at most k, not less than k.",
    "point": "that is the probability of this number alone. The tail holds all more extreme ones.",
    "larger": "the tail goes the wrong way: add up from 0 to the smaller of the two numbers.",
}


def check_mcnemar(function) -> None:
    """Exercise 11.2: ``mcnemar(only_a, only_b)``, the exact p value of both sides."""

    def mcnemar(only_a, only_b):
        return _mcnemar(only_a, only_b)

    cases = [(0, 3), (1, 5), (8, 2), (4, 4), (31, 50), (7, 6)]
    mistakes = switches(_mcnemar, _MCNEMAR_WORDS)
    judge(function, Task("mcnemar", mcnemar, cases, mistakes))


# --------------------------------------------------------------------------------- 11.3: the choice
def _chosen(validation: Tensor, test: Tensor, wrong=frozenset()) -> Tensor:
    best = validation.argmax()
    if "test" in wrong:
        best = test.argmax()
    if "loss" in wrong:
        best = validation.argmin()
    if "together" in wrong:
        best = (validation + test).argmax()
    if "last" in wrong:
        best = -1
    if "mean" in wrong:
        return test.mean()
    return (validation if "reported" in wrong else test)[best]


_CHOICE_WORDS = {
    "test": "the setting is chosen by its test accuracy, and the same number is reported. "
    "The test images may not choose: the best of many is partly lucky on them.",
    "reported": "the validation accuracy of the chosen setting is reported. It chose the setting, "
    "so it is too high on average.",
    "together": "the test accuracies take part in the choice.",
    "loss": "the setting with the smallest validation accuracy is taken.",
    "last": "the last setting is taken.",
    "mean": "that is the mean over all settings; only the chosen one is tested.",
}


def check_reported(function) -> None:
    """Exercise 11.3: ``reported(validation, test)``, one accuracy per setting, to one number."""

    def reported(validation, test):
        return _chosen(validation, test).item()

    def settings(n, seed):
        order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
        return 97 + order.double() / 10

    cases = [(settings(n, n), settings(n, n + 1) - 0.05) for n in (3, 6, 11, 20)]
    mistakes = switches(_chosen, _CHOICE_WORDS)
    judge(function, Task("reported", reported, cases, mistakes))
