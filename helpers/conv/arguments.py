"""Arguments of a convolution: what they may be, and what they mean.

Names and argument order are torch's; pairs are (height, width) and padding is per side.
"""

import contextlib
import operator

import torch
from torch import Tensor, nn


def pair(value, name: str = "value", smallest: int = 0) -> tuple[int, int]:
    """Return an int, or a sequence of one or two, as a pair of ints, each at least ``smallest``."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    values = values * 2 if len(values) == 1 else values
    try:
        height, width = (_index(v) for v in values)
    except (TypeError, ValueError):
        raise TypeError(
            f"{name} must be an int or a pair of ints (height, width), got {value!r}"
        ) from None
    if min(height, width) < smallest:
        raise ValueError(f"{name} must be at least {smallest}, got {value!r}")
    return height, width


def _index(value) -> int:
    """Return a whole number of any type as an int; a size that is still open stays open."""
    if isinstance(value, bool):
        raise TypeError
    return value if isinstance(value, (int, torch.SymInt)) else operator.index(value)


def check_conv2d(input, weight, bias, groups=1, dims=(3, 4)) -> None:
    """Raise TypeError or ValueError unless the tensors belong to one convolution."""
    for name, tensor in (("input", input), ("weight", weight), ("bias", bias)):
        if tensor is None and name == "bias":
            continue
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name} must be a tensor, got {type(tensor).__name__}")
        if tensor.dtype == torch.bool:
            raise TypeError(f"{name} must hold numbers, got {tensor.dtype}")
        if tensor.dtype != input.dtype:
            raise TypeError(f"{name} is {tensor.dtype} but input is {input.dtype}: convert one")
        if tensor.device != input.device:
            raise ValueError(f"{name} is on {tensor.device} but input is on {input.device}")
    if input.ndim not in dims:
        raise ValueError(
            "input must be (N, C, height, width)"
            + (" or (C, height, width)" if 3 in dims else "")
            + f", got shape {tuple(input.shape)}"
        )
    if weight.ndim != 4:
        raise ValueError(f"weight must be (O, C / groups, k_h, k_w), got {tuple(weight.shape)}")
    if groups < 1 or weight.shape[0] < groups or weight.shape[0] % groups != 0:
        raise ValueError(
            f"groups must be at least 1 and divide the {weight.shape[0]} output channels, "
            f"got {groups}"
        )
    if input.shape[-3] != weight.shape[1] * groups:
        raise ValueError(
            f"input has {input.shape[-3]} channels but weight {tuple(weight.shape)} with "
            f"groups {groups} expects {weight.shape[1] * groups}"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(
            f"bias must have one value per output channel, shape ({weight.shape[0]},), "
            f"got {tuple(bias.shape)}"
        )
    if 0 in input.shape[-2:] and 0 not in input.shape[:-2]:
        raise ValueError(f"only the batch or the channels may be empty, got {tuple(input.shape)}")


def check_groups(groups) -> int:
    """Return ``groups`` as an int; raise TypeError for anything else."""
    try:
        return _index(groups)
    except TypeError:
        raise TypeError(f"groups must be an int, got {groups!r}") from None


def padding_widths(padding, kernel_size, stride, dilation) -> tuple[int, int, int, int]:
    """Return the widths (left, right, top, bottom) of a padding that may be "same" or "valid".

    Raises ValueError for another word, and for "same" with a stride.
    """
    if padding == "same":
        if pair(stride, "stride", 1) != (1, 1):
            raise ValueError(f"padding='same' needs stride 1, got stride {stride!r}")
        (k_h, k_w), (d_h, d_w) = kernel_size, pair(dilation, "dilation", 1)
        height, width = d_h * (k_h - 1), d_w * (k_w - 1)
        # torch too adds the odd row below and the odd column on the right
        return width // 2, width - width // 2, height // 2, height - height // 2
    if isinstance(padding, str) and padding != "valid":
        raise ValueError(f"padding must be 'valid', 'same', an int or a pair, got {padding!r}")
    p_h, p_w = (0, 0) if padding == "valid" else pair(padding, "padding", 0)
    return p_w, p_w, p_h, p_h


def pad(input: Tensor, padding: tuple[int, int]) -> Tensor:
    """Surround the last two axes with zeros."""
    height, width = padding
    return nn.functional.pad(input, (width, width, height, height)) if any(padding) else input


def sum_dtype(dtype: torch.dtype) -> torch.dtype:
    """Return in which type to add up: 16 bits round each sum of parts, so those use float32."""
    return torch.float32 if dtype in (torch.float16, torch.bfloat16) else dtype


def channels_last(tensor: Tensor) -> bool:
    """Return whether torch takes (N, C, height, width) for channels last, also when it has gaps.

    That is so when the strides grow from the channels over width and height to the images; where
    sides of 1 leave both readings open, torch's order of comparison decides.
    """
    strides, least = tensor.stride(), 0
    if strides[1] == 0:
        return False
    for axis in (1, 3, 2, 0):
        size = tensor.shape[axis]
        if size == 0 or strides[axis] < least or (axis == 0 and least == strides[1]):
            return False
        least = strides[axis] * size
    return True


def autocast(input, *others):
    """Inside torch.autocast, convert what torch converts: floating point except float64."""
    device = input.device.type if isinstance(input, Tensor) else "cpu"
    if not _autocast_is_on(device):
        return input, *others
    dtype = torch.get_autocast_dtype(device)
    return tuple(
        t.to(dtype)
        if isinstance(t, Tensor) and t.is_floating_point() and t.dtype != torch.float64
        else t
        for t in (input, *others)
    )


def _autocast_is_on(device: str) -> bool:
    # torch 2.9 cannot compile is_autocast_available; the meta device is the one without autocast
    return device != "meta" and torch.is_autocast_enabled(device)


def no_autocast(tensor: Tensor):
    """Return a context in which products keep the dtype of ``tensor``, also inside autocast."""
    device = tensor.device.type
    if _autocast_is_on(device):
        return torch.autocast(device, enabled=False)
    return contextlib.nullcontext()
