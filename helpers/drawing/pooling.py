"""Pictures of global pooling: where gradients and maxima lie, and how the poolings train."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
import torch
from matplotlib.ticker import LogLocator, MultipleLocator
from torch import Tensor

from helpers.drawing.comparison import draw_runs, legend_above
from helpers.figures import TEXT_WIDTH


def _bare(ax, title: str = "") -> None:
    ax.set_title(title, fontsize=8.5, pad=3)
    ax.set(xticks=[], yticks=[])
    ax.grid(False)


def draw_gradients(image: Tensor, rows: Mapping[str, tuple[int, Tensor, Tensor]]):
    """Return a figure of feature maps and their gradients, one row for each network.

    ``image`` is (1, height, width). ``rows`` maps a title to a channel's number, the feature maps
    (channels, h, w) and their gradient, same shape. The last picture of a row is the sum of the
    gradient's absolute values over the channels.
    """
    size = (TEXT_WIDTH, 1.55 * len(rows))
    fig, axes = plt.subplots(len(rows), 4, figsize=size, layout="compressed", squeeze=False)
    for line, (name, (channel, maps, gradient)) in zip(axes, rows.items(), strict=True):
        line[0].imshow(np.asarray(image[0]))
        _bare(line[0], "image")
        line[0].set_ylabel(name)
        limit = gradient[channel].abs().max().item()
        diverging = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
        pictures = [
            (f"channel {channel}", maps[channel], {"cmap": "viridis"}),
            ("its gradient", gradient[channel], diverging),
            ("size, all channels", gradient.abs().sum(dim=0), {"cmap": "viridis", "vmin": 0}),
        ]
        for ax, (title, values, options) in zip(line[1:], pictures, strict=True):
            bar = fig.colorbar(ax.imshow(np.asarray(values), **options), ax=ax, shrink=0.8)
            bar.ax.tick_params(labelsize=7)
            bar.outline.set_visible(False)
            _bare(ax, title)
    return fig


def draw_maxima(images: Sequence[Tensor], shares: Sequence[Tensor], field: tuple[int, int, int]):
    """Return a figure of images with a ring in each cell, as large as its share of the maxima.

    ``images`` are square, (1, side, side); ``shares`` (h, w) belong to the cells of their last
    feature maps. ``field`` is size, step and start of the receptive field in pixels; it is drawn
    around the place with the largest share. Raises ValueError if cells and image do not fit.
    """
    size, step, start = field
    figsize = (TEXT_WIDTH, 2.15)
    fig, axes = plt.subplots(1, len(images), figsize=figsize, layout="compressed", squeeze=False)
    for ax, image, share in zip(axes[0], images, shares, strict=True):
        side = image.shape[-1]
        if share.shape != (side // step, side // step):
            raise ValueError(
                f"an image of side {side} has {side // step} x {side // step} cells of {step} "
                f"pixels, got shares of shape {tuple(share.shape)}"
            )
        ax.imshow(np.asarray(image[0]), vmin=0, vmax=255)
        for line in range(step, side, step):
            ax.axhline(line - 0.5, color="0.3", lw=0.4)
            ax.axvline(line - 0.5, color="0.3", lw=0.4)
        radii = (share / share.max()).sqrt() * step / 2  # a ring's area shows the share
        for y, x in share.nonzero().tolist():
            centre = step * x + step / 2 - 0.5, step * y + step / 2 - 0.5
            ring = plt.Circle(centre, radii[y, x].item(), fill=False, ec="C1", lw=1.4)
            ax.add_patch(ring)
        y, x = divmod(int(share.argmax()), share.shape[1])
        corner = start + step * x - 0.5, start + step * y - 0.5
        ax.add_patch(plt.Rectangle(corner, size, size, fill=False, ec="C9", lw=1, ls="--"))
        ax.set(xlim=(-0.5, side - 0.5), ylim=(side - 0.5, -0.5))
        _bare(ax, f"{side}×{side}")
    return fig


def draw_training(frame, y: str, ylabel: str, *, palette: Mapping, style: str | None = None):
    """Return a figure of ``y`` over the epochs, a panel for each setting, on a logarithmic axis.

    ``frame`` has one row per run and epoch: ``setting``, ``pooling``, ``seed``, ``epoch``, ``y``
    and, if given, the column ``style`` that decides how lines are dashed.
    """
    settings = frame["setting"].unique()
    size = (TEXT_WIDTH, 2.4)
    fig, axes = plt.subplots(1, len(settings), figsize=size, sharey=True, squeeze=False)
    for ax, setting in zip(axes[0], settings, strict=True):
        runs = frame[frame["setting"] == setting]
        draw_runs(ax, runs, "epoch", y, hue="pooling", palette=palette, style=style)
        ax.set(title=setting, xlabel="epoch", ylabel=ylabel, yscale="log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("")
    legend_above(fig)
    return fig


def draw_progress(frame, *, palette: Mapping):
    """Return a figure of the error beside the training loss, both on logarithmic axes.

    ``frame`` has one row per run and epoch: ``setting``, ``pooling``, ``epoch``, ``training`` (the
    loss) and ``error``. Drawn is the mean of the runs, a marker for each epoch; learning goes to
    the right.
    """
    fig, ax = plt.subplots(figsize=(TEXT_WIDTH, 3.1))
    means = frame.groupby(["setting", "pooling", "epoch"], observed=True, sort=False)
    means = means[["training", "error"]].mean()
    markers = dict(zip(frame["setting"].unique(), "osD^v", strict=False))
    for (setting, pooling), path in means.groupby(["setting", "pooling"], observed=True):
        style = {"color": palette[pooling], "marker": markers[setting], "mfc": "none", "lw": 0.8}
        ax.plot(path["training"], path["error"], ms=4.5, label=f"{pooling}, {setting}", **style)
    ax.set(xlabel="training loss", ylabel="validation error in %", xscale="log", yscale="log")
    ax.invert_xaxis()
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    ax.legend()
    return fig


def draw_costs(frame):
    """Return a figure of parameters (left) and work (right) over the side of the image.

    ``frame`` has the columns ``network``, ``side``, ``parameters`` (thousand) and
    ``multiply-adds`` (million per image).
    """
    fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.8))
    labels = {
        "parameters": "thousand parameters",
        "multiply-adds": "million multiply-adds per image",
    }
    for ax, (column, label) in zip(axes, labels.items(), strict=True):
        sns.lineplot(frame, x="side", y=column, hue="network", style="network", ax=ax)
        ax.set(xlabel="side of the image in pixels", ylabel=label, ylim=(0, None))
        ax.xaxis.set_major_locator(MultipleLocator(32))
        ax.legend(title=None)
    axes[1].get_legend().remove()
    return fig


def draw_dilution(lengths, margins: Mapping[str, Mapping[int, Tensor]]):
    """Return a figure of what a larger canvas does to pooled features (left) and scores (right).

    ``lengths`` is a frame, one row for each side of the canvas, one column for each kind of
    features. ``margins`` holds for each pooling and side by how much the right class of each image
    is ahead; drawn are the medians, and bands from quartile to quartile.
    """
    fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.4))
    x = range(len(lengths))
    styles = [("o-", 1.3, 4), ("s-", 3, 8), ("D--", 1.3, 4)]  # the second lies under the third
    for (name, line), (style, width, size) in zip(lengths.items(), styles, strict=False):
        axes[0].plot(x, line, style, lw=width, ms=size, label=name)
    smallest = min(lengths.index)
    area = [(smallest / side) ** 2 for side in lengths.index]
    axes[0].plot(x, area, "k:", lw=1, label="one over the area")
    axes[0].set(ylabel=f"length of the features, on {smallest} = 1", ylim=(0, None))
    axes[0].legend(loc="lower left", fontsize=7.5)
    for (name, by_side), marker in zip(margins.items(), "osD", strict=False):
        quarters = torch.tensor([0.25, 0.5, 0.75])
        samples = [by_side[side].float() for side in lengths.index]
        low, middle, high = torch.stack([m.quantile(quarters) for m in samples], dim=1).numpy()
        (line,) = axes[1].plot(x, middle, marker + "-", ms=5, label=name)
        axes[1].fill_between(x, low, high, color=line.get_color(), alpha=0.2, lw=0)
    axes[1].axhline(0, color="0.4", lw=0.8)
    axes[1].set(ylabel="score of the right class\nminus the best other one")
    axes[1].legend()
    for ax in axes:
        ax.set_xticks(x, [f"{side}×{side}" for side in lengths.index])
        ax.set_xlabel("canvas around the same digit")
    return fig


def draw_shares(frame):
    """Return a figure of stacked bars, one for each row of a frame of shares, the first on top.

    Each column is a part of the bar; a row sums to 1. A row's label is (side, word).
    """
    fig, ax = plt.subplots(figsize=(TEXT_WIDTH, 2.3))
    colours = ["C1", "C9", "0.75"]
    (100 * frame).plot.barh(stacked=True, width=0.85, color=colours, ax=ax, legend=False)
    for bars in ax.containers:
        wide = [f"{bar.get_width():.0f}%" if bar.get_width() > 6 else "" for bar in bars]
        ax.bar_label(bars, wide, label_type="center", fontsize=8)
    ax.set_yticks(range(len(frame)), [f"{side}×{side}, {word}" for side, word in frame.index])
    ax.invert_yaxis()
    ax.set(xlabel="share in %", ylabel="", xlim=(0, 100))
    ax.grid(False)
    fig.legend(loc="outside upper center", ncols=len(frame.columns))
    return fig
