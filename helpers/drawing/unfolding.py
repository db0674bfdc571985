"""Drawings of lesson 02: patches as columns, one product, and the matrix of fold."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

from helpers.drawing.grids import canvas, draw_grid
from helpers.figures import TEXT_WIDTH

_SMALL = {"va": "center", "fontsize": 8}


def _check_columns(image, columns, kernel_size) -> tuple[int, int]:
    """Return (H_out, W_out) of stride 1; raise ValueError if the columns (K, P) do not fit it."""
    channels, height, width = np.shape(image)
    k_h, k_w = kernel_size
    out_h, out_w = height - k_h + 1, width - k_w + 1
    expected = (channels * k_h * k_w, out_h * out_w)
    if np.shape(columns) != expected:
        raise ValueError(
            f"columns have shape {np.shape(columns)}, expected {expected} for an image "
            f"{np.shape(image)} and windows of {k_h}×{k_w}"
        )
    return out_h, out_w


def patches_as_columns(image, columns, kernel_size, marked=(0,)):
    """Return a figure of an image (C, height, width) and its patches as columns (K, P).

    ``marked`` are numbers of patches; with several channels one patch is marked, in a colour for
    each channel. Windows move with stride 1. Raises ValueError for columns of another shape.
    """
    _, out_w = _check_columns(image, columns, kernel_size)
    (channels, height, width), (k_h, k_w) = np.shape(image), kernel_size
    several, size = channels > 1, k_h * k_w
    if several and len(marked) > 1:
        raise ValueError(f"expected one marked patch of {channels} channels, got {len(marked)}")
    tall, step = len(columns), height + 1
    rows = max(tall, channels * step - 1)
    left = 1.6 if several else 0.1
    at = (1.5 + (rows - tall) / 2, left + width + (5.9 if several else 5.1))
    figure, ax = canvas(rows + 2.6, at[1] + columns.shape[1] + 0.2, cell=0.3)
    for c in range(channels):
        top = 1.5 + (rows - channels * step + 1) / 2 + c * step
        boxes = [(*divmod(p, out_w), k_h, k_w, f"C{i + c}") for i, p in enumerate(marked)]
        draw_grid(ax, image[c], at=(top, left), highlight=boxes)
        if several:
            ax.text(left - 0.3, top + height / 2, f"$c={c}$", ha="right", va="center")
        elif channels == 1:
            ax.text(left + width / 2, top - 0.4, "image", ha="center")
    boxes = [
        (c * size, p, size, 1, f"C{i + c}") for i, p in enumerate(marked) for c in range(channels)
    ]
    draw_grid(ax, columns, at=at, highlight=boxes)
    _label_columns(ax, at, columns.shape, kernel_size, out_w, several)
    return figure


def _label_columns(ax, at, shape, kernel_size, out_w, several) -> None:
    """Write c, u, v and k beside the rows, y, x above and p below the columns."""
    (top, left), (k_h, k_w) = at, kernel_size
    for k in range(shape[0]):
        c, place = divmod(k, k_h * k_w)
        u, v = divmod(place, k_w)
        index = f"$c, u, v = {c},{u},{v}$" if several else f"$u, v = {u}, {v}$"
        ax.text(left - 0.3, top + 0.5 + k, f"{index}    $k={k}$", ha="right", **_SMALL)
    for p in range(shape[1]):
        y, x = divmod(p, out_w)
        ax.text(left + 0.5 + p, top - 0.5, f"{y},{x}", ha="center", **_SMALL)
        below = top + shape[0] + 0.5
        ax.text(left + 0.5 + p, below, f"{p}", ha="center", color="0.4", **_SMALL)
    ax.text(left - 0.3, top - 0.5, "$y, x$", ha="right", **_SMALL)
    ax.text(left - 0.3, below, "patch $p$", ha="right", color="0.4", **_SMALL)


def unfolding_steps(image, columns, kernel_size):
    """Yield a figure for each patch: its window in the image (height, width), the columns so far.

    ``columns`` is (K, P), of stride 1. Raises ValueError for columns of another shape.
    """
    image, columns = np.asarray(image), np.asarray(columns)
    _, out_w = _check_columns(image[None], columns, kernel_size)
    (height, width), labels = image.shape, np.vectorize("{:g}".format)(columns)
    left, rows = width + 1.8, max(height, len(columns))
    for p in range(columns.shape[1]):
        y, x = divmod(p, out_w)
        figure, ax = canvas(rows + 1.2, left + columns.shape[1] + 0.2, cell=0.36)
        top = 1 + (rows - height) / 2
        draw_grid(ax, image, at=(top, 0.1), highlight=[(y, x, *kernel_size)])
        shown = np.where(np.arange(columns.shape[1]) <= p, labels, "")
        draw_grid(ax, shown, fmt="{}", at=(1, left), highlight=[(0, p, len(columns), 1)])
        ax.text(0.1 + width / 2, top - 0.4, f"$y = {y}$,  $x = {x}$", ha="center")
        label = f"$p = y \\cdot {out_w} + x = {p}$"
        ax.text(left + columns.shape[1] / 2, 0.6, label, ha="center")
        yield figure


def heat_maps(panels: Mapping[str, np.ndarray], *, cmap="Blues", most=None, labels=None):
    """Return a figure of matrices of numbers as coloured squares, one for each title.

    ``most`` is the value of the last colour, the largest number by default. ``labels`` names the
    rows and the columns, which are then numbered. Raises ValueError when there is no panel.
    """
    if not panels:
        raise ValueError("panels is empty: expected at least one title with a matrix")
    figure, axes = plt.subplots(1, len(panels), figsize=(TEXT_WIDTH, 2.3), squeeze=False)
    style = {"annot": True, "fmt": "g", "cbar": False, "square": True, "linewidths": 0.5}
    ticks = labels is not None
    for ax, (title, values) in zip(axes[0], panels.items(), strict=True):
        options = style | {"xticklabels": ticks, "yticklabels": ticks, "linecolor": "0.8"}
        sns.heatmap(np.asarray(values), vmin=0, vmax=most, cmap=cmap, ax=ax, **options)
        ax.set_title(title)
        ax.tick_params(rotation=0)
        if ticks:
            ax.set(ylabel=labels[0], xlabel=labels[1])
    return figure


def window_in_memory(image, kernel_size, y: int, x: int):
    """Return a figure of a window of an image (height, width), and of where it lies in memory.

    The numbers of ``image`` are addresses. Raises ValueError for a window that sticks out.
    """
    image, (k_h, k_w) = np.asarray(image), kernel_size
    height, width = image.shape
    if not (0 <= y <= height - k_h and 0 <= x <= width - k_w):
        raise ValueError(f"a window of {k_h}×{k_w} at {(y, x)} sticks out of {height}×{width}")
    first, bottom = width * y + x, height + 2.9
    figure, ax = canvas(bottom + 1.3, image.size + 1.6, cell=0.265)
    draw_grid(ax, image, at=(0.8, 1.4), highlight=[(y, x, k_h, k_w)])
    tape = [(0, first + width * u, 1, k_w) for u in range(k_h)]
    draw_grid(ax, image.reshape(1, -1), at=(bottom, 1.4), highlight=tape)
    ax.text(1.4 + width / 2, 0.45, "image", ha="center")
    ax.text(1.2, bottom + 0.5, "memory", ha="right", **_SMALL)
    arrow = {"arrowstyle": "->", "color": "0.3", "connectionstyle": "arc3,rad=-0.35"}
    start = 1.9 + first
    ax.annotate("", (start + width, bottom - 0.05), (start, bottom - 0.05), arrowprops=arrow)
    middle = (start + width / 2, bottom - 1.25)
    ax.text(*middle, f"$u+1$: {width} further", ha="center", fontsize=8)
    for line, text in enumerate(
        (
            f"Window $y={y}$, $x={x}$ of {k_h}×{k_w}:",
            f"first value at address ${width} \\cdot {y} + {x} = {first}$,",
            f"next column 1 further, next row {width} further",
        )
    ):
        ax.text(width + 3.5, 1.8 + line, text, va="center")
    return figure


def one_product(X, U, W, flat, Y):
    """Return a figure of a convolution as one product: X, U · W = Y', sorted into Y.

    ``X`` is (N, 1, H_in, W_in), ``U`` (NP, K), ``W`` (K, O), ``flat`` (NP, O) and ``Y`` (N, O,
    H_out, W_out); all images are drawn, so take few and small ones. Raises ValueError for shapes
    that do not fit together.
    """
    (n, channels, height, width), (out_h, out_w) = np.shape(X), np.shape(Y)[2:]
    patches, (k, o) = out_h * out_w, np.shape(W)
    shapes = [np.shape(array) for array in (U, flat, Y)]
    if channels != 1 or shapes != [(n * patches, k), (n * patches, o), (n, o, out_h, out_w)]:
        raise ValueError(f"shapes do not fit together: X {np.shape(X)}, U, Y', Y {shapes}")
    rows, lefts = n * patches, [0.1]
    for columns in (width, k, o, o):
        lefts.append(lefts[-1] + columns + 1.75)
    figure, ax = canvas(rows + 1.7, lefts[-1] + o * (out_w + 0.6), cell=0.28)
    middle = 1.4 + rows / 2
    for i in range(n):
        centre, colour = 1.4 + patches * (i + 0.5), f"C{i}"
        box = [(0, 0, height, width, colour)]
        draw_grid(ax, X[i, 0], at=(centre - height / 2, lefts[0]), highlight=box)
        for j in range(o):
            corner = (centre - out_h / 2, lefts[4] + (out_w + 0.6) * j)
            draw_grid(ax, Y[i, j], at=corner, highlight=[(0, 0, out_h, out_w, colour)])
            if i == 0:
                place = (corner[1] + out_w / 2, corner[0] + out_h + 0.6)
                ax.text(*place, f"$o={j}$", ha="center")
    for values, left in ((U, lefts[1]), (flat, lefts[3])):
        boxes = [(patches * i, 0, patches, values.shape[1], f"C{i}") for i in range(n)]
        draw_grid(ax, values, at=(1.4, left), highlight=boxes)
    draw_grid(ax, W, at=(middle - k / 2, lefts[2]))
    names = ["$X$", r"$\mathbf{U}$", r"$\mathbf{W}$", r"$\mathbf{Y}'$", "$Y$"]
    widths = [width, k, o, o, o * (out_w + 0.6) - 0.6]
    tops = [1.4, 1.4, middle - k / 2, 1.4, 1.4]
    arrays = (X, U, W, flat, Y)
    for name, left, wide, top, array in zip(names, lefts, widths, tops, arrays, strict=True):
        ax.text(left + wide / 2, top - 0.6, f"{name}  {tuple(np.shape(array))}", ha="center")
    for left, sign in zip(lefts[1:], "→·=→", strict=True):
        size = 24 if sign == "·" else 14
        ax.text(left - 0.875, middle, sign, ha="center", va="center", fontsize=size)
    return figure


def fold_matrix(matrix):
    """Return a figure of the transpose of unfold's 0/1 matrix (KP, pixels), and of their product.

    Raises ValueError unless each row holds a single 1, as an entry copied from one pixel does.
    """
    matrix = np.asarray(matrix)
    if not ((matrix == 0) | (matrix == 1)).all() or not (matrix.sum(1) == 1).all():
        raise ValueError("each row of unfold's matrix holds a single 1 and zeros")
    figure, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.25), width_ratios=(2, 1.05))
    axes[0].imshow(matrix.T, cmap="Greys")
    axes[0].set(xlabel="entry of the patches, $k P + p$", title=r"$\mathbf{A}^\top$ (fold)")
    axes[0].set(xticks=range(0, len(matrix), 6), yticks=range(0, matrix.shape[1], 4))
    product = matrix.T @ matrix
    style = {"annot": True, "fmt": "g", "cbar": False, "square": True, "annot_kws": {"size": 7}}
    lines = {"linecolor": "0.9", "linewidths": 0.4, "xticklabels": 4, "yticklabels": 4}
    sns.heatmap(product, mask=product == 0, cmap="Blues", ax=axes[1], **style, **lines)
    axes[1].set(xlabel="pixel", title=r"$\mathbf{A}^\top \mathbf{A}$ (fold after unfold)")
    axes[1].tick_params(rotation=0)
    for ax in axes:
        ax.set_ylabel("pixel")
        ax.grid(False)
    return figure
