"""Pictures of images of different sizes: to scale, in padded batches, and what padding does."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor

from helpers.drawing.affine import draw_framed
from helpers.figures import TEXT_WIDTH

ORANGE = (0.87, 0.56, 0.02)  # of the palette


def to_scale(groups: Mapping[str, Sequence[Tensor]], *, rows: int = 1, gap: int = 7):
    """Return a figure of images (1, height, width) of many sizes, all pixels equally large.

    ``groups`` maps a title to its images, which stand side by side, or column by column in
    ``rows`` rows. ``gap`` is the space between images in their pixels; groups are four gaps apart.
    Raises ValueError if the images of a group do not fill its columns.
    """
    for title, images in groups.items():
        if len(images) % rows:
            raise ValueError(f"{title!r} has {len(images)} images, not a multiple of {rows} rows")
    line_height = max(image.shape[-2] for images in groups.values() for image in images) + gap
    columns = {
        title: [images[k : k + rows] for k in range(0, len(images), rows)]
        for title, images in groups.items()
    }
    widths = [max(i.shape[-1] for i in column) + gap for c in columns.values() for column in c]
    width = sum(widths) - gap + 3 * gap * (len(groups) - 1)
    height = rows * line_height - gap + 2 * gap  # two gaps for the titles
    figure = plt.figure(figsize=(TEXT_WIDTH, TEXT_WIDTH * height / width), layout="none")
    left = 0
    for title, stacks in columns.items():
        figure.text(left / width, 1, title, fontsize=8.5, va="top")
        for column in stacks:
            for row, image in enumerate(column):
                bottom = (rows - 1 - row) * line_height
                h, w = image.shape[-2:]
                ax = figure.add_axes((left / width, bottom / height, w / width, h / height))
                draw_framed(ax, image, cmap="gray", edge="0.6")
            left += max(image.shape[-1] for image in column) + gap
        left += 3 * gap
    return figure


def padded_batches(batches: Mapping[str, tuple[Tensor, Tensor]]):
    """Return a figure of padded batches side by side, four images in a row, the padding orange.

    ``batches`` maps a title to a batch, uint8 (n, 1, height, width), and its mask of the same
    shape, as ``data.pad`` returns them. Raises ValueError where the two shapes differ.
    """
    for title, (batch, mask) in batches.items():
        if batch.shape != mask.shape:
            raise ValueError(
                f"{title!r}: expected a batch and a mask of one shape, "
                f"got {tuple(batch.shape)} and {tuple(mask.shape)}"
            )
    figure = plt.figure(figsize=(TEXT_WIDTH, 2.2))
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0, hspace=0)
    parts = figure.subfigures(1, len(batches), squeeze=False)[0]
    for part, (title, (batch, mask)) in zip(parts, batches.items(), strict=True):
        part.suptitle(title, fontsize=9, x=0.02, ha="left")
        axes = part.subplots(-(-len(batch) // 4), 4, squeeze=False).flatten()
        for ax in axes:
            ax.axis("off")
        for ax, image, own in zip(axes, batch[:, 0].numpy(), mask[:, 0].numpy(), strict=False):
            grey = np.repeat(image[..., None] / 255, 3, axis=2)
            ax.imshow(np.where(own[..., None], grey, ORANGE))
    return figure


def padded_maps(image: Tensor, maps: Mapping[str, Tensor], size: tuple[int, int], vmax: float):
    """Return a figure of a padded image and of maps after one block, with half its side.

    ``image`` is (height, width); ``maps`` has titles and maps (height // 2, width // 2) with values
    from 0 to ``vmax``. An orange frame is drawn around the image's own pixels, ``size`` (height,
    width) of them.
    """
    pictures = {"input, padded": image} | dict(maps)
    figure, axes = plt.subplots(1, len(pictures), figsize=(TEXT_WIDTH, 2.2), layout="compressed")
    for ax, (title, picture) in zip(axes, pictures.items(), strict=True):
        own = np.array(size) if title == "input, padded" else np.array(size) // 2
        style = {} if title == "input, padded" else {"cmap": "viridis", "vmin": 0, "vmax": vmax}
        drawn = ax.imshow(picture, **style)
        ax.add_patch(plt.Rectangle((-0.5, -0.5), own[1], own[0], fill=False, ec="C1", lw=1.5))
        ax.set(title=title, xticks=[], yticks=[])
        ax.grid(False)
    figure.colorbar(drawn, ax=axes[1:], extend="max", shrink=0.9)
    return figure


def tone_curve(curve: Callable[[Tensor], Tensor], image: Tensor):
    """Return a figure of a function of uint8 grey values, and an image before and after it.

    ``curve`` maps uint8 values of any shape to uint8 values, ``image`` is (1, height, width).
    """
    figure, axes = plt.subplots(1, 3, figsize=(TEXT_WIDTH, 2.2), width_ratios=(1.5, 1, 1))
    values = torch.arange(256).to(torch.uint8)
    axes[0].plot(values, values, "--", color="0.6", lw=1)
    axes[0].plot(values, curve(values))
    axes[0].set(xlabel="grey value in MNIST", ylabel="on the canvas", aspect="equal")
    axes[0].set(xticks=(0, 128, 255), yticks=(0, 128, 255))
    draw_framed(axes[1], image, "MNIST", cmap="gray")
    draw_framed(axes[2], curve(image), "on the canvas", cmap="gray")
    return figure


def shares_of_places(counts: Mapping[tuple[int, str], Tensor]):
    """Return a figure of how often things begin at each place, a panel for each side.

    ``counts`` maps (side, label) to a tensor (places,) of counts. Dashed: all equally often.
    """
    sides = sorted({side for side, _ in counts})
    figure, axes = plt.subplots(1, len(sides), figsize=(TEXT_WIDTH, 1.9), squeeze=False)
    for (side, label), often in counts.items():
        ax = axes[0, sides.index(side)]
        ax.stairs(100 * often / often.sum(), np.arange(len(often) + 1) - 0.5, label=label)
        ax.axhline(100 / len(often), color="0.3", lw=1, ls="--")
        ax.set(title=f"side {side}", xlabel="pixels from the edge", ylim=(0, None))
    axes[0, 0].set(ylabel="share of digits in %")
    axes[0, 0].legend(loc="lower center")
    return figure
