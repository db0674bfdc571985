"""Figures carry their caption and come out the same every time."""

import base64
import io
import os
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
import seaborn as sns
from matplotlib.colors import to_hex
from PIL import Image

from helpers import figures

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def displayed(monkeypatch):
    shown = []
    monkeypatch.setattr(figures, "display", lambda data, **kw: shown.append((data, kw)))
    return shown


def draw(end=3):
    figures.setup()
    figure, ax = plt.subplots(figsize=(2, 1))
    ax.plot([1, 2, end], label="line")
    ax.legend()
    return figure


def test_show_carries_name_caption_and_alternative_text(displayed, monkeypatch):
    monkeypatch.delenv("REPORT_FIGURES", raising=False)
    others = plt.get_fignums()
    figures.show(draw(), "line", "A line.", alt="a rising line")
    data, keywords = displayed[0]
    assert keywords["metadata"]["report"] == {
        "kind": "fig", "label": "fig-line", "caption": "A line.", "alt": "a rising line"
    }  # fmt: skip
    assert "image/png" in data and "image/svg+xml" not in data
    assert plt.get_fignums() == others


def test_figures_and_tables_are_numbered_apart_and_keep_their_number(displayed):
    figures.setup(3)
    frame = pd.DataFrame({"x": [1]})
    figures.table(frame, "a", "One.")
    figures.show(plt.figure(), "a", "Two.", alt="a")
    figures.animate([plt.figure()], "m", "Three.", alt="m")
    figures.show(plt.figure(), "b", "Four.", alt="b")
    figures.table(frame, "a", "One.")  # the cell is run again
    captions = [data["text/markdown"] for data, _ in displayed[1::2]]
    assert captions == [
        '<a id="tbl-a"></a>**Table 3.1.** One.',
        '<a id="fig-a"></a>**Figure 3.1.** Two.',
        '<a id="animation-m"></a>Three.',
        '<a id="fig-b"></a>**Figure 3.2.** Four.',
        '<a id="tbl-a"></a>**Table 3.1.** One.',
    ]


def test_the_readers_own_settings_change_nothing(displayed):
    def picture():
        figures.setup()
        figure, ax = plt.subplots(figsize=(2, 1))
        ax.imshow([[0, 1], [2, 3]])
        figures.show(figure, "matrix", "A matrix.", alt="a matrix")
        return displayed[-2][0]["image/png"]

    plain = picture()
    with plt.rc_context({"image.origin": "lower", "savefig.transparent": True, "font.size": 20}):
        assert picture() == plain


def test_a_lesson_whose_checks_are_switched_off_stops():
    command = [sys.executable, "-c", "from helpers import figures; figures.setup()"]
    environment = os.environ | {"PYTHONOPTIMIZE": "1"}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert "RuntimeError: Python was started with -O or PYTHONOPTIMIZE" in done.stderr


def test_the_palette_is_seaborns_colour_blind_one():
    figures.setup()
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    assert list(map(to_hex, colours)) == sns.color_palette("colorblind").as_hex()[:10]


def test_the_report_gets_the_same_vector_and_pixels_every_time(displayed, monkeypatch):
    monkeypatch.setenv("REPORT_FIGURES", "1")
    for _ in range(2):
        figures.show(draw(), "line", "A line.", alt="a rising line")
    first, second = displayed[0][0], displayed[2][0]
    assert first == second and first["image/svg+xml"].lstrip().startswith("<?xml")


def test_names_in_a_vector_figure_do_not_depend_on_addresses():
    svg = '<g clip-path="url(#p0123456789)"/><g clip-path="url(#pabcdef0123)"/>'
    other = svg.replace("p0123456789", "p9999999999").replace("pabcdef0123", "p1111111111")
    assert figures._numbered(svg) == figures._numbered(other)
    assert figures._numbered(svg).count("clip1") == 1


def test_an_animation_holds_every_frame(displayed):
    figures.animate([draw(1), draw(2), draw(3)], "lines", "Lines.", alt="lines")
    data, keywords = displayed[0]
    assert keywords["metadata"]["report"]["kind"] == "animation"
    image = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert image.n_frames == 3 and image.info["duration"] == 600


def test_a_table_is_html_with_the_precision_asked_for(displayed):
    figures.table(pd.DataFrame({"x": [0.12345]}), "numbers", "Numbers.", precision=2)
    assert "<td>0.12</td>" in displayed[0][0]["text/html"]
    assert displayed[0][0]["text/plain"].split() == ["x", "0", "0.12"]


def test_a_table_has_a_dash_where_there_is_no_number(displayed):
    figures.table(pd.DataFrame({"p": [float("nan")]}), "none", "None.")
    assert "<td>–</td>" in displayed[0][0]["text/html"]


@pytest.mark.parametrize(("items", "text"), [("a", "a"), ("ab", "a and b"), ("abc", "a, b and c")])
def test_listed(items, text):
    assert figures.listed(items) == text


def test_listed_in_a_format():
    assert figures.listed([0.12, 1], ".1f") == "0.1 and 1.0"
