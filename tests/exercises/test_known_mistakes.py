"""Every mistake that a check knows, when it is made, is told from all others that it knows."""

import importlib
import inspect
import pkgutil

import pytest

from helpers import exercises
from helpers.exercises import Wrong
from helpers.exercises.judge import judge


def anything(*arguments):
    """Stand in for an answer."""


def tasks() -> list:
    """Return the tasks of all checks that take a function."""
    found = []
    for info in pkgutil.iter_modules(exercises.__path__):
        module = importlib.import_module(f"helpers.exercises.{info.name}")
        with pytest.MonkeyPatch.context() as patch:
            if not hasattr(module, "judge") or module.__name__.endswith(".judge"):
                continue
            patch.setattr(module, "judge", lambda function, task, *rest: found.append(task))
            for name, check in vars(module).items():
                if name.startswith("check_") and check.__module__ == module.__name__:
                    if list(inspect.signature(check).parameters) == ["function"]:
                        check(anything)
    return found


TASKS = tasks()


def known(task) -> list[tuple]:
    of_parts = [(said, made) for own in task.mistakes_of.values() for said, made in own.items()]
    return [*task.mistakes.items(), *of_parts]


SINGLE = [
    (task, said, made)
    for task in TASKS
    for said, made in known(task)
    if not said.startswith("two mistakes.")
]


def test_there_are_many():
    assert len(TASKS) >= 20 and len(SINGLE) >= 150


@pytest.mark.parametrize(
    "task, said, made", SINGLE, ids=[f"{task.name}-{said[:30]}" for task, said, _ in SINGLE]
)
def test_a_known_mistake_is_told_from_the_others(task, said, made, capsys):
    def answer(*arguments):
        return made(*arguments)

    answer.__signature__ = inspect.signature(task.reference)
    try:
        judge(answer, task)
        message = capsys.readouterr().out
    except Wrong as wrong:
        message = f"{capsys.readouterr().out}{wrong}"
    assert said in message, f"{said}\n--- but it says ---\n{message}"
