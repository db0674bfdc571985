"""The lectures: their sources, the plan that adds up their minutes, and the decks in a browser."""

import base64
import io
import re
from pathlib import Path

import nbformat
import pytest
from pypdf import PdfReader
from small import LESSONS

from report import deck, slides
from report.common import ReportError

SOURCES = sorted(slides.SOURCES.glob("*.md"))
MEASURE = (Path(__file__).parent / "measure.js").read_text()
NAMES = [path.stem for path in SOURCES]


@pytest.fixture(scope="session")
def decks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slides")
    slides.build(LESSONS, folder, slides.SOURCES)
    return folder


def test_every_source_belongs_to_a_lesson(decks):
    assert {path.stem for path in decks.iterdir()} == set(NAMES) <= {path.stem for path in LESSONS}
    assert {"01_naive_convolution", "02_unfolding", "03_autograd_layer"} <= set(NAMES)


def test_the_plan_adds_up_the_minutes():
    plan = (slides.SOURCES.parent / "README.md").read_text()
    planned = {
        name: int(minutes)
        for name, minutes in re.findall(r"^\| \[\d+\]\((\w+)\.ipynb\) \| (\d+) \|", plan, re.M)
    }
    assert planned == {path.stem: sum(e.minutes for e in deck.read(path)) for path in SOURCES}
    assert all(45 <= planned[name] <= 60 for name in NAMES[:3])


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_lectures_ask_and_are_short_enough(source):
    entries = deck.read(source)
    assert len(entries) <= 25
    questions = [entry for entry in entries if entry.question]
    assert len(questions) >= 2 and all(entry.minutes for entry in questions)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_code_on_slides_is_the_lesson_s(source):
    notebook = nbformat.read(slides.SOURCES.parent / f"{source.stem}.ipynb", 4)
    code = {line.strip() for cell in notebook.cells for line in cell.source.split("\n")}
    for entry in deck.read(source):
        for excerpt in re.findall(r"^```python\n(.*?)^```", entry.text, re.M | re.S):
            assert {line.strip() for line in excerpt.split("\n")} - {"", "..."} <= code


def entry_in(tmp_path, text: str) -> Path:
    path = tmp_path / "03_first.md"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("## abc\n\nNotes: x", "'## abc' is not read"),
        ("## abc · 2 minutes\n\ntext", "abc has no 'Notes:'"),
        ("## question after abc · 2 minutes\nA?\n\nNotes: x", "has no 'Answer:'"),
    ],
)
def test_a_source_that_cannot_be_read_is_explained(tmp_path, text, complaint):
    with pytest.raises(ReportError, match=re.escape(complaint)):
        deck.read(entry_in(tmp_path, text))


@pytest.mark.parametrize(
    "name, kind, complaint",
    [
        ("other", "slide", "names the cell other, which is not there"),
        ("abc", None, "cell abc, which has no slide type"),
        ("abc", "notes", "the slide type 'notes'"),
    ],
)
def test_entries_and_cells_must_agree(tmp_path, name, kind, complaint):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A", id="abc")])
    if kind:
        notebook.cells[0].metadata["slideshow"] = {"slide_type": kind}
    path = entry_in(tmp_path, f"## {name} · 2 minutes\n\nNotes: x")
    with pytest.raises(ReportError, match=re.escape(complaint)):
        deck.check(Path("03_first.ipynb"), notebook, deck.read(path))


def test_cells_of_one_slide_and_steps(tmp_path):
    new = nbformat.v4.new_markdown_cell
    cells = [new("# Title", id="a"), new("## Part\n\n1. one\n2. two\n\nso", id="b")]
    cells += [new("more", id="c"), new("not shown", id="d")]
    aligned = "$$\n\\begin{aligned} x &= 1 \\\\ &= 2 \\end{aligned}\n$$"
    cells.append(new(aligned, id="e"))
    for cell, kind in zip(cells, ("slide", "slide", "fragment", None, "slide"), strict=True):
        if kind:
            cell.metadata["slideshow"] = {"slide_type": kind}
    notebook = nbformat.v4.new_notebook(cells=cells)
    text = slides.page(Path("03_first.ipynb"), notebook, [])
    body = text[text.index('<div class="slides">') : text.index("<script>")]
    assert body.count("<section") == 3 and "not shown" not in body
    assert body.count('<li class="fragment">') == 2 and '<p class="fragment">so' in body
    assert body.count('<mtr class="fragment">') == 1 and "<h2>Part</h2>" in body


def open_deck(browser, page: Path) -> int:
    browser.open(page, width=1280)
    size = {"width": 1280, "height": 720, "deviceScaleFactor": 1, "mobile": False}
    browser("Emulation.setDeviceMetricsOverride", **size)
    browser.run("new Promise(done => Reveal.isReady() ? done() : Reveal.on('ready', done))")
    return browser.run("Reveal.getTotalSlides()")


@pytest.mark.parametrize("name", NAMES)
def test_every_slide_fits_its_screen(decks, browser, name):
    count = open_deck(browser, decks / f"{name}.html")
    assert count >= 8
    for number in range(count):
        browser.run(f"Reveal.slide({number}, 0, 99)")
        assert browser.run(MEASURE) is None, f"{name}, slide {number + 1}"
    assert not browser.complaints() and not browser.foreign()


def test_keys_and_steps(decks, browser):
    open_deck(browser, decks / "03_autograd_layer.html")

    def press(key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            code = {"ArrowRight": 39, "ArrowLeft": 37, "End": 35}[key]
            browser(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code
            )

    press("ArrowRight")
    assert browser.run("Reveal.getIndices().h") == 1
    press("ArrowLeft")
    assert browser.run("Reveal.getIndices().h") == 0
    hidden = "document.querySelectorAll('section.present .fragment:not(.visible)').length"
    browser.run("Reveal.slide(4, 0, -1)")
    steps = browser.run(hidden)
    assert steps >= 4
    press("ArrowRight")
    assert browser.run(hidden) == steps - 1 and browser.run("Reveal.getIndices().h") == 4
    assert browser.run("document.querySelector('aside.notes').checkVisibility()") is False
    assert "What to say" not in browser.run("document.body.innerText")
    assert browser.run("Reveal.getSlideNotes()").startswith("<p><strong>5 min")


def test_a_deck_prints_to_pdf(decks, browser):
    deck = decks / "01_naive_convolution.html"
    count = open_deck(browser, deck)
    browser("Page.navigate", url=deck.as_uri() + "?view=print")
    browser.wait(lambda message: message.get("method") == "Page.loadEventFired")
    laid_out = f"document.querySelectorAll('.pdf-page').length === {count}"
    look = f"const look = () => {laid_out} ? done(true) : setTimeout(look, 50); look();"
    assert browser.run(f"new Promise(done => {{ {look} }})")
    printed = browser("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"]
    pages = PdfReader(io.BytesIO(base64.b64decode(printed))).pages
    assert len(pages) == count
    assert all(page.mediabox[2:] == [960, 540] for page in pages)  # 1280×720 pixels in points
    texts = [page.extract_text() for page in pages]
    assert "One window" in texts[2] and "The middle pixel lies in all four" in " ".join(texts)
