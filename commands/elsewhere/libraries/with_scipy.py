"""SciPy's signal and ndimage, and NumPy."""

import numpy as np
import scipy
from scipy import ndimage, signal

from commands.elsewhere import asking

NAME = "scipy"
VERSIONS = {"scipy": scipy.__version__, "numpy": np.__version__}


def padded(mode) -> list:
    """Return the two values that ``np.pad`` puts to the left of a row 1 2 3 4 5."""
    return asking.plain(np.pad(np.arange(1, 6), 2, mode)[:2])


def answers() -> dict:
    """Return SciPy's answers, by question and function."""
    in_signal = {
        f"signal.{name}": lambda image, kernel, name=name: getattr(signal, name)(
            image, kernel, "same"
        )
        for name in ("correlate2d", "correlate", "convolve2d", "convolve", "fftconvolve")
    }
    constant = {
        f"ndimage.{name}": lambda image, kernel, name=name: getattr(ndimage, name)(
            image, kernel, mode="constant"
        )
        for name in ("correlate", "convolve")
    }
    default = {"ndimage.correlate": ndimage.correlate, "ndimage.convolve": ndimage.convolve}
    small = {name: f for name, f in in_signal.items() if "correlate" in name}
    small["signal.correlate (method=direct)"] = lambda image, kernel: signal.correlate(
        image, kernel, "same", "direct"
    )
    return {
        "same": {name: asking.same(f) for name, f in (in_signal | constant).items()},
        "border": {
            name: asking.border(f, turned="convolve" in name)
            for name, f in (in_signal | default).items()
        }
        | {
            f"ndimage.correlate (mode={mode})": asking.border(
                lambda image, kernel, mode=mode: ndimage.correlate(image, kernel, mode=mode)
            )
            for mode in ("reflect", "mirror", "nearest")
        }
        | {f"numpy: pad (mode={mode})": padded(mode) for mode in ("reflect", "symmetric", "edge")},
        "pooling": {
            "ndimage.maximum_filter": asking.pooling(
                lambda x: ndimage.maximum_filter(x, 3)[1:-1, 1:-1],
                lambda x: ndimage.uniform_filter(x, 3)[::2, ::2],
                lambda x: ndimage.maximum_filter(x, 3)[::2, ::2],
            )
        },
        "resized": {
            "ndimage.zoom": asking.resized(lambda x, side: ndimage.zoom(x, side / len(x))),
            "ndimage.zoom (order=1)": asking.resized(
                lambda x, side: ndimage.zoom(x, side / len(x), order=1),
                lambda x, side: ndimage.zoom(x, side / len(x), order=0),
            ),
        },
        "turned": {"ndimage.rotate": asking.attempt(ndimage.rotate, asking.inputs.NINE, 90)},
        "integers": {name: asking.integers(f) for name, f in (in_signal | default).items()},
        "fourier": {name: asking.fourier(f) for name, f in (small | constant).items()},
    }
