"""The paper: what it takes from the lessons, where it links to, and what it refuses."""

import re
from pathlib import Path

import pypdf
import pytest
from small import lessons, markdown, notebook, texts

from report import paper
from report.common import HERE, ReportError

QUESTIONS = [f"{1 if n < 7 else 2 if n < 10 else 3}.{n}" for n in range(1, 18)]


def flat(pdf: Path) -> str:
    return " ".join(" ".join(texts(pdf)).split())


def links(pdf: Path) -> list[str]:
    """Return the targets of all links to somewhere else."""
    return [
        note["/A"]["/URI"]
        for page in pypdf.PdfReader(pdf).pages
        for note in page.get("/Annots", [])
        if "/URI" in note.get("/A", {})
    ]


def dead(pdf: Path, book: Path, site: Path) -> set[str]:
    """Return the links to the book and the site that lead nowhere."""
    targets = {link for link in links(pdf) if not re.match(r"https?:", link)}
    known = {f"{book.name}#nameddest={name}" for name in pypdf.PdfReader(book).named_destinations}
    for page in site.glob("*.html"):
        known |= {f"site/{page.name}#{id}" for id in re.findall(r' id="([^"]+)"', page.read_text())}
    assert any(link.startswith("site/") for link in targets)
    return targets - known


def test_it_takes_what_it_names(small_paper):
    text = flat(small_paper)
    for words in (
        "• Loops are slow. [p.",
        "• Products win. [p.",
        "1 The layer",
        "By equation (1), figure 1 and the book’s equation (3.1) of lesson 3.",
        "Figure 1 The curve bends",
        "Table 1 All layers.",
        "1.1 Questions",
        "1.1 Why loops?",
        "To be read.",
        "What is the size of",
        "See figure 1 and both",
        "LeCun, Yann",
    ):
        assert words in text
    assert "Question 1.1" not in text and "Answer 1.1" not in text
    assert "Dumoulin" not in text, "a reference that the paper does not name"


def test_every_link_has_its_place(small_paper, pdf, site):
    assert dead(small_paper, pdf, site) == set()


def test_on_the_site_pages_are_in_the_same_folder(small_paper):
    there = links(paper.for_site(small_paper))
    assert there == [link.removeprefix("site/") for link in links(small_paper)]
    assert "03_first.html#03-answer-1.2" in there


def test_the_page_of_the_book_is_told(small_paper, pages):
    answered = 1 + next(n for n, page in enumerate(pages) if "Answer 1.1" in page)
    assert f"To be read. [p. {answered}, web]" in flat(small_paper)


def test_it_is_tagged_and_has_the_same_bytes_again(small_paper, pdf, tmp_path):
    standards = pypdf.PdfReader(small_paper).trailer["/Root"]["/Metadata"].get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in standards
    again = tmp_path / "paper.pdf"
    paper.build(lessons(tmp_path / "notebooks"), again, "quick", pdf)
    assert again.read_bytes() == small_paper.read_bytes()


def build_with(text: str, tmp_path, pdf, monkeypatch, *more: Path):
    """Make a paper from another text; ``more`` are further lessons."""
    (tmp_path / "paper.md").write_text(text)
    monkeypatch.setattr(paper, "SOURCE", tmp_path / "paper.md")
    made = [*lessons(tmp_path / "notebooks"), *more]
    paper.build(made, tmp_path / "paper.pdf", "quick", pdf)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{answer 9.9}", "no lesson has this answer"),
        ("{figure no-such}", "no lesson has this figure"),
        ("{table no-such}", "no lesson has this table"),
        ("{finding 03 7}", "have 2 items"),
        ("{finding 5}", "there is no lesson 5; write two digits"),
        ("{section 07 No such}", "no section with this heading"),
        ("{picture curve}", "write answer, finding, figure, table or section"),
        ("See [this](#fig-none).", "leads nowhere"),
    ],
)
def test_what_is_missing_is_named(line, message, tmp_path, pdf, monkeypatch):
    text = paper.SOURCE.read_text() + f"\n{line}\n"
    with pytest.raises(ReportError, match=re.escape(message)) as error:
        build_with(text, tmp_path, pdf, monkeypatch)
    assert "paper.md, line" in str(error.value)


def test_every_question_is_answered(tmp_path, pdf, monkeypatch):
    text = paper.SOURCE.read_text().replace("{answer 1.2}\n", "")
    with pytest.raises(ReportError, match=r"question 1\.2 has no answer here"):
        build_with(text, tmp_path, pdf, monkeypatch)


@pytest.mark.parametrize(
    ("paragraph", "advice"),
    [
        ("It is $H$, as `f` computes. [Table](#tbl-x) has the rest.", None),
        ("It is $a + b$", None),
        ("The height is", "leads to what follows"),
        ("The height is:", "leads to what follows"),
        ("The next table has it.", "'next table'"),
        ("The cells above have it.", "'cells above'"),
        ("The network is `Network` above.", "'` above'"),
        ("It is above 98 %.", None),
        (f"It is {'so ' * 100}.", "103 words"),
    ],
)
def test_an_answer_stands_alone(paragraph, advice):
    said = paper.dependent(paragraph)
    assert said is None if advice is None else advice in said


def test_an_answer_that_does_not_is_named_with_its_lesson(tmp_path, pdf, monkeypatch):
    third = notebook(
        tmp_path / "08_third.ipynb",
        markdown("# Third\n\n> **Question 3.1.** How?"),
        markdown("**Answer 3.1.** As", "answer"),
    )
    text = paper.SOURCE.read_text() + "\n{answer 3.1}\n"
    with pytest.raises(ReportError, match="lesson 08_third, cell 2, answer 3.1: its first"):
        build_with(text, tmp_path, pdf, monkeypatch, third)


def test_a_long_paper_is_refused(tmp_path, pdf, monkeypatch):
    monkeypatch.setattr(paper, "PAGES", 0)
    with pytest.raises(ReportError, match="the paper has [12] pages, and 0 are allowed"):
        build_with(paper.SOURCE.read_text(), tmp_path, pdf, monkeypatch)
    assert not (tmp_path / "paper.pdf").exists()


def test_the_paper_of_all_lessons(whole_paper, book_pdf, book):
    """Every answer, within the pages allowed; and every link leads to its place."""
    assert dead(whole_paper, book_pdf, book) == set()
    text = flat(whole_paper)
    assert [number for number in QUESTIONS if f" {number} " not in text] == []


def test_no_result_is_typed_into_the_paper():
    text = (HERE / "paper.md").read_text()
    prose = re.sub(r"^\{.*\}$|\$\$.*?\$\$|\$.*?\$|\]\(.*?\)", "", text, flags=re.M | re.S)
    results = r"\d+\.\d{2,}|\d\.\d+(?= (?:points|times))|(?<!95)(?<!80) %|p ="
    assert re.findall(results, prose) == []
