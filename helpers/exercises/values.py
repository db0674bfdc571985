"""Judging values that a learner predicts or works out by hand."""

from collections.abc import Mapping, Sequence

from helpers.exercises import patterns
from helpers.exercises.judge import points
from helpers.exercises.outcomes import as_tensor
from helpers.exercises.verdict import Unanswered, Wrong, right


def judge_value(
    answer, expected, what: str, mistakes: Mapping[str, object] | None = None, *, atol=1e-6
) -> None:
    """Say that an answer is right, or raise Wrong with the reason.

    ``answer`` and ``expected`` are numbers, lists of lists of them, or tensors; ``what`` names the
    quantity. ``mistakes`` maps a sentence to the value that somebody finds who makes the mistake.
    """
    _compare(answer, expected, what, mistakes or {}, atol)
    right(f"{what}.")


def judge_values(
    answers: Mapping[str, object] | None,
    expected: Mapping[str, object],
    mistakes: Mapping[str, Mapping[str, object]] | None = None,
    *,
    atol=1e-6,
) -> int:
    """Judge several answers, given by name; return how many are right.

    Prints what is wrong with the others, and raises Wrong when none is right.
    """
    if not isinstance(answers, Mapping):
        raise Unanswered(f"there is no answer yet: a dictionary with {_named(expected)}.")
    if answers and all(answer is None or answer is ... for answer in answers.values()):
        raise Unanswered(f"there is no answer yet to {_named(expected)}.")
    complaints = []
    for name, value in expected.items():
        try:
            _compare(answers.get(name), value, name, (mistakes or {}).get(name, {}), atol)
        except Wrong as wrong:
            complaints.append(str(wrong))
    return points(len(expected), complaints)


def judge_choice(answer, expected, choices: Sequence, what: str, reasons: Mapping) -> None:
    """Judge the choice of one of several; ``reasons`` says of each wrong one why it is wrong."""
    if answer is None or answer is ...:
        raise Unanswered(f"{what}: there is no answer yet. Choose one of {_named(choices)}.")
    if answer not in choices:
        raise Wrong(f"{what}: {answer!r} is none of {_named(choices)}.")
    if answer != expected:
        raise Wrong(f"{what}: it is not {answer!r}. {reasons.get(answer, '')}".rstrip())
    right(f"{what}.")


def _compare(answer, expected, what: str, mistakes: Mapping, atol: float) -> None:
    if answer is None or answer is ...:
        raise Unanswered(f"{what}: there is no answer yet.")
    if isinstance(expected, (str, bool)):
        return _compare_exactly(answer, expected, what, mistakes)
    try:
        found = as_tensor(answer)
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"{what}: {answer!r} is no number or array of numbers.") from None
    needed = as_tensor(expected)
    if found.shape == needed.shape and patterns.close(found, needed, atol):
        return None
    for sentence, value in mistakes.items():
        wrong = as_tensor(value)
        if found.shape == wrong.shape and patterns.close(found, wrong, atol):
            raise Wrong(f"{what}: {sentence}")
    if found.shape != needed.shape:
        shapes = f"the shape is {tuple(found.shape)} and should be {tuple(needed.shape)}"
        raise Wrong(f"{what}: {shapes}: {patterns.shape(found, needed, ())}")
    if needed.ndim == 0:
        raise Wrong(f"{what}: {found.item():.6g} is not right.")
    where = patterns.values(found, needed, (), atol)
    wrong = (~patterns.closeness(found, needed, atol)).nonzero()
    index = tuple(wrong[0].tolist())
    raise Wrong(f"{what}: {where} Look at the entry {list(index)}, which is {found[index]:.6g}.")


def _compare_exactly(answer, expected, what: str, mistakes: Mapping) -> None:
    if answer == expected and isinstance(answer, type(expected)):
        return
    for sentence, value in mistakes.items():
        if answer == value:
            raise Wrong(f"{what}: {sentence}")
    raise Wrong(f"{what}: {answer!r} is not right.")


def _named(names) -> str:
    return ", ".join(f"{name!r}" for name in names)
