"""Drawings of lesson 01: windows, kernels and channels, and what a kernel makes of an image."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np

from helpers.drawing.grids import canvas, draw_grid
from helpers.figures import TEXT_WIDTH

_CENTRE = {"ha": "center", "va": "center"}


def _same_shape(**arrays) -> None:
    """Raise ValueError unless all arrays, given by name, have the same shape."""
    shapes = {name: np.shape(values) for name, values in arrays.items()}
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"expected arrays of one shape, got {listed}")


def _side_by_side(grids: Mapping[str, tuple], signs: Sequence[str], gap: float = 2.2):
    """Return a figure of named grids in a row; each is (values, highlight), a sign after each."""
    shapes = [np.shape(values) for values, _ in grids.values()]
    tallest = max(height for height, _ in shapes)
    width = sum(width for _, width in shapes) + gap * (len(shapes) - 1)
    figure, ax = canvas(tallest + 1.1, width + 0.2)
    left = 0.1
    for sign, (name, (values, highlight)) in zip([*signs, ""], grids.items(), strict=True):
        height, width = np.shape(values)
        top = 1 + (tallest - height) / 2
        draw_grid(ax, values, at=(top, left), highlight=highlight)
        ax.text(left + width / 2, top - 0.3, name, ha="center")
        ax.text(left + width + gap / 2, 1 + tallest / 2, sign, fontsize=14, **_CENTRE)
        left += width + gap
    return figure


def one_window(window, kernel):
    """Return a figure of a window, a kernel, their products and the sum; both are (k_h, k_w).

    Raises ValueError when the shapes differ.
    """
    _same_shape(window=window, kernel=kernel)
    products = np.asarray(window) * np.asarray(kernel)
    parts = {"window": window, "kernel": kernel, "products": products, "sum": [[products.sum()]]}
    grids = {name: (values, ()) for name, values in parts.items()}
    return _side_by_side(grids, [r"$\odot$", "=", "→"])


def marked_windows(image, kernel, output, places):
    """Return a figure of image * kernel = output with some windows and their values marked.

    ``image`` is (H_in, W_in), ``kernel`` (k_h, k_w), ``output`` (H_out, W_out) of stride 1;
    ``places`` are the (y, x) of the marked values. Raises ValueError for a place outside.
    """
    for y, x in places:
        if not (0 <= y < len(output) and 0 <= x < len(output[0])):
            raise ValueError(f"place {(y, x)} lies outside the output {np.shape(output)}")
    windows = [(y, x, *np.shape(kernel), f"C{i}") for i, (y, x) in enumerate(places)]
    values = [(y, x, 1, 1, f"C{i}") for i, (y, x) in enumerate(places)]
    grids = {"image": (image, windows), "kernel": (kernel, ()), "output": (output, values)}
    return _side_by_side(grids, ["∗", "="])


def sliding(padded, output, kernel_size, steps, *, stride=1, padding=0, cell=0.19):
    """Return a figure of a window at each of ``steps``, with the output so far below it.

    ``padded`` is (H_in + 2 padding, W_in + 2 padding), ``output`` (H_out, W_out), ``steps`` a list
    of (y, x), ``kernel_size``, ``stride`` and ``padding`` ints. Raises ValueError for a step
    outside the output.
    """
    (height, width), (out_h, out_w) = np.shape(padded), np.shape(output)
    figure, ax = canvas(height + out_h + 1.2, len(steps) * (width + 1.5) - 1.3, cell=cell)
    labels = np.array([f"{float(value):g}" for value in np.ravel(output)], dtype=object)
    for column, (y, x) in enumerate(steps):
        if not (0 <= y < out_h and 0 <= x < out_w):
            raise ValueError(f"step {(y, x)} lies outside the output {(out_h, out_w)}")
        left = 0.1 + column * (width + 1.5)
        window = (stride * y, stride * x, kernel_size, kernel_size)
        draw_grid(ax, padded, pad=padding, highlight=[window], at=(0.1, left))
        done = np.where(np.arange(labels.size) <= y * out_w + x, labels, "").reshape(out_h, out_w)
        corner = (height + 1, left + (width - out_w) / 2)
        draw_grid(ax, done, fmt="{}", highlight=[(y, x, 1, 1)], at=corner)
    return figure


def window_counts(panels: Mapping[str, tuple]):
    """Return a figure of how many windows read each pixel; pixels that none reads are marked.

    ``panels`` maps a title to (counts (height, width), padding). Raises ValueError when empty.
    """
    if not panels:
        raise ValueError("panels is empty: expected at least one title with (counts, padding)")
    most = max(padding for _, padding in panels.values())
    rows = 1.5 + max(len(counts) + most - padding for counts, padding in panels.values())
    columns = sum(len(counts[0]) + 1.25 for counts, _ in panels.values()) - 1.05
    figure, ax = canvas(rows, columns, cell=0.185)
    left = 0.1
    for title, (counts, padding) in panels.items():
        counts = np.asarray(counts)
        unread = [(y, x, 1, 1, "C3") for y, x in np.argwhere(counts == 0)]
        at = (1.4 + most - padding, left)
        draw_grid(ax, counts, at=at, pad=padding, highlight=unread)
        ax.text(left + counts.shape[1] / 2, 0.7, title, ha="center")
        left += counts.shape[1] + 1.25
    return figure


def windows_on_a_row(size: int, kernel_size: int, settings: Sequence[tuple[int, int, int]]):
    """Return a figure of all windows along a row of ``size`` pixels, one panel for each setting.

    ``settings`` are triples (stride, padding, dilation), three panels in a row. Raises ValueError
    when a kernel does not fit.
    """
    starts = [_starts(size, kernel_size, *setting) for setting in settings]
    lines = [max(map(len, starts[i : i + 3])) for i in range(0, len(starts), 3)]
    figure, axes = plt.subplots(
        len(lines), 3, figsize=(TEXT_WIDTH, 1.5 * len(lines)), sharex=True, squeeze=False,
        height_ratios=[most + 1 for most in lines],
    )  # fmt: skip
    for ax in axes.flat:
        ax.axis("off")
    widest = max(padding for _, padding, _ in settings)
    for i, (ax, setting) in enumerate(zip(axes.flat, settings, strict=False)):
        _draw_row(ax, size, kernel_size, starts[i], *setting)
        ax.set(xlim=(-widest - 0.1, size + widest + 0.1), ylim=(lines[i // 3] + 0.4, -0.7))
    return figure


def _starts(size, kernel_size, stride, padding, dilation) -> range:
    last = size + 2 * padding - dilation * (kernel_size - 1) - 1
    if last < 0:
        raise ValueError(
            f"a kernel of {kernel_size} with dilation {dilation} does not fit "
            f"{size} pixels with padding {padding}"
        )
    return range(0, last + 1, stride)


def _draw_row(ax, size, kernel_size, starts, stride, padding, dilation) -> None:
    end = starts[-1] + dilation * (kernel_size - 1) + 1  # of the last window, in the padded row
    over = size + 2 * padding - end
    for x in range(size + 2 * padding):
        outside = not padding <= x < size + padding
        colour = "C3" if x >= end else "white" if outside else "0.88"
        style = {"fc": colour, "ec": "0.45", "ls": ":" if outside else "-", "lw": 0.9}
        ax.add_patch(plt.Rectangle((x - padding, -0.5), 1, 1, **style))
    for line, start in enumerate(starts, start=1):
        places = [start - padding + dilation * u + 0.5 for u in range(kernel_size)]
        ax.plot(places, [line] * kernel_size, "o-", color="C0", ms=4.5, lw=1.6)
    ax.set_title(
        f"stride {stride}, padding {padding}, dilation {dilation}\n"
        f"{len(starts)} windows, {over} left over"
    )


def channels(image, kernel, maps, output):
    """Return a figure of one kernel on several channels: a map for each, added to one output.

    ``image`` is (C, H_in, W_in), ``kernel`` (C, k_h, k_w), ``maps`` (C, H_out, W_out), ``output``
    (H_out, W_out). Raises ValueError when the numbers of channels differ.
    """
    if not len(image) == len(kernel) == len(maps):
        counts = f"{len(image)}, {len(kernel)} and {len(maps)}"
        raise ValueError(f"image, kernel and maps have {counts} channels: expected as many of each")
    (height, width), (k_h, k_w) = np.shape(image)[1:], np.shape(kernel)[1:]
    out_h, out_w = np.shape(output)
    kernel_left = width + 1.6
    map_left = kernel_left + k_w + 1.5
    left = map_left + out_w + 3.9
    step = height + 0.6
    middle = 1 + (len(image) * step - 0.6) / 2
    figure, ax = canvas(len(image) * step + 0.5, left + out_w + 0.2)
    for c in range(len(image)):
        centre, colour = 1 + c * step + height / 2, f"C{c}"
        window = [(0, 0, k_h, k_w, colour)]
        draw_grid(ax, image[c], at=(centre - height / 2, 0.1), highlight=window)
        draw_grid(ax, kernel[c], at=(centre - k_h / 2, kernel_left), highlight=window)
        value = [(0, 0, 1, 1, colour)]
        draw_grid(ax, maps[c], at=(centre - out_h / 2, map_left), highlight=value)
        ax.text(kernel_left - 0.75, centre, "∗", fontsize=15, **_CENTRE)
        ax.text(map_left - 0.75, centre, "=", fontsize=15, **_CENTRE)
        arrow = {"arrowstyle": "->", "color": "0.4"}
        ax.annotate("", (left - 0.3, middle), (map_left + out_w + 0.3, centre), arrowprops=arrow)
    draw_grid(ax, output, at=(middle - out_h / 2, left), highlight=[(0, 0, 1, 1, "C2")])
    ax.text(left - 1.4, middle + 0.05, "+", fontsize=13, **_CENTRE)
    ax.text(0.1 + width / 2, 0.7, "image", ha="center")
    ax.text(kernel_left + k_w / 2, 0.7 + (height - k_h) / 2, "kernel", ha="center")
    ax.text(left + out_w / 2, middle - out_h / 2 - 0.3, "output", ha="center")
    return figure


def weights_in_memory(weight):
    """Return a figure of a weight (O, C, k_h, k_w) and of the same numbers as a matrix (O, K).

    Raises ValueError for another number of axes.
    """
    weight = np.asarray(weight)
    if weight.ndim != 4:
        raise ValueError(f"weight must be (O, C, k_h, k_w), got shape {weight.shape}")
    out_channels, in_channels, k_h, k_w = weight.shape
    matrix = weight.reshape(out_channels, -1)
    height, step = out_channels * (k_h + 0.7) - 0.7, k_w + 0.6
    left, top = 1.8 + in_channels * step + 0.7, 1.4 + (height - out_channels) / 2
    figure, ax = canvas(height + 1.9, left + matrix.shape[1] + 0.1, cell=0.205)
    for o in range(out_channels):
        row = 1.4 + (k_h + 0.7) * o
        ax.text(1.5, row + k_h / 2, f"$o={o}$", ha="right", va="center")
        for c in range(in_channels):
            box = [(0, 0, k_h, k_w, f"C{c}")]
            draw_grid(ax, weight[o, c], at=(row, 1.8 + step * c), highlight=box)
    for c in range(in_channels):
        ax.text(1.8 + step * c + k_w / 2, 0.9, f"$c={c}$", ha="center")
    size = k_h * k_w
    rows = [(o, size * c, 1, size, f"C{c}") for o, c in np.ndindex(out_channels, in_channels)]
    draw_grid(ax, matrix, at=(top, left), highlight=rows)
    title = "$(O, K)$: the same memory, one kernel per row"
    ax.text(left + matrix.shape[1] / 2, top - 0.5, title, ha="center")
    return figure
