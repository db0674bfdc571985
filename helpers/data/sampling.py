"""Batches: the images of an epoch in random order, a batch from one size only."""

from collections.abc import Hashable, Iterable, Mapping, Sized

import torch
from torch import Tensor


def group_by_size(sizes: Iterable[Hashable]) -> dict[Hashable, Tensor]:
    """Return for each distinct size the indices, int64, of the images that have it.

    ``sizes`` holds one size per image, such as a pair (height, width).
    """
    groups = {}
    for index, size in enumerate(sizes):
        groups.setdefault(size, []).append(index)
    return {size: torch.tensor(indices) for size, indices in groups.items()}


def batches(
    groups: Mapping[Hashable, Sized], batch_size: int, generator: torch.Generator
) -> list[tuple[Hashable, Tensor]]:
    """Return the batches of one epoch as pairs (key, indices); a batch is from one group only.

    ``groups`` maps a key, such as a side in pixels, to anything with a length, such as ``Images``;
    ``groups[key][indices]`` is the batch. Every image comes once. Within a group the order is
    random, and so is the order of the batches of all groups. A group whose length is not a multiple
    of ``batch_size`` has one shorter batch. With a single group this is plain shuffling.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    in_groups = [
        (key, indices)
        for key, group in groups.items()
        if len(group)
        for indices in torch.randperm(len(group), generator=generator).split(batch_size)
    ]
    return [in_groups[k] for k in torch.randperm(len(in_groups), generator=generator)]
