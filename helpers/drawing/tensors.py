"""One style for values and for gradients: named grids of numbers, and equations made of them.

Values are white with a full outline, gradients are tinted with a dashed one, so that the two differ
in black and white as well.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Rectangle

VALUE, GRADIENT = "C0", "C1"  # the colours of the forward and of the backward pass
_TINT = "#fbe9cc"
DOT, TIMES = r"$\cdot$", "$*$"  # the product of matrices, and the convolution
CENTRE = {"ha": "center", "va": "center"}


class Part(NamedTuple):
    """A grid of numbers in an equation: ``values`` is (height, width).

    ``highlight`` holds rectangles (top, left, height, width, colour) in cells. ``faint`` is a mask
    of cells that are padding or cut off, ``empty`` one of cells that hold no number.
    """

    values: Any
    name: str = ""
    gradient: bool = False
    highlight: Sequence[tuple] = ()
    faint: Any = None
    empty: Any = None


def number(value: float) -> str:
    """Return a number as it is printed, with a minus sign in place of a hyphen, and no "−0"."""
    return f"{float(value) + 0.0:g}".replace("-", "−")


def draw_part(ax, part: Part, at: tuple[float, float]) -> None:
    """Draw a part with its top left corner at ``at`` = (top, left), its name above it.

    Raises ValueError for anything but a matrix.
    """
    values, (top, left) = np.asarray(part.values, dtype=float), at
    if values.ndim != 2:
        raise ValueError(f"{part.name or 'values'} must be a matrix, got shape {values.shape}")
    height, width = values.shape
    faint, empty = (np.zeros(values.shape) if m is None else m for m in (part.faint, part.empty))
    faces = np.full(values.shape, _TINT if part.gradient else "white", dtype=object)
    faces[np.asarray(faint, bool)], faces[np.asarray(empty, bool)] = "0.93", "white"
    for y, x, rows, columns, colour in part.highlight:
        faces[y : y + rows, x : x + columns] = to_hex(0.75 + 0.25 * np.array(to_rgb(colour)))
    for (y, x), value in np.ndenumerate(values):
        dotted = faint[y][x] or empty[y][x]
        line = {"ec": "0.6", "lw": 0.7, "ls": ":" if dotted else "-"}
        ax.add_patch(Rectangle((left + x, top + y), 1, 1, fc=faces[y, x], **line))
        label = "" if empty[y][x] else number(value)
        style = {"fontsize": 8 if len(label) < 4 else 7, "color": "0.45" if dotted else "0.1"}
        ax.text(left + x + 0.5, top + y + 0.52, label, **style, **CENTRE)
    line = {"ls": (0, (3, 1.2)), "ec": GRADIENT} if part.gradient else {"ec": VALUE}
    ax.add_patch(Rectangle((left, top), width, height, fill=False, lw=1.3, **line))
    for y, x, rows, columns, colour in part.highlight:
        box = Rectangle((left + x, top + y), columns, rows, fill=False, ec=colour, lw=2)
        ax.add_patch(box)
    ax.text(left + width / 2, top - 0.27, part.name, ha="center", va="baseline", fontsize=9)


def width_of(parts: Sequence[Part | str], gap: float = 1.2) -> float:
    """Return the width of an equation in cells."""
    return sum(_width(part, gap) for part in parts)


def _width(part: Part | str, gap: float) -> float:
    """Return the width of a grid, or of a sign: ``gap``, and more for words."""
    if isinstance(part, Part):
        return np.shape(part.values)[1]
    return gap if part.startswith("$") else max(gap, gap / 2 + 0.37 * len(part))


def draw_equation(
    ax, parts: Sequence[Part | str], at: tuple[float, float], gap: float = 1.2
) -> list[float]:
    """Draw grids and the signs between them along the row ``at[0]``, beginning at column ``at[1]``.

    Returns the left end of every part. Signs are at least ``gap`` cells wide.
    """
    middle, left = at
    lefts = []
    for part in parts:
        lefts.append(left)
        width = _width(part, gap)
        if isinstance(part, Part):
            draw_part(ax, part, (middle - len(part.values) / 2, left))
        else:
            size = {DOT: 17, TIMES: 13}.get(part, 10)
            ax.text(left + width / 2, middle, part, fontsize=size, **CENTRE)
        left += width
    return lefts
