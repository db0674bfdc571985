"""The pictures of lesson 10 draw what they are given and refuse what does not fit."""

import pandas as pd
import pytest
import torch

from helpers.drawing import pooling


def test_gradients_have_a_row_for_each_network():
    maps, gradient = torch.rand(3, 4, 4), torch.zeros(3, 4, 4)
    gradient[1, 2, 0] = -2.0
    figure = pooling.draw_gradients(torch.zeros(1, 32, 32), {"a": (1, maps, gradient)} | {})
    pictures = [ax.images[0].get_array() for ax in figure.axes if ax.images]
    assert len(pictures) == 4
    assert pictures[1].tolist() == maps[1].tolist()
    assert pictures[2].min() == -2 and pictures[3].max() == 2
    assert (
        len(
            pooling.draw_gradients(
                torch.zeros(1, 8, 8), {"a": (0, maps, gradient)} | {"b": (0, maps, gradient)}
            ).axes
        )
        == 14
    )  # with a colour bar beside three of four pictures


def test_a_ring_has_the_area_of_its_share():
    share = torch.zeros(4, 4)
    share[0, 1], share[3, 3] = 0.5, 0.125
    figure = pooling.draw_maxima([torch.zeros(1, 32, 32)], [share], (22, 8, -7))
    *rings, field = figure.axes[0].patches
    assert [ring.radius for ring in rings] == [4.0, 2.0]
    assert [ring.center for ring in rings] == [(11.5, 3.5), (27.5, 27.5)]
    assert (field.get_x(), field.get_y(), field.get_width()) == (0.5, -7.5, 22)


def test_cells_that_do_not_fit_the_image_are_refused():
    with pytest.raises(ValueError, match=r"4 x 4 cells of 8 pixels, got shares of shape \(6, 6\)"):
        pooling.draw_maxima([torch.zeros(1, 32, 32)], [torch.ones(6, 6)], (22, 8, -7))


def test_training_has_a_panel_for_each_setting():
    rows = [
        {"setting": s, "pooling": p, "seed": seed, "epoch": e, "images": i, "loss": 1 / e + seed}
        for s in ("one", "two")
        for p in ("max", "mean")
        for seed in (0, 1)
        for e in (1, 2, 3)
        for i in ("training", "validation")
    ]
    palette = {"max": "C0", "mean": "C1"}
    frame = pd.DataFrame(rows)
    figure = pooling.draw_training(frame, "loss", "mean loss", palette=palette, style="images")
    assert [ax.get_title() for ax in figure.axes] == ["one", "two"]
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata())]
    assert len(lines) == 2 * 2 * 2 + 2 * 2  # single runs and means
    assert sorted(set(lines[-1].get_ydata())) == pytest.approx([1 / 3 + 0.5, 1.0, 1.5])
    assert all(ax.get_yscale() == "log" for ax in figure.axes)
    assert len(figure.legends) == 1 and not any(ax.get_legend() for ax in figure.axes)


def test_progress_is_a_line_for_each_pooling_and_setting():
    rows = [
        {"setting": s, "pooling": p, "seed": n, "epoch": e, "training": 1 / e, "error": 4 / e + n}
        for s in ("one", "two")
        for p in ("max", "mean")
        for n in (0, 1)
        for e in (1, 2)
    ]
    palette = {"max": "C0", "mean": "C1"}
    (ax,) = pooling.draw_progress(pd.DataFrame(rows), palette=palette).axes
    assert [line.get_label() for line in ax.lines] == [
        "max, one",
        "mean, one",
        "max, two",
        "mean, two",
    ]
    assert [line.get_color() for line in ax.lines] == ["C0", "C1"] * 2
    assert [line.get_marker() for line in ax.lines] == ["o", "o", "s", "s"]
    assert ax.lines[0].get_xdata().tolist() == [1.0, 0.5]
    assert ax.lines[0].get_ydata().tolist() == [4.5, 2.5]  # the mean of the runs
    left, right = ax.get_xlim()
    assert left > right and ax.get_xscale() == ax.get_yscale() == "log"


def test_costs():
    rows = [("a", 32, 1.0, 2.0), ("a", 64, 1.0, 8.0), ("b", 32, 3.0, 1.0), ("b", 64, 9.0, 4.0)]
    frame = pd.DataFrame(rows, columns=["network", "side", "parameters", "multiply-adds"])
    left, right = pooling.draw_costs(frame).axes
    assert left.lines[0].get_ydata().tolist() == [1.0, 1.0]
    assert right.lines[1].get_ydata().tolist() == [1.0, 4.0]


def test_dilution():
    lengths = pd.DataFrame({"max": {32: 1.0, 64: 1.0}, "mean": {32: 1.0, 64: 0.3}})
    margins = {"max": {32: torch.arange(5.0), 64: torch.arange(5.0) + 1}}
    left, right = pooling.draw_dilution(lengths, margins).axes
    assert [line.get_ydata()[-1] for line in left.lines] == [1.0, 0.3, 0.25]
    assert right.lines[0].get_ydata().tolist() == [2.0, 3.0]


def test_shares_are_stacked_in_the_order_of_the_rows():
    index = pd.MultiIndex.from_tuples([(32, "positions"), (32, "maxima")])
    figure = pooling.draw_shares(pd.DataFrame({"ink": [0.25, 1.0], "empty": [0.75, 0.0]}, index))
    (ax,) = figure.axes
    assert [text.get_text() for text in ax.get_yticklabels()] == [
        "32×32, positions",
        "32×32, maxima",
    ]
    assert [bar.get_width() for bar in ax.containers[0]] == [25, 100]
    assert [bar.get_x() for bar in ax.containers[1]] == [25, 100]
    assert ax.yaxis_inverted()
