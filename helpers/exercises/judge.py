"""Judging a learner's function: right in all cases, or the words that say what is wrong."""

import traceback
from collections.abc import Callable, Sequence

from helpers.exercises.diagnosis import described, reproduced, where
from helpers.exercises.manners import manners, repeats_itself
from helpers.exercises.outcomes import Part, as_tensor, outcome, same
from helpers.exercises.task import Run, Task, run
from helpers.exercises.trouble import calls
from helpers.exercises.verdict import Unanswered, Wrong, right


def judge(function: Callable, task: Task) -> int | None:
    """Say that ``function`` is right, or raise Wrong with the reason in plain words.

    A task of several parts returns the number of right parts, and prints what is wrong with the
    others; it raises Wrong when none is right.
    """
    calls(function, task)
    runs = [run(function, case) for case in task.cases]
    _is_written(function, runs[0], task)
    repeats_itself(function, runs[0], task)
    if not task.parts:
        _judge_part(runs, Part(task, None))
        right(f"`{task.name}` gives the right result in {len(runs)} of {len(runs)} cases.")
        return None
    complaints = []
    for index in range(len(task.parts)):
        try:
            _judge_part(runs, Part(task, index))
        except Wrong as wrong:
            complaints.append(str(wrong))
    reasons = {complaint.partition(": ")[2] for complaint in complaints}
    if len(complaints) == len(task.parts) and len(reasons) == 1:  # it fails as a whole
        raise Wrong(f"`{task.name}`: {reasons.pop()}")
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


def _is_written(function: Callable, first: Run, task: Task) -> None:
    """Raise Unanswered when the function, or another one that it calls, is still to be written."""
    if not isinstance(first.error, NotImplementedError):
        return
    raised_in = traceback.extract_tb(first.error.__traceback__)[-1].name
    if raised_in != getattr(function, "__name__", raised_in):
        raise Unanswered(f"`{task.name}` calls `{raised_in}`, which is not written yet.")
    raise Unanswered(
        f"`{task.name}` is not written yet: put your code in place of the line "
        "`raise NotImplementedError()`."
    )


def _judge_part(runs: Sequence[Run], part: Part) -> None:
    task = part.task
    right_ones = [part.of(task.reference(*case)) for case in task.cases]
    found = [outcome(one, part, expected) for one, expected in zip(runs, right_ones, strict=True)]
    expected = [as_tensor(value) for value in right_ones]
    agree = [same(f, e, task.atol) for f, e in zip(found, expected, strict=True)]
    if not all(agree):
        at = agree.index(False)
        known = reproduced(found, expected, agree, part)
        sentence = known or described(found[at], expected[at], part)
        place = where(runs, found, expected, agree, part, known=known is not None)
        raise Wrong(f"{part.name}: {sentence}{place}")
    manners(runs, right_ones, part)
