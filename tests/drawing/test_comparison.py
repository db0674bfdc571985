"""The pictures that compare networks draw every run, every mean and what was chosen."""

import numpy as np
import pandas as pd
import pytest
import torch

from helpers import figures
from helpers.drawing import comparison
from helpers.statistics import Difference

PALETTE = {"variable": "C0", "fixed": "C1"}


def runs(x="epoch", y="percent", values=(1, 2, 3), seeds=(0, 1)):
    return pd.DataFrame(
        {"kind": kind, "seed": seed, x: value, y: 90 + value + seed + 5 * (kind == "fixed")}
        for kind in PALETTE
        for seed in seeds
        for value in values
    )


def drawn(ax):
    return [line.get_ydata().tolist() for line in ax.lines if len(line.get_ydata()) > 1]


def test_each_run_and_the_mean_are_drawn():
    fig, ax = figures.plt.subplots()
    comparison.draw_runs(ax, runs(), "epoch", "percent", hue="kind", palette=PALETTE)
    comparison.legend_above(fig)
    lines = drawn(ax)
    assert len(lines) == 2 * 2 + 2
    assert [91.5, 92.5, 93.5] in lines and [91, 92, 93] in lines and [96.5, 97.5, 98.5] in lines
    (legend,) = fig.legends
    assert [text.get_text() for text in legend.get_texts()] == list(PALETTE)
    assert ax.get_legend() is None


def sweep():
    rates = [0.001, 0.002, 0.004]
    rows = [("variable", r, 98 - 100 * r, 0.1 + r) for r in rates]
    rows += [("fixed", r, p, 0.2) for r, p in zip(rates, (96.0, 97.0, 11.0), strict=True)]
    return pd.DataFrame(rows, columns=["kind", "learning_rate", "percent", "validation_loss"])


@pytest.mark.parametrize("log", [False, True])
def test_a_sweep_marks_what_was_chosen_and_leaves_out_what_learnt_nothing(log):
    chosen = {"variable": 0.001, "fixed": 0.002}
    figure = comparison.draw_sweep(sweep(), chosen, palette=PALETTE, log=log)
    left, right = figure.axes
    stars = [line.get_xydata().tolist() for line in left.lines if line.get_marker() == "*"]
    assert stars == [[[0.001, 97.9]], [[0.002, 97.0]]]
    assert left.get_ylim()[0] > 90
    assert left.get_xscale() == ("log" if log else "linear")


def test_a_sweep_shows_the_spread_in_accuracy_and_loss():
    spread = pd.DataFrame({"percent": [0.5, 0.25], "validation_loss": [0.01, 0.02]}, list(PALETTE))
    chosen = {"variable": 0.001, "fixed": 0.002}
    figure = comparison.draw_sweep(sweep(), chosen, palette=PALETTE, spread=spread)
    for ax, column in zip(figure.axes, spread.columns, strict=True):
        for bars, size in zip(ax.collections, spread[column], strict=True):
            lengths = [np.ptp(bar[:, 1]) for bar in bars.get_segments()]
            assert lengths == pytest.approx([2 * size] * 3)


def test_batch_sizes_have_a_panel_for_each_kind():
    frame = pd.concat([runs(seeds=[0]).assign(batch_size=size) for size in (4, 16)])
    titles = {"variable": "a", "fixed": "b"}
    figure = comparison.draw_batch_sizes(frame, {"variable": 4, "fixed": 16}, titles)
    assert [ax.get_title() for ax in figure.axes] == ["a", "b"]
    for ax in figure.axes:
        assert len(drawn(ax)) == 3  # two batch sizes, and the band
    assert [ax.get_legend() is None for ax in figure.axes] == [True, False]


def test_the_choice_is_framed():
    table = pd.DataFrame({4: [1.0, 2.0], 16: [3.0, 0.0]}, index=list(PALETTE))
    figure = comparison.draw_choice(table, {"variable": 16, "fixed": 4})
    assert [frame.get_xy() for frame in figure.axes[0].patches] == [(1, 0), (0, 1)]


def test_mistakes():
    counts = torch.zeros(10, 10, dtype=torch.int64)
    counts[9, 4] = 12
    figure = comparison.draw_mistakes({"variable": counts, "fixed": 2 * counts})
    left, right = figure.axes
    assert left.get_title() == "variable: 12 mistakes" and right.get_title() == "fixed: 24 mistakes"
    assert [text.get_text() for text in left.texts if text.get_text()] == ["12"]


def test_final_runs_have_crosses():
    points = pd.DataFrame({"kind": list(PALETTE), "epoch": [2, 3], "percent": [99.0, 98.0]})
    figure = comparison.draw_final_runs(runs(), points, palette=PALETTE)
    (ax,) = figure.axes
    assert ax.collections[-1].get_offsets().tolist() == [[2, 99], [3, 98]]


def test_errors_by_side_may_be_zero():
    frame = runs("side", "error", (28, 64, 128))
    frame["error"] = [0.0, 3.0, 40.0] * 4
    frame["way"] = "one"
    figure = comparison.draw_by_side(frame, {"one": [64]}, palette=PALETTE)
    (ax,) = figure.axes
    assert [text.get_text() for text in ax.get_xticklabels()] == ["28", "64", "128"]
    assert ax.get_ylim()[0] < 0 < 40 < ax.get_ylim()[1]


def test_a_square_has_all_runs_their_means_and_the_effects():
    cells = [(image, head) for image in ("small", "large") for head in ("flat", "pooled")]
    rows = [(*cell, k + step) for k, cell in enumerate(cells) for step in (0.0, 1.0)]
    frame = pd.DataFrame(rows, columns=["input", "head", "percent"])
    effects = {"head: a − b": Difference(1.0, 0.5, 1.5, 0.01)}
    left, right = comparison.draw_square(frame, effects).axes
    dots = np.concatenate([c.get_offsets() for c in left.collections if len(c.get_offsets())])
    assert sorted(dots[:, 1]) == sorted(frame["percent"])
    means = sorted(y for line in left.lines for y in line.get_ydata() if len(line.get_ydata()) == 2)
    assert means == [0.5, 1.5, 2.5, 3.5]
    assert [label.get_text() for label in right.get_yticklabels()] == ["head"]
    assert [0.5, 1.5] in [list(line.get_xdata()) for line in right.lines]


@pytest.mark.parametrize("errorbar", [None, lambda values: (min(values), max(values))])
def test_accuracies_by_canvas(errorbar):
    cells = [(kind, canvas) for kind in PALETTE for canvas in ("all", "32×32")]
    rows = [(*cell, percent) for cell in cells for percent in (90.0, 96.0)]
    frame = pd.DataFrame(rows, columns=["kind", "canvas", "percent"])
    figure = comparison.draw_by_canvas(frame, palette=PALETTE, errorbar=errorbar)
    (ax,) = figure.axes
    dots = np.concatenate([c.get_offsets() for c in ax.collections if len(c.get_offsets())])
    assert sorted(set(dots[:, 1])) == [90, 96] and len(dots) == 8
    means = [line.get_xydata() for line in ax.lines if line.get_marker() == "_"]
    assert {y for mean in means for _, y in mean} == {93}
    # the mean stands among the dots of its own network
    assert {round(x, 6) for mean in means for x, _ in mean} == {round(x, 6) for x in dots[:, 0]}


def test_rows_of_images_may_differ_in_length():
    image = torch.zeros(1, 32, 32, dtype=torch.uint8)
    figure = comparison.image_rows({"a": [(image, "1", "2")] * 3, "b": []}, columns=4)
    drawn = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in drawn] == ["1"] * 3
    assert [ax.get_xlabel() for ax in drawn] == ["2"] * 3
    assert not figure.axes[3].axison
