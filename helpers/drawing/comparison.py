"""Pictures that set networks side by side: what they get, how they train, where they differ.

Runs come as tidy frames, one row per run and epoch (or per run and kind of image), such as those of
``helpers.experiments.records``. ``palette`` is a dictionary from what is compared to its colour.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import seaborn as sns
from torch import Tensor

from helpers.drawing.affine import draw_framed
from helpers.figures import TEXT_WIDTH

LEARNT = 20  # per cent; a network that learnt nothing has about 10


def image_rows(rows: Mapping[str, Sequence[tuple[Tensor, str, str]]], columns: int = 8):
    """Return a figure with a row of images for each title, at most ``columns`` in a row.

    Each image comes with the text above it and the text below it. A row may have fewer images.
    """
    size = (TEXT_WIDTH, 1.25 * len(rows))
    fig, axes = plt.subplots(len(rows), columns, figsize=size, layout="compressed", squeeze=False)
    for line, (title, images) in zip(axes, rows.items(), strict=True):
        line[0].set_ylabel(title)
        for ax, (image, above, below) in zip(line, images, strict=False):
            draw_framed(ax, image, above, cmap="gray", edge="0.6")
            ax.set_xlabel(below, fontsize=8, labelpad=2)
        for ax in line[len(images) :]:
            ax.axis("off")
    return fig


def draw_runs(ax, frame, x: str, y: str, *, hue: str, palette: Mapping, style=None) -> None:
    """Draw one thin line per run and the mean of the runs as a thick one.

    ``frame`` has the columns ``x``, ``y``, ``hue``, ``seed`` and, if given, ``style``, by which
    lines are dashed. The legend is left to the figure, see ``legend_above``.
    """
    common = {"x": x, "y": y, "hue": hue, "style": style, "palette": palette, "ax": ax}
    common["hue_order"] = list(palette)
    sns.lineplot(frame, **common, units="seed", estimator=None, lw=0.7, alpha=0.5, legend=False)
    sns.lineplot(frame, **common, errorbar=None, lw=2)
    ax.xaxis.get_major_locator().set_params(integer=True)


def legend_above(fig) -> None:
    """Replace the legends of a figure's axes by the first of them, in one line above all."""
    handles, labels = fig.axes[0].get_legend_handles_labels()
    for ax in fig.axes:
        if ax.get_legend():
            ax.get_legend().remove()
    fig.legend(handles, labels, loc="outside upper center", ncols=len(labels))


def draw_sweep(frame, chosen: Mapping, *, palette: Mapping, spread=None, log: bool = False):
    """Return a figure of accuracy and loss over the learning rate, the chosen rates as stars.

    ``frame`` has one row per run: ``kind``, ``learning_rate``, ``percent``, ``validation_loss``.
    ``chosen`` maps each kind to its rate. ``spread`` is a frame of standard deviations, one row per
    kind, drawn as bars. Runs below ``LEARNT`` lie outside of the picture.
    """
    fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.7))
    learnt = frame[frame["percent"] >= LEARNT]
    learnt = frame if learnt.empty else learnt
    columns = {"percent": "validation accuracy in %", "validation_loss": "validation loss"}
    for ax, (column, label) in zip(axes, columns.items(), strict=True):
        for kind, colour in palette.items():
            sweep = frame[frame["kind"] == kind].sort_values("learning_rate")
            bars = None if spread is None else spread.loc[kind, column]
            style = {"fmt": "o-", "ms": 4, "lw": 1.3, "elinewidth": 1, "color": colour}
            ax.errorbar(sweep["learning_rate"], sweep[column], bars, label=kind, **style)
            best = sweep[sweep["learning_rate"] == chosen[kind]]
            ax.plot(best["learning_rate"], best[column], "*", ms=13, color=colour, mec="white")
        margin = 0.1 * (learnt[column].max() - learnt[column].min())
        limits = learnt[column].min() - margin, learnt[column].max() + margin
        ax.set(xlabel="learning rate", ylabel=label, ylim=limits)
        ax.xaxis.get_major_locator().set_params(nbins=5)
        if log:
            rates = sorted(frame["learning_rate"].unique())
            ax.set_xscale("log")
            ax.set_xticks(rates, [f"{rate:g}" for rate in rates], fontsize=7.5)
            ax.minorticks_off()
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return fig


def draw_batch_sizes(frame, chosen: Mapping, titles: Mapping):
    """Return a figure of accuracy over the epochs, a panel for each kind, a curve per batch size.

    ``frame`` has one row per run and epoch: ``kind``, ``batch_size``, ``epoch``, ``percent``.
    ``chosen`` maps a kind to its batch size, drawn on a grey band, ``titles`` a kind to its title.
    """
    size = (TEXT_WIDTH, 2.9)
    fig, axes = plt.subplots(1, len(titles), figsize=size, sharey=True, squeeze=False)
    curve = {"x": "epoch", "y": "percent", "hue": "batch_size", "palette": "crest", "marker": "o"}
    for ax, (kind, title) in zip(axes[0], titles.items(), strict=True):
        runs = frame[frame["kind"] == kind]
        sns.lineplot(runs, **curve, legend="full", ax=ax)
        best = runs[runs["batch_size"] == chosen[kind]]
        ax.plot(best["epoch"], best["percent"], color="0.85", lw=7, zorder=0)
        ax.set(title=title, ylabel="validation accuracy in %")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend(title="batch size", loc="lower right")
    for ax in axes[0, :-1]:
        ax.get_legend().remove()
    return fig


def draw_choice(table, chosen: Mapping):
    """Return a figure of a table of accuracies, one row for each kind, its chosen column framed."""
    fig, ax = plt.subplots(figsize=(TEXT_WIDTH, 1.5))
    bar = {"label": "accuracy in %"}
    sns.heatmap(table, annot=True, fmt=".2f", cmap="viridis", cbar_kws=bar, linewidths=1, ax=ax)
    for row, kind in enumerate(table.index):
        corner = table.columns.get_loc(chosen[kind]), row
        ax.add_patch(plt.Rectangle(corner, 1, 1, fill=False, ec="C3", lw=2.5))
    ax.set(xlabel="batch size", ylabel="")
    ax.tick_params(axis="y", rotation=0)
    return fig


def draw_mistakes(mistakes: Mapping[str, Tensor]):
    """Return a figure of confusion matrices, (10, 10) each: row the true digit; zeros are white."""
    fig, axes = plt.subplots(1, len(mistakes), figsize=(TEXT_WIDTH, 3.2), squeeze=False)
    style = {"annot": True, "fmt": "d", "annot_kws": {"fontsize": 6.5}, "cmap": "rocket_r"}
    style |= {"vmin": 0, "vmax": max(int(counts.max()) for counts in mistakes.values())}
    for ax, (kind, counts) in zip(axes[0], mistakes.items(), strict=True):
        counts = counts.numpy()
        sns.heatmap(counts, **style, mask=counts == 0, cbar=False, square=True, ax=ax)
        title = f"{kind}: {counts.sum():,} mistakes"
        ax.set(title=title, xlabel="predicted", ylabel="true digit")
        ax.tick_params(axis="y", rotation=0)
    return fig


def draw_by_side(frame, trained: Mapping[str, Sequence[int]], *, palette: Mapping):
    """Return a figure of the error over the side of the canvas, both on logarithmic scales.

    ``frame`` has one row per run and side: ``way`` (a panel each), ``kind``, ``seed``, ``side``,
    ``error`` in %. Grey bars mark the sides in ``trained``, by way. Below 1 % the scale is linear,
    as a run may make no mistake.
    """
    ways = list(frame["way"].unique())
    fig, axes = plt.subplots(1, len(ways), figsize=(TEXT_WIDTH, 2.8), sharey=True, squeeze=False)
    sides, errors = sorted(frame["side"].unique()), [0, 1, 2, 5, 10, 20, 50]
    for ax, way in zip(axes[0], ways, strict=True):
        for side in trained[way]:
            ax.axvline(side, color="0.75", lw=4, zorder=0)
        draw_runs(ax, frame[frame["way"] == way], "side", "error", hue="kind", palette=palette)
        ax.set(title=way, xscale="log", xlabel="side of the canvas in pixels", ylabel="error in %")
        ax.set_yscale("symlog", linthresh=1)
        ax.set_xticks(sides, sides, fontsize=7.5)
        ax.set_yticks(errors, errors)
        ax.minorticks_off()
        ax.set_ylim(-0.1, None)
    legend_above(fig)
    return fig


def draw_square(frame, effects: Mapping):
    """Return a figure of accuracies over two inputs with a line for each head, and of effects.

    ``frame`` has one row per run: ``input``, ``head``, ``percent``. ``effects`` maps names to
    differences with their interval (``mean``, ``low``, ``high``), in points.
    """
    widths = {"width_ratios": (3, 2)}
    fig, (left, right) = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.5), gridspec_kw=widths)
    palette = dict(zip(frame["head"].unique(), ("C1", "C0"), strict=True))  # as fixed and variable
    common = {"x": "input", "y": "percent", "hue": "head", "palette": palette, "ax": left}
    sns.stripplot(frame, **common, jitter=False, size=4, alpha=0.6, legend=False)
    sns.pointplot(frame, **common, errorbar=None, marker="", linewidth=1.5)
    left.set(ylabel="test accuracy in %", xlabel="")
    left.legend(title=None, loc="upper left")
    names = [name.split(":")[0] for name in effects]
    for place, one in enumerate(effects.values()):
        right.plot([one.low, one.high], [place, place], lw=4, alpha=0.35, color="C0")
        right.plot(one.mean, place, "o", color="C0")
    right.axvline(0, color="0.5", lw=1)
    right.set(yticks=range(len(names)), yticklabels=names, xlabel="points of accuracy")
    right.set_ylim(len(names) - 0.5, -0.5)
    return fig


def draw_final_runs(frame, points, *, palette: Mapping):
    """Return a figure of validation accuracy over the epochs, and some single values as crosses.

    ``frame`` has one row per run and epoch, ``points`` one per cross: ``kind``, ``epoch``,
    ``percent``.
    """
    fig, ax = plt.subplots(figsize=(TEXT_WIDTH, 3.1))
    draw_runs(ax, frame, "epoch", "percent", hue="kind", palette=palette)
    cross = {"x": "epoch", "y": "percent", "hue": "kind", "palette": palette, "marker": "X"}
    sns.scatterplot(points, **cross, s=90, legend=False, zorder=3, ax=ax)
    ax.set(ylabel="validation accuracy in %")
    legend_above(fig)
    return fig


def draw_by_canvas(frame, *, palette: Mapping, errorbar=None):
    """Return a figure of accuracies by canvas: a dot for each run, a dash for their mean.

    ``frame`` has one row per run and ``canvas``: ``kind``, ``percent``. ``errorbar`` maps the
    accuracies of some runs to the two ends of their bar, see ``seaborn.pointplot``.
    """
    fig, ax = plt.subplots(figsize=(TEXT_WIDTH, 2.5))
    common = {"x": "canvas", "y": "percent", "hue": "kind", "palette": palette, "ax": ax}
    sns.stripplot(frame, **common, dodge=True, jitter=False, size=4, alpha=0.6, legend=False)
    dodge = 0.8 * (1 - 1 / len(palette))  # as far apart as the dots
    bars = {"errorbar": errorbar, "capsize": 0.06, "err_kws": {"linewidth": 1.2}}
    means = {"linestyle": "none", "marker": "_", "markersize": 14, "markeredgewidth": 2}
    sns.pointplot(frame, **common, dodge=dodge, **bars, **means)
    ax.set(xlabel="canvas", ylabel="test accuracy in %")
    ax.grid(axis="x", visible=False)
    legend_above(fig)
    return fig
