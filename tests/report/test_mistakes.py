"""Mistakes of a lesson stop the build with lesson, cell and advice."""

import os
import subprocess
import sys

import pytest
from nbformat.v4 import new_code_cell, new_output
from small import ROOT, displayed, drawing, lessons, markdown, notebook

from report import cells, common
from report.common import ReportError, read
from report.figures import build as build_figures
from report.pdf import build as build_pdf

GIT = common.git  # before conftest.py replaces it


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
        ("By [@lecun1998].", r"01_lesson, cell 2: \[@lecun1998\]. is not a link in JupyterLab"),
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


@pytest.mark.parametrize("name", ["lesson", "01_lesson-Copy1", "1_lesson", "notes"])
def test_the_file_name_gives_the_number(tmp_path, name):
    message = rf"{name}.ipynb is not named like a lesson, .* leave it out if it is a copy"
    with pytest.raises(ReportError, match=message):
        read([notebook(tmp_path / f"{name}.ipynb", markdown("# Title"))])


def test_two_lessons_need_two_numbers(tmp_path):
    paths = [notebook(tmp_path / f"01_{name}.ipynb", markdown("# Title")) for name in "ab"]
    with pytest.raises(ReportError, match=r"01_a.ipynb and 01_b.ipynb have one number"):
        read(paths)


@pytest.fixture
def fake_git(tmp_path, monkeypatch):
    """Return a function that puts a git on PATH which prints and fails as told."""

    def make(script: str) -> None:
        (tmp_path / "git").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "git").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    monkeypatch.setattr(common, "git", GIT)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    return make


def test_git_that_refuses_is_no_missing_version(fake_git):
    fake_git("echo \"fatal: detected dubious ownership in repository at '/x'\" >&2; exit 128")
    with pytest.raises(ReportError, match="git does not trust .* safe.directory"):
        common.facts("full")


def test_without_a_repository_the_time_is_that_of_the_newest_lesson(fake_git, tmp_path):
    fake_git("exit 128")
    paths = [tmp_path / name for name in ("old", "new")]
    for number, path in enumerate(paths, start=1):
        path.touch()
        os.utime(path, (1e9, 1e9 * number))
    assert common.facts("full")["Version"] == "unversioned"
    assert common.timestamp(paths) == 2_000_000_000


def test_the_computers_encoding_changes_nothing(tmp_path, pdf, site):
    """In a Latin-1 locale the products are the same bytes."""
    paths = [str(path) for path in lessons(tmp_path / "notebooks")]
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    code = (
        "from report import build, cells, common; from pathlib import Path;"
        "common.git = lambda word, *more: {'log': '1700000000'}.get(word, 'v1-test');"
        f"cells.PREFACE = Path({str(cells.PREFACE)!r}); import sys; build.main(sys.argv[1:])"
    )
    for product, name in (("pdf", "report.pdf"), ("site", "site")):
        command = [sys.executable, "-c", code, product, "--output", str(tmp_path / name)]
        command += ["--profile", "quick", *paths]
        run = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True)
        assert run.returncode == 0, run.stderr
    assert (tmp_path / "report.pdf").read_bytes() == pdf.read_bytes()
    for file in ("03_first.html", "sections.js", "notebooks/03_first.ipynb"):
        assert (tmp_path / "site" / file).read_bytes() == (site / file).read_bytes()
