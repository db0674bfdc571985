"""Arguments of a convolution: what they may be, and what they mean.

Names and argument order are torch's; pairs are (height, width) and padding is per side.
"""

import torch
from torch import Tensor, nn


def pair(value, name: str, smallest: int) -> tuple[int, int]:
    """Return an int or a pair as a pair of ints, each at least ``smallest``."""
    pair = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) != 2 or not all(isinstance(v, int) and not isinstance(v, bool) for v in pair):
        raise TypeError(f"{name} must be an int or a pair of ints (height, width), got {value!r}")
    if min(pair) < smallest:
        raise ValueError(f"{name} must be at least {smallest}, got {value!r}")
    return pair


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
    if not isinstance(groups, int) or isinstance(groups, bool):
        raise TypeError(f"groups must be an int, got {groups!r}")
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


def check_padding(padding, stride) -> None:
    """Raise ValueError unless ``padding`` is "valid", or "same" with a stride of 1."""
    if padding not in ("valid", "same"):
        raise ValueError(f"padding must be 'valid', 'same', an int or a pair, got {padding!r}")
    if padding == "same" and pair(stride, "stride", 1) != (1, 1):
        raise ValueError(f"padding='same' needs stride 1, got stride {stride!r}")


def padding_widths(padding, kernel_size, dilation) -> tuple[int, int, int, int]:
    """Return the widths (left, right, top, bottom) of the padding."""
    if padding == "same":
        (k_h, k_w), (d_h, d_w) = kernel_size, pair(dilation, "dilation", 1)
        height, width = d_h * (k_h - 1), d_w * (k_w - 1)
        return width // 2, width - width // 2, height // 2, height - height // 2
    p_h, p_w = (0, 0) if padding == "valid" else padding
    return p_w, p_w, p_h, p_h


def pad(input: Tensor, padding: tuple[int, int]) -> Tensor:
    """Surround the last two axes with zeros."""
    height, width = padding
    return nn.functional.pad(input, (width, width, height, height)) if any(padding) else input


def autocast(input, *others):
    """Inside torch.autocast, convert what torch converts: floating point except float64."""
    device = input.device.type if isinstance(input, Tensor) else "cpu"
    if not (torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)):
        return input, *others
    dtype = torch.get_autocast_dtype(device)
    return tuple(
        t.to(dtype)
        if isinstance(t, Tensor) and t.is_floating_point() and t.dtype != torch.float64
        else t
        for t in (input, *others)
    )
