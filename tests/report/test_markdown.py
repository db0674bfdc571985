"""Markdown means in the report what it means in JupyterLab, or the build stops."""

import re

import pytest
from nbformat.v4 import new_code_cell, new_output
from small import markdown, notebook, texts

from report.common import ReportError
from report.markdown import mistakes, parse, split, words
from report.pdf import build as build_pdf
from report.site import build as build_site


def shown(tmp_path, *sources: str) -> tuple[str, str, str]:
    """Return the text of the PDF, its source and the page of a lesson of Markdown cells."""
    cells = [markdown("# Title"), *map(markdown, sources), markdown("Last words.")]
    path = notebook(tmp_path / "01_lesson.ipynb", *cells)
    build_pdf([path], tmp_path / "report.pdf", "full")
    build_site([path], tmp_path / "site", "full")
    text = " ".join("\n".join(texts(tmp_path / "report.pdf")[2:]).split())
    source = (tmp_path / "report" / "main.typ").read_text(encoding="utf-8")
    return text, source, (tmp_path / "site" / "01_lesson.html").read_text(encoding="utf-8")


def stop(tmp_path, *sources: str) -> str:
    """Return what the build says when it stops."""
    with pytest.raises(ReportError) as error:
        shown(tmp_path, *sources)
    return str(error.value)


# --------------------------------------------------------------------- formulas in text


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        (r"$k \times k$", r"k \times k"),
        (r"$ k \times k $", r"k \times k"),
        ("$$\nx = 1\n$$", "x = 1"),
        (r"\\(x\\)", "x"),
        (r"\\[x\\]", "x"),
        ("\\begin{align}\na &= b\n\\end{align}", "\\begin{aligned}\na &= b\n\\end{aligned}"),
        ("\\begin{equation}a\\end{equation}", "a"),
        (r"$a_{$}$", "a_{$}"),
    ],
)
def test_a_formula_is_what_jupyterlab_takes_for_one(text, tex):
    marked, formulas = split(f"Before {text} after.")
    assert marked == "Before @@0@@ after." and formulas[0]["tex"] == tex
    assert formulas[0]["source"] == text


@pytest.mark.parametrize("text", ["`$x$`", "```\n$x$\n```", "~~~\n$x$\n~~~", r"\$5", "$a\n\nb$"])
def test_no_formula(text):
    assert split(text) == (text, [])


def test_what_looks_like_a_mark_stays_text():
    assert split("@@7@@") == ("@@0@@", [{"source": "@@7@@"}])


def test_spaces_within_dollars(tmp_path):
    text, _, page = shown(tmp_path, r"A $ k \times k $ kernel, `$x$` and @@0@@.")
    assert "𝑘× 𝑘kernel" in text.replace(" ", "").replace("×", "× ") and "$x$" in text
    assert "@@0@@" in text and "@@0@@" in page and "<mo>×</mo>" in page


def test_environments_without_dollars(tmp_path):
    text, source, page = shown(tmp_path, "\\begin{align}\na &= b \\\\ c &= d\n\\end{align}")
    assert "a & = b" in source and "<mtable" in page


# ------------------------------------------------------------------- as in JupyterLab

BLOCKS = """A line
> quoted
## A heading
| one | two |
| --- | --- |
| 1 | $|x|$ |

A line
- item
  - inner

2021. was a year

---

C:\\data\\mnist holds it; a^2+b^2, x_1_ and --again and ~tilde.
"""


def test_blocks(tmp_path):
    text, source, page = shown(tmp_path, BLOCKS)
    for words_ in ("<blockquote>", "A heading</h2>", "<td", '<ol start="2021"', "<hr />"):
        assert words_ in page
    for words_ in (r"C:\data\mnist holds it; a^2+b^2, x_1_ and --again and ~tilde.", "quoted"):
        assert words_ in text
    assert "#quote(block: true)" in source and "#table(" in source and "#layout.rule" in source


def test_one_cell_affects_only_itself(tmp_path):
    text, source, page = shown(tmp_path, "```python\nx = 1", "Not *code*.", "[1]: https://a.org")
    assert "Not #emph[code]." in source and "Not <em>code</em>." in page
    assert "x = 1" in text and "Last words." in text


def test_quotes_are_those_of_print(tmp_path):
    text, _, page = shown(tmp_path, 'It\'s "so" (\'or\' "so"), the fields\' `"x"`.')
    assert "It’s “so” (‘or’ “so”), the fields’" in page and '"x"' in text


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("It costs $5.", r"cell 2: .*\n  a dollar belongs to no formula"),
        ("$a\n\nb$", r"cell 2: '\$a'\n  a dollar belongs"),
        (r"See \eqref{a}.", r"cell 2: .*\n  \\eqref is outside a formula"),
        (r"The \nabla of it.", r"cell 2: .*\n  \\nabla is outside"),
        ("a ~b~ c", r"cell 2: .*\n  JupyterLab strikes ~b~ out"),
        ("> **Correction 3.** x", r"cell 2: .*\*\*Correction 3.\*\*, which is no kind of call-out"),
        ("**$a$**b", r"cell 2: .*\n  \*\* is shown as text"),
        ("an `open word", r"cell 2: .*\n  ` is shown as text"),
        ("##Heading", "cell 2: '##Heading'\n  ## is meant as a mark"),
        (":::note\ntext\n:::", "cell 2: ':::note'\n  ::: is meant as a mark"),
        ("| a | b |\n| 1 | 2 |", r"cell 2: .*\n  \| is meant as a mark"),
        ("- [ ] open", r"cell 2: .*\n  \[ \] is meant as a mark"),
        ("Text\n\n<!-- left open\n\nlost", "cell 2: a comment is not closed"),
        ('[a](https://b.org "$x$")', "cell 2: the title .* of a link is not printed; put it into"),
        ("<div>x</div>", "cell 2: <div> in the text is HTML"),
        ("a <b>c</b>", "cell 2: <b> in the text is HTML"),
        ("$x → y$", r"cell 2: formula x → y\n  the character → \(U\+2192\) cannot be typeset"),
    ],
)
def test_what_is_left_over_stops_the_build(tmp_path, source, message):
    assert re.search(message, stop(tmp_path, source))


def test_comments_are_no_text(tmp_path):
    text, _, page = shown(tmp_path, "Here <!-- not this --> there.\n\n<!-- nor\nthis -->")
    assert "Here there." in text and "not this" not in page


def test_two_parsers_must_agree(tmp_path, monkeypatch):
    monkeypatch.setattr("report.markdown.words", lambda tokens: [*words(tokens), "p more"])
    message = "01_lesson, cell 2: JupyterLab and the report read this differently\n  p more\n  noth"
    assert message in stop(tmp_path, "Some text.")


def test_words_of_markdown():
    text = "# A *b*\n\n- x\n\n> `c d` [e](f) **g**\n\n| h |\n|---|\n| i |\n\n---\n\n    code"
    assert words(parse(text)) == [
        "h1 A‹em›b‹em›", "ul/li/p x", "blockquote/p cde‹strong›g‹strong›", "table/thead/tr/th h",
        "table/tbody/tr/td i", "hr", "pre code",
    ]  # fmt: skip
    assert mistakes(parse(text)) == []


# --------------------------------------------------------------------------- outputs


def with_outputs(tmp_path, *outputs):
    cells = [markdown("# Title"), new_code_cell("x", outputs=list(outputs)), markdown("Last.")]
    return notebook(tmp_path / "01_lesson.ipynb", *cells)


def result(**data):
    return new_output("execute_result", data={k.replace("_", "/"): v for k, v in data.items()})


TABLE = "<table><thead><tr><th>head</th></tr></thead><tbody><tr><td>{}</td></tr></tbody></table>"


def test_output_is_verbatim(tmp_path):
    printed = "~" * 30 + "\n:::: {.x}\n```\n$x$ <b>"
    path = with_outputs(tmp_path, new_output("stream", name="stdout", text=printed))
    build_pdf([path], tmp_path / "report.pdf", "full")
    text = "\n".join(texts(tmp_path / "report.pdf"))
    assert all(line in text for line in printed.split("\n")) and "Last." in text


def test_a_formula_as_a_result(tmp_path):
    path = with_outputs(tmp_path, result(text_latex=r"$\displaystyle x^2$", text_plain="<Math>"))
    build_pdf([path], tmp_path / "report.pdf", "full")
    source = (tmp_path / "report" / "main.typ").read_text(encoding="utf-8")
    assert '#layout.formula("x^2", $ x^2 $)' in source and "<Math>" not in source


def test_an_answer_with_computed_numbers(tmp_path):
    output = new_output("display_data", data={"text/markdown": "**Answer 1.1.** It is 3."})
    cell = new_code_cell("x", outputs=[output], metadata={"tags": ["answer", "hide-input"]})
    asked = markdown("> **Question 1.1.** What?")
    path = notebook(tmp_path / "01_lesson.ipynb", markdown("# Title"), asked, cell)
    build_site([path], tmp_path / "site", "full")
    page = (tmp_path / "site" / "01_lesson.html").read_text(encoding="utf-8")
    assert '<div id="01-answer-1.1" class="callout answer">' in page


def test_two_tables_in_one_output(tmp_path):
    html = f"<div>{TABLE.format('first')}{TABLE.format('second')}<p>2 rows</p></div>"
    build_site([with_outputs(tmp_path, result(text_html=html))], tmp_path / "site", "full")
    page = (tmp_path / "site" / "01_lesson.html").read_text(encoding="utf-8")
    assert all(words_ in page for words_ in ("first", "second", "2 rows"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"image_jpeg": "", "text_plain": "<Image>"},
            r"a picture \(image/jpeg\) without a caption",
        ),
        ({"image_svg+xml": "<svg/>", "text_plain": "x"}, "a picture .* without a caption"),
        ({"application_json": {}, "text_plain": "x"}, "shows application/json, text/plain"),
        ({"text_html": "<p>words</p>"}, "an HTML output that is not a table"),
        ({"text_html": TABLE.format("$x$")}, "a table with a dollar"),
    ],
)
def test_outputs_without_a_rule_stop_the_build(tmp_path, data, message):
    with pytest.raises(ReportError, match=f"01_lesson, cell 2: {message}"):
        build_pdf([with_outputs(tmp_path, result(**data))], tmp_path / "report.pdf", "full")
