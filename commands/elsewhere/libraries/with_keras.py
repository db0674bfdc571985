"""Keras, on the backend that the environment variable ``KERAS_BACKEND`` names."""

import keras
import numpy as np
from keras import layers, ops

from commands.elsewhere import asking, inputs

NAME = f"keras on {keras.backend.backend()}"
VERSIONS = {"keras": keras.__version__}


def batch(image):
    """Return an image as a batch of one with one channel, which is the last axis."""
    return np.asarray(image, dtype=np.float32)[None, :, :, None]


def values(tensor):
    """Return the image in a batch of one as an array."""
    return ops.convert_to_numpy(tensor)[0, :, :, 0]


def convolution(**options):
    """Return a function (image, kernel) that uses the layer ``Conv2D``."""

    def convolve(image, kernel):
        layer = layers.Conv2D(1, kernel.shape, use_bias=False, **options)
        layer.build((None, None, None, 1))
        layer.set_weights([kernel[:, :, None, None]])
        return values(layer(batch(image)))

    return convolve


def transposed(**options):
    """Return a function (image, kernel) that uses the layer ``Conv2DTranspose``."""

    def convolve(image, kernel):
        layer = layers.Conv2DTranspose(1, kernel.shape, use_bias=False, **options)
        layer.build((None, None, None, 1))
        layer.set_weights([kernel[:, :, None, None]])
        return values(layer(batch(image)))

    return convolve


def several(image, weight):
    """Convolve several channels: image, weight and output."""
    image = image.transpose(1, 2, 0)[None]
    layer = layers.Conv2D(len(weight), weight.shape[2:], use_bias=False)
    layer.build(image.shape)
    layer.set_weights([weight.transpose(2, 3, 1, 0)])
    return image, layer.get_weights()[0], ops.convert_to_numpy(layer(image))


def pool(kind, *arguments):
    """Return a function of an image that uses a pooling layer."""
    return lambda x: values(kind(*arguments)(batch(x)))


def uneven_mean(side: int = 6):
    """Return means of 3x3 windows with stride 2, "same", where one pixel has to be added."""
    ramp = np.arange(1.0, side * side + 1).reshape(side, side)
    return pool(layers.AveragePooling2D, 3, 2, "same")(ramp)


def resize(method, **options):
    """Return a function (image, side) that uses ``ops.image.resize``."""
    return lambda image, side: values(
        ops.image.resize(batch(image), (side, side), interpolation=method, **options)
    )


def answers() -> dict:
    """Return Keras's answers on this backend, by question and function."""
    return {
        "same": {"Conv2D (same)": asking.same(convolution(padding="same"))},
        "stride": {"Conv2D (same)": asking.centres(convolution(padding="same", strides=2))},
        "weights": {"Conv2D": asking.layout(several)},
        "pooling": {
            "MaxPooling2D, AveragePooling2D": asking.pooling(
                pool(layers.MaxPooling2D, 3),
                pool(layers.AveragePooling2D, 3, 2, "same"),
                pool(layers.MaxPooling2D, 3, 2, "same"),
                pool(layers.MaxPooling2D, 3, 2),
            )
            | {"uneven": asking.attempt(uneven_mean)}
        },
        "transposed": {
            "Conv2DTranspose": asking.transposed(
                transposed(),
                convolution(padding="same", strides=2),
                transposed(padding="same", strides=2),
            )
        },
        "resized": {
            "ops.image.resize": asking.resized(resize("bilinear"), resize("nearest")),
            "ops.image.resize (antialias=True)": asking.resized(resize("bilinear", antialias=True)),
        },
        "turned": {
            "RandomRotation": asking.attempt(
                lambda: values(
                    layers.RandomRotation((0.25, 0.25), interpolation="nearest")(
                        batch(inputs.NINE), training=True
                    )
                )
            )
        },
        "integers": {
            "ops.conv": asking.integers(
                lambda x, w: values(
                    ops.conv(x[None, :, :, None], w[:, :, None, None], padding="same")
                )
            )
        },
    }
