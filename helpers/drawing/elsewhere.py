"""Drawings of lesson 12: what several conventions make of one pixel, one stride and one border."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np

from helpers.drawing.grids import canvas, draw_grid


def responses(kinds: Mapping[str, Sequence], place: tuple[int, int], rows: Sequence[str]):
    """Return a figure with a column of outputs for each kind and a row for each kernel.

    ``kinds`` maps a title to as many outputs (height, width) as there are ``rows``, all of one
    size; None stands for an output that there is not. The pixel ``place`` (y, x), the bright one of
    the image, is marked. Raises ValueError when a kind has another number of outputs.
    """
    for title, outputs in kinds.items():
        if len(outputs) != len(rows):
            raise ValueError(f"{title!r} has {len(outputs)} outputs: expected {len(rows)}")
    every = [output for outputs in kinds.values() for output in outputs if output is not None]
    height, width = np.shape(every[0])
    left, top, step = 2.6, 2.3, height + 0.7
    figure, ax = canvas(top + step * len(rows), left + (width + 1) * len(kinds) - 0.8, cell=0.19)
    for column, (title, outputs) in enumerate(kinds.items()):
        corner = left + column * (width + 1)
        ax.text(corner + width / 2, top - 0.35, title, ha="center", va="bottom")
        for row, output in enumerate(outputs):
            at = (top + row * step, corner)
            if output is None:
                middle = (corner + width / 2, at[0] + height / 2)
                ax.text(*middle, "refused", ha="center", va="center", color="0.5")
                continue
            shown = np.array([[f"{v:g}" if v else "" for v in line] for line in output])
            coloured = [(y, x, 1, 1, "C1") for y, x in np.argwhere(np.array(output) != 0)]
            draw_grid(ax, shown, fmt="{}", at=at, highlight=coloured)
            frame = {"ec": "C0", "fill": False, "lw": 2.4, "zorder": 5}
            ax.add_patch(plt.Rectangle((corner + place[1], at[0] + place[0]), 1, 1, **frame))
    for row, name in enumerate(rows):
        ax.text(left - 0.4, top + row * step + height / 2, name, ha="right", va="center")
    return figure


def centres(side: int, kinds: Mapping[str, Sequence[int]], kernel_size: int = 3):
    """Return a figure of the windows along a row of ``side`` pixels, one block for each kind.

    ``kinds`` maps a title to the columns in the middle of the windows. Pixels outside the image
    are dotted. Raises ValueError for a middle outside the image.
    """
    reach = kernel_size // 2
    lines = sum(len(columns) + 2.2 for columns in kinds.values())
    figure, ax = canvas(lines, side + 2 * reach + 11, cell=0.26)
    top = 0.5
    for title, columns in kinds.items():
        if not all(0 <= x < side for x in columns):
            raise ValueError(f"{title!r} has the middles {list(columns)}: expected 0 to {side - 1}")
        for x in range(-reach, side + reach):
            inside = 0 <= x < side
            style = {"fc": "0.9" if inside else "white", "ls": "-" if inside else ":"}
            ax.add_patch(plt.Rectangle((x + reach + 0.1, top), 1, 1, ec="0.5", lw=0.8, **style))
            if inside:
                ax.text(x + reach + 0.6, top + 0.5, f"{x}", ha="center", va="center", fontsize=8)
        for line, x in enumerate(columns, start=1):
            ends = [x + 0.2, x + 2 * reach + 1]
            height = top + 0.7 + line
            ax.plot(ends, [height] * 2, "-", color="C0", lw=1.8, solid_capstyle="butt")
            ax.plot([x + reach + 0.6], [height], "o", color="C1", ms=5)
        ax.text(side + 2 * reach + 0.8, top + 0.5, title, va="center")
        top += len(columns) + 2.2
    return figure


def borders(kinds: Mapping[str, Sequence[float]], row: Sequence[float]):
    """Return a figure of a row of pixels and what stands to its left, a line for each kind.

    ``kinds`` maps a title to the values to the left, from left to right; they are drawn as padding.
    Raises ValueError when two kinds have different numbers of values.
    """
    counts = {len(values) for values in kinds.values()}
    if len(counts) != 1:
        raise ValueError(f"expected as many values in every kind, got {sorted(counts)}")
    (count,) = counts
    figure, ax = canvas(1.4 * len(kinds) + 0.2, count + len(row) + 20.5, cell=0.24)
    for line, (title, values) in enumerate(kinds.items()):
        top = 0.1 + 1.4 * line
        draw_grid(ax, [list(row)], at=(top, count + 0.1))
        for x, value in enumerate(values):
            style = {"fc": "0.93", "ec": "C1", "lw": 1.2}
            ax.add_patch(plt.Rectangle((x + 0.1, top), 1, 1, **style))
            ax.text(x + 0.6, top + 0.5, f"{value:g}", ha="center", va="center", fontsize=8)
        ax.text(count + len(row) + 0.6, top + 0.5, title, va="center")
    return figure
