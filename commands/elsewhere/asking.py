"""The questions: each takes a library's function on plain arrays and returns plain values."""

from collections.abc import Callable

import numpy as np

from commands.elsewhere import inputs


def plain(value):
    """Return an array as nested lists, rounded so that processors agree; whole numbers as ints."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, str | bool) or value is None:
        return value
    numbers = np.round(np.asarray(value, dtype=np.float64), 4) + 0.0  # no -0.0
    if (numbers == np.round(numbers)).all():
        numbers = numbers.astype(np.int64)
    return numbers.tolist()


def attempt(function: Callable, *arguments):
    """Return what the function gives, or ``{"refused": why}`` when it raises an exception."""
    try:
        return plain(function(*arguments))
    except Exception as error:  # whatever a library raises is its answer
        words = " ".join(str(error).split())
        return {"refused": f"{type(error).__name__}: {words}"[:160]}


def same(convolve: Callable) -> dict:
    """Ask for outputs as large as the image: ``convolve(image, kernel)``."""
    pictures = {"image": inputs.IMAGE, "point": inputs.POINT}
    return {
        f"{name} {size}": attempt(convolve, picture, kernel)
        for name, picture in pictures.items()
        for size, kernel in inputs.KERNELS.items()
    }


def centres(convolve: Callable) -> dict:
    """Ask which columns lie in the middle of the windows: ``convolve(image, kernel)``, stride 2."""
    return {
        str(side): attempt(lambda s=side: convolve(inputs.columns(s), inputs.CENTRE)[0])
        for side in inputs.SIDES
    }


def border(convolve: Callable, turned: bool = False):
    """Ask for the two values to the left of a row 1 2 3 4 5: ``convolve(image, kernel)``."""
    kernel = np.zeros((5, 5))
    kernel[2, 4 if turned else 0] = 1  # reads two columns further to the left
    return attempt(lambda: convolve(inputs.columns(5) + 1, kernel)[2][:2])


def layout(convolve: Callable) -> dict:
    """Ask for shapes and values: ``convolve(image, weight)`` is given (C, H, W) and (O, C, k, k).

    It returns image and weight as the library wants them, and the output as it comes.
    """

    def ask():
        image, weight, output = (
            np.asarray(part) for part in convolve(inputs.CHANNELS, inputs.WEIGHT)
        )
        shapes = {"image": image.shape, "weight": weight.shape, "output shape": output.shape}
        return shapes | {"output": output.ravel()}

    return attempt(ask)


def pooling(
    stride: Callable,
    mean: Callable,
    maximum: Callable,
    rounding: Callable = None,
    ceil: Callable = None,
) -> dict:
    """Ask about 3x3 windows: ``stride`` leaves it to the library, the others go by 2.

    ``mean`` and ``maximum`` pad by one pixel or keep the "same" size; ``rounding`` is a maximum
    without padding on 6x6 pixels, ``ceil`` a mean over what is left there at the end.
    """
    ones = np.ones((5, 5))
    found = {
        "last columns by default": attempt(lambda: stride(inputs.columns(9))[0]),
        "mean of ones": attempt(mean, ones),
        "maximum of -1": attempt(maximum, -ones),
    }
    if rounding:
        found["last columns of 6"] = attempt(lambda: rounding(inputs.columns(6))[0])
    if ceil:
        found["mean of ones, ceil"] = attempt(ceil, np.ones((6, 6)))
    return found


def transposed(point: Callable, forward: Callable, backward: Callable) -> dict:
    """Ask whether the transposed convolution is the adjoint.

    ``point(image, kernel)`` has stride 1 and no padding; ``forward`` goes from 6x6 to 3x3 and
    ``backward`` from 3x3 to 6x6.
    """

    def products():
        down, up = forward(inputs.X, inputs.K3), backward(inputs.Y, inputs.K3)
        return [(np.asarray(down) * inputs.Y).sum(), (np.asarray(up) * inputs.X).sum()]

    return {
        "of a point": attempt(point, np.ones((1, 1)), inputs.K3),
        "inner products": attempt(products),
    }


def resized(linear: Callable, nearest: Callable = None) -> dict:
    """Ask for the first row: ``linear(image, side)`` and ``nearest(image, side)``."""
    found = {
        "4 to 8": attempt(lambda: linear(inputs.UP, 8)[0]),
        "8 to 4": attempt(lambda: linear(inputs.DOWN, 4)[0]),
    }
    if nearest:
        found["nearest, 5 to 3"] = attempt(lambda: nearest(inputs.columns(5), 3)[0])
    return found


def integers(convolve: Callable, means: bool = True) -> dict:
    """Ask for sums and, perhaps, means of bytes: ``convolve(image of uint8, kernel)``."""

    def total():
        output = np.asarray(convolve(inputs.BRIGHT, inputs.BOX))
        return {"value": output[2, 2], "type": str(output.dtype)}

    def mean(image):
        return np.asarray(convolve(image, inputs.HALVES))[1, 1]

    found = {"nine times 200": attempt(total)}
    if means:
        found["means 1.5 and 2.5"] = attempt(lambda: [mean(image) for image in inputs.PAIRS])
    return found


def fourier(convolve: Callable) -> list[int]:
    """Ask with which sides of the kernel outputs change that do not see the one bright pixel."""

    def changes(side):
        image, kernel = np.zeros((32, 32)), np.ones((side, side))
        image[16, 16] = 1
        output = np.asarray(convolve(image, kernel))
        seen = np.zeros((32, 32), dtype=bool)
        seen[16 - side // 2 - 1 : 18 + side // 2, 16 - side // 2 - 1 : 18 + side // 2] = True
        return bool(output[~seen].any())

    return [side for side in inputs.FOURIER_SIDES if changes(side)]
