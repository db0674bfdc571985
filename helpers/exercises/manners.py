"""What a right result can still have: a changed input, another number type, a graph, chance."""

from collections.abc import Callable, Sequence

from torch import Tensor

from helpers.exercises import patterns
from helpers.exercises.outcomes import Part, as_tensor
from helpers.exercises.task import Run, Task, run
from helpers.exercises.verdict import Wrong


def repeats_itself(function: Callable, first: Run, task: Task) -> None:
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
    """Say whether two results are the same; of what is no array of numbers, nothing is said."""
    if isinstance(one, (tuple, list)) and isinstance(other, (tuple, list)):
        return len(one) == len(other) and all(map(_same_results, one, other))
    try:
        one, other = as_tensor(one), as_tensor(other)
    except (TypeError, ValueError, RuntimeError):
        return True
    return one.shape == other.shape and patterns.close(one, other, 1e-9)


def manners(runs: Sequence[Run], right_ones: list, part: Part) -> None:
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
        if isinstance(expected, int) and isinstance(value, float):
            raise Wrong(
                f"{part.name}: the value is right, but it is a float and a whole number is "
                "needed. `//` divides whole numbers."
            )


def _asks_gradients(one: Run) -> bool:
    return any(isinstance(a, Tensor) and a.requires_grad for a in one.arguments)
