"""What a learner's function is asked for, and what happens when it is called."""

import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class Task:
    """A function that a learner writes, with all that is needed to judge it.

    ``name`` is how the exercise calls the function, and ``reference`` a right one; the names of its
    parameters are those of the messages. ``cases`` are tuples of arguments, from simple to
    adversarial. ``mistakes`` maps a sentence to a function that makes this mistake; where the
    learner's results are those of such a function in all cases, the sentence is the diagnosis.
    ``parts`` names the results of a function that returns a tuple of them, and ``mistakes_of`` maps
    a part to its own mistakes. ``axes`` names the axes of the result, as ("image", "channel",
    "row", "column"). Results may differ by ``atol``.
    """

    name: str
    reference: Callable
    cases: Sequence[tuple]
    mistakes: Mapping[str, Callable] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()
    atol: float = 1e-9
    mistakes_of: Mapping[str, Mapping[str, Callable]] = field(default_factory=dict)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the function's arguments."""
        return tuple(inspect.signature(self.reference).parameters)

    def call(self, arguments: tuple) -> str:
        """Write a call in words, with the numbers of small tensors and the shapes of large ones."""
        shown = zip(self.parameters, arguments, strict=False)
        return ", ".join(f"{name} {show(value)}" for name, value in shown)


def show(value) -> str:
    """Write a value for a message: a tensor of up to nine numbers in full, else its shape."""
    if isinstance(value, Tensor):
        if value.numel() > 9 or value.dtype.is_complex:
            return f"of shape {tuple(value.shape)}"
        lists = value.detach().squeeze().tolist()
        return _rounded(lists)
    return getattr(value, "__name__", None) or _rounded(value)


def _rounded(value) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(show, value))}]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


@dataclass
class Run:
    """One call of a function: what it was given, what it returned or raised, what it changed."""

    arguments: tuple
    result: object = None
    error: Exception | None = None
    changed: tuple[int, ...] = ()


def run(function: Callable, arguments: tuple) -> Run:
    """Call a function with copies of the arguments and see what happens."""
    copies = [_copy(argument) for argument in arguments]
    try:
        result = function(*copies)
    except Exception as error:  # whatever goes wrong in a learner's code is material for a message
        return Run(arguments, error=error)
    changed = tuple(
        i for i, (a, b) in enumerate(zip(arguments, copies, strict=True)) if _differ(a, b)
    )
    return Run(arguments, result, changed=changed)


def _copy(value):
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    return list(value) if isinstance(value, list) else value


def _differ(before, after) -> bool:
    if isinstance(before, Tensor):
        return before.shape != after.shape or not torch.equal(before, after)
    return isinstance(before, list) and before != after


def switches(variant: Callable, words: Mapping[str, str], *, pairs: bool = True) -> dict:
    """Return the mistakes of a function that can make several of them, as for a ``Task``.

    It is called ``variant(*arguments, wrong={...})``. ``words`` maps a switch to the sentence that
    describes it. With ``pairs`` two mistakes at once are recognised as well.
    """

    def making(*wrong):
        return lambda *arguments: variant(*arguments, wrong=set(wrong))

    mistakes = {sentence: making(switch) for switch, sentence in words.items()}
    if pairs:
        for first, second in itertools.combinations(words, 2):
            sentence = f"two mistakes. First, {words[first]} Second, {words[second]}"
            mistakes[sentence] = making(first, second)
    return mistakes
