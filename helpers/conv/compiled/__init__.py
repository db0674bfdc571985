"""The three maps as compiled loops, on a CPU in float32 and float64, where Numba is installed.

Everything else goes the ways of ``helpers.conv.kernels`` in PyTorch, which give the same. They are
also taken for convolutions that are not worth a compilation, and when the loops are switched off:
by ``use(False)``, or by the environment variable REPORT_COMPILED=0. ``status`` says how it is.
"""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import torch
from torch import Tensor

from helpers.conv.geometry import Geometry

# Multiplications for one image below which nothing is compiled. It counts one image, so that what
# an image gives does not depend on the others in its batch.
SMALLEST = 100_000

_DTYPES = (torch.float32, torch.float64)
_TYPES = (Tensor, torch.nn.Parameter)

_wanted = os.environ.get("REPORT_COMPILED", "1") != "0"
_problem: str | None = None  # why Numba cannot be used


def use(wanted: bool) -> None:
    """Switch the compiled loops on or off, for all convolutions that follow."""
    global _wanted
    _wanted = bool(wanted)


@contextmanager
def switched(wanted: bool) -> Iterator[None]:
    """Switch the compiled loops on or off for a while."""
    before = _wanted
    use(wanted)
    try:
        yield
    finally:
        use(before)


def is_on() -> bool:
    """Return whether convolutions that suit are computed by compiled loops."""
    return _wanted and loaded() is not None


def status() -> str:
    """Return in a sentence how convolutions are computed, and why not by compiled loops."""
    if not _wanted:
        return "in PyTorch: compiled loops are switched off (REPORT_COMPILED=0 or use(False))"
    if loaded() is None:
        return f"in PyTorch: {_problem}"
    from helpers.conv.compiled import target

    return f"by compiled loops, {target.WIDTH} bytes at a time; other dtypes and devices in PyTorch"


def loaded() -> ModuleType | None:
    """Return the module of the three maps, or None where Numba is missing or does not work."""
    global _problem
    if _problem is None:
        if importlib.util.find_spec("numba") is None:
            _problem = "Numba is not installed (pip install numba)"
        else:
            try:
                from helpers.conv.compiled import maps

                return maps
            except ImportError as error:
                _problem = f"Numba cannot be imported ({error})"
    return None


def chosen(in_channels: int, out_channels: int, g: Geometry, *tensors) -> ModuleType | None:
    """Return the module of the three maps if they suit this convolution, else None.

    ``tensors`` are those that are read, or None.
    """
    out_h, out_w = g.output_size
    k_h, k_w = g.kernel_size
    if not _wanted or g.groups != 1:
        return None
    if in_channels * out_channels * k_h * k_w * out_h * out_w < SMALLEST:
        return None
    if not all(t is None or is_plain(t) for t in tensors) or _is_watched():
        return None
    return loaded()


def is_plain(t: Tensor) -> bool:
    """Return whether the numbers are in memory as they are, and not to be changed on the way."""
    return (
        type(t) in _TYPES
        and t.dtype in _DTYPES
        and t.device.type == "cpu"
        and t.layout == torch.strided
        and t.numel() > 0
        and not (t.is_neg() or t._is_zerotensor())
        and not torch._C._functorch.is_functorch_wrapped_tensor(t)
        and not torch._C._functorch.is_legacy_batchedtensor(t)
    )


def _is_watched() -> bool:
    """Return whether something wants to see every operator, as a counter of operations does."""
    return torch._C._len_torch_dispatch_stack() > 0
