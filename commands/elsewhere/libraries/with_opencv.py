"""OpenCV."""

import cv2
import numpy as np

from commands.elsewhere import asking

NAME = "cv2"
VERSIONS = {"opencv": cv2.__version__}


def single(image):
    """Return an image in single precision."""
    return np.asarray(image, dtype=np.float32)


def constant(image, kernel):
    """Correlate with zeros around the image."""
    return cv2.filter2D(single(image), -1, kernel, borderType=cv2.BORDER_CONSTANT)


def default(image, kernel):
    """Correlate as cv2 does unless told."""
    return cv2.filter2D(single(image), -1, kernel)


def resize(method):
    """Return a function (image, side) with one of cv2's methods."""
    return lambda image, side: cv2.resize(single(image), (side, side), interpolation=method)


def rotate(image, angle):
    """Turn about the middle by a matrix of cv2's."""
    matrix = cv2.getRotationMatrix2D((1, 1), angle, 1.0)
    return cv2.warpAffine(single(image), matrix, image.shape, flags=cv2.INTER_NEAREST)


def answers() -> dict:
    """Return OpenCV's answers, by question and function."""
    return {
        "same": {"filter2D": asking.same(constant)},
        "border": {"filter2D": asking.border(default)}
        | {
            f"filter2D ({name})": asking.border(
                lambda image, kernel, name=name: cv2.filter2D(
                    single(image), -1, kernel, borderType=getattr(cv2, name)
                )
            )
            for name in ("BORDER_REFLECT", "BORDER_REFLECT_101", "BORDER_REPLICATE")
        },
        "resized": {
            "resize": asking.resized(resize(cv2.INTER_LINEAR), resize(cv2.INTER_NEAREST)),
            "resize (INTER_AREA)": asking.resized(
                resize(cv2.INTER_AREA), resize(cv2.INTER_NEAREST_EXACT)
            ),
        },
        "turned": {
            "getRotationMatrix2D": asking.attempt(rotate, asking.inputs.NINE, 90),
        },
        "integers": {
            "filter2D": asking.integers(lambda x, w: cv2.filter2D(x, -1, single(w))),
            "filter2D to float32": asking.integers(
                lambda x, w: cv2.filter2D(x, cv2.CV_32F, single(w))
            ),
        },
        "fourier": {
            "filter2D": asking.fourier(constant),
            "filter2D of bytes to float32": asking.fourier(
                lambda x, w: cv2.filter2D(x.astype(np.uint8), cv2.CV_32F, w)
            ),
        },
    }
