"""Wrong answers get the words that they need, and right ones pass however they are written."""

import contextlib
import io
import linecache
import re

import nbformat
import pytest
from later_mistakes import FIRST_TRIES
from later_mistakes import MISTAKES as LATER
from mistakes import MISTAKES as EARLIER

from helpers.exercises import Wrong, verdict
from helpers.exercises.listing import notebook

MISTAKES = EARLIER | LATER
EVERY = [(name, *edit) for name, edits in MISTAKES.items() for edit in edits]
IDS = [f"{name}-{number}" for name, edits in MISTAKES.items() for number in range(len(edits))]


def cells_of(name: str) -> tuple[list[str], str, object]:
    """Return what comes before the solution of an exercise, the solution, and the check's cell."""
    before, found = [], None
    for cell in nbformat.read(notebook(int(name.split(".")[0])), as_version=4).cells:
        if cell.cell_type != "code":
            continue
        known = cell.metadata.get("nbgrader", {})
        if found is not None:
            return before, found, cell
        if known.get("solution") and known["grade_id"] == f"solution-{name.replace('.', '-')}":
            found = cell.source
        elif not known.get("grade"):
            before.append(cell.source)
    raise LookupError(name)


def said_of(name: str, old: str, new: str) -> tuple[str, object]:
    """Return what the check says of a solution with an edit, and the points that it returns."""
    before, solution, check = cells_of(name)
    assert solution.count(old) >= 1, f"{old!r} does not stand in the solution"
    namespace: dict = {"__name__": "answer"}
    for source in before:
        exec(source, namespace)
    answer = solution.replace(old, new, 1)
    lines = answer.splitlines(keepends=True)
    linecache.cache["answer"] = len(answer), None, lines, "answer"  # as a notebook has it
    exec(compile(answer, "answer", "exec"), namespace)
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        try:
            value = eval(check.source, namespace)
        except Wrong as wrong:
            return f"{printed.getvalue()}{wrong}", 0
    full = check.metadata["nbgrader"]["points"]
    return printed.getvalue(), full if value is None else value


@pytest.mark.parametrize("name, old, new, words", EVERY, ids=IDS)
def test_a_mistake_gets_its_words(name, old, new, words):
    said, points = said_of(name, old, new)
    assert re.search(words, said), said
    assert points < cells_of(name)[2].metadata["nbgrader"]["points"]


def test_all_exercises_have_wrong_answers_and_there_are_many():
    lessons = {name.split(".")[0] for name in MISTAKES}
    assert lessons >= {"1", "2", "3", "4", "5"}
    assert len(EVERY) >= 140


@pytest.mark.parametrize("name", MISTAKES)
def test_the_solution_itself_is_right(name):
    said, points = said_of(name, "", "")
    assert said.startswith("Right: ")
    assert points == cells_of(name)[2].metadata["nbgrader"]["points"]


def test_a_verdict_in_words():
    assert issubclass(verdict.Unanswered, Wrong)


@pytest.mark.parametrize("name", FIRST_TRIES)
def test_what_is_wrong_in_a_first_try_is_said(name, capsys):
    before, _, check = cells_of(name)
    namespace: dict = {"__name__": "answer"}
    for source in before:
        exec(source, namespace)
    namespace[re.search(r"\((\w+)\)", check.source)[1]] = namespace["first_try"]
    try:
        assert eval(check.source, namespace) < check.metadata["nbgrader"]["points"]
        said = capsys.readouterr().out
    except Wrong as wrong:
        said = str(wrong)
    assert re.search(FIRST_TRIES[name], said, flags=re.DOTALL), said
