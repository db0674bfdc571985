"""Nothing that JupyterLab shows of the lessons is missing in the PDF or on the web pages."""

import re
from html.parser import HTMLParser

import nbformat
import pypdf
import pypdfium2
import pytest
from nbformat.v4 import new_code_cell, new_output
from small import LESSONS, markdown, notebook

from report import cells
from report.common import ReportError
from report.markdown import parse, split
from report.pdf import build as build_pdf

LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl"}


class Text(HTMLParser):
    """The text of a page without what is only for machines."""

    def __init__(self, page: str):
        super().__init__()
        self.parts, self.skipped = [], 0
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.skipped += tag in ("annotation", "script", "style")

    def handle_endtag(self, tag):
        self.skipped -= tag in ("annotation", "script", "style")

    def handle_data(self, data):
        if not self.skipped:
            self.parts.append(data)


def letters(text: str) -> str:
    """Return the letters of a text, as words may be broken anywhere."""
    for ligature, two in LIGATURES.items():
        text = text.replace(ligature, two)
    return re.sub(r"[^A-Za-z]", "", text).lower()


def written(source: str) -> list[str]:
    """Return the words of Markdown text that are at least four letters long."""
    found = []
    for token in parse(split(source)[0]):
        for part in token.children or []:
            if part.type in ("text", "code_inline"):
                found += re.findall(r"[A-Za-z]{4,}", part.content)
    return [word.lower() for word in found]


def first_missing(path, text: str) -> str | None:
    """Return where the first word stands that does not follow the others in a product's text."""
    text, at = letters(text), 0
    for number, cell in enumerate(nbformat.read(path, as_version=4).cells, start=1):
        if cell.cell_type == "markdown":
            for word in written(cell.source):
                at = text.find(word, at) + len(word)
                if at < len(word):
                    return f"{path.stem}, cell {number}: {word}"
    return None


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_word_is_on_the_page(book, path):
    page = (book / f"{path.stem}.html").read_text(encoding="utf-8")
    main = page[page.index("<main") : page.index("</main>")]
    assert first_missing(path, "".join(Text(main).parts)) is None


def test_every_word_is_in_print(book_pdf):
    reader, document = pypdf.PdfReader(book_pdf), pypdfium2.PdfDocument(book_pdf)
    chapters = [entry for entry in reader.outline if not isinstance(entry, list)]
    starts = [reader.get_destination_page_number(entry) for entry in chapters][1:]
    assert len(starts) == len(LESSONS) + 2
    for path, first, after in zip(LESSONS, starts, starts[1:], strict=False):
        pages = (document[number].get_textpage() for number in range(first, after))
        text = "\n".join(page.get_text_range() for page in pages)
        assert first_missing(path, text) is None


def test_a_missing_word_would_be_found(tmp_path):
    path = notebook(tmp_path / "01_lesson.ipynb", markdown("# Some title"), markdown("Some words."))
    assert first_missing(path, "Some ti-\ntle. Some more words") is None
    assert first_missing(path, "Some title. Some") == "01_lesson, cell 2: words"


def test_every_output_has_a_place():
    """What is left out on purpose is a widget, a caption for JupyterLab, or not for readers."""
    for path in LESSONS:
        lesson = nbformat.read(path, as_version=4)
        (kept,) = cells.book({path: lesson})["lessons"]
        shown = [cell for cell in kept["cells"] if cell["kind"] != "code"]
        expected = 0
        for cell in lesson.cells:
            hidden = cells.LEFT_OUT & set(cell.metadata.get("tags", []))
            expected += cell.cell_type == "markdown" and not hidden
            for output in [] if hidden else cell.get("outputs", []):
                caption = output.get("metadata", {}).get("report", {}).get("kind") == "skip"
                widget = cells.WIDGET in output.get("data", {})
                expected += not (caption or widget or output.get("text", "x").isspace())
        assert len(shown) == expected


@pytest.mark.parametrize("text", ["A sign 𓀀 without a font.", "$\\text{a} 𓀀$"])
def test_a_character_that_no_font_has_is_named_with_its_lesson(tmp_path, text):
    path = notebook(tmp_path / "01_lesson.ipynb", markdown("# Title"), markdown(text))
    with pytest.raises(ReportError, match="(?s)lesson 01_lesson.*(𓀀|13000)"):
        build_pdf([path], tmp_path / "report.pdf", "full")


def test_a_printed_character_that_no_font_has(tmp_path):
    output = new_output("stream", name="stdout", text="\U00013000\n")
    cell = new_code_cell("print()", outputs=[output])
    path = notebook(tmp_path / "01_lesson.ipynb", markdown("# Title"), cell)
    with pytest.raises(ReportError, match="(?s)lesson 01_lesson.*(𓀀|13000)"):
        build_pdf([path], tmp_path / "report.pdf", "full")
