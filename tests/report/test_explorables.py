"""Figures that one can touch: their state in Python, and the same module in a browser."""

import json

import pytest
import torch
import traitlets
from nbformat.v4 import new_notebook
from torch.nn import functional as F
from touch import load, move, page, point, press, show, shown, texts

from helpers import example
from helpers.explorables.base import WIDGET
from helpers.explorables.sliding_kernel import SlidingKernel
from helpers.explorables.source import FOLDER, source
from report.execute import cleaned


# ------------------------------------------------------------------------------------- Python
def test_state_has_types_and_checks():
    kernel = SlidingKernel(image=torch.eye(3), stride=2)
    assert kernel.image == [[1, 0, 0], [0, 1, 0], [0, 0, 1]] and kernel.state()["stride"] == 2
    for wrong, message in [
        ({"stride": 0}, "stride"),
        ({"image": [[1, 2], [3]]}, "rows of finite numbers, all of one length"),
        ({"image": [[1.0] * 9] * 9}, "image has 9×9 entries; at most 8×8"),
        ({"image": [[float("nan")]]}, "finite numbers"),
        ({"kernel": []}, "kernel"),
        ({"strides": 1}, "SlidingKernel has no strides; it has .*stride"),
    ]:
        with pytest.raises(traitlets.TraitError, match=message):
            SlidingKernel(**wrong)


def test_the_output_in_python_is_that_of_torch():
    torch.testing.assert_close(SlidingKernel().output, example.OUTPUT)
    image, kernel = torch.randn(7, 6, dtype=torch.float64), torch.randn(3, 2, dtype=torch.float64)
    options = {"stride": 2, "padding": 1, "dilation": 2}
    expected = F.conv2d(image[None, None], kernel[None, None], **options)[0, 0]
    torch.testing.assert_close(
        SlidingKernel(image=image, kernel=kernel, **options).output, expected
    )


def test_a_module_is_one_text_with_one_export(tmp_path, monkeypatch):
    for file in FOLDER.glob("*.mjs"):
        text = source(file.stem)
        assert "import " not in [line[:7] for line in text.split("\n")]
        if "export default" in file.read_text():
            assert text.count("\nexport default") == 1, file.name
    monkeypatch.setattr("helpers.explorables.source.FOLDER", tmp_path)
    (tmp_path / "a.mjs").write_text('import x from "elsewhere";\n')
    with pytest.raises(ValueError, match="a.mjs: 'import x from"):
        source("a")


def test_a_stored_lesson_has_the_still_picture_and_no_widget():
    cell = shown(SlidingKernel(question="Why?", answer="So."))
    assert WIDGET in cell.outputs[0].data
    notebook = new_notebook(cells=[cell])
    data = cleaned(notebook).cells[0].outputs[0].data
    assert set(data) == {"text/plain", "image/png"} and data["text/plain"] == "[A still picture]"
    assert "*Question: Why?*" in cell.outputs[1].data["text/markdown"]
    assert cell.outputs[0].metadata["report"]["explorable"]["state"]["answer"] == "So."


# ------------------------------------------------------------------------------------ browser
SHAPES = [
    ((3, 3), (2, 2), {}),
    ((7, 5), (3, 2), {"stride": 2, "padding": 1}),
    ((8, 6), (2, 3), {"stride": 3, "padding": 2, "dilation": 2}),
    ((2, 2), (3, 3), {}),  # no place
]


@pytest.mark.parametrize(("size", "kernel_size", "options"), SHAPES, ids=str)
def test_the_convolution_in_the_browser_is_that_of_torch(browser, size, kernel_size, options):
    generator = torch.Generator().manual_seed(0)
    image, kernel = (torch.randn(s, generator=generator).double() for s in (size, kernel_size))
    call = f"m.convolve({image.tolist()}, {kernel.tolist()}, {json.dumps(options)})"
    found = json.loads(load(browser, "convolution", call))
    if kernel_size > size:
        assert found == []
    else:
        expected = F.conv2d(image[None, None], kernel[None, None], **options)[0, 0]
        torch.testing.assert_close(torch.tensor(found, dtype=torch.float64), expected)


@pytest.fixture(scope="module")
def sliding(tmp_path_factory):
    return page(tmp_path_factory.mktemp("sliding"), SlidingKernel(answer="So."))


def outputs(browser) -> list[str]:
    return texts(browser, "[aria-label=output] button")


def test_a_page_opened_as_a_file_shows_the_figure(browser, sliding):
    show(browser, sliding)
    assert outputs(browser) == ["4", "−1", "2", "6"]
    assert "1·1 + 2·2 + 0·0 + 1·(−1) = 4" in texts(browser, ".xp-sum")[0]
    assert texts(browser, "summary")[-1] == "Question and answer"
    assert not browser.run("document.querySelector('.explorable img')")
    assert browser.complaints() == [] and browser.foreign() == []


def test_sliders_change_the_output_and_the_formula(browser, sliding):
    show(browser, sliding)
    move(browser, "stride", 2)
    assert outputs(browser) == ["4"]
    assert "Hout = ⌊(3 + 2·0 − 1·(2 − 1) − 1) / 2⌋ + 1 = 1" in texts(browser, ".xp-formula")[0]
    assert browser.run("document.querySelectorAll('td.unread').length") == 5
    move(browser, "padding", 1)
    expected = SlidingKernel(stride=2, padding=1).output.flatten().tolist()
    assert outputs(browser) == [f"{v:g}".replace("-", "−") for v in expected]
    move(browser, "dilation", 3)
    move(browser, "padding", 0)
    assert outputs(browser) == [] and "does not fit" in texts(browser, ".xp-sum")[0]


@pytest.mark.parametrize("how", ["mouse", "finger"])
def test_the_pointer_marks_a_window(browser, sliding, how):
    show(browser, sliding, 375 if how == "finger" else 1400)
    last = "[aria-label=output] tr:last-child td:last-child button"
    browser.run(f"document.querySelector('{last}').scrollIntoView({{block: 'center'}})")
    point(browser, last, how)
    assert "Y[1, 1] = 1·1 + 3·2 + 0·0 + 1·(−1) = 6" in texts(browser, ".xp-sum")[0]
    assert browser.run("document.querySelectorAll('td.on').length") == 8


def test_the_keyboard_walks_over_the_output(browser, sliding):
    show(browser, sliding)
    browser.run("document.querySelector('[aria-label=output] button').focus()")
    press(browser, "ArrowRight", "ArrowDown")
    assert browser.run("document.activeElement.getAttribute('aria-label')").endswith("column 1: 6")
    reachable = "document.querySelectorAll('[aria-label=output] button[tabindex=\"0\"]').length"
    assert browser.run(reachable) == 1


def test_numbers_can_be_edited_and_wrong_ones_are_marked(browser, sliding):
    show(browser, sliding)
    entry = "document.querySelector('[aria-label=\"kernel, row 0, column 0\"]')"
    change = f"(e => {{ e.value = '%s'; e.dispatchEvent(new Event('change')) }})({entry})"
    browser.run(change % "2,5")
    assert outputs(browser)[0] == "5.5"
    browser.run(change % "two")
    assert browser.run(f"{entry}.getAttribute('aria-invalid')") == "true"
    assert outputs(browser)[0] == "5.5"
