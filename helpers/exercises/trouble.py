"""What to say when a learner's code cannot be called, or stops with an error."""

import inspect
import traceback
from collections.abc import Callable

from helpers.exercises.task import Task
from helpers.exercises.verdict import Unanswered, Wrong


def calls(function: Callable, task: Task) -> None:
    """Raise Wrong unless ``function`` can be called as the task calls it."""
    form = f"{task.name}({', '.join(task.parameters)})"
    if function is None or function is ...:
        raise Unanswered(f"there is no function yet: write `{form}`.")
    if not callable(function):
        raise Wrong(
            f"the check takes the function itself, `{task.name}` without parentheses; it got a "
            f"{type(function).__name__}."
        )
    try:
        inspect.signature(function).bind(*task.cases[0])
    except TypeError as error:
        raise Wrong(f"`{task.name}` has to be called as `{form}`: {error}.") from None
    except ValueError:  # some built-in functions have no signature
        pass


def stopped(error: Exception) -> str:
    """Say at which line of the learner's code an error was raised, and which."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames[1:] if _is_own(frame.filename)]
    if own and own[-1].line:
        line = f" in the line `{own[-1].line.strip()}`"
    else:
        line = ""
    return f"it stops with {type(error).__name__}{line}: {first_line(error)}"


def first_line(error: Exception | None) -> str:
    """Return the first line of an error's message."""
    lines = str(error).strip().splitlines() if error is not None else []
    return lines[0].rstrip(".,") + "." if lines else "it does not say why."


def _is_own(filename: str) -> bool:
    """Say whether a file is the learner's and not one of a package."""
    return "site-packages" not in filename and "/helpers/" not in filename.replace("\\", "/")
