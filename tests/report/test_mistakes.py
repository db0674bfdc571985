"""Mistakes of a lesson stop the build with lesson, cell and advice."""

import pytest
from nbformat.v4 import new_code_cell, new_output
from small import displayed, drawing, markdown, notebook

from report.common import ReportError, read
from report.figures import build as build_figures
from report.pdf import build as build_pdf


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            r"$\nonsense x$",
            r"01_lesson, cell 2: formula \\nonsense x\n  \\nonsense cannot be typeset",
        ),
        (r"$\bigl( x \bigr)$", r"01_lesson, cell 2: .*\n  \\bigl cannot be typeset; write \\left"),
        ("$$\na \\tag{1}\n$$", r"cell 2: formula a\n  has the number 1 in JupyterLab"),
        (
            "[there](#No-such-place)",
            r"01_lesson, cell 2: link \[there\]\(#No-such-place\) leads nowhere",
        ),
        ("[there](02_other.ipynb)", r"01_lesson, cell 2: link .* leads nowhere"),
        ("[figure](#fig-absent)", r"01_lesson, cell 2: link .* leads nowhere"),
        ("By [@nobody2000].", "01_lesson, cell 2: citation @nobody2000 is not in references.bib"),
        ('<span id="eq-x"></span> no formula', "01_lesson, cell 2: .* stands before no formula"),
        ("# Another title", "01_lesson, cell 2: has two headings of the first level"),
        (r"$\bigoplus_i x_i + \big( x \big)$", r"\\big cannot be typeset"),
        (
            "[there](../helpers/gone.py)",
            r"01_lesson, cell 2: link \[there\]\(\.\./helpers/gone.py\) leads",
        ),
        ('<a href="#there">there</a>', '01_lesson, cell 2: <a href="#there"> in the text is HTML'),
        ("See [there][nowhere].", r"01_lesson, cell 2: .*\]\[.* is meant as a link"),
        ("![there](there.png)", "01_lesson, cell 2: the picture there.png in the text"),
        ("> **Question 1.1.** Why?", "01_lesson: question 1.1 has no answer"),
        ("> **Answer 1.1.** So.", "01_lesson: answer 1.1 is to no question"),
        ("> **Question.** Why?", r"01_lesson, cell 2: \*\*Question\.?\*\* needs a number"),
        (
            "> **Qestion 1.1.** Why?",
            r"01_lesson, cell 2: .* \*\*Qestion 1.1.\*\*, which is no kind of",
        ),
    ],
)
def test_mistakes_of_a_lesson_stop_the_build(tmp_path, text, message):
    path = notebook(tmp_path / "01_lesson.ipynb", markdown("# Title\n"), markdown(text))
    with pytest.raises(ReportError, match=message):
        build_pdf([path], tmp_path / "report.pdf", "full")
    assert not (tmp_path / "report.pdf").exists()


def test_a_picture_needs_a_caption(tmp_path):
    output = new_output("display_data", data={"image/png": "", "text/plain": "<Figure>"})
    cell = new_code_cell("plt.show()", outputs=[output])
    path = notebook(tmp_path / "01_lesson.ipynb", markdown("# Title"), cell)
    with pytest.raises(
        ReportError, match="01_lesson, cell 2: a picture .image/png. without a caption"
    ):
        build_pdf([path], tmp_path / "report.pdf", "full")


def test_two_figures_need_two_names(tmp_path):
    outputs = [displayed(drawing(), "fig", "same", caption) for caption in ("One.", "Two.")]
    cell = new_code_cell("figures.show()", outputs=outputs)
    path = notebook(tmp_path / "01_lesson.ipynb", markdown("# Title"), cell)
    with pytest.raises(ReportError, match="01_lesson: two figures are named same"):
        build_figures([path], tmp_path / "figures")


def test_the_file_name_gives_the_number(tmp_path):
    with pytest.raises(ReportError, match="begins with its number"):
        read([notebook(tmp_path / "lesson.ipynb", markdown("# Title"))])
