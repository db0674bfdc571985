"""The web pages in a browser."""

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


def test_the_browser_would_tell(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<img src="https://host.invalid/x.png"><script>console.error("no")</script>')
    browser.open(page)
    assert browser.foreign() == ["https://host.invalid/x.png"]
    assert browser.complaints()


def test_search_in_a_browser(browser, site):
    browser.open(site / "index.html", 375)
    browser.run("document.querySelector('input').focus()")
    browser("Input.insertText", text="later SECTION")
    results = "document.querySelector('[role=search] ol')"
    assert browser.run(f"{results}.querySelector('a').href").endswith("#07-A-later-section")
    sides = "((box) => [box.left, box.right])(document.querySelector('%s').getBoundingClientRect())"
    left, right = browser.run(sides % "[role=search] ol")
    assert [left, right] == browser.run(sides % "[role=search] input")
    assert 0 <= left < 40 and 335 < right <= 375
    browser("Input.insertText", text=" nonsense")
    assert browser.run(f"{results}.innerText") == "nothing found"


@pytest.mark.parametrize("how", ["key", "elsewhere", "link"])
def test_results_of_a_search_close(browser, site, how):
    browser.open(site / "07_second.html")
    results = "document.querySelector('[role=search] ol')"
    browser.run("document.querySelector('input').focus()")
    browser("Input.insertText", text="later section")
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
