"""What the cases have in common in which a function is wrong."""

from collections.abc import Iterator, Sequence

from torch import Tensor


def in_common(names: Sequence[str], cases: Sequence[tuple], agree: Sequence[bool]) -> str | None:
    """Say what all wrong cases have and few right ones do; None when there is nothing like that.

    ``agree`` says of each case whether it is right.
    """
    if all(agree) or sum(not right for right in agree) < 2 or not any(agree):
        return None
    found = [dict(_traits(names, case)) for case in cases]
    best, least = None, sum(agree)
    for trait in found[0]:
        has = [traits.get(trait, False) for traits in found]
        extra = sum(h and right for h, right in zip(has, agree, strict=True))
        if extra < least and all(h for h, right in zip(has, agree, strict=True) if not right):
            best, least = trait, extra
    if best is None:
        return None
    return f"In all wrong cases {best}" + (", and in no other." if least == 0 else ".")


def _traits(names: Sequence[str], case: tuple) -> Iterator[tuple[str, bool]]:
    """Yield sentences about the arguments, each with whether it holds."""
    for name, value in zip(names, case, strict=False):
        if isinstance(value, Tensor) and value.ndim == 4:
            first, second = _AXES.get(name, ("image", "channel"))
            yield f"`{name}` has more than one {first}", len(value) > 1
            yield f"`{name}` has more than one {second}", value.shape[1] > 1
            yield f"`{name}` is not square", value.shape[2] != value.shape[3]
        elif isinstance(value, Tensor) and value.ndim == 2:
            yield f"`{name}` is not square", value.shape[0] != value.shape[1]
        elif isinstance(value, tuple) and len(value) == 2:
            yield f"the two numbers of `{name}` differ", value[0] != value[1]
            if name in _USUAL:
                yield f"`{name}` is not {_USUAL[name]}", any(v != _USUAL[name] for v in value)
        elif isinstance(value, int) and name in _USUAL:
            yield f"`{name}` is not {_USUAL[name]}", value != _USUAL[name]
        if name == "bias":
            yield "there is a `bias`", value is not None


_USUAL = {"stride": 1, "padding": 0, "dilation": 1}  # what a first test takes
_AXES = {"weight": ("output channel", "input channel"), "grad_output": ("image", "output channel")}
