"""Pictures of the backward pass of a whole network, for lesson 07."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.patches import FancyBboxPatch

from helpers.drawing.grids import canvas, draw_grid
from helpers.figures import TEXT_WIDTH

_FORWARD, _BACKWARD = "C0", "C1"


_BLOCK = (("convolution", "its input", "adjoint:\nfold"), ("max pool", "the choice", "scatter"))
_BLOCK += (("ReLU", "the signs", "mask"),)
# name, what it keeps, backward rule; and the shape of the output
_STEPS = (
    *zip(_BLOCK, ("16×28²", "16×14²", "16×14²"), strict=True),
    *zip(_BLOCK, ("32×14²", "32×7²", "32×7²"), strict=True),
    *zip(_BLOCK, ("64×7²", "64×3²", "576"), strict=True),
    (("linear", "its input", "product\nwith $W$"), "10"),
    (("loss", r"$\log\,Q$", "$Q$ minus\nlabels"), r"$\ell$"),
)
_COLUMNS = 6  # steps side by side


def _arrows(ax, left: float, right: float, y: float) -> None:
    for start, end, height, colour in (
        (left, right, y + 0.16, _FORWARD),
        (right, left, y - 0.16, _BACKWARD),
    ):
        style = {"arrowstyle": "-|>", "color": colour, "lw": 1.4, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (end, height), (start, height), arrowprops=style)


def chain():
    """Return a figure of the network's steps: values flow right (blue), gradients left (orange).

    Each step stands in a box with what it keeps from the forward pass, below it the rule of its
    backward pass, to its right the shape of its output.
    """
    rows = -(-len(_STEPS) // _COLUMNS)
    figure, ax = plt.subplots(figsize=(TEXT_WIDTH, 1.25 * rows))
    ax.set(xlim=(-0.62, _COLUMNS + 0.12), ylim=(-1.85 * rows + 0.9, 0.85))
    ax.axis("off")
    centred = {"ha": "center", "va": "center"}
    enters = "1×28²"
    for number, ((name, keeps, rule), output) in enumerate(_STEPS):
        x, y = number % _COLUMNS, -1.85 * (number // _COLUMNS)
        box = {"boxstyle": "round,pad=0.03", "fc": "0.95", "ec": "0.4"}
        ax.add_patch(FancyBboxPatch((x - 0.03, y - 0.42), 0.6, 0.84, **box))
        ax.text(x + 0.27, y + 0.15, name, fontsize=7.5, **centred)
        ax.text(x + 0.27, y - 0.2, keeps, fontsize=7, color="0.4", **centred)
        below = {"fontsize": 7.5, "ha": "center", "va": "top", "color": _BACKWARD}
        ax.text(x + 0.27, y - 0.55, rule, **below)
        _arrows(ax, x - 0.4, x - 0.08, y)
        above = {"fontsize": 7, "ha": "center", "va": "bottom", "color": _FORWARD}
        ax.text(x - 0.24, y + 0.27, enters, **above)
        enters = output
    ax.text(x + 0.7, y, enters, fontsize=11, color=_FORWARD, **centred)
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


def training_curves(theirs, ours, mistakes: Mapping[str, Sequence[float]], window: int = 10):
    """Return a figure of losses over the steps: two trainings as one, and those with a mistake.

    ``theirs`` and ``ours`` are the losses of the same steps; ``mistakes`` maps the name of a
    mistake to losses, of which means of ``window`` steps are drawn. The one named "none" is drawn
    behind the others. Raises ValueError if ``theirs`` and ``ours`` differ in length.
    """
    if len(theirs) != len(ours):
        raise ValueError(f"expected as many losses in both, got {len(theirs)} and {len(ours)}")
    figure, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.5), sharey=True)
    behind = {"lw": 3.5, "alpha": 0.4}
    axes[0].plot(theirs, **behind, label="autograd, torch's Adam")
    axes[0].plot(ours, lw=0.8, label="our own steps and Adam")
    frame = pd.DataFrame({name: np.asarray(losses) for name, losses in mistakes.items()})
    for name, losses in frame.rolling(window, min_periods=1).mean().items():
        none = name == "none"
        axes[1].plot(losses, **(behind if none else {}), label="no mistake" if none else name)
    for ax in axes:
        ax.set(xlabel="steps taken", ylabel="training loss", ylim=(0, 3))
        ax.legend(fontsize=6.5)
    axes[1].set_ylabel("")
    return figure
