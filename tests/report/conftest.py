"""The small report and the whole one, each made once."""

import shutil
from pathlib import Path

import pytest
from browser import Browser
from small import LESSONS, lessons, texts

from report import cells, common, paper
from report.pdf import build as build_pdf
from report.site import build as build_site


@pytest.fixture(scope="session", autouse=True)
def settled(tmp_path_factory):
    """A version that stays while others work in the folder, and a preface to the small lessons."""
    preface = tmp_path_factory.mktemp("preface") / "preface.md"
    preface.write_text("Read [lesson 3](03_first.ipynb) and the [index](#questions) first.\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common, "git", lambda word, *more: {"log": "1700000000"}.get(word, "v1-test"))
        patch.setattr(cells, "PREFACE", preface)
        patch.setattr(paper, "SOURCE", Path(__file__).with_name("small_paper.md"))
        yield


@pytest.fixture(scope="session")
def pdf(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pdf")
    build_pdf(lessons(folder / "notebooks"), folder / "report.pdf", "quick")
    return folder / "report.pdf"


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build_site(lessons(folder / "notebooks"), folder / "site", "quick")
    return folder / "site"


@pytest.fixture(scope="session")
def small_paper(pdf) -> Path:
    """The paper, made of the small lessons, beside their PDF."""
    output = pdf.with_name("paper.pdf")
    paper.build(sorted((pdf.parent / "notebooks").iterdir()), output, "quick", pdf)
    return output


@pytest.fixture(scope="session")
def pages(pdf) -> list[str]:
    return texts(pdf)


@pytest.fixture(scope="session")
def book(tmp_path_factory) -> Path:
    """The site of all lessons."""
    assert LESSONS
    output = tmp_path_factory.mktemp("book") / "site"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells, "PREFACE", common.HERE / "preface.md")
        build_site(LESSONS, output, "full")
    return output


@pytest.fixture(scope="session")
def book_pdf(tmp_path_factory) -> Path:
    """The PDF of all lessons."""
    output = tmp_path_factory.mktemp("book") / "report.pdf"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells, "PREFACE", common.HERE / "preface.md")
        build_pdf(LESSONS, output, "full")
    return output


@pytest.fixture(scope="session")
def whole_paper(book_pdf) -> Path:
    """The paper of all lessons, beside their PDF."""
    output = book_pdf.with_name("paper.pdf")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paper, "SOURCE", common.HERE / "paper.md")
        paper.build(LESSONS, output, "full", book_pdf)
    return output


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        pytest.skip("chromium is not on PATH, so the web pages were not opened in a browser")
    browser = Browser(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()
