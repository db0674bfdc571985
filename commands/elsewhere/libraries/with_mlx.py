"""MLX, on the processor."""

from importlib.metadata import version

import mlx.core as mx
import numpy as np
from mlx import nn

from commands.elsewhere import asking

NAME = "mlx"
VERSIONS = {"mlx": version("mlx")}


def batch(image):
    """Return an image as a batch of one with one channel, which is the last axis."""
    return mx.array(np.asarray(image, dtype=np.float32))[None, :, :, None]


def convolution(function=mx.conv2d, **options):
    """Return a function (image, kernel) that convolves."""

    def convolve(image, kernel):
        weight = mx.array(kernel.astype(np.float32))[None, :, :, None]
        return np.array(function(batch(image), weight, **options))[0, :, :, 0]

    return convolve


def several(image, weight):
    """Convolve several channels: image, weight and output."""
    image = image.transpose(1, 2, 0)[None].astype(np.float32)
    weight = weight.transpose(0, 2, 3, 1).astype(np.float32)
    return image, weight, np.array(mx.conv2d(mx.array(image), mx.array(weight)))


def pool(kind, *arguments, **options):
    """Return a function of an image that uses a pooling layer."""
    return lambda x: np.array(kind(*arguments, **options)(batch(x)))[0, :, :, 0]


def resize(mode, **options):
    """Return a function (image, side) that uses ``Upsample``."""
    return lambda image, side: np.array(
        nn.Upsample(side / len(image), mode, **options)(batch(image))
    )[0, :, :, 0]


def answers() -> dict:
    """Return MLX's answers, by question and function."""
    return {
        "stride": {"conv2d (padding=1)": asking.centres(convolution(stride=2, padding=1))},
        "weights": {"conv2d": asking.layout(several)},
        "pooling": {
            "MaxPool2d, AvgPool2d": asking.pooling(
                pool(nn.MaxPool2d, 3),
                pool(nn.AvgPool2d, 3, 2, 1),
                pool(nn.MaxPool2d, 3, 2, 1),
                pool(nn.MaxPool2d, 3, 2),
            )
        },
        "transposed": {
            "conv_transpose2d": asking.transposed(
                convolution(mx.conv_transpose2d),
                convolution(stride=2, padding=1),
                convolution(mx.conv_transpose2d, stride=2, padding=1, output_padding=1),
            )
        },
        "resized": {"Upsample": asking.resized(resize("linear"), resize("nearest"))},
    }
