"""nbgrader itself grades: the points, and the words that each student reads."""

import graded
import nbformat
import pytest
from graded import ASSIGNMENT, MASTER

from report import execute, exercises


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grading") / "course"
    return folder, graded.grade(folder)


def test_the_points(course):
    _, points = course
    cells = nbformat.read(MASTER, as_version=4).cells
    possible = sum(exercises.grading(cell).get("points", 0) for cell in cells)
    assert points == {
        "wrong": (0, possible),
        "half": (possible / 2, possible),
        "right": (possible, possible),
    }


@pytest.mark.parametrize(
    ("student", "words"),
    [
        ("wrong", "Wrong: `mean_backward`: the division by the number of positions is missing"),
        ("wrong", "Wrong: mean on 32: that is the mean of the four values alone"),
        ("wrong", "Wrong: `global_max`: the result has the shape (n, c, 1, 1)"),
        ("wrong", "Wrong: `receptive_field` is not written yet"),
        ("half", "Right: `mean_backward`"),
        ("half", "Wrong: `max_backward`: where several positions hold the maximum"),
        ("half", "3 of 4 parts are right"),
        ("half", "Wrong: `receptive_field`, the start: padding is counted in pixels"),
        ("right", "Right: all 3 parts"),
    ],
)
def test_the_feedback_says_what_is_wrong(course, student, words):
    text = graded.said(course[0], student)
    assert words in text
    assert "Traceback" not in text and "/helpers/" not in text
    assert student != "right" or "Wrong" not in text


def test_what_is_handed_out_is_what_nbgrader_hands_out(course):
    """``make exercises`` leaves out the gradebook alone."""
    path = course[0] / "release" / ASSIGNMENT / MASTER.name
    theirs, ours = nbformat.read(path, as_version=4), exercises.released(MASTER)
    assert execute.sources(theirs) == execute.sources(ours)
    assert [exercises.grading(cell) for cell in theirs.cells] == [
        exercises.grading(cell) for cell in ours.cells
    ]
