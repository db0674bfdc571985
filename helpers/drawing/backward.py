"""Pictures of the backward pass of a convolution, for lesson 03."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch

from helpers.drawing.by_hand import turned
from helpers.drawing.grids import canvas, draw_grid
from helpers.drawing.tensors import draw_equation, width_of
from helpers.figures import TEXT_WIDTH

_FORWARD, _BACKWARD = "C0", "C1"
# x of the box, its label, and the rule of its backward pass
_STEPS = (
    (1.6, "unfold", "add up copies:\nfold"),
    (4.7, "product\n$\\mathbf{U\\,W}+b$", "$\\mathbf{W}^\\top$, $\\mathbf{U}^\\top$,\nsum of rows"),
    (8.0, "reshape,\npermute", "inverse\npermutation"),
    (10.85, "loss", ""),
)
# from x, to x, tensor, its shape, its gradient
_FLOW = (
    (-0.75, 0.95, "$X$", "N, C,\n$H_{in}$, $W_{in}$", r"$X^\nabla$"),
    (2.3, 4.0, r"$\mathbf{U}$", "NP, K", r"$\mathbf{U}^\nabla$"),
    (5.4, 7.3, r"$\mathbf{Y}'$", "NP, O", r"$\mathbf{Y}'^\nabla$"),
    (8.7, 10.15, "$Y$", "N, O,\n$H_{out}$, $W_{out}$", r"$Y^\nabla$"),
)
# x, the side on which the gradient stands, parameter, its shape, its gradient
_PARAMETERS = (
    (4.25, -1, r"$\mathbf{W}$", "K, O", r"$\mathbf{W}^\nabla$"),
    (5.15, 1, "$b$", "O", r"$b^\nabla$"),
)


def _arrow(ax, start, end, colour) -> None:
    style = {"arrowstyle": "-|>", "color": colour, "lw": 1.6, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=style)


def computation_graph():
    """Return a figure of the layer as a graph: values flow right, gradients left."""
    figure, ax = plt.subplots(figsize=(TEXT_WIDTH, 2.25))
    ax.set(xlim=(-1.25, 12.55), ylim=(-1.55, 2.4))
    ax.axis("off")
    middle = {"ha": "center", "va": "center", "fontsize": 8}
    above = {"ha": "center", "va": "bottom", "fontsize": 8, "color": _FORWARD}
    for x, label, rule in _STEPS:
        box = {"boxstyle": "round,pad=0.05", "fc": "0.95", "ec": "0.4"}
        ax.add_patch(FancyBboxPatch((x - 0.62, -0.5), 1.24, 1.0, **box))
        ax.text(x, 0, label, **middle)
        ax.text(x, -0.72, rule, ha="center", va="top", color=_BACKWARD, fontsize=8)
    for left, right, name, shape, gradient in _FLOW:
        _arrow(ax, (left, 0.22), (right, 0.22), _FORWARD)
        _arrow(ax, (right, -0.22), (left, -0.22), _BACKWARD)
        ax.text((left + right) / 2, 0.36, f"{name}\n{shape}", **above)
        below = {"ha": "center", "va": "top", "color": _BACKWARD, "fontsize": 9}
        ax.text((left + right) / 2, -0.4, gradient, **below)
    for x, side, name, shape, gradient in _PARAMETERS:
        _arrow(ax, (x - 0.09 * side, 1.4), (x - 0.09 * side, 0.58), _FORWARD)
        _arrow(ax, (x + 0.09 * side, 0.58), (x + 0.09 * side, 1.4), _BACKWARD)
        ax.text(x, 1.45, f"{name}\n{shape}", **above)
        ax.text(x + 0.45 * side, 1.1, gradient, **(middle | {"color": _BACKWARD, "fontsize": 9}))
    _arrow(ax, (11.55, 0), (12.1, 0), _FORWARD)
    ax.text(12.35, 0, r"$\ell$", **(middle | {"color": _FORWARD, "fontsize": 11}))
    ax.text(-1.2, 2.2, "values, forward", color=_FORWARD, fontsize=8, va="center")
    ax.text(-1.2, 1.85, "gradients, backward", color=_BACKWARD, fontsize=8, va="center")
    return figure


def local_derivatives(by_weight, by_patches):
    """Return a figure of the two tables of local derivatives of the product.

    ``by_weight`` is (O NP, O K) with rows (o', i) and columns (o, k), ``by_patches`` (NP O, NP K)
    with rows (i, o) and columns (j, k). Raises ValueError for anything but matrices.
    """
    tables = [np.asarray(table) for table in (by_weight, by_patches)]
    for table in tables:
        if table.ndim != 2:
            raise ValueError(f"local derivatives must be a matrix, got shape {table.shape}")
    figure, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.4), width_ratios=(1, 2))
    limit = max(np.abs(table).max() for table in tables)
    titles = (
        r"$\partial \mathbf{Y}'_{io'}\,/\,\partial \mathbf{W}_{ko}$",
        r"$\partial \mathbf{Y}'_{io}\,/\,\partial \mathbf{U}_{jk}$",
    )
    columns = r"entry $(o, k)$ of $\mathbf{W}$", r"entry $(j, k)$ of $\mathbf{U}$"
    rows = r"entry $(o', i)$ of $\mathbf{Y}'$", r"entry $(i, o)$ of $\mathbf{Y}'$"
    for ax, table, *labels in zip(axes, tables, titles, columns, rows, strict=True):
        image = ax.imshow(table, cmap="PuOr", vmin=-limit, vmax=limit, aspect="auto")
        ax.set(title=labels[0], xlabel=labels[1], ylabel=labels[2])
        ax.grid(False)
    figure.colorbar(image, ax=axes, label="derivative", shrink=0.9)
    return figure


def pixel_and_patches(
    image, patches, patches_grad, image_grad, entries: Sequence[tuple[int, int]], kernel_size
):
    """Return a figure that follows one pixel into the patches and its gradient back.

    ``image`` and ``image_grad`` are (height, width), ``patches`` and ``patches_grad`` (P, K), one
    patch per row. ``entries`` are the (p, k) at which the pixel is read, at most four, with stride
    1 and no padding. Raises ValueError for other shapes or when the entries read several pixels.
    """
    image, patches = np.asarray(image), np.asarray(patches)
    (height, width), (k_h, k_w) = image.shape, kernel_size
    out_w = width - k_w + 1
    if patches.shape != ((height - k_h + 1) * out_w, k_h * k_w):
        raise ValueError(f"image {image.shape} has no patches of shape {patches.shape}")
    places = [(p // out_w + k // k_w, p % out_w + k % k_w) for p, k in entries]
    if not 1 <= len(places) <= 4 or len(set(places)) > 1:
        raise ValueError(f"entries must read one pixel, at most four times; they read {places}")
    pixel = (*places[0], 1, 1, "C4")
    columns = 3 * width + 2 * k_h * k_w + 6.7
    rows = max(2 * height + 0.5, len(patches)) + 1.6
    figure, ax = canvas(rows, columns, cell=min(0.28, TEXT_WIDTH / columns))
    for number, (p, _) in enumerate(entries):  # the windows, each on an image of its own
        corner = number // 2 * (height + 0.5) + 1.4, number % 2 * (width + 0.5) + 0.2
        window = (p // out_w, p % out_w, k_h, k_w, f"C{number}")
        draw_grid(ax, image, at=corner, highlight=[window])
    ax.text(width + 0.5, 0.9, "input $X$, its windows", ha="center", va="center")
    marks = [(p, k, 1, 1, f"C{number}") for number, (p, k) in enumerate(entries)]
    left = 2 * width + 2.8
    for values, name in ((patches, r"$\mathbf{U}$"), (patches_grad, r"given $\mathbf{U}^\nabla$")):
        draw_grid(ax, values, at=(1.4, left), highlight=marks)
        _number_axes(ax, (1.4, left), values.shape)
        ax.text(left + k_h * k_w / 2, 0.3, name, ha="center", va="center")
        left += k_h * k_w + 2.3
    left -= 0.9
    draw_grid(ax, image_grad, at=(1.4, left), highlight=[pixel])
    ax.text(left + width / 2, 0.9, r"result $X^\nabla$", ha="center", va="center")
    return figure


def _number_axes(ax, corner, shape) -> None:
    """Write the patch numbers p beside a grid, the places k above it."""
    (top, left), small = corner, {"ha": "center", "va": "center", "fontsize": 7.5, "color": "0.4"}
    for p in range(shape[0]):
        ax.text(left - 0.45, top + p + 0.5, f"{p}" if p else "p = 0", **(small | {"ha": "right"}))
    for k in range(shape[1]):
        ax.text(left + k + 0.5, top - 0.4, f"{k}" if k else "k = 0", **small)


def turned_kernel(output_grad, kernel, input_grad, pixel: tuple[int, int]):
    """Return a figure of the input gradient as a convolution with the turned kernel, at stride 1.

    ``output_grad`` is (H_out, W_out), ``kernel`` (k_h, k_w), ``input_grad`` (height, width); the
    window that gives ``input_grad[pixel]`` is marked. Raises ValueError when the shapes do not
    belong together.
    """
    parts = turned(output_grad, kernel, input_grad, pixel)
    width = width_of(parts) + 0.4
    figure, ax = canvas(len(parts[4].values) + 1.4, width)
    draw_equation(ax, parts, (1.2 + len(parts[4].values) / 2, 0.2))
    return figure
