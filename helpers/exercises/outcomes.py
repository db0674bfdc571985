"""What came out of a call, as a tensor or in words, and whether two outcomes are the same."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from helpers.exercises import patterns
from helpers.exercises.task import Run, Task, run
from helpers.exercises.trouble import stopped


@dataclass(frozen=True)
class Part:
    """One of the results of a function, or its only one."""

    task: Task
    index: int | None

    @property
    def name(self) -> str:
        """The function, and the part where there are several."""
        what = f"`{self.task.name}`"
        return what if self.index is None else f"{what}, {self.task.parts[self.index]}"

    @property
    def mistakes(self) -> dict[str, Callable]:
        """The mistakes that may be made in this part."""
        own = {} if self.index is None else self.task.mistakes_of.get(self.task.parts[self.index])
        return {**self.task.mistakes, **(own or {})}

    def of(self, result):
        """Take the part out of a result; ValueError when the result has not that many."""
        if self.index is None:
            return result
        count = len(self.task.parts)
        if not isinstance(result, (tuple, list)) or len(result) != count:
            raise ValueError(f"it has to return {count} things: {', '.join(self.task.parts)}")
        return result[self.index]


def as_tensor(value) -> Tensor:
    """Return a result as a float64 tensor (complex numbers stay complex).

    Raises TypeError, ValueError or RuntimeError for what is no array of numbers.
    """
    if not isinstance(value, Tensor):
        value = torch.as_tensor(np.asarray(value))  # which keeps the digits of a float
    if value.device.type == "meta" or value.layout != torch.strided:
        raise TypeError("a tensor without its numbers, or not all of them")
    value = value.detach().cpu()
    return value if value.is_complex() else value.double()


def outcome(one: Run, part: Part, expected) -> Tensor | str:
    """Return the result as a tensor, or in words why there is none."""
    if one.error is not None:
        return stopped(one.error)
    try:
        value = part.of(one.result)
    except ValueError as error:
        return f"{error}."
    if value is None or value is ...:
        return "it returns nothing. Is there a `return`?"
    if isinstance(expected, Tensor) and not isinstance(value, Tensor):
        return f"it returns a {type(value).__name__}, where a tensor is expected."
    if isinstance(value, bool) or isinstance(value, str):
        return f"it returns {value!r}, where a number is expected."
    try:
        return as_tensor(value)
    except (TypeError, ValueError, RuntimeError):
        return f"it returns a {type(value).__name__} that is no array of numbers."


def same(found, expected, atol: float) -> bool:
    """Say whether two outcomes agree; two that failed agree, in whatever way they failed."""
    if isinstance(found, str) or isinstance(expected, str):
        return isinstance(found, str) and isinstance(expected, str)
    return found.shape == expected.shape and patterns.close(found, expected, atol)


def outcome_of(mistake: Callable, part: Part, case: tuple) -> Tensor | str:
    """Return what a function with a known mistake gives in a case of the task."""
    one = run(mistake, case)
    try:
        return "failed" if one.error else as_tensor(part.of(one.result))
    except (TypeError, ValueError, RuntimeError):
        return "failed"
