"""Drawings of the lesson on speed: the row matrix, times over size, shares, the roofline."""

import matplotlib.pyplot as plt
import numpy as np

from helpers.drawing.grids import canvas, draw_grid
from helpers.figures import TEXT_WIDTH

# One colour per implementation, from the slowest to the fastest; the last is torch's.
_COLOURS = ("C3", "C1", "C4", "C2", "C0", "C7")
_TICKS = (0.5, 1, 2, 5, 10, 20, 50, 100, 200)


def row_matrix(image, patches, rows):
    """Return a figure of an image, its patch matrix and its row matrix, for one 3x3 kernel.

    ``image`` is (5, 5), ``patches`` its patch matrix (9, 9), and ``rows`` (15, 3) holds the patches
    one row high. The parts that the three kernel rows use have one colour each.
    """
    _expect("image, patches and rows", (image, patches, rows), ((5, 5), (9, 9), (15, 3)))
    fig, ax = canvas(16.4, 29.4, cell=0.214)
    titles = {"image": 2.6, r"patch matrix $\mathbf{U}$": 12.9, r"$\mathbf{R}$": 20.8}
    for values, left in ((image, 0.1), (patches, 8.4), (rows, 19.3)):
        draw_grid(ax, values, at=(1.2, left))
    for title, left in titles.items():
        ax.text(left, 0.6, title, ha="center")
    for u in range(3):
        _bracket(ax, 5.7 + 0.6 * u, 1.2 + u, 3, f"C{u}")
        ax.add_patch(plt.Rectangle((8.4 + 3 * u, 1.2), 3, 9, fc=f"C{u}", alpha=0.22))
        _bracket(ax, 23.1 + 1.9 * u, 1.2 + 3 * u, 9, f"C{u}", rf"$\mathbf{{W}}^{{({u})}}$")
    return fig


def row_gradient(height: int, kernel_rows: int, padding: int):
    """Return a figure of the slices of the output's gradient that give the image's rows.

    Sizes are rows: ``height`` of the image, ``kernel_rows`` of the kernel, ``padding`` per side.
    Raises ValueError if there is no output, or if there is more padding than the kernel can use.
    """
    margin, out = kernel_rows - 1 - padding, height + 2 * padding - kernel_rows + 1
    if margin < 0 or out < 1:
        raise ValueError(
            f"expected a padding below the kernel's {kernel_rows} rows and at least one output "
            f"row, got padding {padding} and {out} output rows"
        )
    fig, ax = canvas(out + 2 * margin + 1.6, 30, cell=0.2)
    for row in range(out + 2 * margin):
        y = row - margin
        label = rf"$\mathbf{{Y}}'^\nabla_{{{y}}}$" if 0 <= y < out else "0"
        _strip(ax, 1.2 + row, 0.5, 5, label, "white" if 0 <= y < out else "0.93")
    for u in reversed(range(kernel_rows)):
        first = kernel_rows - 1 - u
        left = 6.4 + 3.2 * first
        _bracket(ax, left, 1.2 + first, height, f"C{u}", rf"$\mathbf{{W}}^{{({u})\top}}$")
    for r in range(height):
        label = rf"$\mathbf{{R}}^\nabla_{{{r + padding}}}$"
        _strip(ax, 1.2 + margin + r, 7.6 + 3.2 * kernel_rows, 5, label, "white")
    ax.text(3, 0.6, "gradient of the output", ha="center")
    ax.text(10.1 + 3.2 * kernel_rows, 0.6, "rows of the image", ha="center")
    return fig


def _strip(ax, top, left, width, label, colour) -> None:
    ax.add_patch(plt.Rectangle((left, top), width, 1, fc=colour, ec="0.6", lw=0.7))
    ax.text(left + width / 2, top + 0.55, label, ha="center", va="center", fontsize=8)


def _bracket(ax, x, top, height, colour, label: str = "") -> None:
    """Draw a bracket that is open to the left, with a label to its right."""
    ends = [top + 0.1, top + 0.1, top + height - 0.1, top + height - 0.1]
    ax.plot([x - 0.3, x, x, x - 0.3], ends, c=colour)
    ax.text(x + 0.2, top + height / 2, label, c=colour, va="center")


def times(ax, frame, x: str, rungs) -> None:
    """Draw the median time of every rung over the column ``x``, both axes logarithmic.

    ``frame`` has the columns ``rung``, ``x``, and ``median``, ``lower``, ``upper`` in seconds; the
    quartiles are drawn as bands, times in milliseconds. ``rungs`` lists all six in order, so that a
    rung has the same colour in every figure; the last is dashed.
    """
    _expect_columns(frame, x, "rung", "median", "lower", "upper")
    for rung, colour in zip(rungs, _COLOURS, strict=True):
        part = frame[frame["rung"] == rung].sort_values(x)
        style = "--" if colour == _COLOURS[-1] else "-"
        if len(part):
            ax.plot(part[x], 1e3 * part["median"], f"o{style}", ms=4, c=colour, label=rung)
            ax.fill_between(
                part[x], 1e3 * part["lower"], 1e3 * part["upper"], color=colour, alpha=0.25
            )
    ticks = sorted(frame[x].unique())
    ax.set(xscale="log", yscale="log")
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:,g}".replace(",", " "))
    ax.minorticks_off()


def shares(frame):
    """Return a figure of stacked bars, one per row of ``frame``, one part per column.

    ``frame`` holds fractions of 1. Parts of 5 % and more have their number.
    """
    if not np.allclose(frame.sum(axis=1), 1):
        raise ValueError(f"expected shares that add up to 1, got {frame.sum(axis=1).tolist()}")
    fig, ax = plt.subplots(figsize=(TEXT_WIDTH, 2.3))
    colours = ["C0", "C4", "C1", "C2", "0.75"][: len(frame.columns)]
    (100 * frame).plot.barh(stacked=True, ax=ax, color=colours, width=0.7, legend=False)
    for bars in ax.containers:
        labels = [f"{bar.get_width():.0f}" if bar.get_width() >= 5 else "" for bar in bars]
        ax.bar_label(bars, labels, label_type="center", fontsize=8)
    ax.set(xlabel="share of the time / %", ylabel="", xlim=(0, 100))
    ax.invert_yaxis()
    ax.grid(visible=False)
    fig.legend(loc="outside upper center", ncols=len(frame.columns))
    return fig


def roofline(points, peak: float, bandwidth: float):
    """Return a figure of the rates of layers below the roof that ``peak`` and ``bandwidth`` make.

    ``points`` has the columns ``layer``, ``rung``, ``intensity`` (operations per byte) and
    ``gflops`` (10⁹ operations per second); ``peak`` is in GFLOP/s, ``bandwidth`` in GB/s. Layers
    of nearly the same intensity are drawn side by side.
    """
    _expect_columns(points, "layer", "rung", "intensity", "gflops")
    fig, ax = plt.subplots(figsize=(TEXT_WIDTH, 3.1))
    grid = np.geomspace(0.5, 1.6 * points["intensity"].max(), 200)
    ax.plot(grid, np.minimum(peak, grid * bandwidth), c="0.25", lw=1.5)
    ax.text(1.5 * peak / bandwidth, 1.15 * peak, f"product: {peak:.0f} GFLOP/s", color="0.25")
    ax.text(0.55, 0.72 * bandwidth, f"copy: {bandwidth:.0f} GB/s", color="0.25", rotation=35)
    at = points["layer"].map(_apart(points.groupby("layer")["intensity"].first()))
    groups = points.groupby("rung")
    for (rung, part), marker, colour in zip(groups, "soD", _COLOURS[3:], strict=True):
        options = {"marker": marker, "color": colour, "label": rung}
        ax.scatter(at[part.index], part["gflops"], s=24, zorder=3, **options)
    bottom = 0.08 * points["gflops"].min()
    style = {"rotation": 90, "ha": "center", "va": "bottom", "fontsize": 7.5, "zorder": 2}
    for layer, part in points.groupby("layer"):
        x = at[part.index[0]]
        ax.plot([x, x], [bottom, part["gflops"].max()], c="0.8", lw=1, zorder=1)
        box = {"fc": "white", "ec": "none", "pad": 1}
        ax.text(x, 1.15 * bottom, layer.replace(", ", "\n", 1), bbox=box, **style)
    ax.set(xscale="log", yscale="log", xlabel="operations per byte", ylabel="GFLOP/s")
    for axis, least, most in ((ax.xaxis, 0.5, grid[-1]), (ax.yaxis, bottom, 1.6 * peak)):
        inside = [tick for tick in _TICKS if least <= tick < most]
        axis.set_ticks(inside, [f"{tick:g}" for tick in inside])
    ax.set(xlim=(grid[0], grid[-1]), ylim=(bottom, 1.6 * peak))
    ax.minorticks_off()
    fig.legend(loc="outside upper center", ncols=3)
    return fig


def _apart(places, ratio: float = 1.13):
    """Return the places, sorted, with two that lie close together moved apart by ``ratio``."""
    places = places.sort_values().copy()
    for k in range(1, len(places)):
        if places.iloc[k] < ratio * places.iloc[k - 1]:
            middle = (places.iloc[k] * places.iloc[k - 1]) ** 0.5
            places.iloc[k - 1], places.iloc[k] = middle / ratio**0.5, middle * ratio**0.5
    return places


def _expect(what: str, arrays, shapes) -> None:
    found = tuple(tuple(np.shape(array)) for array in arrays)
    if found != shapes:
        raise ValueError(f"{what}: expected the shapes {shapes}, got {found}")


def _expect_columns(frame, *columns) -> None:
    missing = [column for column in columns if column not in frame]
    if missing:
        raise ValueError(f"expected the columns {columns}, but {missing} are missing")
