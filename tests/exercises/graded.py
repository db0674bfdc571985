"""One assignment graded by nbgrader, from the command line, as a course does it.

    graded.py build/exercises/graded

hands out the exercises of lesson 10, hands in a wrong, a half right and a right notebook, grades
them and prints the points and what the feedback says.
"""

import csv
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

import nbformat

from commands import environment
from report import exercises

ASSIGNMENT = "10_global_pooling"
MASTER = exercises.FOLDER / f"{ASSIGNMENT}.ipynb"

MEAN = """
def mean_backward(upstream, size):
    height, width = size
    return upstream[:, :, None, None].expand(-1, -1, height, width){}
"""
# the answers of the submissions, by the grade_id of their cell; what is left out is not answered
WRONG = {
    "check-10-1": "print('Right')",  # a check that was changed is graded as it was handed out
    "solution-10-1": MEAN.format(""),
    "solution-10-2": """
def max_backward(input, upstream):
    largest = input.amax(dim=(2, 3), keepdim=True)
    return (input == largest) * upstream[:, :, None, None]
""",
    "solution-10-3": """
answers = {"mean on 32": 12 / 4, "mean on 48": 12 / 4, "mean on 64": 12 / 4, "maximum on 64": 1.25}
""",
    "solution-10-4": """
def global_max(input):
    return F.max_pool2d(input, kernel_size=input.shape[2:])
""",
}
HALF = {
    "solution-10-1": MEAN.format(" / (height * width)"),  # 1 of 1 point
    "solution-10-2": WRONG["solution-10-2"],
    # 3 of 4 points
    "solution-10-3": """
answers = {"mean on 32": 12 / 16, "mean on 48": 1 / 3, "mean on 64": 12 / 8, "maximum on 64": 5}
""",
    # 2 of 3 points
    "solution-10-5": """
def receptive_field(layers):
    size, step, start = 1, 1, 0
    for kernel_size, stride, padding in layers:
        size += (kernel_size - 1) * step
        start -= padding
        step *= stride
    return size, step, start
""",
}


def solution() -> dict[str, str]:
    """Return the answers of the master."""
    answers = {}
    for cell in nbformat.read(MASTER, as_version=4).cells:
        if exercises.grading(cell).get("solution"):
            lines = cell.source.split("\n")
            text = [line for line in lines if exercises.BEGIN not in line]
            answers[exercises.grading(cell)["grade_id"]] = "\n".join(text)
    return answers


RIGHT = solution()
# a warning is no mistake
RIGHT["solution-10-4"] = """
def global_max(input):
    warnings.warn("slower than it could be", stacklevel=2)
    return input.amax(dim=(2, 3))


import warnings
"""
SUBMISSIONS = {"wrong": WRONG, "half": HALF, "right": RIGHT}


def nbgrader(course: Path, *arguments: str) -> None:
    """Run a command of nbgrader in a course; SystemExit with what it printed if it fails."""
    with tempfile.TemporaryDirectory(prefix="grading-") as scratch:
        variables = environment.kernel(exercises.ROOT, Path(scratch), course)
        # it calls a program that is installed beside it
        variables["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), variables["PATH"]])
        command = [sys.executable, "-m", "nbgrader", *arguments]
        done = subprocess.run(command, cwd=course, env=variables, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")


def grade(course: Path) -> dict[str, tuple[float, float]]:
    """Make the course, hand out and in, grade; return points and possible points by student."""
    shutil.rmtree(course, ignore_errors=True)
    source = course / "source" / ASSIGNMENT
    source.mkdir(parents=True)
    shutil.copy(exercises.CONFIG, course)
    shutil.copy(MASTER, source)
    nbgrader(course, "generate_assignment", ASSIGNMENT)
    for student, answers in SUBMISSIONS.items():
        notebook = nbformat.read(course / "release" / ASSIGNMENT / MASTER.name, as_version=4)
        for cell in notebook.cells:
            name = exercises.grading(cell).get("grade_id")
            cell.source = answers[name].strip() if name in answers else cell.source
        exercises.write(course / "submitted" / student / ASSIGNMENT / MASTER.name, notebook)
    nbgrader(course, "autograde", ASSIGNMENT)
    nbgrader(course, "generate_feedback", ASSIGNMENT)
    nbgrader(course, "export")
    with (course / "grades.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    return {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in rows}


def feedback(course: Path, student: str) -> Path:
    """Return the page that a student gets."""
    return course / "feedback" / student / ASSIGNMENT / f"{ASSIGNMENT}.html"


def said(course: Path, student: str) -> str:
    """Return the text of a student's feedback, without its markup."""
    page = feedback(course, student).read_text(encoding="utf-8")
    page = re.sub(r"<(style|script).*?</\1>", "", page, flags=re.S)
    return html.unescape(re.sub(r"<[^>]+>", "", page))


def main(folder: str) -> None:
    """Grade in a folder and print what came of it."""
    course = Path(folder).resolve()
    for student, (points, possible) in sorted(grade(course).items()):
        print(f"\n{student}: {points:g} of {possible:g} points; {feedback(course, student)}")
        for line in re.findall(r"^\s*(?:Wrong|Right): .*", said(course, student), flags=re.M):
            print(f"  {line.strip()}")


if __name__ == "__main__":
    main(sys.argv[1])
