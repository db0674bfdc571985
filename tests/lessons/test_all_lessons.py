"""What holds for the text of every lesson."""

import re
from collections import Counter

import nbformat
import pytest
from lesson import NOTEBOOKS

LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_nothing_stands_twice(path):
    """Neither a heading nor a paragraph; two edits of one place can leave both versions."""
    cells = nbformat.read(path, as_version=4).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    blocks = [block.strip() for block in text.split("\n\n")]
    counted = Counter(block for block in blocks if block.startswith("#") or len(block) > 60)
    assert [block for block, times in counted.items() if times > 1] == []


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_alone_says_where_helpers_is(path):
    """The traceback of a missing helpers shows its line and those around it."""
    cells = nbformat.read(path, as_version=4).cells
    lines = [line for cell in cells if cell.cell_type == "code" for line in cell.source.split("\n")]
    first = next(i for i, line in enumerate(lines) if line.startswith("from helpers"))
    assert "beside notebooks/: see README.md" in lines[first - 1] + lines[first]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_wrong_guess_names_a_version_and_is_asserted(path):
    """The cell below the call-out fails when the library changes; the note must go then."""
    cells = nbformat.read(path, as_version=4).cells
    for cell, below in zip(cells, cells[1:], strict=False):
        for note in re.findall(r"^> \*\*A good guess is wrong here.*(?:\n>.*)*", cell.source, re.M):
            assert re.search(r"\b[A-Za-z]\w+ \d+\.\d+", note), f"names no version: {note}"
            assert below.cell_type == "code" and "hide-input" not in below.metadata.get("tags", [])
            assert re.search(r"^ *(assert |check_)", below.source, re.M), below.source
            assert len(below.source.splitlines()) <= 14, below.source
