"""Pictures of images: one, or a row of them with titles."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np

from helpers.figures import TEXT_WIDTH


def draw_image(ax, image, title: str = "", **options) -> None:
    """Draw an image (height, width), (1, height, width) or (height, width, 3) without axes.

    Grey values keep their meaning from picture to picture: black is 0, white 255 for uint8 and 1
    for floating point. ``options`` go to ``imshow``, such as ``vmin`` and ``vmax``.
    """
    pixels = np.asarray(image)
    if pixels.ndim == 3 and pixels.shape[0] == 1:
        pixels = pixels[0]
    scale = {"vmin": 0, "vmax": 255 if pixels.dtype == np.uint8 else 1}
    ax.imshow(pixels, **(scale | options))
    ax.set_title(title)
    ax.axis("off")


def image_row(images: Sequence, titles: Sequence[str] | None = None, height=1.4, **options):
    """Return a figure with ``images`` side by side; ``height`` is in inches, see ``draw_image``."""
    figure, axes = plt.subplots(1, len(images), figsize=(TEXT_WIDTH, height), squeeze=False)
    for ax, image, title in zip(axes[0], images, titles or [""] * len(images), strict=True):
        draw_image(ax, image, title, **options)
    return figure
