"""The PDF, made of small lessons."""

import re

import pypdf
import pytest
from nbformat.v4 import new_code_cell
from small import displayed, drawing, lessons, markdown, notebook, texts

from report import cells
from report.common import TITLE, read
from report.pdf import build as build_pdf


def test_title_page(pages):
    for text in ("Convolutional networks", "Version", "Profile", "quick", "Machine", "torch 2"):
        assert text in pages[0]


def test_chapters_have_the_number_of_their_file(pages):
    text = "\n".join(pages)
    for words in ("Lesson 3", "3.1 The sum over", "Lesson 7", "7.1 A later section"):
        assert words in text


def test_references_are_numbered(pages):
    text = " ".join(" ".join(pages).split())
    assert (
        "By equation (3.1), figure 3.1, table 3.1 and a detail (section 7.1) of lesson 7." in text
    )
    assert (
        "Table 3.1 puts 95 % of lesson 7, by the program, at −0.5 (−1 to 0), as figure 3.1 does."
        in text
    )
    assert "The section has no number." in text
    assert "LeCun et al. 1998" in text and "Gradient-Based Learning" in text
    assert re.search(r"Figure 3\.1\s*The curve bends", text) and re.search(r"Table 3\.1", text)


def test_preface(pages, site):
    """It opens the book and the site, with what the lessons found; a part of a book has none."""
    text = " ".join(next(page for page in pages[2:] if "About this report" in page).split())
    for words in (
        "Read lesson 3 and the index first.",
        "What was found.",
        "• Loops are slow. (lesson 3) • Products win. (lesson 3)",
    ):
        assert words in text
    index = (site / "index.html").read_text()
    assert "About this report" in index and "Loops are slow." in index
    assert '<a href="questions.html#questions">index</a>' in index
    assert not (site / "preface.html").exists()


def test_a_part_of_the_lessons_has_no_preface(tmp_path):
    assert cells.book(read(lessons(tmp_path)[1:]))["preface"] == []


def test_call_outs(pages, pdf, site):
    text = "\n".join(pages)
    for title in (
        "Question 1.2",
        "Answer 1.2",
        "Derivation: the sum",
        "Check",
        "Common mistake: 18",
        "A good guess is wrong here: bytes",
    ):
        assert title in text
    signs = re.findall(r'class="sign"[^>]*>(.)<', (site / "03_first.html").read_text())
    source = (pdf.with_suffix("") / "main.typ").read_text()
    assert signs == ["?", "→", "∂", "✓", "≠", "!", "i"]
    assert re.findall(r'#layout\.callout\("\w+", "(.)"', source)[: len(signs)] == signs


def test_words_and_their_formula_stay_on_one_page(pdf):
    source = (pdf.with_suffix("") / "main.typ").read_text()
    kept = [text[:12] for text in re.findall(r"#layout\.lead-in\[\s*(.*)", source)]
    assert kept[1:] == ["Terms vanish", "See #link(la", "The #link(la"]


def test_index_of_questions_gives_the_pages(pages):
    asked = {
        n: 1 + next(i for i, p in enumerate(pages) if f"Question {n}" in p) for n in ("1.1", "1.2")
    }
    index = next(page for page in pages if page.count("Index of questions") and "Asked" in page)
    rows = " ".join(index.split())
    assert f"1.1 Why loops? {asked['1.1']} {asked['1.1']}" in rows
    assert re.search(
        rf"1\.2 \S+ comes out\. What is the size of .*\? {asked['1.2']} {asked['1.2']}", rows
    )
    assert "It matters" not in rows


def test_pages_are_counted(pages):
    assert f"Page 2 of {len(pages)}" in pages[1]


def test_print_is_free_of_plumbing_and_noise(pages):
    text = "\n".join(pages)
    assert "line 0\n" in text and "lines left out" in text and "line 59" in text
    for absent in ("line 40", "UserWarning", "[32m", "plumbing", "seed = 0", "again", "It moves"):
        assert absent not in text
    assert "convolve(x, bias=None) # as before" in " ".join(text.split())


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("x = 1  # noqa: E741", "x = 1"),
        ("x = 1  # noqa: E741, F841, kept", "x = 1  # kept"),
        (")  # fmt: skip", ")"),
        ("# fmt: off\nx = 1", "x = 1"),
        ("x = 1\n\ny = 2  # two", "x = 1\n\ny = 2  # two"),
    ],
)
def test_comments_for_linters_are_not_printed(line, printed):
    assert cells.readable(line) == printed


def test_long_lines_are_broken_with_a_mark(pages):
    lines = [line for page in pages for line in page.splitlines() if "number_" in line]
    assert len(lines) > 2 and all("↪" in line for line in lines[1:])
    assert max(map(len, lines)) <= 100


def test_pdf_is_tagged_and_described(pdf):
    reader = pypdf.PdfReader(pdf)
    catalog = reader.trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"] == "en-GB"
    assert reader.metadata.title == TITLE
    standards = catalog["/Metadata"].get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in standards
    assert "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A<" in standards
    assert "A bent curve" in alternatives(catalog)


def alternatives(catalog) -> str:
    """Return the alternative texts of the structure tree."""
    found, queue = [], [catalog["/StructTreeRoot"]]
    while queue:
        node = queue.pop().get_object()
        if isinstance(node, list):
            queue += node
        elif isinstance(node, dict):
            found.append(str(node.get("/Alt", "")))
            queue += [node["/K"]] if "/K" in node else []
    return "\n".join(found)


def test_only_a_long_table_is_torn(tmp_path):
    def table(name, rows):
        lines = [f"| {name}row{i}x | 1 |" for i in range(rows)]
        return markdown("\n".join(["| word | number |", "| --- | ---: |", *lines]))

    cells = [markdown("# Title")]
    for name in "abcdefgh":
        cells += [table(name, 14), markdown("A line.\n\n" * 4)]
    path = notebook(tmp_path / "01_lesson.ipynb", *cells, table("z", 70))
    build_pdf([path], tmp_path / "report.pdf", "quick")
    pages = texts(tmp_path / "report.pdf")
    on = {word: n for n, page in enumerate(pages) for word in re.findall(r"\w+row\d+x", page)}
    assert all(on[f"{name}row0x"] == on[f"{name}row13x"] for name in "abcdefgh")
    assert on["zrow0x"] < on["zrow69x"]


def test_figures_stay_in_their_order_and_section(tmp_path):
    """Also a tall one (4 inches): it passes no other one and no heading."""
    cells = [markdown("# Title")]
    for number, height in enumerate([2, 4, 2, 4, 4, 2, 2, 4, 2, 4], start=1):
        shown = displayed(
            drawing(height), "fig", f"number-{number}", f"Caption{number}x.", "A line"
        )
        cells += [markdown(f"## Section{number}x\n\nA line.")] if number % 2 else []
        cells += [new_code_cell("show()", outputs=[shown]), markdown("Between.\n\n" * 3)]
    build_pdf([notebook(tmp_path / "01_lesson.ipynb", *cells)], tmp_path / "r.pdf", "quick")
    pages = texts(tmp_path / "r.pdf")[2:]
    text = "\n".join("\n".join(page.splitlines()[1:]) for page in pages)  # no running heads
    captions = re.findall(r"Caption(\d+)x", text)
    assert list(map(int, captions)) == list(range(1, 11))
    for number in range(1, 11, 2):
        assert text.index(f"Section{number}x") < text.index(f"Caption{number}x")


def test_figures_are_vectors(pdf):
    images = [image for page in pypdf.PdfReader(pdf).pages for image in page.images]
    assert images == []


def test_two_folders_give_the_same_bytes(pdf, tmp_path):
    other = tmp_path / "elsewhere" / "report.pdf"
    build_pdf(lessons(tmp_path / "other"), other, "quick")
    assert other.read_bytes() == pdf.read_bytes()


def test_every_lesson_is_typeset(book_pdf):
    """Every formula, link and citation of the lessons; no chapter ends in a few lost lines."""
    reader = pypdf.PdfReader(book_pdf)
    chapters = [entry for entry in reader.outline if not isinstance(entry, list)]
    starts = {entry.title: reader.get_destination_page_number(entry) for entry in chapters}
    assert starts["About this report"] == 2, "the contents need more than one page"
    for title, start in list(starts.items())[1:]:
        lines = reader.pages[start - 1].extract_text().strip().splitlines()
        assert len(lines) >= 2 + 5, f"the page before {title!r} is nearly empty"
