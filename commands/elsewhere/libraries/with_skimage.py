"""scikit-image."""

import numpy as np
import skimage
from skimage import measure, transform

from commands.elsewhere import asking

NAME = "skimage"
VERSIONS = {"scikit-image": skimage.__version__}


def answers() -> dict:
    """Return scikit-image's answers, by question and function."""

    def blocks(function):
        return lambda x: measure.block_reduce(x, 3, function)

    return {
        "pooling": {
            "measure.block_reduce": asking.pooling(blocks(np.max), blocks(np.mean), blocks(np.max))
        },
        "resized": {
            "transform.resize": asking.resized(
                lambda x, side: transform.resize(x, (side, side)),
                lambda x, side: transform.resize(x, (side, side), order=0),
            ),
            "transform.resize (anti_aliasing=False)": asking.resized(
                lambda x, side: transform.resize(x, (side, side), anti_aliasing=False),
                lambda x, side: transform.resize(x, (side, side), order=0, anti_aliasing=False),
            ),
        },
        "turned": {
            "transform.rotate": asking.attempt(transform.rotate, asking.inputs.NINE, 90, False)
        },
    }
