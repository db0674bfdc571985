"""The exercises: notebooks for students and solved ones, from one source, and their list.

    exercises.py make --build build/exercises       all that `make exercises` promises
    exercises.py list                               notebooks/exercises/README.md

The source is ``notebooks/exercises/``, with the solutions, in the conventions of nbgrader; what
a student gets is what ``nbgrader generate_assignment`` makes of it.
"""

import argparse
import copy
import json
import os
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts a script's own folder first on the path, where site.py would hide Python's module.
    sys.path[0] = str(ROOT)

# jsonschema would compile a grammar of web addresses, which no notebook needs, for over a second.
sys.modules["rfc3987_syntax"] = None

import nbformat

from commands import processes
from helpers.exercises.listing import KINDS, read
from report import execute, lessons

FOLDER = ROOT / "notebooks" / "exercises"
CONFIG = FOLDER / "nbgrader_config.py"
LIST = FOLDER / "README.md"
HEADING = "## All exercises"  # of README.md; what follows is written by `list`
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
_TO_LESSONS = re.compile(r"\]\(\.\./")  # the beginning of a link


class ExerciseError(ValueError):
    """A notebook of exercises is not as it has to be; the message says what to change."""


def find(folder: Path = FOLDER) -> list[Path]:
    """Return the notebooks of exercises, in the order of their lessons."""
    return lessons.find(folder)


def grading(cell) -> dict:
    """Return what nbgrader knows of a cell."""
    return cell.metadata.get("nbgrader", {})


def check(path: Path) -> None:
    """Raise ExerciseError unless each exercise has a solution and what gives points for it.

    Code that is the solution stands between the marks, so that the student keeps the rest.
    """
    exercises, found = read(path), []
    for at, cell in enumerate(nbformat.read(path, as_version=4).cells, start=1):
        where, known = f"{path.name}, cell {at}", grading(cell)
        if cell.cell_type == "markdown" and cell.source.startswith("## Exercise"):
            found.append(set())
        if not (known.get("solution") or known.get("grade")):
            continue
        if not found:
            raise ExerciseError(f"{where}: it is graded and stands before the first exercise")
        if known.get("solution") and cell.cell_type == "code":
            if not cell.source.count(BEGIN) == cell.source.count(END) >= 1:
                raise ExerciseError(f"{where}: the solution has to stand between {BEGIN} and {END}")
        found[-1] |= {kind for kind in ("solution", "grade") if known.get(kind)}
    for exercise, has in zip(exercises, found, strict=True):
        for kind in {"solution", "grade"} - has:
            raise ExerciseError(
                f"{path.name}, exercise {exercise.name}: none of its cells has {kind!r} set "
                "to true in the metadata for nbgrader"
            )


def released(path: Path) -> nbformat.NotebookNode:
    """Return the notebook that a student gets: without solutions and outputs, checks locked.

    The steps are those of ``nbgrader generate_assignment``, all but its gradebook.
    """
    from nbgrader import preprocessors as steps
    from traitlets.config import Config

    check(path)
    notebook, resources = nbformat.read(path, as_version=4), {}
    for step in (
        *(steps.LockCells, steps.ClearSolutions, steps.ClearOutput, steps.CheckCellMetadata),
        *(steps.ComputeChecksums, steps.ClearHiddenTests, steps.ComputeChecksums),
    ):
        notebook, resources = step(config=Config()).preprocess(notebook, resources)
    return execute.cleaned(notebook)


def moved(notebook: nbformat.NotebookNode, lessons: str) -> nbformat.NotebookNode:
    """Return a notebook whose links find the lessons in the folder ``lessons``."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _TO_LESSONS.sub(f"]({lessons}/", cell.source)
    return notebook


def write(path: Path, notebook: nbformat.NotebookNode) -> None:
    """Write a notebook that is valid, or raise nbformat's ValidationError."""
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook, version=4) + "\n", encoding="utf-8")


def make(paths: list[Path], build: Path, jobs: int) -> None:
    """Write ``student/``, ``solved/`` and the course for nbgrader below ``build``.

    Notebooks that changed, or use a helper that did, are executed with their solutions. Raises
    SystemExit when one of their checks fails.
    """
    for path in paths:
        hand_out(path, build)
        source = build / "course" / "source" / path.stem / path.name
        write(source, execute.cleaned(nbformat.read(path, as_version=4)))
    shutil.copy(CONFIG, build / "course")
    work = build / "executed"
    changed = [path for path in paths if _is_outdated(path, work / "notebooks" / path.name)]
    for path in changed:
        parameters = work / "parameters" / f"{path.stem}.json"
        parameters.parent.mkdir(parents=True, exist_ok=True)
        parameters.write_text(json.dumps({"parameters": {}}), encoding="utf-8")
    execute.run(changed, work, jobs)
    for path in paths:
        solved = nbformat.read(work / "notebooks" / path.name, as_version=4)
        target = build / "solved" / path.name
        write(target, moved(execute.cleaned(solved), folder_seen_from(target.parent)))
    print(f"{build}: student/ without the solutions, solved/ with them, course/ for nbgrader")


def hand_out(path: Path, build: Path) -> None:
    """Write a student's notebook; one that somebody has worked on stays as it is."""
    target, made = build / "student" / path.name, build / "made" / path.name
    new = moved(released(path), folder_seen_from(target.parent))
    if target.is_file():
        present = nbformat.read(target, as_version=4)
        known = nbformat.read(made, as_version=4) if made.is_file() else new
        if execute.sources(present) != execute.sources(known):
            print(f"{target} was worked on and is kept; for a new one, move it away")
            return
    write(target, new)
    write(made, new)


def folder_seen_from(folder: Path) -> str:
    """Return the folder of the lessons as seen from another one."""
    return Path(os.path.relpath(FOLDER.parent, folder)).as_posix()


def _is_outdated(path: Path, copy: Path) -> bool:
    """Say whether a notebook, or a helper that it uses, is newer than its executed copy."""
    source = "\n".join(source for _, source in lessons.code(path))
    newest = max(file.stat().st_mtime for file in {path, *lessons.needed(source)})
    return not copy.is_file() or copy.stat().st_mtime < newest


def listed(paths: list[Path], text: str) -> str:
    """Return the text of ``README.md`` with the exercises of ``paths`` below its last heading."""
    every = {path: read(path) for path in paths}
    exercises = [exercise for found in every.values() for exercise in found]
    minutes = sum(exercise.minutes for exercise in exercises)
    counts = [f"{sum(e.kind == kind for e in exercises)} {kind.lower()}" for kind in KINDS]
    lines = [
        f"{len(exercises)} exercises ({', '.join(counts)}), about {minutes} minutes in all.",
        "",
        "| exercise | title | kind | level | minutes |",
        "| --- | --- | --- | --- | --- |",
    ]
    for path, found in every.items():
        for e in found:
            place = quote(f"Exercise-{e.name}:-{e.title.replace(' ', '-')}", safe="-:.,?'")
            row = [
                f"[{e.name}]({path.name}#{place})",
                e.title,
                e.kind,
                str(e.level),
                str(e.minutes),
            ]
            lines.append(f"| {' | '.join(row)} |")
    return text[: text.index(HEADING)] + HEADING + "\n\n" + "\n".join(lines) + "\n"


def main() -> None:
    """Parse the command line and run one step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=["make", "list"])
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "exercises")
    parser.add_argument("--jobs", type=int, default=None, help="notebooks at once")
    options = parser.parse_args()
    try:
        if options.step == "list":
            LIST.write_text(listed(find(), LIST.read_text("utf-8")), encoding="utf-8")
        else:
            make(find(), options.build, options.jobs or processes.count())
    except ValueError as error:
        sys.exit(f"The exercises were not made.\n{error}")


if __name__ == "__main__":
    main()
