"""Drawings that several lessons share: a canvas measured in cells, and grids of numbers."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np


def canvas(rows: float, columns: float, *, cell: float = 0.28):
    """Return (figure, axes) to draw on, measured in cells of ``cell`` inches, row 0 at the top."""
    figure = plt.figure(figsize=(columns * cell, rows * cell), layout="none")
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal")
    ax.axis("off")
    return figure, ax


def draw_grid(
    ax, values, *, highlight=(), pad: int | tuple[int, int] = 0, fmt: str = "{:g}", at=None
):
    """Draw a small matrix as a grid of numbers.

    ``values`` is (height, width). ``pad`` rows/columns at each side are drawn as padding (grey,
    dashed). ``highlight`` holds rectangles (top, left, height, width[, colour]) in cells. ``at``
    is the (top, left) corner on a ``canvas``; without it the grid fills ``ax``.
    """
    values = np.asarray(values)
    height, width = values.shape
    pad_h, pad_w = (pad, pad) if isinstance(pad, int) else pad
    top0, left0 = at or (0, 0)
    for y in range(height):
        for x in range(width):
            padding = y < pad_h or y >= height - pad_h or x < pad_w or x >= width - pad_w
            style = {"fc": "0.93", "ls": ":"} if padding else {"fc": "white", "ls": "-"}
            ax.add_patch(
                mpl.patches.Rectangle((left0 + x, top0 + y), 1, 1, ec="0.6", lw=0.7, **style)
            )
            colour = "0.55" if padding else "0.1"
            label = fmt.format(values[y, x])
            place = (left0 + x + 0.5, top0 + y + 0.5)
            ax.text(*place, label, ha="center", va="center", fontsize=8, color=colour)
    for top, left, rows, columns, *colour in highlight:
        edge = colour[0] if colour else "C0"
        corner = (left0 + left, top0 + top)
        ax.add_patch(mpl.patches.Rectangle(corner, columns, rows, ec=edge, fc=edge, alpha=0.25))
        ax.add_patch(mpl.patches.Rectangle(corner, columns, rows, ec=edge, fill=False, lw=2))
    if at is None:
        ax.set(xlim=(-0.1, width + 0.1), ylim=(height + 0.1, -0.1), aspect="equal")
        ax.axis("off")
