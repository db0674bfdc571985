"""The notebooks of exercises: complete, solved, and handed out without their solutions."""

import re

import nbformat
import pytest
from answers import run
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from helpers.exercises import Wrong, listing
from helpers.exercises.listing import read
from report import exercises, links

MASTERS = exercises.find()
each = pytest.mark.parametrize("path", MASTERS, ids=lambda path: path.stem)


@each
def test_a_solved_notebook_gets_all_points(path):
    exercises.check(path)
    graded = run(nbformat.read(path, as_version=4))
    assert len(graded) == len(read(path))
    for check in graded:
        assert check.error is None, f"{check.name}: {check.error}"
        assert check.value in (None, check.points), check.name
        assert check.printed.startswith("Right: "), check.name


def solutions(path) -> list[str]:
    cells = nbformat.read(path, as_version=4).cells
    region = re.compile(f"{exercises.BEGIN}\n(.*?){exercises.END}", re.S)
    return [found for cell in cells for found in region.findall(cell.source)]


@each
def test_a_student_gets_no_solution_and_no_output(path):
    notebook = exercises.released(path)
    nbformat.validate(notebook)
    text = "\n\n".join(cell.source for cell in notebook.cells)
    assert len(solutions(path)) == len(read(path))
    given = "\n".join(  # code with a bug, most of which is right
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader")
    )
    for solution in solutions(path):
        assert solution.strip() not in text
        long = [line.strip() for line in solution.splitlines() if len(line.strip()) > 30]
        assert [line for line in long if line in text and line not in given] == []
    assert "SOLUTION" not in text and text.count("YOUR CODE HERE") == len(solutions(path))
    assert not any(cell.get("outputs") for cell in notebook.cells)
    locked = [cell for cell in notebook.cells if not cell.metadata.get("editable", True)]
    assert len(locked) == len(read(path)) + 1  # the checks, and the imports


@each
def test_every_check_asks_for_an_answer(path):
    for check in run(exercises.released(path)):
        assert isinstance(check.error, Wrong | NotImplementedError), check.name
        assert re.search("not written yet|no answer yet|no function yet", str(check.error)), check


def test_the_list_of_exercises_is_up_to_date():
    text = exercises.LIST.read_text(encoding="utf-8")
    assert text == exercises.listed(MASTERS, text), "run: python report/exercises.py list"


def test_links_of_the_exercises_lead_somewhere():
    assert links.dead([*MASTERS, exercises.LIST]) == []


@each
def test_a_lesson_shows_its_exercises(path, monkeypatch):
    shown = []
    monkeypatch.setattr("helpers.figures.display", lambda data, **_: shown.append(data))
    listing(int(path.stem[:2]))
    (table, _, text) = shown
    assert all(exercise.title in table["text/plain"] for exercise in read(path))
    assert f"(exercises/{path.name})" in text["text/markdown"]


def test_a_lesson_without_exercises_says_so():
    with pytest.raises(FileNotFoundError, match="lesson 99 has no exercises"):
        listing(99)


# ------------------------------------------------------------------------ how they are written
STATEMENT = "## Exercise 1.1: Adding\n\n*Predict · level 1 of 3 · 5 minutes*\n\nWhat is 1 + 1?"
ANSWER = f"answer = None\n{exercises.BEGIN}\nanswer = 2\n{exercises.END}"
CHECK = "assert answer == 2, 'there is no answer yet'"


def grading(name, **fields):
    known = {"schema_version": 3, "grade_id": name, "grade": False, "solution": False}
    return {"nbgrader": known | {"locked": False, "task": False} | fields}


@pytest.fixture
def small(tmp_path):
    """Return a function that writes a notebook with one exercise, a part of which is changed."""

    def write(statement=STATEMENT, answer=ANSWER, **fields):
        solution = grading("a", solution=True) | fields.pop("solution", {})
        check = grading("b", grade=True, locked=True, points=1) | fields.pop("check", {})
        cells = [
            new_markdown_cell(statement),
            new_code_cell(answer, metadata=solution),
            new_code_cell(CHECK, metadata=check),
        ]
        path = tmp_path / "01_small.ipynb"
        nbformat.write(new_notebook(cells=cells), path)
        return path

    return write


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"statement": STATEMENT.replace("1.1", "1.2")}, "exercise 1.2 has to be number 1.1"),
        ({"statement": STATEMENT.replace("1.1", "2.1")}, "exercise 2.1 has to be number 1.1"),
        ({"statement": STATEMENT.replace(": ", " ")}, "expected '## Exercise 10.2: Title'"),
        ({"statement": STATEMENT.replace("Predict", "Guess")}, "Fill in code or Predict or"),
        ({"statement": STATEMENT.replace("l 1", "l 4")}, "level 4 of 3"),
        ({"answer": "answer = 2"}, "has to stand between ### BEGIN SOLUTION and"),
        ({"answer": ANSWER + "\n" + exercises.BEGIN}, "has to stand between"),
        ({"check": {"nbgrader": {}}}, "exercise 1.1: none of its cells has 'grade' set to true"),
        ({"solution": {"nbgrader": {}}}, "none of its cells has 'solution' set to true"),
        ({"statement": "Text."}, "cell 2: it is graded and stands before the first exercise"),
    ],
)
def test_what_is_written_otherwise_is_refused(small, change, message):
    with pytest.raises(ValueError, match=re.escape(message).replace("'", ".")):
        exercises.check(small(**change))


# ---------------------------------------------------------------------------- what is made
def test_work_of_a_student_is_kept(small, tmp_path, capsys):
    path, target = small(), tmp_path / "build" / "student" / "01_small.ipynb"
    exercises.hand_out(path, tmp_path / "build")
    exercises.hand_out(small(statement=STATEMENT + " And why?"), tmp_path / "build")
    assert "And why?" in target.read_text(encoding="utf-8")  # nobody had worked on it
    worked = nbformat.read(target, as_version=4)
    worked.cells[1].source = "answer = 3"
    nbformat.write(worked, target)
    exercises.hand_out(small(), tmp_path / "build")
    assert nbformat.read(target, as_version=4).cells[1].source == "answer = 3"
    assert "was worked on and is kept" in capsys.readouterr().out


def test_links_lead_to_the_lessons_from_where_a_copy_is(small, tmp_path):
    path = small(statement=STATEMENT + "\n\n[lesson](../01_a.ipynb#Notation) [here](#x)")
    build = exercises.FOLDER.parent.parent / "build" / "some"
    assert exercises.folder_seen_from(build / "student") == "../../../notebooks"
    moved = exercises.moved(exercises.released(path), "../notebooks").cells[0].source
    assert moved.endswith("[lesson](../notebooks/01_a.ipynb#Notation) [here](#x)")


def test_everything_is_made_and_only_what_changed_is_executed(small, tmp_path, capfd):
    path, build = small(), tmp_path / "build"
    exercises.make([path], build, jobs=1)
    assert (build / "course" / "source" / "01_small" / "01_small.ipynb").is_file()
    solved = nbformat.read(build / "solved" / "01_small.ipynb", as_version=4)
    assert solved.cells[1].source == ANSWER and solved.cells[2].execution_count
    assert "Executing" in capfd.readouterr().out
    exercises.make([path], build, jobs=1)
    assert "Executing" not in capfd.readouterr().out


def test_a_wrong_solution_is_not_published(small, tmp_path):
    with pytest.raises(SystemExit, match="cell .* failed with AssertionError"):
        exercises.make([small(answer=ANSWER.replace("= 2", "= 3"))], tmp_path / "build", jobs=1)
    assert not (tmp_path / "build" / "solved").exists()
