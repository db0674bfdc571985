"""The web pages, read as files."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

from fontTools.ttLib import TTFont
from small import LESSONS, lessons

from report import exercises
from report.common import FONTS
from report.site import build as build_site


def test_every_lesson_is_on_the_web(book):
    check_links(book)
    assert "About this report" in (book / "index.html").read_text()
    assert {f"{path.stem}.html" for path in LESSONS} <= {path.name for path in book.iterdir()}


def test_the_exercises_come_with_the_site_and_without_solutions(book):
    handed_out = {path.name: path.read_text("utf-8") for path in (book / "exercises").iterdir()}
    assert set(handed_out) == {path.name for path in exercises.find()}
    assert not any("BEGIN SOLUTION" in text for text in handed_out.values())
    listing = Page(book / "10_global_pooling.html").links
    assert "exercises/10_global_pooling.ipynb" in listing
    assert "(../notebooks/10_global_pooling.ipynb)" in handed_out["10_global_pooling.ipynb"]


def test_every_question_of_the_course_is_asked_and_answered(book):
    page = (book / "questions.html").read_text()
    rows = re.findall(
        r"<td[^>]*>(\d\.\d+)</td>\s*<td.*?</td>\s*(<td.*?</td>)\s*(<td.*?</td>)", page, re.S
    )
    course = {1: range(1, 7), 2: range(7, 10), 3: range(10, 18)}
    assert [number for number, _, _ in rows] == [f"{i}.{j}" for i in course for j in course[i]]
    assert all("<a href=" in asked and "<a href=" in answered for _, asked, answered in rows)


class Page(HTMLParser):
    """The links, the loaded files and the ids of a page."""

    def __init__(self, path: Path):
        super().__init__()
        self.links, self.loaded, self.ids = [], [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes["href"]] if tag == "a" and "href" in attributes else []
        names = {"img": "src", "script": "src", "link": "href"}
        if tag in names and attributes.get(names[tag]):
            self.loaded.append(attributes[names[tag]])


def check_links(site: Path) -> None:
    pages = {path.name: Page(path) for path in site.glob("*.html")}
    for name, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), f"{name} has an id twice"
        for file in page.loaded:
            assert file == "data:," or (site / file).is_file(), f"{name} loads {file}"
        for link in page.links:
            if re.match(r"https?://", link):
                continue
            file, _, place = unquote(link).partition("#")
            assert (site / (file or name)).is_file(), f"{name}: {link}"
            assert not place or place in pages[file or name].ids, f"{name}: {link}"


def test_internal_links_of_the_site_resolve(site):
    check_links(site)
    assert "03_first.html" in Page(site / "index.html").links
    assert "notebooks/03_first.ipynb" in Page(site / "03_first.html").links


def test_site_has_animation_formulas_and_next(site):
    page = (site / "03_first.html").read_text()
    assert "figures/03-moving.png" in page and "figures/03-curve.svg" in page
    assert "<math" in page and '<a rel="next" href="07_second.html">' in page


def test_site_names_the_licence_of_each_font(site):
    text = (site / "fonts" / "LICENSE.txt").read_text()
    fonts = [file.stem for file in (site / "fonts").glob("*.woff2")]
    assert fonts and all(name in text for name in fonts)
    assert text.count("http") >= len(fonts) and "SIL OPEN FONT LICENSE Version 1.1" in text


def test_site_can_be_searched(site):
    text = (site / "sections.js").read_text()
    sections = json.loads(text.removeprefix("const sections = ").rstrip(";\n"))
    found = [section["path"] for section in sections if "A later section" in section["title"]]
    assert found == ["07_second.html#07-A-later-section"]
    assert any("convolve(x, bias=None)" in section["text"] for section in sections)


def test_site_gives_the_same_bytes(site, tmp_path):
    build_site(lessons(tmp_path / "other"), tmp_path / "site", "quick")
    files = sorted(path.relative_to(site) for path in site.rglob("*") if path.is_file())
    assert files == sorted(
        p.relative_to(tmp_path / "site") for p in (tmp_path / "site").rglob("*.*")
    )
    for file in files:
        assert (site / file).read_bytes() == (tmp_path / "site" / file).read_bytes(), file


def test_site_joins_a_number_and_its_sign(site):
    assert "95\u00a0%" in (site / "03_first.html").read_text()


def test_pictures_have_sizes_so_that_nothing_jumps(book):
    for page in book.glob("*.html"):
        images = re.findall(r"<img[^>]*>", page.read_text())
        assert all(re.search(r'width="\d+" height="\d+"', image) for image in images), page.name


def test_a_first_visit_weighs_less_than_a_megabyte_and_a_half(book):
    """What a page loads at once: no pictures and no large states, which come when they are near."""
    shared = [book / "site.css", book / "site.js", *(book / "fonts").glob("*.woff2")]
    base = sum(file.stat().st_size for file in shared)
    weights = {page.name: base + page.stat().st_size for page in book.glob("*.html")}
    assert max(weights.values()) < 1.5e6, weights
    assert all('loading="lazy"' in i for p in book.glob("[01]*.html") for i in pictures_of(p))


def pictures_of(page: Path) -> list[str]:
    return re.findall(r"<img[^>]*>", page.read_text())


def test_fonts_are_packed_whole(site):
    for source in (next(f.rglob("IBMPlexMono-Regular.ttf")) for f in FONTS[1:2]):
        packed = TTFont(site / "fonts" / "IBMPlexMono-Regular.woff2")
        assert packed.flavor == "woff2"
        assert packed.getGlyphOrder() == TTFont(source).getGlyphOrder()
        assert packed["name"].getDebugName(1) == TTFont(source)["name"].getDebugName(1)


def test_code_that_draws_is_folded_on_the_page(site):
    page = (site / "03_first.html").read_text()
    folded = re.findall(r'<details class="source">.*?</details>', page, re.S)
    assert any("plumbing" in part for part in folded)
    assert "plumbing" not in re.sub(r'<details class="source">.*?</details>', "", page, flags=re.S)


def test_the_site_offers_pdf_licence_and_citation(tmp_path, site):
    pdf = tmp_path / "some.pdf"
    pdf.write_bytes(b"%PDF-")
    offered = {"report.pdf": pdf, "lessons.pdf": pdf}
    build_site(lessons(tmp_path / "some"), tmp_path / "site", "quick", offered)
    for page in (tmp_path / "site").glob("*.html"):
        links = Page(page).links
        assert {*offered, "LICENSE.txt", "CITATION.cff"} <= set(links), page.name
    assert (tmp_path / "site/report.pdf").read_bytes() == b"%PDF-"
    assert "report.pdf" not in Page(site / "index.html").links


def test_the_start_page_opens_with_a_figure_to_touch(book):
    page = (book / "index.html").read_text()
    assert page.index('data-module="sliding_kernel"') < page.index("What was found")
    assert 'content="Convolution from nested loops' in page


def test_no_header_of_a_table_is_empty(book):
    assert not any(re.search(r"<th[^>]*></th>", p.read_text()) for p in book.glob("*.html"))
