"""Checks of the exercises of lesson 04: differences, and tests that notice mistakes."""

import math

import torch

from helpers.checks import Shape
from helpers.exercises.cases import random
from helpers.exercises.judge import judge
from helpers.exercises.mutants import CHECKS, MUTANTS, Mutant, caught, gradients, notices
from helpers.exercises.task import Task, switches
from helpers.exercises.values import judge_values
from helpers.exercises.verdict import Unanswered, Wrong, right


def cubes(tensor):
    """A loss that is not linear: differences and derivatives of it are not the same."""
    return (tensor**3).sum()


def product(tensor):
    """A loss in which every entry matters for the gradient of the others."""
    return (tensor + 2).prod()


def numerical_gradient(function, tensor, step, wrong=frozenset()):
    """Return central differences of a function of a tensor, with the mistakes named."""
    if "autograd" in wrong:
        leaf = tensor.detach().requires_grad_()
        return torch.autograd.grad(function(leaf), leaf)[0]
    gradient, moved = torch.zeros_like(tensor), tensor.clone()
    if "rows" in wrong:
        for i in range(len(tensor)):
            move = torch.zeros_like(tensor)
            move[i] = step
            gradient[i] = (function(tensor + move) - function(tensor - move)) / (2 * step)
        return gradient
    flat, entries = gradient.view(-1), moved.view(-1)
    count = 1 if "first entry" in wrong else len(flat)
    for i in range(count):
        value = entries[i].item()
        if "all entries" in wrong:
            above, below = function(tensor + step), function(tensor - step)
        else:
            entries[i] = value + step
            above = function(moved)
            entries[i] = value - step
            below = function(moved)
        if "not put back" not in wrong:
            entries[i] = value
        if "half" in wrong:
            flat[i] = (above - function(tensor)) / (2 * step)
        elif "one-sided" in wrong:
            flat[i] = (above - function(tensor)) / step
        else:
            flat[i] = (above - below) / (1 if "undivided" in wrong else 2 * step)
        flat[i] *= 2 if "twice" in wrong else 1
    return gradient


def check_numerical_gradient(function) -> None:
    """Exercise 4.1: ``numerical_gradient(function, tensor, step)``."""

    def reference(function, tensor, step):
        return numerical_gradient(function, tensor, step)

    words = {
        "autograd": "that is the exact gradient. Differences with a step of this size are not "
        "equal to it, and they are what is asked for.",
        "one-sided": "the difference is one-sided, from S to S + step. A central one goes from "
        "S - step to S + step.",
        "half": "the difference goes from S to S + step, and is divided by 2 * step. A central one "
        "goes from S - step to S + step.",
        "twice": "the two points lie 2 * step apart, so divide by 2 * step.",
        "undivided": "the difference is not divided by the distance of the two points, 2 * step.",
        "not put back": "an entry is not put back after it was moved, so the next ones are "
        "measured at another place.",
        "all entries": "all entries are moved at once. Move one, and keep the others.",
        "rows": "with a single index a whole row is moved. Every entry has to be moved alone.",
        "first entry": "only the first entry is measured.",
    }
    cases = [
        (cubes, torch.tensor([1.0, 2.0], dtype=torch.float64), 0.5),
        (product, torch.tensor([[1.0, 0.5], [-1.0, 3.0]], dtype=torch.float64), 0.25),
        (cubes, random(2, 3, 2) / 4, 0.125),
        (product, random(3) / 4, 0.5),
    ]
    mistakes = switches(numerical_gradient, words)
    judge(function, Task("numerical_gradient", reference, cases, mistakes, atol=1e-7))


# four more layers, for the exercise: what each does wrong stands there
PREDICTED = {
    "a": Mutant("bias gradient: mean", backward=gradients(of_bias={"bias mean"})),
    "b": Mutant("padding not removed", backward=gradients(of_input={"padded"})),
    "c": Mutant("upstream taken for ones", backward=gradients(of_input={"ones"})),
    "d": Mutant("strides exchanged", backward=gradients(of_weight={"stride order"})),
}


def first_check(layer) -> str:
    """Return the first of the five checks that notices a layer, or "none"."""
    return next((name for name, noticed in caught(layer).items() if noticed), "none")


def check_first_check(answers) -> int:
    """Exercise 4.2: a dictionary from "a" to "d" to the name of the first check that notices."""
    expected = {name: first_check(mutant) for name, mutant in PREDICTED.items()}
    names = [*CHECKS, "none"]
    mistakes: dict = {name: {} for name in expected}
    for name, mutant in PREDICTED.items():
        noticed = caught(mutant)
        for check in names:
            if check == expected[name]:
                continue
            if noticed.get(check):
                said = f"{check!r} notices it, but an earlier check does so too."
            else:
                said = f"{check!r} does not notice it."
            mistakes[name][said] = check
    if isinstance(answers, dict):
        for name, answer in answers.items():
            if answer is not None and answer is not ... and answer not in names:
                raise Wrong(f"{name}: {answer!r} is no check. The checks are {', '.join(names)}.")
    return judge_values(answers, expected, mistakes)


def check_shape_that_notices(shape) -> None:
    """Exercise 4.3: one ``helpers.checks.Shape`` on which every wrong layer is noticed."""
    if shape is None or shape is ...:
        raise Unanswered(
            "there is no answer yet: a `Shape(batch, in_channels, out_channels, ...)`."
        )
    if not isinstance(shape, Shape):
        raise Wrong(f"a `helpers.checks.Shape` is expected, not a {type(shape).__name__}.")
    if not all(isinstance(pair, tuple) and len(pair) == 2 for pair in shape[3:]):
        raise Wrong("size, kernel_size, stride and padding are pairs (height, width).")
    if math.prod(shape[:3]) * math.prod(shape.size) > 5000:
        raise Wrong(
            "the shape is so large that a test of every entry would be slow: make it smaller."
        )
    try:
        fails = notices(torch.nn.functional.conv2d, shape)
    except RuntimeError as error:
        raise Wrong(f"torch cannot convolve this: {str(error).splitlines()[0]}") from None
    assert not fails
    wrong = [mutant for mutant in MUTANTS if first_check(mutant) != "none"]
    missed = [mutant.name for mutant in wrong if not notices(mutant, shape)]
    if missed:
        raise Wrong(
            f"{len(wrong) - len(missed)} of {len(wrong)} layers are noticed on this shape. Not "
            f"noticed: {'; '.join(missed)}."
        )
    right(f"all {len(wrong)} wrong layers are noticed on this shape.")


def best_step(precision, loss, third):
    """Return the step for which h^2 third / 6 + precision * loss / (2 h) is smallest."""
    return (3 * precision * loss / (2 * third)) ** (1 / 3)


def check_best_step(function) -> None:
    """Exercise 4.4: ``best_step(precision, loss, third)``."""

    def reference(precision, loss, third):
        return best_step(precision, loss, third)

    mistakes = {
        "that is the step at which the two terms are equal. The sum is smallest where the "
        "derivative is zero.": lambda p, loss, t: (3 * p * loss / t) ** (1 / 3),
        "the third root is missing.": lambda p, loss, t: 3 * p * loss / (2 * t),
        "that is a square root. The derivative of the sum contains h and 1 / h^2, so h^3 is "
        "found.": lambda p, loss, t: (3 * p * loss / (2 * t)) ** 0.5,
        "the derivative of h^2 is 2 h: h third / 3.": lambda p, loss, t: (
            (3 * p * loss / t) ** (1 / 3) / 2 ** (2 / 3)
        ),
        "the square root is the rule for one-sided differences.": lambda p, loss, t: p**0.5,
        "the third root of the precision is the rule of thumb. The loss and its third derivative "
        "matter as well.": lambda p, loss, t: p ** (1 / 3),
        "the factor 1/6 of the first term is lost.": lambda p, loss, t: (
            (p * loss / (4 * t)) ** (1 / 3)
        ),
    }
    cases = [(1e-16, 1.0, 6.0), (1e-7, 1.0, 1.0), (1e-16, 8.0, 0.5), (1e-7, 20.0, 3.0)]
    judge(function, Task("best_step", reference, cases, mistakes, atol=1e-10))
