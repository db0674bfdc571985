"""Pictures of digits that were moved: rows of them, and the four kinds of affine map."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from helpers.data import augment
from helpers.drawing.images import draw_image
from helpers.figures import TEXT_WIDTH

# For each kind of map: its amounts, and how one is written above a picture.
KINDS = {
    "rotation": ((-30, -15, 0, 15, 30), "{:g}°"),
    "shift": ((-6, -3, 0, 3, 6), "{:g}"),
    "scaling": ((0.6, 0.8, 1, 1.25, 1.6), "× {:g}"),
    "shear": ((-30, -15, 0, 15, 30), "{:g}°"),
}


def draw_framed(ax, image, title: str = "", *, cmap: str = "gray_r", edge: str = "0.75") -> None:
    """Draw an image as ``draw_image`` does, in a thin frame; by default dark ink on white."""
    draw_image(ax, image, cmap=cmap)
    ax.set_title(title, fontsize=8, pad=2)
    ax.axis("on")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set(visible=True, color=edge, linewidth=0.6)


def digit_rows(rows: Sequence[Sequence], *, labels=None, titles=None, height: float = 1.15):
    """Return a figure with rows of images (height, width), dark on white, each in a thin frame.

    ``labels`` has a word for each row, written on its left; ``titles``, a row of words for each row
    of images, are written above them. ``height`` is in inches, of a row and its titles.
    Raises ValueError for rows of different lengths.
    """
    if len({len(row) for row in rows}) != 1:
        raise ValueError(f"expected rows of one length, got {[len(row) for row in rows]}")
    titles = [[""] * len(rows[0]) for _ in rows] if titles is None else titles
    figure, axes = plt.subplots(
        len(rows),
        len(rows[0]),
        figsize=(TEXT_WIDTH, height * len(rows)),
        layout="compressed",
        squeeze=False,
    )
    for line, images, words in zip(axes, rows, titles, strict=True):
        for ax, image, word in zip(line, images, words, strict=True):
            draw_framed(ax, image, word)
    for ax, label in zip(axes[:, 0], labels or [""] * len(rows), strict=True):
        ax.set_ylabel(label, fontsize=8)
    return figure


def moved(image: Tensor, kind: str, amount: float) -> Tensor:
    """Return one image (1, 1, height, width) under one kind of map, a key of ``KINDS``.

    ``amount`` is an angle in degrees, a shift to the right in pixels or a factor.
    Raises ValueError for an unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of map {kind!r}, expected one of {list(KINDS)}")
    neutral = {"rotation": 0.0, "shift": 0.0, "scaling": 1.0, "shear": 0.0}
    degrees, right, scale, shear = torch.tensor(list((neutral | {kind: amount}).values()))
    shift = torch.stack([right, torch.zeros(())])
    return augment.warp(image, augment.affine(degrees[None], shift[None], scale[None], shear[None]))


def affine_kinds(image: Tensor):
    """Return a figure of an image (1, 1, height, width) under five amounts of each kind of map."""
    width_ratios = [1] * 5 + [0.5] + [1] * 5
    figure, axes = plt.subplots(2, 11, figsize=(TEXT_WIDTH, 1.6), width_ratios=width_ratios)
    for k, (kind, (amounts, form)) in enumerate(KINDS.items()):
        line = axes[k // 2, 6 * (k % 2) :][:5]
        line[0].set_ylabel(kind, labelpad=3)
        for ax, amount in zip(line, amounts, strict=True):
            draw_framed(ax, moved(image, kind, amount)[0, 0], form.format(amount))
    for ax in axes[:, 5]:
        ax.axis("off")
    return figure
