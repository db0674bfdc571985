"""Links and numbers in the notebooks: where they lead in JupyterLab, and in the report."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output
from small import LESSONS, ROOT, displayed, drawing, markdown, notebook, texts

from report import links
from report.common import ReportError
from report.pdf import build as build_pdf
from report.site import build as build_site


def dead(tmp_path, *sources: str) -> list[str]:
    return links.dead([notebook(tmp_path / "01_lesson.ipynb", *map(markdown, sources))])


def test_no_link_of_the_project_is_dead():
    pages = [ROOT / name for name in ("README.md", "CONTRIBUTING.md")]
    assert links.dead([*LESSONS, *pages]) == []


@pytest.mark.parametrize(
    "target",
    [
        "#A-heading-of-$x$,-`code`-and-more?".replace("`", ""),
        "#question-1.4",
        "#eq-sum",
        "#fig-curve",
        "02_other.ipynb",
        "02_other.ipynb#There",
        "a%20file.txt",
        "https://host.invalid/#x",
    ],
)
def test_places_that_jupyterlab_finds(tmp_path, target):
    caption = new_output("display_data", data={"text/markdown": '<a id="fig-curve"></a>Caption'})
    cells = [
        markdown("# A heading of $x$, `code` and *more*?"),
        markdown('<a id="question-1.4"></a>\n\n> **Question 1.4.** Why?'),
        markdown(f'<span id="eq-sum"></span>\n$$\nx\n$$\n\n[go]({target})'),
        new_code_cell("show()", outputs=[caption]),
    ]
    notebook(tmp_path / "02_other.ipynb", markdown("## There"))
    (tmp_path / "a file.txt").touch()
    assert links.dead([notebook(tmp_path / "01_lesson.ipynb", *cells)]) == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("[go](#nowhere)", "cell 1: #nowhere leads to no place"),
        ("[go](#fig-curve)", "cell 1: #fig-curve leads to no place"),
        ("# a heading\n\n[go](#A-heading)", "cell 1: #A-heading leads to no place"),
        ("# Größe\n\n[go](#Größe)", "cell 1: #Gr%C3%B6%C3%9Fe leads to no place"),
        ("[go](gone.ipynb#There)", "cell 1: gone.ipynb#There is no file"),
        ("As [@lecun1998] say", "cell 1: [@lecun1998] is shown as it is"),
        ("See [this][there]", "cell 1: [this][there] is shown as it is"),
        ('<a id="fig-a"></a>\n\n<a id="fig-a"></a>', "the place fig-a is named twice"),
    ],
)
def test_links_that_are_dead(tmp_path, source, message):
    (found,) = dead(tmp_path, source)
    assert message in found


def test_code_is_no_link(tmp_path):
    assert dead(tmp_path, "`[a](#b)` and\n\n```\n[a](#b) [@key]\n```") == []


# ------------------------------------------------------------------- in the report


def built(tmp_path, *cells) -> tuple[str, str]:
    path = notebook(tmp_path / "01_lesson.ipynb", markdown("# Title"), *cells)
    build_pdf([path], tmp_path / "report.pdf", "full")
    build_site([path], tmp_path / "site", "full")
    source = (tmp_path / "report" / "main.typ").read_text(encoding="utf-8")
    return source, (tmp_path / "site" / "01_lesson.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "question",
    [
        '<a id="question-1.4"></a>\n\n> **Question 1.4.** Why?',
        '<a id="question-1.4"></a>\n> **Question 1.4.** Why?',
        '> <a id="question-1.4"></a>**Question 1.4.** Why?',
        '> <a id="question-1.4"></a>\n> **Question 1.4.** Why?',
    ],
)
def test_a_question_has_one_place_in_both(tmp_path, question):
    answer = markdown('<a id="answer-1.4"></a>**Answer 1.4.** So.', "answer")
    source, page = built(tmp_path, markdown(f"See [1.4](#question-1.4).\n\n{question}"), answer)
    assert '#link(label("01-question-1.4"))[1.4]' in source and "<01-question-1.4>" not in source
    assert '#01-question-1.4">1.4</a>' in page
    assert page.count('id="01-question-1.4"') == page.count('id="01-answer-1.4"') == 1


def test_a_place_of_an_authors_own(tmp_path):
    text = '<a id="rule"></a>\n\nThe rule; see <a id="also"></a>this. [a](#rule) [b](#also)'
    source, page = built(tmp_path, markdown(text))
    assert source.count('#metadata(none)#label("01-rule")') == 1 and 'id="01-also"' in page
    assert '#01-rule">a</a>' in page and '#link(label("01-also"))[b]' in source


def test_a_lesson_is_called_by_its_number(tmp_path):
    text = "Lessons [01](01_lesson.ipynb), [lesson 01](01_lesson.ipynb), [it](01_lesson.ipynb)."
    _, page = built(tmp_path, markdown(text))
    assert re.findall(r">([^<]+)</a>[,.]", page) == ["1", "lesson\u00a01", "it (lesson\u00a01)"]


def test_a_citation_is_a_link_in_both(tmp_path):
    text = (
        "By [LeCun et al. 1998](https://doi.org/10.1109/5.726791) "
        "and [Loos et al. (2021)](../report/references.bib#original2021)."
    )
    source, page = built(tmp_path, markdown(text))
    assert '#link(label("ref-lecun1998"))[LeCun et al.~1998]' in source.replace(". 1", ".~1")
    assert 'href="references.html#ref-original2021">Loos et al. (2021)</a>' in page
    assert "Gradient" in "\n".join(texts(tmp_path / "report.pdf"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[there](https://doi.org/10.1109/5.726791)", "its text must name LeCun and 1998"),
        ("[A 2000](../report/references.bib#nobody2000)", "names no entry of references.bib"),
        ("By [@lecun1998].", r"\[@lecun1998\].* is not a link in JupyterLab"),
        ('<a id="question-1.5"></a> Text.', "question-1.5 stands in no such call-out"),
        ("[equation (1.2)](#eq-a)\n\n<span id='eq-a'></span>", "HTML"),
        ('<span id="eq-a"></span>\n$$x$$\n[equation (1.2)](#eq-a)', "is number 1.1"),
        ('<span id="eq-a"></span>\n$$x \\tag{1.2}$$', "the number 1.2 in JupyterLab and 1.1 in"),
    ],
)
def test_mistakes(tmp_path, text, message):
    with pytest.raises(ReportError, match=f"01_lesson, cell 2: .*{message}"):
        built(tmp_path, markdown(text))


# -------------------------------------------------------------------------- numbers


def figure(name: str, said: str):
    shown = [displayed(drawing(), "fig", name, "Bent.", "A line")]
    text = f'<a id="fig-{name}"></a>**Figure {said}.** Bent.'
    caption = {"data": {"text/markdown": text}, "metadata": {"report": {"kind": "skip"}}}
    return new_code_cell("show()", outputs=[*shown, new_output("display_data", **caption)])


def test_the_numbers_of_figures_agree(tmp_path):
    text = markdown('<span id="eq-a"></span>\n$$x \\tag{1.1}$$\n[figure 1.2](#fig-b)')
    source, page = built(tmp_path, figure("a", "1.1"), figure("b", "1.2"), text)
    assert "Figure 1.2." in page and '#layout.picture("1.2", label("fig-b")' in source


def test_other_numbers_stop_the_build(tmp_path):
    message = "01_lesson, cell 3: fig-b has the number 1.3 in JupyterLab and 1.2 in the report"
    with pytest.raises(ReportError, match=message):
        built(tmp_path, figure("a", "1.1"), figure("b", "1.3"))


def test_every_number_of_the_notebooks_is_that_of_the_site(book):
    caption = re.compile(r'<a id="((?:fig|tbl)-[^"]+)"></a>\*\*((?:Figure|Table) [\d.]+)\.\*\*')
    for path in LESSONS:
        page = (book / f"{path.stem}.html").read_text(encoding="utf-8")
        outputs = [o for c in nbformat.read(path, 4).cells for o in c.get("outputs", [])]
        shown = [o["data"].get("text/markdown", "") for o in outputs if "data" in o]
        numbers = dict(found for text in shown for found in caption.findall(text))
        labels = [o["metadata"].get("report", {}).get("label", "") for o in outputs if "data" in o]
        assert set(numbers) == {name for name in labels if name.startswith(("fig-", "tbl-"))}
        for name, number in numbers.items():
            after = page[page.index(f'id="{name}"') :]
            assert re.search(r"<strong>((?:Figure|Table) [\d.]+)\.</strong>", after)[1] == number
