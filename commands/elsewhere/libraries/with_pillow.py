"""Pillow."""

import numpy as np
import PIL
from PIL import Image, ImageFilter

from commands.elsewhere import asking

NAME = "Pillow"
VERSIONS = {"pillow": PIL.__version__}


def bytes_of(image):
    """Return a Pillow image of bytes."""
    return Image.fromarray(np.asarray(image, dtype=np.uint8))


def kernel_filter(image, kernel):
    """Filter with ``ImageFilter.Kernel``, whose weights are listed row by row."""
    weights = kernel.ravel().tolist()
    return np.asarray(bytes_of(image).filter(ImageFilter.Kernel(kernel.shape, weights, scale=1)))


def resize(method):
    """Return a function (image, side) with one of Pillow's methods, on floating point images."""

    def resized(image, side):
        single = Image.fromarray(np.asarray(image, dtype=np.float32))
        return np.asarray(single.resize((side, side), method))

    return resized


def answers() -> dict:
    """Return Pillow's answers, by question and function."""
    methods = Image.Resampling
    return {
        "same": {"ImageFilter.Kernel": asking.same(kernel_filter)},
        "border": {"ImageFilter.Kernel": asking.border(kernel_filter)},
        "resized": {"resize": asking.resized(resize(methods.BILINEAR), resize(methods.NEAREST))},
        "turned": {
            "rotate": asking.attempt(lambda: np.asarray(bytes_of(asking.inputs.NINE).rotate(90)))
        },
        "integers": {"ImageFilter.Kernel": asking.integers(kernel_filter)},
    }
