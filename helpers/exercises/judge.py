"""Judging a learner's function: right in all cases, or the words that say what is wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from helpers.exercises import patterns
from helpers.exercises.task import Run, Task, run, show
from helpers.exercises.trouble import calls, stopped
from helpers.exercises.verdict import Unanswered, Wrong, right


def judge(function: Callable, task: Task) -> int | None:
    """Say that ``function`` is right, or raise Wrong with the reason in plain words.

    A task of several parts returns the number of right parts, and prints what is wrong with the
    others; it raises Wrong when none is right.
    """
    calls(function, task)
    runs = [run(function, case) for case in task.cases]
    _is_written(runs[0], task)
    _repeats_itself(function, runs[0], task)
    if not task.parts:
        _judge_part(function, runs, _Part(task, None))
        right(f"`{task.name}` gives the right result in {len(runs)} of {len(runs)} cases.")
        return None
    complaints = []
    for index in range(len(task.parts)):
        try:
            _judge_part(function, runs, _Part(task, index))
        except Wrong as wrong:
            complaints.append(str(wrong))
    return points(len(task.parts), complaints)


def points(parts: int, complaints: list[str]) -> int:
    """Return how many parts are right and print the complaints; raise Wrong when none is."""
    reached = parts - len(complaints)
    if reached == 0:
        raise Wrong("\n\n".join(dict.fromkeys(complaints)))
    for complaint in complaints:
        print(f"Wrong: {complaint}\n")
    if complaints:
        print(f"{reached} of {parts} parts are right.")
    else:
        right(f"all {parts} parts.")
    return reached


def _is_written(first: Run, task: Task) -> None:
    if isinstance(first.error, NotImplementedError):
        raise Unanswered(
            f"`{task.name}` is not written yet: put your code in place of the line "
            "`raise NotImplementedError()`."
        )


def _repeats_itself(function: Callable, first: Run, task: Task) -> None:
    """Raise Wrong when the same input leads to another result the second time."""
    again = run(function, task.cases[0])
    if again.error is None and first.error is None and _same_results(first.result, again.result):
        return
    if first.error is None:
        raise Wrong(
            f"`{task.name}`: called twice with the same input it gives two results. Either "
            "something random is in it, or it keeps something between the calls."
        )


def _same_results(one, other) -> bool:
    if isinstance(one, (tuple, list)) and isinstance(other, (tuple, list)):
        return len(one) == len(other) and all(map(_same_results, one, other))
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one.shape == other.shape and patterns.close(as_tensor(one), as_tensor(other), 1e-9)
    return type(one) is type(other) and (isinstance(one, Tensor) or one == other or one != one)


@dataclass(frozen=True)
class _Part:
    """One of the results of a function, or its only one."""

    task: Task
    index: int | None

    @property
    def name(self) -> str:
        what = f"`{self.task.name}`"
        return what if self.index is None else f"{what}, {self.task.parts[self.index]}"

    def of(self, result):
        """Take the part out of a result; ValueError when the result has not that many."""
        if self.index is None:
            return result
        count = len(self.task.parts)
        if not isinstance(result, (tuple, list)) or len(result) != count:
            raise ValueError(f"it has to return {count} things: {', '.join(self.task.parts)}")
        return result[self.index]


def _judge_part(function: Callable, runs: Sequence[Run], part: _Part) -> None:
    task = part.task
    right_ones = [part.of(task.reference(*case)) for case in task.cases]
    found = [_outcome(one, part, expected) for one, expected in zip(runs, right_ones, strict=True)]
    expected = [as_tensor(value) for value in right_ones]
    agree = [same(f, e, task.atol) for f, e in zip(found, expected, strict=True)]
    if not all(agree):
        at = agree.index(False)
        sentence = _reproduced(found, expected, part) or _described(
            runs[at], found[at], expected[at], part
        )
        raise Wrong(f"{part.name}: {sentence}" + _where(runs, found, expected, agree, part))
    _manners(runs, right_ones, part)


def as_tensor(value) -> Tensor:
    """Return a result as a float64 tensor (complex numbers stay complex)."""
    if not isinstance(value, Tensor):
        value = torch.as_tensor(value)
    return value.detach() if value.is_complex() else value.detach().double()


def _outcome(one: Run, part: _Part, expected) -> Tensor | str:
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


def _outcomes_of(mistake: Callable, part: _Part) -> list:
    outcomes = []
    for case in part.task.cases:
        one = run(mistake, case)
        try:
            outcomes.append("failed" if one.error else as_tensor(part.of(one.result)))
        except (TypeError, ValueError, RuntimeError):
            outcomes.append("failed")
    return outcomes


def _reproduced(found: list, expected: list, part: _Part) -> str | None:
    """Return the sentence of the first mistake that leads to the same results in all cases."""
    if all(isinstance(one, str) for one in found):
        return None
    sizes = None
    for sentence, mistake in part.task.mistakes.items():
        outcomes = _outcomes_of(mistake, part)
        atol = 1e-4 if _single(found, expected) else part.task.atol
        if all(same(f, o, atol) for f, o in zip(found, outcomes, strict=True)):
            return sentence
        if sizes is None and _same_sizes(found, outcomes, expected):
            sizes = f"it gives the size that one gets in this case: {sentence}"
    return sizes


def _single(found: list, expected: list) -> bool:
    """Say whether the results are rounded to single precision."""
    tensors = [f for f in found if not isinstance(f, str)]
    return all(torch.equal(f, f.float().double()) for f in tensors if not f.is_complex())


def _same_sizes(found: list, outcomes: list, expected: list) -> bool:
    """Say whether the results have the sizes of a mistake where these are wrong."""
    if any(isinstance(one, str) for one in (*found, *outcomes)):
        return False
    if all(f.shape == e.shape for f, e in zip(found, expected, strict=True)):
        return False
    return all(f.shape == o.shape for f, o in zip(found, outcomes, strict=True))


def _described(one: Run, found, expected: Tensor, part: _Part) -> str:
    """Say what is wrong with a result that no known mistake explains."""
    if isinstance(found, str):
        return found
    if found.shape != expected.shape:
        return patterns.shape(found, expected, part.task.axes)
    return patterns.values(found, expected, part.task.axes, part.task.atol)


def _where(runs, found, expected, agree, part: _Part) -> str:
    """Name the input, the first wrong entry and how many cases are right."""
    at = agree.index(False)
    lines = [f"\n  Called with {part.task.call(runs[at].arguments)}."]
    f, e = found[at], expected[at]
    if not isinstance(f, str):
        lines.append(f"  {first_difference(f, e, part.task.atol)}")
    if any(agree):
        lines.append(f"  It is right in {sum(agree)} of {len(agree)} cases.")
    return "\n".join(lines)


def first_difference(found: Tensor, expected: Tensor, atol: float) -> str:
    """Say what was found and what was expected: in full where they are small."""
    if max(found.numel(), expected.numel()) <= 9 or found.shape != expected.shape:
        return f"Expected {show(expected)}, found {show(found)}."
    wrong = ~patterns.closeness(found, expected, atol)
    index = tuple(wrong.nonzero()[0].tolist())
    return (
        f"Entry {list(index)} is {show(found[index])} and should be {show(expected[index])}; "
        f"{int(wrong.sum())} of {wrong.numel()} entries are wrong."
    )


def _manners(runs: Sequence[Run], right_ones: list, part: _Part) -> None:
    """Complain of what a right result can still have: a changed input, a number type, a graph."""
    task = part.task
    for one, expected in zip(runs, right_ones, strict=True):
        for position in one.changed:
            name = task.parameters[position]
            raise Wrong(
                f"{part.name}: the result is right, but `{name}` is not what it was before the "
                f"call: the function writes into its input. Write into a copy."
            )
        value = part.of(one.result)
        if isinstance(expected, Tensor) and value.dtype != expected.dtype:
            raise Wrong(
                f"{part.name}: the numbers are right, but they are {value.dtype} and the input is "
                f"{expected.dtype}. `torch.zeros` makes float32; `input.new_zeros` keeps the type."
            )
        if isinstance(value, Tensor) and value.requires_grad and not _asks_gradients(one):
            raise Wrong(
                f"{part.name}: the numbers are right, but the result is still part of autograd's "
                "graph (requires_grad). Compute it from tensors without one, or detach it."
            )
        if isinstance(expected, int) and not isinstance(value, int):
            raise Wrong(
                f"{part.name}: the value is right, but it is a {type(value).__name__}; a whole "
                f"number is needed. `//` divides whole numbers."
            )


def _asks_gradients(one: Run) -> bool:
    return any(isinstance(a, Tensor) and a.requires_grad for a in one.arguments)
