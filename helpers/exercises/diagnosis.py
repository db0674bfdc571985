"""Finding the words for a wrong result: a known mistake, else a pattern, else the first entry."""

import torch
from torch import Tensor

from helpers.exercises import patterns
from helpers.exercises.outcomes import Part, outcomes_of, same
from helpers.exercises.task import Run, show
from helpers.exercises.traits import in_common


def reproduced(found: list, expected: list, part: Part) -> str | None:
    """Return the sentence of the first mistake that leads to the same results in all cases."""
    if all(isinstance(one, str) for one in found):
        return None
    sizes = None
    for sentence, mistake in part.mistakes.items():
        outcomes = outcomes_of(mistake, part)
        atol = 1e-4 if _single(found, expected) else part.task.atol
        if all(same(f, o, atol) for f, o in zip(found, outcomes, strict=True)):
            return sentence
        if sizes is None and _same_sizes(found, outcomes, expected):
            sizes = f"it gives the size that this mistake leads to: {sentence}"
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


def described(one: Run, found, expected: Tensor, part: Part) -> str:
    """Say what is wrong with a result that no known mistake explains."""
    if isinstance(found, str):
        return found
    if found.shape != expected.shape:
        return patterns.shape(found, expected, part.task.axes)
    return patterns.values(found, expected, part.task.axes, part.task.atol)


def where(runs, found, expected, agree, part: Part) -> str:
    """Name the input, the first wrong entry and how many cases are right."""
    at = agree.index(False)
    lines = [f"\n  Called with {part.task.call(runs[at].arguments)}."]
    f, e = found[at], expected[at]
    if not isinstance(f, str):
        lines.append(f"  {_first_difference(f, e, part.task.atol)}")
    if any(agree):
        common = in_common(part.task.parameters, part.task.cases, agree)
        said = f"  It is right in {sum(agree)} of {len(agree)} cases."
        lines.append(f"{said} {common}" if common else said)
    return "\n".join(lines)


def _first_difference(found: Tensor, expected: Tensor, atol: float) -> str:
    """Say what was found and what was expected: in full where they are small."""
    if max(found.numel(), expected.numel()) <= 9 or found.shape != expected.shape:
        return f"Expected {show(expected)}, found {show(found)}."
    wrong = ~patterns.closeness(found, expected, atol)
    index = tuple(wrong.nonzero()[0].tolist())
    return (
        f"Entry {list(index)} is {show(found[index])} and should be {show(expected[index])}; "
        f"{int(wrong.sum())} of {wrong.numel()} entries are wrong."
    )
