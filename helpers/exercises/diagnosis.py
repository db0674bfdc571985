"""Finding the words for a wrong result: a known mistake, else a pattern, else the first entry."""

import torch
from torch import Tensor

from helpers.exercises import patterns
from helpers.exercises.outcomes import Part, as_tensor, outcome_of, same
from helpers.exercises.task import show
from helpers.exercises.traits import in_common


def reproduced(found: list, expected: list, agree: list[bool], part: Part) -> str | None:
    """Return the sentence of a mistake that leads to the same results in all cases.

    Best is one that fails in the same cases, too. Else, where one of the two fails, the other one
    has to fail or to be wrong. At least one wrong result has to be the same. Otherwise a mistake
    that is wrong in the same cases is named as a possible reason of an error, and one that gives
    the same sizes as that of a wrong size.
    """
    other = _exchanged(found, part)
    if other:
        order = ", ".join(part.task.parts)
        return f"it is the {other}. The order has to be: {order}."
    atol = 1e-4 if _single(found) else part.task.atol
    likely = hint = None
    for sentence, mistake in part.mistakes.items():
        if _excluded(mistake, found, expected, agree, part, atol):
            continue
        outcomes = [outcome_of(mistake, part, case) for case in part.task.cases]
        right = [same(o, e, part.task.atol) for o, e in zip(outcomes, expected, strict=True)]
        cases = zip(found, outcomes, agree, strict=True)
        wrong = [(f, o) for f, o, agrees in cases if not agrees]
        tensors = [pair for pair in wrong if not any(isinstance(one, str) for one in pair)]
        if right == agree and tensors and all(same(f, o, atol) for f, o in tensors):
            if all(same(f, o, atol) for f, o in wrong):
                return sentence
            likely = likely or sentence
        if hint is None and right == agree and any(agree) and isinstance(wrong[0][0], str):
            hint = f"{wrong[0][0]} A possible reason: {sentence}" if not tensors else None
        if hint is None and len(tensors) == len(wrong) and _same_sizes(found, outcomes, expected):
            hint = f"it gives the size that this mistake leads to: {sentence}"
    return likely or hint


def _excluded(mistake, found: list, expected: list, agree: list[bool], part: Part, atol) -> bool:
    """Say whether the first wrong case alone excludes a mistake, which saves the others."""
    at = agree.index(False)
    one = outcome_of(mistake, part, part.task.cases[at])
    if same(one, expected[at], part.task.atol):
        return True
    if isinstance(one, str) or isinstance(found[at], str) or same(found[at], one, atol):
        return False
    return not (found[at].shape == one.shape != expected[at].shape)


def _exchanged(found: list, part: Part) -> str | None:
    """Return the name of another part whose results stand in the place of this one's."""
    for index, name in enumerate(part.task.parts):
        if index != part.index:
            other = Part(part.task, index)
            results = [as_tensor(other.of(part.task.reference(*case))) for case in part.task.cases]
            if all(same(f, r, part.task.atol) for f, r in zip(found, results, strict=True)):
                return name
    return None


def _single(found: list) -> bool:
    """Say whether the results are rounded to single precision."""
    tensors = [f for f in found if not isinstance(f, str)]
    return all(torch.equal(f, f.float().double()) for f in tensors if not f.is_complex())


def _same_sizes(found: list, outcomes: list, expected: list) -> bool:
    """Say whether the results have the sizes of a mistake, and some of these are wrong."""
    if any(isinstance(one, str) for one in (*found, *outcomes)):
        return False
    if all(f.shape == e.shape for f, e in zip(found, expected, strict=True)):
        return False
    return all(f.shape == o.shape for f, o in zip(found, outcomes, strict=True))


def described(found, expected: Tensor, part: Part) -> str:
    """Say what is wrong with a result that no known mistake explains."""
    if isinstance(found, str):
        return found
    if found.shape != expected.shape:
        return patterns.shape(found, expected, part.task.axes)
    return patterns.values(found, expected, part.task.axes, part.task.atol)


def where(runs, found, expected, agree, part: Part, *, known: bool) -> str:
    """Name the input, the first wrong entry and how many cases are right.

    Where the mistake is not ``known``, it also says what the wrong cases have in common.
    """
    at = agree.index(False)
    lines = [f"\n  Called with {part.task.call(runs[at].arguments)}."]
    f, e = found[at], expected[at]
    if not isinstance(f, str):
        lines.append(f"  {_first_difference(f, e, part.task.atol)}")
    if any(agree):
        common = None if known else in_common(part.task.parameters, part.task.cases, agree)
        said = f"  It is right in {sum(agree)} of {len(agree)} cases."
        lines.append(f"{said} {common}" if common else said)
    return "\n".join(lines)


def _first_difference(found: Tensor, expected: Tensor, atol: float) -> str:
    """Say what was found and what was expected: in full where they are small."""
    if found.shape != expected.shape:
        return f"Expected the shape {tuple(expected.shape)}, found {tuple(found.shape)}."
    if expected.numel() <= 9:
        return f"Expected {show(expected)}, found {show(found)}."
    wrong = ~patterns.closeness(found, expected, atol)
    index = tuple(wrong.nonzero()[0].tolist())
    return (
        f"Entry {list(index)} is {show(found[index])} and should be {show(expected[index])}; "
        f"{int(wrong.sum())} of {wrong.numel()} entries are wrong."
    )
