"""Two executions are compared output by output; pictures within a tolerance."""

import base64
import io

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from report import compare


def notebook(*outputs, source="x"):
    return new_notebook(cells=[new_code_cell(source, outputs=[*outputs])])


def picture(grey, size=(8, 8)):
    buffer = io.BytesIO()
    Image.fromarray(np.full(size, grey, np.uint8)).save(buffer, "png")
    return shown({"image/png": base64.b64encode(buffer.getvalue()).decode()})


def shown(data, **metadata):
    return new_output("display_data", data=data, metadata=metadata)


def printed(text):
    return new_output("stream", name="stdout", text=text)


def test_equal_notebooks_have_no_differences():
    outputs = printed("a\n"), shown({"text/html": "<b>"}), picture(7)
    assert not [*compare.differences(notebook(*outputs), notebook(*outputs))]


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (printed("a\nb\n"), printed("a\nc\n"), "cell 0: text\n    'b'\n    'c'"),
        (printed("a\n"), printed("a\nc\n"), "cell 0: text\n    ''\n    'c'"),
        (shown({"text/html": "1"}), shown({"text/html": "2"}), "cell 0: text/html"),
        (shown({"text/html": "1"}), shown({}), "there against missing"),
        (shown({}, caption="1"), shown({}, caption="2"), "cell 0: caption"),
        (picture(0), picture(3), "cell 0: pictures differ by 3.0 grey levels"),
        (picture(0), picture(0, (8, 9)), "cell 0: pictures differ by inf grey levels"),
    ],
)
def test_differences_are_named(first, second, said):
    (found,) = compare.differences(notebook(first), notebook(second))
    assert said in found


def test_pictures_may_differ_by_rounding():
    assert not [*compare.differences(notebook(picture(100)), notebook(picture(102)))]


def test_other_cells_and_other_numbers_of_outputs_are_named():
    (found,) = compare.differences(notebook(), notebook(source="y"))
    assert "the cells are not the same" in found
    (found,) = compare.differences(notebook(), notebook(printed("a")))
    assert found == "cell 0: 0 outputs against 1"
