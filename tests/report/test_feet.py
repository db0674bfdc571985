"""Pages have no large blank feet: where a figure does not fit, the text goes on before it."""

import re

import pytest
from nbformat.v4 import new_code_cell
from small import displayed, drawing, markdown, notebook, texts

from report import feet, pdf


@pytest.fixture(scope="module")
def gappy(tmp_path_factory):
    """A lesson whose tall figure does not fit on the page where it is shown."""
    folder = tmp_path_factory.mktemp("feet")
    line = "Words fill the page from its head to its foot.\n\n"
    shown = displayed(drawing(4), "fig", "tall", "The tall caption.", "A line")
    return notebook(
        folder / "01_lesson.ipynb",
        markdown("# Title\n\n" + line * 20),
        new_code_cell("show()", outputs=[shown]),
        markdown("What follows the figure.\n\n" + line * 12),
        markdown("## Another section\n\nThe end."),
    )


def made(lesson, folder, monkeypatch, passes: int):
    monkeypatch.setattr(pdf, "PASSES", passes)
    pdf.build([lesson], folder / "book.pdf", "quick")
    return folder / "book.pdf"


def test_text_fills_the_place_of_a_figure_that_does_not_fit(gappy, tmp_path, monkeypatch):
    before = made(gappy, tmp_path, monkeypatch, 1)
    assert feet.gaps(before) == [2]
    assert feet.after_gaps(before.read_bytes()) == {"fig-tall"}
    after = made(gappy, tmp_path, monkeypatch, 3)
    assert feet.gaps(after) == []
    pages = texts(after)
    assert "What follows the figure." in pages[2] and "The tall caption." in pages[3]
    text = "\n".join(pages)
    assert text.rindex("The tall caption.") < text.rindex("Another section")


def test_the_blank_part_is_measured_from_the_last_ink(gappy, tmp_path, monkeypatch):
    whole = made(gappy, tmp_path, monkeypatch, 1)
    lines = [len(re.findall("Words fill", page)) for page in texts(whole)]
    parts = feet.blank(whole)
    assert lines[2] == 20 and 0.3 < parts[2] < 0.5
    assert parts[3] < parts[2]


def test_the_book_has_few_blank_feet(book_pdf):
    """No more than the few that no figure could fill: one page in fifty."""
    pages = len(feet.blank(book_pdf))
    assert len(feet.gaps(book_pdf)) <= pages / 50
