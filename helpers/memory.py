"""How much memory a computation keeps for its backward pass."""

from collections.abc import Callable

import torch


def saved_bytes(function: Callable, *args) -> int:
    """Return the bytes that autograd keeps for backward during ``function(*args)``.

    As lesson 03 does: each tensor counts once, by its address and shape. ``function`` must return
    what it computes, because the kept tensors live as long as the result.
    """
    saved = {}

    def pack(tensor):
        saved[tensor.data_ptr(), tensor.shape] = tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = function(*args)  # alive until the sum is taken, so that no address is used twice
    total = sum(saved.values())
    del result
    return total
