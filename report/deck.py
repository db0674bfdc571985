"""What a lecture says beside its lesson: the text of slides, questions and notes.

A lesson's file in ``notebooks/slides/`` holds entries under a heading each::

    ## 665e2e23 · 3 minutes
    ### Title of the slide
    Text instead of the cell's, or before what a code cell shows.

    Notes: what to say, and what students get wrong.

    ## question after 665e2e23 · 4 minutes
    ### Title
    The question and the answers to choose from.

    Answer: appears one step later.

    Notes: why the wrong answers are chosen.

The name is the id of a cell. Which cells a lecture shows is said by the ``slideshow.slide_type``
of each, as JupyterLab's property inspector sets it.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from report.common import ReportError, read_text

_HEADING = re.compile(r"^## (question after )?(\S+) · (\d+) minutes?$", re.M)
TYPES = {"slide", "subslide", "fragment", "-", "skip"}


@dataclass
class Entry:
    """Text, answer and notes in Markdown, for one cell or for a question after it."""

    cell: str
    question: bool
    minutes: int
    text: str
    answer: str
    notes: str


def read(path: Path) -> list[Entry]:
    """Return the entries of a lecture's file; ReportError where it cannot be read."""
    source = read_text(path)
    found = list(_HEADING.finditer(source))
    known = {heading.start() for heading in found}
    for line in re.finditer(r"^## .*$", source, re.M):
        if line.start() not in known:
            raise ReportError(
                f"{path.name}: {line[0]!r} is not read; write '## <id of a cell> · 3 minutes' or "
                "'## question after <id of a cell> · 3 minutes'"
            )
    entries = []
    ends = [heading.start() for heading in found[1:]] + [len(source)]
    for heading, end in zip(found, ends, strict=True):
        body, _, notes = _parted(source[heading.end() : end], "Notes")
        text, _, answer = _parted(body, "Answer")
        question = bool(heading[1])
        if question and not answer:
            raise ReportError(f"{path.name}: the question after {heading[2]} has no 'Answer:'")
        if not notes:
            raise ReportError(f"{path.name}: {heading[2]} has no 'Notes:' for the speaker")
        entries.append(Entry(heading[2], question, int(heading[3]), text, answer, notes))
    return entries


def _parted(text: str, word: str) -> tuple[str, str, str]:
    before, found, after = text.partition(f"\n{word}:")
    return before.strip(), found, after.strip()


def slide_type(cell) -> str:
    """Return what JupyterLab calls the slide type of a cell; "skip" where there is none."""
    return cell.metadata.get("slideshow", {}).get("slide_type", "skip")


def check(path: Path, notebook, entries: list[Entry]) -> None:
    """Raise ReportError unless every entry has its cell, and every type is known."""
    cells = {cell.id: cell for cell in notebook.cells}
    problems = []
    for cell in notebook.cells:
        if slide_type(cell) not in TYPES:
            problems.append(
                f"cell {cell.id} has the slide type {slide_type(cell)!r}; choose one of "
                f"{', '.join(sorted(TYPES))}"
            )
    seen = set()
    for entry in entries:
        if entry.cell not in cells:
            problems.append(
                f"slides/{path.stem}.md names the cell {entry.cell}, which is not there"
            )
        elif not entry.question and slide_type(cells[entry.cell]) == "skip":
            problems.append(
                f"slides/{path.stem}.md has text for cell {entry.cell}, which has no slide type; "
                "give it one in JupyterLab's property inspector"
            )
        elif not entry.question and entry.cell in seen:
            problems.append(f"slides/{path.stem}.md has two texts for cell {entry.cell}")
        seen.add(entry.cell)
    if problems:
        raise ReportError("\n".join(f"lesson {path.stem}: {problem}" for problem in problems))
