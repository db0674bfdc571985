"""The drawings of the lesson on speed draw what they are given, and refuse what they cannot."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from drawn import labels

from helpers.drawing import speed

RUNGS = list("abcdef")


def test_row_matrix():
    image = np.arange(25).reshape(5, 5)
    figure = speed.row_matrix(image, np.full((9, 9), 77), np.full((15, 3), 88))
    assert labels(figure).count("77") == 81 and labels(figure).count("88") == 45
    with pytest.raises(ValueError, match=r"expected the shapes .* got \(\(4, 5\)"):
        speed.row_matrix(image[:4], np.zeros((9, 9)), np.zeros((15, 3)))


@pytest.mark.parametrize(
    ("sizes", "zeros", "outputs"), [((4, 3, 1), 2, 4), ((5, 3, 0), 4, 3), ((3, 1, 0), 0, 3)]
)
def test_row_gradient(sizes, zeros, outputs):
    found = labels(speed.row_gradient(*sizes))
    assert found.count("0") == zeros
    assert sum("Y" in text for text in found) == outputs
    assert sum("R" in text for text in found) == sizes[0]
    assert sum("W" in text for text in found) == sizes[1]


@pytest.mark.parametrize("sizes", [(4, 3, 3), (2, 4, 0)])
def test_row_gradient_refuses(sizes):
    with pytest.raises(ValueError, match="got padding"):
        speed.row_gradient(*sizes)


def timed(**columns):
    frame = pd.DataFrame({"rung": ["a", "a", "f"], "side": [8, 4, 4], "median": [2.0, 1.0, 3.0]})
    return frame.assign(lower=frame["median"] / 2, upper=2 * frame["median"], **columns)


def test_times():
    figure, ax = plt.subplots()
    speed.times(ax, timed(), "side", RUNGS)
    first, last = ax.get_lines()
    assert first.get_xydata().tolist() == [[4, 1000], [8, 2000]]
    assert last.get_xydata().tolist() == [[4, 3000]]
    assert first.get_linestyle() == "-" and last.get_linestyle() == "--"
    assert len(ax.collections) == 2 and ax.get_xscale() == ax.get_yscale() == "log"


def test_a_rung_keeps_its_colour():
    colours = []
    for frame in (timed(), timed().query("rung == 'f'")):
        _, ax = plt.subplots()
        speed.times(ax, frame, "side", RUNGS)
        colours.append(ax.get_lines()[-1].get_color())
    assert colours[0] == colours[1]


def test_times_refuses_a_frame_without_quartiles():
    with pytest.raises(ValueError, match="'lower'"):
        speed.times(plt.subplots()[1], timed().drop(columns="lower"), "side", RUNGS)


def test_shares():
    frame = pd.DataFrame({"one": [0.5, 0.98], "two": [0.5, 0.02]}, index=["first", "second"])
    figure = speed.shares(frame)
    assert sorted(text for text in labels(figure) if text) == ["50", "50", "98"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["first", "second"]
    with pytest.raises(ValueError, match="add up to 1"):
        speed.shares(frame / 2)


def test_roofline():
    layers = ["near", "nearer", "far, 5×5"]
    points = pd.DataFrame(
        [
            {"layer": layer, "rung": rung, "intensity": intensity, "gflops": 3.0}
            for rung in "xyz"
            for layer, intensity in zip(layers, (4.0, 4.1, 90), strict=True)
        ]
    )
    figure = speed.roofline(points, peak=50, bandwidth=10)
    roof = figure.axes[0].get_lines()[0].get_xydata()
    assert roof[0].tolist() == pytest.approx([0.5, 5]) and roof[:, 1].max() == 50
    assert "far\n5×5" in labels(figure)
    x = sorted({round(float(x), 3) for x, _ in figure.axes[0].collections[0].get_offsets()})
    assert x[1] / x[0] == pytest.approx(1.13, abs=0.01) and x[2] == 90
    with pytest.raises(ValueError, match="'gflops'"):
        speed.roofline(points.drop(columns="gflops"), peak=50, bandwidth=10)
