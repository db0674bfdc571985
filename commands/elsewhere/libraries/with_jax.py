"""JAX, and its libraries flax and equinox."""

import equinox as eqx
import flax
import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from commands.elsewhere import asking, inputs

NAME = "jax"
VERSIONS = {"jax": jax.__version__, "flax": flax.__version__, "equinox": eqx.__version__}


def lax_convolution(padding, stride=1, **options):
    """Return a function (image, kernel) that uses ``lax.conv_general_dilated``."""

    def convolve(image, kernel):
        image, kernel = jnp.asarray(image)[None, None], jnp.asarray(kernel)[None, None]
        return lax.conv_general_dilated(image, kernel, (stride, stride), padding, **options)[0, 0]

    return convolve


def flax_layer(kind, weight, **options):
    """Return a layer of flax's with this weight (height, width, in, out)."""
    height, width, in_channels, out_channels = weight.shape
    layer = kind(
        in_channels, out_channels, (height, width), use_bias=False, rngs=nnx.Rngs(0), **options
    )
    layer.kernel.value = jnp.asarray(weight).reshape(layer.kernel.value.shape)
    return layer


def flax_convolution(kind=nnx.Conv, **options):
    """Return a function (image, kernel) that uses a layer of flax's."""

    def convolve(image, kernel):
        layer = flax_layer(kind, kernel[:, :, None, None], **options)
        return layer(jnp.asarray(image)[None, :, :, None])[0, :, :, 0]

    return convolve


def equinox_layer(kind, weight, **options):
    """Return a layer of equinox's with this weight, as the layer stores it."""
    out_channels, in_channels, *size = weight.shape
    layer = kind(in_channels, out_channels, size, use_bias=False, key=jax.random.key(0), **options)
    return eqx.tree_at(lambda layer: layer.weight, layer, jnp.asarray(weight))


def equinox_convolution(kind=eqx.nn.Conv2d, **options):
    """Return a function (image, kernel) that uses a layer of equinox's."""
    return lambda image, kernel: equinox_layer(kind, kernel[None, None], **options)(
        jnp.asarray(image)[None]
    )[0]


def lax_layer(image, weight):
    """Convolve several channels with lax: image, weight and output."""
    image = jnp.asarray(image)[None]
    return image, weight, lax.conv(image, jnp.asarray(weight), (1, 1), "VALID")


def nnx_layer(image, weight):
    """Convolve several channels with flax: image, weight and output."""
    image = jnp.asarray(image.transpose(1, 2, 0))[None]
    layer = flax_layer(nnx.Conv, weight.transpose(2, 3, 1, 0), padding="VALID")
    return image, layer.kernel.value, layer(image)


def eqx_layer(image, weight):
    """Convolve several channels with equinox: image, weight and output."""
    layer = equinox_layer(eqx.nn.Conv2d, weight)
    return image, layer.weight, layer(jnp.asarray(image))


def lax_transposed(padding, stride=1, **options):
    """Return a function (image, kernel) that uses ``lax.conv_transpose``."""

    def convolve(image, kernel):
        image, kernel = jnp.asarray(image)[None, :, :, None], jnp.asarray(kernel)[:, :, None, None]
        output = lax.conv_transpose(image, kernel, (stride, stride), padding, **options)
        return output[0, :, :, 0]

    return convolve


def resize(method, **options):
    """Return a function (image, side) that uses ``jax.image.resize``."""
    return lambda image, side: jax.image.resize(jnp.asarray(image), (side, side), method, **options)


def poolings() -> dict:
    """Return what flax's and equinox's poolings do."""

    def nhwc(function, *arguments):
        return lambda x: function(jnp.asarray(x)[None, :, :, None], *arguments)[0, :, :, 0]

    def chw(layer):
        return lambda x: layer(jnp.asarray(x)[None])[0]

    three, two = (3, 3), (2, 2)
    return {
        "flax: nnx.max_pool, nnx.avg_pool": asking.pooling(
            nhwc(nnx.max_pool, three),
            nhwc(nnx.avg_pool, three, two, "SAME"),
            nhwc(nnx.max_pool, three, two, "SAME"),
            nhwc(nnx.max_pool, three, two),
        ),
        "equinox: nn.MaxPool2d, nn.AvgPool2d": asking.pooling(
            chw(eqx.nn.MaxPool2d(3)),
            chw(eqx.nn.AvgPool2d(3, 2, padding=1)),
            chw(eqx.nn.MaxPool2d(3, 2, padding=1)),
            chw(eqx.nn.MaxPool2d(3, 2)),
            chw(eqx.nn.AvgPool2d(3, 2, use_ceil=True)),
        ),
    }


def transposes() -> dict:
    """Return what the transposed convolutions do."""
    down = lax_convolution("SAME", 2)
    rows = {}
    for words, options in {"": {}, " (transpose_kernel=True)": {"transpose_kernel": True}}.items():
        rows[f"lax.conv_transpose{words}"] = asking.transposed(
            lax_transposed("VALID", **options), down, lax_transposed("SAME", 2, **options)
        )
        rows[f"flax: nnx.ConvTranspose{words}"] = asking.transposed(
            flax_convolution(nnx.ConvTranspose, padding="VALID", **options),
            flax_convolution(padding="SAME", strides=2),
            flax_convolution(nnx.ConvTranspose, padding="SAME", strides=2, **options),
        )
    rows["equinox: nn.ConvTranspose2d"] = asking.transposed(
        equinox_convolution(eqx.nn.ConvTranspose2d),
        equinox_convolution(stride=2, padding=1),
        equinox_convolution(eqx.nn.ConvTranspose2d, stride=2, padding=1, output_padding=1),
    )
    return rows


def answers() -> dict:
    """Return the answers, by question and function."""
    jax.config.update("jax_enable_x64", True)
    scipy = {
        f"scipy.signal.{name}": lambda image, kernel, name=name: getattr(jax.scipy.signal, name)(
            jnp.asarray(image), jnp.asarray(kernel), "same"
        )
        for name in ("correlate2d", "correlate", "convolve2d", "fftconvolve")
    }
    convolutions = {
        "lax.conv (SAME)": lax_convolution,
        "flax: nnx.Conv (SAME)": lambda padding, **options: flax_convolution(
            padding=padding, **({"strides": options["stride"]} if options else {})
        ),
        "equinox: nn.Conv2d (SAME)": lambda padding, **options: equinox_convolution(
            padding=padding, **options
        ),
    }
    plain = {name: make("SAME") for name, make in convolutions.items()}
    plain["lax.conv (SAME_LOWER)"] = lax_convolution("SAME_LOWER")
    strided = {name: make("SAME", stride=2) for name, make in convolutions.items()}
    strided["lax.conv (SAME_LOWER)"] = lax_convolution("SAME_LOWER", 2)
    whole = lax_convolution("SAME")
    return {
        "same": {name: asking.same(f) for name, f in (plain | scipy).items()},
        "stride": {name: asking.centres(f) for name, f in strided.items()},
        "weights": {
            "lax.conv": asking.layout(lax_layer),
            "flax: nnx.Conv": asking.layout(nnx_layer),
            "equinox: nn.Conv2d": asking.layout(eqx_layer),
        },
        "pooling": poolings(),
        "transposed": transposes(),
        "resized": {
            "image.resize": asking.resized(resize("linear"), resize("nearest")),
            "image.resize (antialias=False)": asking.resized(resize("linear", antialias=False)),
        },
        "turned": {"numpy.rot90": asking.attempt(jnp.rot90, jnp.asarray(inputs.NINE))},
        "integers": {"lax.conv": asking.integers(whole)},
        "fourier": {
            "lax.conv": asking.fourier(whole),
            "scipy.signal.correlate": asking.fourier(scipy["scipy.signal.correlate"]),
        },
    }
