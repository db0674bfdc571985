"""Patterns in a wrong tensor that say what went wrong, whatever the task was."""

import itertools
import math

from torch import Tensor


def closeness(found: Tensor, expected: Tensor, atol: float) -> Tensor:
    """Say for each entry whether it is right; two infinities of one sign are, and two nan."""
    scale = expected.abs().nan_to_num(0.0, 0.0, 0.0).clamp(min=1)  # of large numbers, relative
    return (
        ((found - expected).abs() <= atol * scale)
        | (found == expected)
        | (found.isnan() & expected.isnan())
    )


def close(found: Tensor, expected: Tensor, atol: float) -> bool:
    """Say whether all entries of two tensors of one shape agree."""
    return bool(closeness(found, expected, atol).all())


def shape(found: Tensor, expected: Tensor, axes: tuple[str, ...]) -> str:
    """Say which axis has another length than expected."""
    given, needed = tuple(found.shape), tuple(expected.shape)
    if len(given) != len(needed):
        return f"the result has {len(given)} axes in place of {len(needed)}."
    if sorted(given) == sorted(needed):
        return "the lengths of the axes stand in another order. Has a transpose been forgotten?"
    wrong = [a for a, (g, n) in enumerate(zip(given, needed, strict=True)) if g != n]
    said = [
        f"axis {a}{_axis(axes, a)} has {given[a]} entries in place of {needed[a]}" for a in wrong
    ]
    off = {given[a] - needed[a] for a in wrong}
    hint = ""
    if off == {-1}:
        hint = " One too few: is the last one left out?"
    elif off == {1}:
        hint = " One too many."
    elif math.prod(given) == math.prod(needed):
        hint = " There are as many numbers as there should be; they are arranged in another way."
    return f"{', '.join(said)}.{hint}"


def _axis(axes: tuple[str, ...], number: int) -> str:
    return f" ({axes[number]})" if number < len(axes) else ""


def values(found: Tensor, expected: Tensor, axes: tuple[str, ...], atol: float) -> str:
    """Say what is remarkable about a tensor of the right shape with wrong values."""
    if bool((~found.isfinite() & expected.isfinite()).any()):
        return "the result holds infinities or values that are no numbers (nan)."
    for pattern in (_zero, _single, _factor, _shift, _moved):
        sentence = pattern(found, expected, atol)
        if sentence:
            return sentence
    if expected.ndim == 0:
        return "the number is not right."
    return (
        _places(~closeness(found, expected, atol), axes)
        or "the shape is right, the values are not."
    )


def _zero(found, expected, atol) -> str | None:
    if expected.numel() > 1 and not found.any():
        return "the result is zero everywhere. Is it ever filled, and is that what is returned?"
    return None


def _factor(found, expected, atol) -> str | None:
    known = expected.abs() > 1e-6
    if known.sum() < 1 or expected.numel() < 2 or not close(found[~known], expected[~known], 1e-6):
        return None
    factors = found[known] / expected[known]
    factor = factors.mean()
    if not close(factors, factor.expand_as(factors), 1e-7):
        return None
    if abs(factor + 1) < 1e-9:
        return "every number has the wrong sign."
    return f"every number is {factor:.4g} times what it should be."


def _shift(found, expected, atol) -> str | None:
    differences = found - expected
    if expected.numel() < 3 or not close(differences, differences.mean().expand_as(found), 1e-9):
        return None
    return f"every number is off by the same amount, {differences.mean():.4g}."


def _single(found, expected, atol) -> str | None:
    if close(found, expected, 1e-5):
        return (
            "the numbers are right to single precision only. On the way they are float32: "
            "`torch.zeros` makes float32, `input.new_zeros` keeps the type of the input."
        )
    return None


def _moved(found, expected, atol) -> str | None:
    """Find the right numbers in wrong places."""
    if expected.numel() < 4 or expected.is_complex():
        return None
    if not close(found.flatten().sort()[0], expected.flatten().sort()[0], 1e-9):
        return None
    n = expected.ndim
    for size in range(1, n + 1):
        for axes in itertools.combinations(range(n), size):
            if close(found, expected.flip(axes), 1e-9):
                which = ", ".join(map(str, axes))
                return f"the right numbers, but in reverse order along axis {which}."
    for order in itertools.permutations(range(n)):
        moved = expected.permute(order)
        if moved.shape == found.shape and close(found, moved, 1e-9):
            return f"the right numbers, but with exchanged axes, as after `permute{order}`."
        if close(found, moved.reshape(found.shape), 1e-9):
            return (
                "the right numbers in wrong places, as after a `reshape` where a `permute` or a "
                "transpose is needed first."
            )
    return "the right numbers, but in wrong places."


def _places(wrong: Tensor, axes: tuple[str, ...]) -> str | None:
    """Say where the wrong entries lie, if they lie together."""
    for axis in range(wrong.ndim):
        length = wrong.shape[axis]
        if length < 2:
            continue
        other = [a for a in range(wrong.ndim) if a != axis]
        where = (wrong.any(dim=other) if other else wrong).nonzero().flatten().tolist()
        name = axes[axis] if axis < len(axes) else f"index of axis {axis}"
        if where == [0]:
            return f"only the first {name} is wrong."
        if where == [1] and length == 2 and name not in ("row", "column"):
            return f"the first {name} is right, the other is not."
        if where == [length - 1]:
            return f"only the last {name} is wrong."
        if where == list(range(1, length)):
            return f"the first {name} is right, the others are not."
    if wrong.ndim >= 2 and min(wrong.shape[-2:]) > 2 and not wrong[..., 1:-1, 1:-1].any():
        return "right inside, wrong along the border."
    return None
