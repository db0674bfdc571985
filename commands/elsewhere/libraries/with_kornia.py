"""kornia, on torch."""

import kornia
import torch
from kornia import filters
from kornia.augmentation import RandomAffine, RandomRotation
from kornia.geometry import transform

from commands.elsewhere import asking, inputs

NAME = "kornia"
VERSIONS = {"kornia": kornia.__version__}


def batch(image):
    """Return an image as a batch of one with one channel."""
    return torch.tensor(image, dtype=torch.float32)[None, None]


def convolution(**options):
    """Return a function (image, kernel) that uses ``filter2d``."""

    def convolve(image, kernel):
        kernel = torch.tensor(kernel, dtype=torch.float32)[None]
        return filters.filter2d(batch(image), kernel, **options)[0, 0]

    return convolve


def resize(method, **options):
    """Return a function (image, side) that uses ``resize``."""
    return lambda image, side: transform.resize(batch(image), (side, side), method, **options)[0, 0]


def turned(function):
    """Return the image of nine numbers, turned; bilinear at +90 degrees gives whole numbers."""
    return asking.attempt(lambda: function(batch(inputs.NINE))[0, 0])


def answers() -> dict:
    """Return kornia's answers, by question and function."""
    torch.manual_seed(0)
    ninety = torch.tensor([90.0])
    return {
        "same": {
            "filter2d": asking.same(convolution(border_type="constant")),
            "filter2d (behaviour=conv)": asking.same(
                convolution(border_type="constant", behaviour="conv")
            ),
        },
        "border": {"filter2d": asking.border(convolution())},
        "resized": {
            "resize": asking.resized(resize("bilinear"), resize("nearest")),
            "resize (antialias=True)": asking.resized(resize("bilinear", antialias=True)),
        },
        "turned": {
            "rotate": turned(lambda x: transform.rotate(x, ninety)),
            "RandomRotation": turned(RandomRotation((90.0, 90.0), p=1.0)),
            "RandomAffine": turned(RandomAffine((90.0, 90.0), p=1.0)),
        },
        "integers": {
            "filter2d": asking.integers(
                lambda x, w: filters.filter2d(torch.tensor(x)[None, None], torch.tensor(w)[None])[
                    0, 0
                ]
            )
        },
        "fourier": {"filter2d": asking.fourier(convolution(border_type="constant"))},
    }
