"""Pictures of what kernels make of images: grey, or red and blue where values are negative."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np

from helpers.drawing.grids import draw_grid
from helpers.figures import TEXT_WIDTH


def draw_map(ax, values, title: str = "") -> None:
    """Draw (height, width) in a frame: in grey from 0, or with red positive and blue negative.

    Each picture has a scale of its own, as far as its largest absolute value; white is 0 where
    some value is negative. Raises ValueError for another number of axes.
    """
    values = np.asarray(values)
    if values.ndim != 2:
        raise ValueError(f"a map is (height, width), got shape {values.shape}")
    limit = float(np.abs(values).max())
    signed = {"cmap": "RdBu_r", "vmin": -limit} if (values < 0).any() else {"vmin": 0}
    ax.imshow(values, vmax=limit, **signed)
    ax.set(title=title, xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set(visible=True, color="0.8", linewidth=0.6)


def kernel_on_image(image, kernel, output):
    """Return a figure of an image (height, width), a kernel (k_h, k_w) and the output."""
    figure, axes = plt.subplots(1, 3, figsize=(TEXT_WIDTH, 1.9))
    draw_map(axes[0], image, "image")
    draw_grid(axes[1], kernel)
    axes[1].set_title("kernel")
    draw_map(axes[2], output, "output")
    return figure


def map_row(panels: Mapping[str, Sequence]):
    """Return a figure of maps (height, width) side by side, from title to values."""
    if not panels:
        raise ValueError("panels is empty: expected at least one title with a map")
    figure, axes = plt.subplots(1, len(panels), figsize=(TEXT_WIDTH, 1.9), squeeze=False)
    for ax, (title, values) in zip(axes[0], panels.items(), strict=True):
        draw_map(ax, values, title)
    return figure


def kernels_on_images(kernels: Mapping[str, Sequence], images, maps):
    """Return a figure with a row for each image and a column for each kernel.

    ``kernels`` maps a name to (k_h, k_w), ``images`` is (N, height, width) and ``maps`` (N, number
    of kernels, H_out, W_out). Raises ValueError when the numbers differ.
    """
    if np.shape(maps)[:2] != (len(images), len(kernels)):
        raise ValueError(
            f"{len(images)} images and {len(kernels)} kernels do not belong to maps of shape "
            f"{np.shape(maps)}: expected (images, kernels, height, width)"
        )
    rows, columns = len(images) + 1, len(kernels) + 1
    size = (TEXT_WIDTH, 0.9 + 1.2 * len(images))
    ratios = [0.8] + [1] * len(images)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, height_ratios=ratios)
    axes[0, 0].axis("off")
    axes[0, 0].set_title("image")
    for ax, (name, kernel) in zip(axes[0, 1:], kernels.items(), strict=True):
        draw_grid(ax, kernel)
        ax.set_title(name)
    for line, image, outputs in zip(axes[1:], images, maps, strict=True):
        for ax, values in zip(line, [image, *outputs], strict=True):
            draw_map(ax, values)
    return figure
