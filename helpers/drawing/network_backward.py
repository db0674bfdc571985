"""Pictures of the backward pass of a whole network, for lesson 07."""

from collections.abc import Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch

from helpers.drawing.grids import canvas, draw_grid
from helpers.figures import TEXT_WIDTH

_FORWARD, _BACKWARD = "C0", "C1"


class Step(NamedTuple):
    """A box of the chain: its name, what it keeps, its backward rule, the shape of its output."""

    name: str
    keeps: str
    rule: str
    output: str


def _arrows(ax, left: float, right: float, y: float) -> None:
    for start, end, height, colour in (
        (left, right, y + 0.16, _FORWARD),
        (right, left, y - 0.16, _BACKWARD),
    ):
        style = {"arrowstyle": "-|>", "color": colour, "lw": 1.4, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (end, height), (start, height), arrowprops=style)


def chain(first: str, rows: Sequence[Sequence[Step]]):
    """Return a figure of a network, row by row: values flow right (blue), gradients left (orange).

    ``first`` is the shape of the input; each step stands in a box with what it keeps from the
    forward pass, below it the rule of its backward pass, to its right the shape of its output.
    Raises ValueError if there is no step.
    """
    if not rows or not all(rows):
        raise ValueError("rows must hold at least one step each, got " + repr(rows))
    columns = max(map(len, rows))
    figure, ax = plt.subplots(figsize=(TEXT_WIDTH, 1.25 * len(rows)))
    ax.set(xlim=(-0.62, columns + 0.12), ylim=(-1.85 * len(rows) + 0.9, 0.85))
    ax.axis("off")
    centred = {"ha": "center", "va": "center"}
    enters = first
    for number, row in enumerate(rows):
        y = -1.85 * number
        for column, step in enumerate(row):
            box = {"boxstyle": "round,pad=0.03", "fc": "0.95", "ec": "0.4"}
            ax.add_patch(FancyBboxPatch((column - 0.03, y - 0.42), 0.6, 0.84, **box))
            ax.text(column + 0.27, y + 0.15, step.name, fontsize=7.5, **centred)
            ax.text(column + 0.27, y - 0.2, step.keeps, fontsize=7, color="0.4", **centred)
            small = {"fontsize": 7.5, "ha": "center", "color": _BACKWARD}
            ax.text(column + 0.27, y - 0.55, step.rule, va="top", **small)
            _arrows(ax, column - 0.4, column - 0.08, y)
            above = {"fontsize": 7, "ha": "center", "va": "bottom", "color": _FORWARD}
            ax.text(column - 0.24, y + 0.27, enters, **above)
            enters = step.output
        if number == len(rows) - 1:
            ax.text(len(row) - 0.3, y, enters, fontsize=11, color=_FORWARD, **centred)
    return figure


def pool_backward(input, output, grad_output, grad_input, places: Sequence[tuple[int, int]]):
    """Return a figure of 2x2 max pooling, forward and backward, on one channel.

    ``input`` and its gradient are (height, width), the output and its gradient (height // 2,
    width // 2); ``places`` holds the entry (row, column) that each window chose, and is marked.
    Raises ValueError when the shapes or the places do not belong together.
    """
    parts = [np.asarray(part) for part in (input, output, grad_output, grad_input)]
    height, width = parts[0].shape
    small = (height // 2, width // 2)
    if [part.shape for part in parts[1:]] != [small, small, (height, width)]:
        raise ValueError(
            "an image, its 2x2 max pool and the gradients of both do not have the shapes "
            + ", ".join(str(part.shape) for part in parts)
        )
    if {(y // 2, x // 2) for y, x in places} != set(np.ndindex(small)):
        raise ValueError(f"places must name one entry of each window, got {list(places)}")
    titles = r"input $X$", r"output $Y$", r"upstream $Y^\nabla$", r"result $X^\nabla$"
    signs, gap = ("max", "", "scatter"), 2.2
    chosen = [(y, x, 1, 1, "C1") for y, x in places]
    windows = [(2 * y, 2 * x, 2, 2) for y, x in np.ndindex(small)]
    marks = [windows + chosen, [], [], chosen]
    total = 2 * width + 2 * small[1] + 3 * gap + 1
    figure, ax = canvas(height + 1.3, total)
    left, middle = 0.5, 1.1 + height / 2
    for number, (values, title) in enumerate(zip(parts, titles, strict=True)):
        rows, columns = values.shape
        draw_grid(ax, values, at=(middle - rows / 2, left), highlight=marks[number])
        ax.text(left + columns / 2, middle - rows / 2 - 0.5, title, ha="center", va="center")
        if number < 3 and signs[number]:
            place = left + columns + gap / 2
            arrow = {"arrowstyle": "-|>", "color": _BACKWARD if number else _FORWARD, "lw": 1.4}
            ax.annotate("", (place + 0.8, middle), (place - 0.8, middle), arrowprops=arrow)
            ax.text(place, middle - 0.4, signs[number], ha="center", fontsize=8)
        left += columns + gap
    return figure
