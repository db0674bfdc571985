"""A page with one figure that can be touched, and what a reader does with it."""

import base64
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers import figures
from helpers.explorables.source import source
from report.site import build


def shown(explorable) -> nbformat.NotebookNode:
    """Return what a cell that shows an explorable leaves in a notebook."""
    outputs = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            figures, "display", lambda data, raw, metadata: outputs.append((data, metadata))
        )
        explorable.show("touched", "Look at it.", "A still picture", still=plt.figure())
    return new_code_cell(
        "explorable.show(...)",
        outputs=[new_output("display_data", data=d, metadata=m) for d, m in outputs],
    )


def page(folder: Path, explorable) -> Path:
    """Write a site with one lesson that shows an explorable; return the lesson's page."""
    cells = [
        new_markdown_cell("# A lesson\n\nWords."),
        new_code_cell("seed = 0", metadata={"tags": ["parameters"]}),
        shown(explorable),
    ]
    (folder / "notebooks").mkdir()
    path = folder / "notebooks/01_touch.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    build([path], folder / "site", "quick")
    return folder / "site/01_touch.html"


def load(browser, module: str, expression: str):
    """Return an expression in which ``m`` is a module of ``js/``, without a page."""
    text = base64.b64encode(source(module).encode()).decode()
    return browser.run(
        f"import('data:text/javascript;base64,{text}').then((m) => JSON.stringify({expression}))"
    )


def show(browser, page: Path, width: int = 1400) -> None:
    """Open a page and wait until its figures can be touched; large states are loaded late."""
    browser.open(page, width)
    browser.run("""(async () => {
      const waiting = () => document.querySelector(".explorable:not(:has(.xp))");
      while (waiting()) await new Promise((resolve) => setTimeout(resolve, 20));
    })()""")


def settle(browser) -> None:
    """Wait until what has changed is drawn, in the next frame."""
    browser.run("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")


def texts(browser, selector: str) -> list[str]:
    """Return the text of each element, when all changes are drawn."""
    settle(browser)
    return browser.run(f"[...document.querySelectorAll('{selector}')].map((e) => e.textContent)")


def move(browser, control: str, value: float) -> None:
    """Move the slider with this label."""
    browser.run(f"""((input) => {{
      input.value = {value};
      input.dispatchEvent(new Event("input"));
    }})([...document.querySelectorAll(".xp-control")]
      .find((e) => e.firstChild.textContent === "{control}").querySelector("input"))""")
    settle(browser)


def point(browser, selector: str, how: str = "mouse") -> None:
    """Move the pointer over an element, or touch it with a finger."""
    x, y = browser.run(f"""((box) => [box.left + box.width / 2, box.top + box.height / 2])(
      document.querySelector('{selector}').getBoundingClientRect())""")
    if how == "mouse":
        browser("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    else:
        browser("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        browser("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    settle(browser)


def press(browser, *keys: str) -> None:
    """Press keys one after another."""
    for key in keys:
        for kind in ("keyDown", "keyUp"):
            browser("Input.dispatchKeyEvent", type=kind, key=key)
    settle(browser)
