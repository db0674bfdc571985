"""The exercises of a lesson: what their notebook says of them, as a table."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from helpers import figures, project

FOLDER = "notebooks/exercises"
KINDS = ("Fill in code", "Predict", "Find the bug", "Derive")
LEVELS = 3
_TITLE = re.compile(r"## Exercise (\d+)\.(\d+): (.+)")
_LINE = re.compile(rf"\*({'|'.join(KINDS)}) · level ([1-{LEVELS}]) of {LEVELS} · (\d+) minutes\*")


@dataclass(frozen=True)
class Exercise:
    """One exercise: its number in the lesson, and what its first two lines say."""

    lesson: int
    number: int
    title: str
    kind: str  # one of KINDS
    level: int  # from 1 to LEVELS
    minutes: int

    @property
    def name(self) -> str:
        """The number with that of the lesson: "10.2"."""
        return f"{self.lesson}.{self.number}"


def notebook(lesson: int) -> Path:
    """Return the notebook with the exercises of a lesson; FileNotFoundError if there is none."""
    found = sorted(project.path(FOLDER).glob(f"{lesson:02}_*.ipynb"))
    if not found:
        raise FileNotFoundError(
            f"lesson {lesson} has no exercises: there is no {FOLDER}/{lesson:02}_*.ipynb"
        )
    return found[0]


def read(path: Path) -> list[Exercise]:
    """Return the exercises of a notebook in their order.

    Raises ValueError, which names the cell, for one that is not written as ``## Exercise 10.2:
    Title`` with a second paragraph such as ``*Predict · level 1 of 3 · 5 minutes*``, and for
    numbers that are not those of the lesson, counted from 1.
    """
    lesson, found = int(path.name[:2]), []
    for at, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"], start=1):
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and text.startswith("## Exercise"):
            found.append(_exercise(text, f"{path.name}, cell {at}"))
            expected = (lesson, len(found))
            if (found[-1].lesson, found[-1].number) != expected:
                raise ValueError(
                    f"{path.name}, cell {at}: exercise {found[-1].name} has to be number "
                    f"{expected[0]}.{expected[1]}"
                )
    return found


def _exercise(text: str, where: str) -> Exercise:
    first, second, *_ = [*text.split("\n\n"), ""]
    title, line = _TITLE.fullmatch(first), _LINE.fullmatch(second)
    if not title or not line:
        form = f"*{' or '.join(KINDS)} · level 1 of {LEVELS} · 10 minutes*"
        expected = "## Exercise 10.2: Title" if not title else form
        raise ValueError(f"{where}: expected {expected!r}, got {(second if title else first)!r}")
    lesson, number, words = title.groups()
    kind, level, minutes = line.groups()
    return Exercise(int(lesson), int(number), words, kind, int(level), int(minutes))


def listing(lesson: int) -> None:
    """Display the exercises of a lesson as a table, and where they are."""
    path = notebook(lesson)
    rows = [(e.name, e.title, e.kind, f"{e.level}", f"{e.minutes}") for e in read(path)]
    frame = pd.DataFrame(rows, columns=["exercise", "title", "kind", "level", "minutes"])
    minutes = sum(int(row[-1]) for row in rows)
    caption = (
        f"The exercises of this lesson, about {minutes} minutes in all. Level 1 is the easiest."
    )
    figures.table(frame, f"exercises-{lesson}", caption, index=False)
    figures.text(
        f"They are in [exercises/{path.name}](exercises/{path.name}). Each is followed by a check "
        "that says what is wrong with an answer. `make exercises` writes copies without the "
        "solutions to `build/exercises/student/`."
    )
