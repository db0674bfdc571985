"""The paper: a few pages that stand alone, made of cells of the lessons as paper.md picks them.

paper.md is Markdown. A line ``{answer 1.4}`` brings the first paragraph of that answer,
``{finding 10}`` the first finding of lesson 10 and ``{finding 10 2}`` the second,
``{figure name}`` and ``{table name}`` what has this name (``{figure name 80}`` at 80 % of the width
of the text), and ``{section 13 A heading}`` what a section says. What stands before the first
heading is the abstract. Results come with the cells, so that none is typed.
"""

import io
import re
from pathlib import Path

import pypdf

from report import cells, pdf
from report.common import HERE, TITLE, ReportError, facts, read, read_text, timestamp

SOURCE = HERE / "paper.md"
SUBTITLE = "The seventeen questions of a course answered in a short report"
PAGES = 16
WORDS = 100  # in the first paragraph of an answer, at most
DIRECTIVE = re.compile(r"^\{(\w+) +(\S+)(?: +(.+))?\}$")
# Words that point at what stands beside an answer in its lesson
POINTING = re.compile(
    r"\b(?:next|following|last) (?:cell|figure|table|section)s?\b"
    r"|\b(?:figures?|tables?|cells?|rules?|stands?) (?:above|below)\b|` (?:above|below)\b"
)


def build(paths: list[Path], output: Path, profile: str, book: Path) -> None:
    """Write the paper, and ``for_site`` one with links as they are from within the site.

    ``book`` is the PDF of the lessons, beside which the paper will lie. ReportError when a part is
    missing, does not stand alone, or the paper has too many pages.
    """
    lessons = read(paths)
    content = cells.book(lessons)
    content |= {"preface": [], "paper": Picker(lessons, content).read(read_text(SOURCE))}
    opening = '#import "report.typ" as layout\n#import "paper.typ"\n#show: paper.report\n\n'
    source = pdf.written(lessons, content, output.with_suffix(""), opening)
    inputs = {"title": TITLE, "subtitle": SUBTITLE, "facts": facts(profile)}
    inputs |= {"places": places(book), "book": book.name}
    made = pdf.compiled(source, inputs | {"site": "site/"}, timestamp(paths))
    if (pages := len(pypdf.PdfReader(io.BytesIO(made)).pages)) > PAGES:
        (long := output.with_suffix("") / "too-long.pdf").write_bytes(made)
        raise ReportError(
            f"the paper has {pages} pages, and {PAGES} are allowed: shorten report/paper.md or "
            f"the first paragraphs of the answers; it is in {long}"
        )
    for_site(output).write_bytes(pdf.compiled(source, inputs | {"site": ""}, timestamp(paths)))
    output.write_bytes(made)


def for_site(paper: Path) -> Path:
    """Return where the paper is whose links are right within the site."""
    return paper.with_suffix("") / "within-the-site.pdf"


def places(book: Path) -> dict[str, int]:
    """Return the pages of a PDF's named destinations, counted from 1."""
    reader = pypdf.PdfReader(book)
    numbers = {page.indirect_reference.idnum: n for n, page in enumerate(reader.pages, start=1)}
    return {
        name: numbers[destination.page.idnum]
        for name, destination in reader.named_destinations.items()
    }


class Picker:
    """Takes cells from the lessons."""

    def __init__(self, lessons: dict, book: dict):
        """Take the notebooks by path, and what ``cells.book`` made of them."""
        self.lessons = {path.stem: notebook for path, notebook in lessons.items()}
        self.named = {
            cell["name"]: cell | {"from": lesson["name"]}
            for lesson in book["lessons"]
            for cell in lesson["cells"]
            if cell.get("name")
        }
        self.problems: list[str] = []

    def read(self, text: str) -> list[dict]:
        """Return the cells of the paper, each with the lesson that it is from."""
        found, prose, begun = [], [], 1
        for at, line in enumerate([*text.splitlines(), "{end .}"], start=1):
            if not (directive := DIRECTIVE.fullmatch(line)):
                prose.append(line)
                continue
            if "".join(prose).strip():
                found.append(self._cell("\n".join(prose), "paper", str(begun), "prose"))
            prose, begun = [], at + 1
            kind, name, more = directive.groups()
            try:
                found += self._take(kind, name, more)
            except ReportError as error:
                self.problems.append(f"paper.md, line {at}: {line}: {error}")
        if self.problems:
            raise ReportError("\n".join(self.problems))
        return found

    def _take(self, kind: str, name: str, more: str | None) -> list[dict]:
        match kind:
            case "answer":
                return self.answer(name)
            case "finding":
                return [self.finding(name, int(more or 1))]
            case "figure" | "table":
                return [self.shown(f"{kind[:3].replace('tab', 'tbl')}-{name}", kind, more)]
            case "section":
                return [self.section(name, more)]
            case "end":
                return []
        raise ReportError("write answer, finding, figure, table or section")

    def _cell(self, text: str, lesson: str, at: str, kind: str, **more) -> dict:
        cell = cells.of_text(text, lesson, at, self.problems)
        return cell | {"from": lesson, "class": kind} | more

    def answer(self, number: str) -> list[dict]:
        """Return the first paragraph of each box with the answer to a question."""
        found = []
        for name, at, text in self._boxes():
            title = re.match(r"\*\*Answer ([\d.]*\d)", text)
            if title and title[1] == number:
                first = first_paragraph(text)
                if advice := dependent(first):
                    self.problems.append(f"lesson {name}, cell {at}, answer {number}: {advice}")
                found.append(self._cell(first, name, at, "answer", number=number))
        if not found:
            raise ReportError("no lesson has this answer")
        return found

    def _boxes(self):
        """Yield lesson, number of the cell and text of every answer."""
        for name, notebook in self.lessons.items():
            for at, cell in enumerate(notebook.cells, start=1):
                if "answer" in cell.metadata.get("tags", []):
                    shown = [
                        o.get("data", {}).get("text/markdown") for o in cell.get("outputs", [])
                    ]
                    texts = [cell.source] if cell.cell_type == "markdown" else filter(None, shown)
                    yield from ((name, str(at), text) for text in texts)

    def finding(self, number: str, item: int) -> dict:
        """Return what a lesson found, the first item of its list or another one."""
        name = self._lesson(number)
        items = cells.findings(self.lessons[name])
        if len(items) < item:
            raise ReportError(f"the cells tagged finding of this lesson have {len(items)} items")
        return self._cell(items[item - 1], name, "finding", "finding")

    def shown(self, name: str, kind: str, percent: str | None) -> dict:
        """Return a figure or a table."""
        if name not in self.named:
            raise ReportError(f"no lesson has this {kind}")
        width = {"width": f"{percent}%"} if percent else {}
        cell = {key: value for key, value in self.named[name].items() if key != "said"}
        return cell | {"class": kind} | width

    def section(self, number: str, heading: str | None) -> dict:
        """Return the text of a section, without its heading."""
        name = self._lesson(number)
        for at, cell in enumerate(self.lessons[name].cells, start=1):
            parts = re.split(r"^## +(.+)\n", cell.source, flags=re.M)
            if cell.cell_type == "markdown" and heading in parts[1::2]:
                text = parts[1 + parts[1:].index(heading) + 1]
                return self._cell(text, name, str(at), "section", name=heading)
        raise ReportError("the lesson has no section with this heading")

    def _lesson(self, number: str) -> str:
        for name in self.lessons:
            if name[:2] == number:
                return name
        raise ReportError(f"there is no lesson {number}; write two digits")


def first_paragraph(text: str) -> str:
    """Return a text up to its first empty line; one within a formula is none in Markdown."""
    return re.split(r"\n[ \t]*\n", text.strip())[0]


def dependent(paragraph: str) -> str | None:
    """Return why the first paragraph of an answer does not stand alone, or None if it does."""
    words = re.sub(r"\$.*?\$|`.*?`", "x", paragraph, flags=re.S).split()
    if len(words) > WORDS:
        return f"its first paragraph has {len(words)} words, and {WORDS} are allowed; split it"
    if not re.search(r"[.?!)$`]$", paragraph):
        return "its first paragraph leads to what follows; write it so that it stands alone"
    if pointing := POINTING.search(paragraph):
        return (
            f"its first paragraph says {pointing[0]!r}, which the paper does not have; write it so "
            "that it stands alone"
        )
    return None
