"""Figures carry their caption and come out the same every time."""

import base64
import io
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from PIL import Image

from helpers import figures
from helpers.experiments import Experiment, training


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
    figures.show(draw(), "line", "A line.", alt="a rising line")
    data, keywords = displayed[0]
    assert keywords["metadata"]["report"] == {
        "kind": "fig", "label": "fig-line", "caption": "A line.", "alt": "a rising line"
    }  # fmt: skip
    assert "image/png" in data and "image/svg+xml" not in data
    assert not plt.get_fignums()


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
    assert image.n_frames == 3 and image.info["duration"] == 700


def test_a_table_is_html_with_the_precision_asked_for(displayed):
    figures.table(pd.DataFrame({"x": [0.12345]}), "numbers", "Numbers.", precision=2)
    assert "<td>0.12</td>" in displayed[0][0]["text/html"]


def test_watch_follows_a_run_to_its_end(monkeypatch, capsys):
    pictures = []
    handle = SimpleNamespace(update=lambda data, raw: pictures.append(data))
    monkeypatch.setattr(figures, "display", lambda *data, **keywords: handle)
    line = Experiment(group="watched", images=1600, epochs=2)
    record, _ = training.run(line, on_progress=figures.watch(interval=0))
    # at steps 50 and 100 of each epoch, at the start of the second, and at both ends
    assert len(pictures) == 7
    assert all(Image.open(io.BytesIO(base64.b64decode(p["image/png"]))).width for p in pictures)
    last = 100 * record["epochs"][-1]["validation_accuracy"]
    assert f"{last}]" in pictures[-1]["text/plain"]
    assert "200/200" in capsys.readouterr().out
    assert not plt.get_fignums()


@pytest.mark.parametrize(("items", "text"), [("a", "a"), ("ab", "a and b"), ("abc", "a, b and c")])
def test_listed(items, text):
    assert figures.listed(items) == text


def test_listed_in_a_format():
    assert figures.listed([0.12, 1], ".1f") == "0.1 and 1.0"
