"""Drawings of the lesson on the baseline: digits in rows, a network as boxes, its mistakes."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

from helpers.drawing.grids import canvas
from helpers.figures import TEXT_WIDTH


def digit_grid(images, titles=(), *, columns: int, gap: float = 0.12):
    """Return a figure of dark images on white, (n, height, width), row by row, as wide as a page.

    Values are 0 to 255 for uint8 and 0 to 1 for floating point. ``titles`` has a text for each
    image, or one for each column; ``gap`` is the space between images, in their width.
    """
    images, titles = np.asarray(images), [str(title) for title in titles]
    if images.ndim != 3 or not len(images):
        raise ValueError(f"expected images (n, height, width), got the shape {images.shape}")
    if len(titles) not in (0, columns, len(images)):
        raise ValueError(
            f"expected a title for each of {len(images)} images or {columns} columns, "
            f"got {len(titles)}"
        )
    rows = -(-len(images) // columns)
    head, step = (0.4 if titles else 0.0), 1 + gap
    down = step + (head if len(titles) > columns else 0.0)  # from row to row
    fig, ax = canvas(head + 1 + (rows - 1) * down, columns * step, cell=TEXT_WIDTH / columns / step)
    style = {"cmap": "gray_r", "vmin": 0, "vmax": 255 if images.dtype == np.uint8 else 1}
    for number, image in enumerate(images):
        top, left = head + number // columns * down, number % columns * step + gap / 2
        draw_tile(ax, image, top, left, **style)
        if number < len(titles):
            place = (left + 0.5, top - 0.08)
            ax.text(*place, titles[number], ha="center", va="bottom", fontsize=8)
    return fig


def draw_tile(ax, image, top: float, left: float, **options) -> None:
    """Draw an image (height, width) as a unit square of a ``canvas``; options go to imshow."""
    limits = ax.get_xlim(), ax.get_ylim()
    ax.imshow(np.asarray(image), extent=(left, left + 1, top + 1, top), **options)
    ax.set(xlim=limits[0], ylim=limits[1])


def network_boxes(sizes: Sequence[tuple[int, ...]], steps: Sequence[str]):
    """Return a figure of a network: a box for each size of its data, an arrow for each step.

    ``sizes`` are (channels, height, width), or (values,) for a vector. A box is as high as the
    image, and the wider the more channels it has. ``steps`` names what leads from a size to the
    next, so there is one fewer of them; a line break is allowed.
    """
    if len(steps) != len(sizes) - 1:
        raise ValueError(
            f"expected a step between each two of {len(sizes)} sizes, got {len(steps)} steps"
        )
    images = [len(size) == 3 for size in sizes]
    widths = [0.8 + 0.25 * size[0] ** 0.5 if len(size) == 3 else 0.6 for size in sizes]
    largest = max(size[1] for size in sizes if len(size) == 3)
    space = 4.4  # between two boxes, for a step
    columns = sum(widths) + space * len(steps) + 1.6
    fig, ax = canvas(5.4, columns, cell=TEXT_WIDTH / columns)
    left, middle = 0.8, 2.2
    for k, (size, width) in enumerate(zip(sizes, widths, strict=True)):
        height = 4 * size[1] / largest if images[k] else 2
        style = {"fc": "C0" if images[k] else "C1", "ec": "0.3", "alpha": 0.5}
        ax.add_patch(plt.Rectangle((left, middle - height / 2), width, height, **style))
        label = "×".join(map(str, size))
        ax.text(left + width / 2, 4.9, label, ha="center", va="center", fontsize=8)
        if k < len(steps):
            start, end = left + width + 0.2, left + width + space - 0.2
            ax.annotate(
                "", (end, middle), (start, middle), arrowprops={"arrowstyle": "->", "color": "0.3"}
            )
            place = ((start + end) / 2, middle - 0.2)
            ax.text(*place, steps[k], ha="center", va="bottom", fontsize=7.5)
        left += width + space
    return fig


def mistakes(confusion):
    """Return a figure of a confusion matrix (true digit, predicted digit) without its diagonal.

    Beside it, bars of how many per cent of each true digit are wrong.
    """
    confusion = np.asarray(confusion)
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise ValueError(f"expected a square matrix of counts, got the shape {confusion.shape}")
    wrong = confusion - np.diag(confusion.diagonal())
    fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.3))
    style = {"annot": True, "fmt": "d", "annot_kws": {"size": 8}, "cmap": "Blues", "cbar": False}
    sns.heatmap(wrong, mask=wrong == 0, square=True, lw=0.4, linecolor="0.9", ax=axes[0], **style)
    axes[0].set(xlabel="predicted digit", ylabel="true digit")
    axes[0].tick_params(rotation=0)
    digits = range(len(confusion))
    axes[1].barh(digits, 100 * wrong.sum(axis=1) / confusion.sum(axis=1), color="C0")
    axes[1].set(xlabel="wrong in %", ylabel="true digit", yticks=digits)
    axes[1].invert_yaxis()
    for ax, options in zip(
        axes, ({"visible": False}, {"visible": False, "axis": "y"}), strict=True
    ):
        ax.grid(**options)
    return fig


def kernels_and_outputs(kernels, outputs, *, columns: int = 8):
    """Return a figure of kernels (n, height, width), and below each its output (n, height, width).

    Kernels are red where positive and blue where negative, each on its own scale; outputs are not
    negative, and dark where they are large.
    """
    kernels, outputs = np.asarray(kernels), np.asarray(outputs)
    if len(kernels) != len(outputs):
        raise ValueError(
            f"expected an output for each of {len(kernels)} kernels, got {len(outputs)}"
        )
    rows = -(-len(kernels) // columns)
    fig, ax = canvas(2.45 * rows, 1.08 * columns, cell=TEXT_WIDTH / (1.08 * columns))
    for number, (kernel, output) in enumerate(zip(kernels, outputs, strict=True)):
        top, left = 2.45 * (number // columns) + 0.3, 1.08 * (number % columns) + 0.04
        bound = abs(kernel).max()
        ax.text(left + 0.5, top - 0.05, str(number), ha="center", va="bottom", fontsize=8)
        draw_tile(ax, kernel, top, left, cmap="RdBu_r", vmin=-bound, vmax=bound)
        draw_tile(ax, output, top + 1.08, left, cmap="gray_r", vmin=0)
        ax.add_patch(plt.Rectangle((left, top + 1.08), 1, 1, fill=False, ec="0.8", lw=0.8))
    return fig
