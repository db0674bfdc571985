"""The web pages in a browser."""

from pathlib import Path

import axe_core_python
import pytest

PROBE = """
(async () => {
  const formulas = [...document.querySelectorAll("math")], images = [...document.images];
  for (const image of images) image.loading = "eager";
  await Promise.allSettled(images.map((image) => image.decode()));
  await document.fonts.ready;
  return {
    formulas: formulas.filter((formula) => formula.getBoundingClientRect().width > 0).length,
    font: formulas.length === 0 || document.fonts.check("16px 'STIX Two Math'"),
    broken: images.filter((image) => image.naturalWidth === 0).map((image) => image.src),
    wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  };
})()
"""


@pytest.mark.parametrize("width", [1400, 375], ids=["desktop", "phone"])
@pytest.mark.parametrize("pages", ["site", "book"])
def test_pages_in_a_browser(browser, request, pages, width):
    """Every page loads from the file system, without errors, other hosts or scrolling sideways."""
    for page in sorted(request.getfixturevalue(pages).glob("*.html")):
        browser.open(page, width)
        formulas = page.read_text().count("<math")
        expected = {"formulas": formulas, "font": True, "broken": [], "wider": 0}
        assert browser.run(PROBE) == expected, page.name
        assert browser.complaints() == [], page.name
        assert browser.foreign() == [], page.name


AXE = Path(axe_core_python.__file__).with_name("axe.min.js")


@pytest.mark.parametrize(("width", "scheme"), [(375, "light"), (1400, "dark")])
def test_axe_finds_nothing(browser, book, width, scheme):
    """No fault of accessibility that can be found by a program, on any page."""
    for page in sorted(book.glob("*.html")):
        browser.open(page, width, scheme)
        browser.run(f"{AXE.read_text('utf-8')};0")
        found = browser.run("""axe.run(document, {resultTypes: ["violations"]}).then((result) =>
          result.violations.map((fault) => [fault.id, fault.nodes[0].html.slice(0, 200)]))""")
        assert found == [], page.name


def test_code_is_copied_and_sections_are_linked_to(browser, site):
    browser.open(site / "03_first.html")
    browser.run("navigator.clipboard.writeText = (text) => { window.copied = text; }")
    browser.run("document.querySelector('.copy').click()")
    assert browser.run("window.copied") == "import plumbing"
    link = "document.querySelector('h2 .permalink')"
    assert browser.run(f"{link}.getAttribute('href')").startswith("#")
    assert browser.run(f"!!document.getElementById({link}.hash.slice(1))")
    assert browser.run("document.querySelector('.again').textContent") == "Play again"


def test_the_browser_would_tell(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<img src="https://host.invalid/x.png"><script>console.error("no")</script>')
    browser.open(page)
    assert browser.foreign() == ["https://host.invalid/x.png"]
    assert browser.complaints()


def test_search_in_a_browser(browser, site):
    browser.open(site / "index.html", 375)
    search(browser, "later SECTION")
    results = "document.querySelector('[role=search] ol')"
    assert browser.run(f"{results}.querySelector('a').href").endswith("#07-A-later-section")
    sides = "((box) => [box.left, box.right])(document.querySelector('%s').getBoundingClientRect())"
    left, right = browser.run(sides % "[role=search] ol")
    assert [left, right] == browser.run(sides % "[role=search] input")
    assert 0 <= left < 40 and 335 < right <= 375
    search(browser, " nonsense")
    assert browser.run(f"{results}.innerText") == "nothing found"


def search(browser, words: str) -> None:
    """Type into the search box, and wait for the results."""
    browser.run("document.querySelector('input').focus()")
    browser("Input.insertText", text=words)
    browser.run("loaded().then(() => new Promise((done) => setTimeout(done, 50)))")


@pytest.mark.parametrize("how", ["key", "elsewhere", "link"])
def test_results_of_a_search_close(browser, site, how):
    browser.open(site / "07_second.html")
    results = "document.querySelector('[role=search] ol')"
    search(browser, "later section")
    assert browser.run(f"{results}.children.length") == 1
    if how == "key":
        for kind in ("keyDown", "keyUp"):
            browser("Input.dispatchKeyEvent", type=kind, key="Escape")
    else:
        target = f"{results}.querySelector('a')" if how == "link" else "document.body"
        browser.run(f"{target}.click()")
    assert browser.run(f"{results}.children.length") == 0


def test_what_is_scrolled_can_be_reached_with_the_keyboard(browser, site):
    browser.open(site / "03_first.html", 375)
    boxes = "[...document.querySelectorAll('pre, .wide, .long, math[display=block]')]"
    wide = f"{boxes}.filter((box) => box.scrollWidth > box.clientWidth)"
    assert browser.run(f"{wide}.length") > 2
    assert browser.run(f"{wide}.every((box) => box.tabIndex === 0)")


def test_less_motion(browser, site):
    """Who asked the system for less motion sees the first frame of an animation."""
    shown = {}
    for motion in ("no-preference", "reduce"):
        browser.open(site / "03_first.html", motion=motion)
        browser.run(PROBE)
        image = "document.querySelector('picture img').currentSrc"
        shown[motion] = browser.run(image).rpartition("/")[2]
    assert shown == {"no-preference": "03-moving.png", "reduce": "03-moving-still.png"}


def test_paper_has_no_navigation(browser, site):
    browser.open(site / "03_first.html", scheme="dark")
    browser("Emulation.setEmulatedMedia", media="print")
    display = "getComputedStyle(document.querySelector('%s')).display"
    assert {browser.run(display % tag) for tag in ("header", "nav", "footer")} == {"none"}
    colour = browser.run("getComputedStyle(document.documentElement).color")
    browser("Emulation.setEmulatedMedia", media="")
    assert colour == "rgb(0, 0, 0)"


def test_dark_and_light(browser, site):
    colours = set()
    for scheme in ("light", "dark"):
        browser.open(site / "03_first.html", scheme=scheme)
        style = "getComputedStyle(document.documentElement)"
        colours |= {browser.run(f"{style}.backgroundColor"), browser.run(f"{style}.color")}
    assert len(colours) == 4


def test_figures_are_legible_on_a_phone(browser, book):
    """A wide figure is scrolled, not made smaller than its words can be read."""
    browser.open(book / "06_mnist_baseline.html", 375)
    browser.run(PROBE)
    widths = browser.run("[...document.images].map((image) => image.getBoundingClientRect().width)")
    assert widths and min(widths) > 450
