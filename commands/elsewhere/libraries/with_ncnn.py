"""ncnn, a library for phones; a layer is made from numbered parameters."""

from importlib.metadata import version

import ncnn
import numpy as np

from commands.elsewhere import asking

NAME = "ncnn"
VERSIONS = {"ncnn": version("ncnn")}
UPPER, LOWER = -233, -234  # as padding: "same", the extra zeros below and right, or above and left


def layer(kind, parameters, weight=None):
    """Return a function of an image that runs a network of one layer."""
    words = " ".join(f"{number}={value}" for number, value in parameters.items())
    text = f"7767517\n2 2\nInput image 0 1 image\n{kind} layer 1 1 image output {words}\n"

    def run(image):
        net = ncnn.Net()
        net.opt.num_threads = 1
        net.load_param_mem(text)
        if weight is not None:  # after a tag of four bytes that says: single precision
            net.load_model_mem(bytes(4) + weight.astype(np.float32).tobytes())
        extractor = net.create_extractor()
        given = np.ascontiguousarray(image[None].astype(np.float32))
        extractor.input("image", ncnn.Mat(given).clone())
        return np.array(extractor.extract("output")[1])[0]

    return run


def convolution(padding=0, stride=1, kind="Convolution", more=None):
    """Return a function (image, kernel) that runs a convolution."""

    def convolve(image, kernel):
        sizes = {0: 1, 1: kernel.shape[1], 11: kernel.shape[0], 6: kernel.size}
        return layer(kind, sizes | {3: stride, 4: padding, 5: 0} | (more or {}), kernel)(image)

    return convolve


def pooling(kind, padding=0, stride=None, mode=0):
    """Return a function of an image; kind 0 is the maximum, 1 the mean; mode 0 rounds up."""
    parameters = {0: kind, 1: 3, 3: padding, 5: mode}
    return layer("Pooling", parameters | ({2: stride} if stride else {}))


def answers() -> dict:
    """Return ncnn's answers, by question and layer."""
    sides = {"-233": UPPER, "-234": LOWER}
    return {
        "same": {f"Convolution (pad {k})": asking.same(convolution(v)) for k, v in sides.items()},
        "stride": {
            f"Convolution (pad {k})": asking.centres(convolution(v, 2)) for k, v in sides.items()
        },
        "pooling": {
            "Pooling": asking.pooling(
                pooling(0), pooling(1, 1, 2), pooling(0, 1, 2), pooling(0, 0, 2), pooling(1, 0, 2)
            )
        },
        "transposed": {
            "Deconvolution": asking.transposed(
                convolution(kind="Deconvolution"),
                convolution(1, 2),
                convolution(1, 2, kind="Deconvolution", more={18: 1, 19: 1}),
            )
        },
    }
