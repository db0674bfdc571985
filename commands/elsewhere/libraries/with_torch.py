"""PyTorch and torchvision, for comparison."""

import torch
import torchvision
from torch.nn import functional as F
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as images

from commands.elsewhere import asking, inputs

NAME = "torch"
VERSIONS = {module.__name__: module.__version__.split("+")[0] for module in (torch, torchvision)}


def batch(image):
    """Return an image as a batch of one with one channel."""
    return torch.tensor(image, dtype=torch.float32)[None, None]


def convolution(**options):
    """Return a function (image, kernel) that convolves with ``options`` of ``F.conv2d``."""
    return lambda image, kernel: F.conv2d(batch(image), batch(kernel), **options)[0, 0]


def layer(image, weight):
    """Convolve several channels; image, weight and output."""
    image, weight = torch.tensor(image)[None], torch.tensor(weight)
    return image, weight, F.conv2d(image, weight)


def transposed_layer(image, kernel):
    """Return what ``conv_transpose2d`` makes of an image with stride 2."""
    options = {"stride": 2, "padding": 1, "output_padding": 1}
    return F.conv_transpose2d(batch(image), batch(kernel), **options)[0, 0]


def resize(mode, **options):
    """Return a function (image, side) that uses ``F.interpolate``."""
    return lambda image, side: F.interpolate(batch(image), (side, side), mode=mode, **options)[0, 0]


def turned(transform):
    """Return the image of nine numbers, turned."""
    return asking.attempt(lambda: transform(batch(inputs.NINE))[0, 0])


def answers() -> dict:
    """Return torch's answers, by question and function."""
    strided = convolution(stride=2, padding=1)
    return {
        "same": {"F.conv2d": asking.same(convolution(padding="same"))},
        "stride": {
            "F.conv2d (padding=same)": asking.centres(convolution(padding="same", stride=2)),
            "F.conv2d (padding=1)": asking.centres(strided),
        },
        "border": {"F.conv2d": asking.border(convolution(padding=2))}
        | {
            f"F.pad (mode={mode})": asking.attempt(
                lambda mode=mode: F.pad(batch(inputs.columns(5) + 1)[0], (2, 2), mode)[0, 0, :2]
            )
            for mode in ("reflect", "replicate")
        },
        "weights": {"F.conv2d": asking.layout(layer)},
        "pooling": {
            "F.max_pool2d, F.avg_pool2d": asking.pooling(
                lambda x: F.max_pool2d(batch(x), 3)[0, 0],
                lambda x: F.avg_pool2d(batch(x), 3, 2, 1)[0, 0],
                lambda x: F.max_pool2d(batch(x), 3, 2, 1)[0, 0],
                lambda x: F.max_pool2d(batch(x), 3, 2)[0, 0],
                lambda x: F.avg_pool2d(batch(x), 3, 2, ceil_mode=True)[0, 0],
            )
        },
        "transposed": {
            "F.conv_transpose2d": asking.transposed(
                lambda x, w: F.conv_transpose2d(batch(x), batch(w))[0, 0],
                strided,
                transposed_layer,
            )
        },
        "resized": {
            "F.interpolate": asking.resized(resize("bilinear"), resize("nearest")),
            "F.interpolate (antialias=True)": asking.resized(
                resize("bilinear", antialias=True), resize("nearest-exact")
            ),
            "F.interpolate (align_corners=True)": asking.resized(
                resize("bilinear", align_corners=True)
            ),
            "torchvision: v2.resize": asking.resized(
                lambda image, side: images.resize(batch(image), [side, side])[0, 0]
            ),
        },
        "turned": {
            "torchvision: v2.rotate": turned(lambda x: images.rotate(x, 90)),
            "torchvision: v2.RandomRotation": turned(v2.RandomRotation((90, 90))),
            "torchvision: v2.affine": turned(lambda x: images.affine(x, 90, [0, 0], 1, [0, 0])),
            "torchvision: v2.RandomAffine": turned(v2.RandomAffine((90, 90))),
        },
        "integers": {
            "F.conv2d": asking.integers(
                lambda x, w: F.conv2d(
                    torch.tensor(x)[None, None], torch.tensor(w)[None, None], padding="same"
                )[0, 0]
            )
        },
        "fourier": {"F.conv2d": asking.fourier(convolution(padding="same"))},
    }
