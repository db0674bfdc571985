"""tinygrad."""

from importlib.metadata import version

import numpy as np
from tinygrad import Tensor, nn

from commands.elsewhere import asking

NAME = "tinygrad"
VERSIONS = {"tinygrad": version("tinygrad")}


def batch(image):
    """Return an image as a batch of one with one channel."""
    return Tensor(np.asarray(image, dtype=np.float32))[None, None]


def convolution(method="conv2d", **options):
    """Return a function (image, kernel) that uses a method of ``Tensor``."""

    def convolve(image, kernel):
        return getattr(batch(image), method)(batch(kernel), **options).numpy()[0, 0]

    return convolve


def layer(stride=1):
    """Return a function (image, kernel) that uses the layer ``nn.Conv2d``, which knows "same"."""

    def convolve(image, kernel):
        made = nn.Conv2d(1, 1, kernel.shape, stride, padding="same", bias=False)
        made.weight.assign(batch(kernel))
        return made(batch(image)).numpy()[0, 0]

    return convolve


def several(image, weight):
    """Convolve several channels: image, weight and output."""
    image, weight = image[None].astype(np.float32), weight.astype(np.float32)
    return image, weight, Tensor(image).conv2d(Tensor(weight)).numpy()


def one_input(method, **options):
    """Return a function of an image that uses a method of ``Tensor``."""
    return lambda x: getattr(batch(x), method)(**options).numpy()[0, 0]


def resize(**options):
    """Return a function (image, side) that uses ``Tensor.interpolate``."""
    return lambda image, side: batch(image).interpolate((side, side), **options).numpy()[0, 0]


def sums(image, kernel):
    """Convolve with zeros around the image, in the types that are given."""
    return image.conv2d(kernel, padding=1).numpy()[0, 0]


def answers() -> dict:
    """Return tinygrad's answers, by question and method."""
    padded = {"kernel_size": 3, "stride": 2, "padding": 1}
    return {
        "same": {"nn.Conv2d (same)": asking.same(layer())},
        "stride": {
            "nn.Conv2d (same)": asking.centres(layer(stride=2)),
            "Tensor.conv2d (padding=1)": asking.centres(convolution(padding=1, stride=2)),
        },
        "weights": {"Tensor.conv2d": asking.layout(several)},
        "pooling": {
            "Tensor.max_pool2d, avg_pool2d": asking.pooling(
                one_input("max_pool2d", kernel_size=3),
                one_input("avg_pool2d", **padded),
                one_input("max_pool2d", **padded),
                one_input("max_pool2d", kernel_size=3, stride=2),
                one_input("avg_pool2d", kernel_size=3, stride=2, ceil_mode=True),
            )
        },
        "transposed": {
            "Tensor.conv_transpose2d": asking.transposed(
                convolution("conv_transpose2d"),
                convolution(stride=2, padding=1),
                convolution("conv_transpose2d", stride=2, padding=1, output_padding=1),
            )
        },
        "resized": {
            "Tensor.interpolate": asking.resized(resize(), resize(mode="nearest")),
        },
        "integers": {
            "Tensor.conv2d": asking.integers(
                lambda x, w: sums(Tensor(x[None, None]), Tensor(w[None, None]))
            )
        },
    }
