"""Training on images that all have different sizes: ways to form batches, and what they cost.

A way is a function ``(sizes, batch_size, generator)`` from one size (height, width) per image to
the batches of an epoch: pairs (indices, size), where ``size`` is the common one that the images of
the batch are brought to. Every image comes once.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from helpers import data
from helpers.networks import MEAN_SCALE, VariableNetwork, costs

Size = tuple[int, int]
Plan = list[tuple[Tensor, Size]]


# ---------------------------------------------------------------------- the images
def rectangles(images: Tensor, sides: tuple[int, int], generator: torch.Generator) -> list[Tensor]:
    """Put each image, unscaled, on a black canvas of random height and width at a random place.

    ``images`` is uint8 (n, 1, height, width). Both sides of a canvas are uniform over the pair
    ``sides``, both ends included. Returns n images, uint8 (1, height, width) each.
    Raises ValueError for sides smaller than the image's.
    """
    n, _, height, width = images.shape
    low, high = sides
    if low < max(height, width):
        raise ValueError(f"sides must be at least {max(height, width)}, the image's, got {sides}")
    canvas = torch.randint(low, high + 1, (n, 2), generator=generator)
    free = canvas - torch.tensor([height, width]) + 1
    corner = (torch.rand(n, 2, generator=generator, dtype=torch.float64) * free).long()
    placed = []
    for image, (h, w), (top, left) in zip(images, canvas.tolist(), corner.tolist(), strict=True):
        placed.append(image.new_zeros(1, h, w))
        placed[-1][:, top : top + height, left : left + width] = image
    return placed


# ---------------------------------------------------------------------- the ways
def one_by_one(sizes: list[Size], batch_size: int, generator: torch.Generator) -> Plan:
    """Give each image a batch of its own; ``batch_size`` is ignored."""
    order = torch.randperm(len(sizes), generator=generator)
    return [(index, sizes[index]) for index in order.split(1)]


def padding(sizes: list[Size], batch_size: int, generator: torch.Generator) -> Plan:
    """Form batches at random; pad each to its largest height and its largest width."""
    order = torch.randperm(len(sizes), generator=generator)
    heights, widths = torch.tensor(sizes).T
    return [
        (batch, (int(heights[batch].max()), int(widths[batch].max())))
        for batch in order.split(batch_size)
    ]


def buckets(sizes: list[Size], batch_size: int, generator: torch.Generator, step: int = 8) -> Plan:
    """Round height and width up to a multiple of ``step``; a batch has one rounded size."""
    rounded = [(-(-height // step) * step, -(-width // step) * step) for height, width in sizes]
    groups = data.group_by_size(rounded)
    return [
        (groups[size][within], size) for size, within in data.batches(groups, batch_size, generator)
    ]


def resizing(sizes: list[Size], batch_size: int, generator: torch.Generator, side: int) -> Plan:
    """Form batches at random; resize every image to ``side`` x ``side``."""
    order = torch.randperm(len(sizes), generator=generator)
    return [(batch, (side, side)) for batch in order.split(batch_size)]


WAYS: dict[str, Callable[..., Plan]] = {
    "one by one": one_by_one,
    "padding": padding,
    "buckets": buckets,
    "resizing to 64": partial(resizing, side=64),
    "resizing to 28": partial(resizing, side=28),
}
RESIZED = {"resizing to 64", "resizing to 28"}  # ways that resize images instead of padding them


def count(
    plan: Plan, sizes: list[Size], network: VariableNetwork, resized: bool = False
) -> dict[str, float]:
    """Return what can be counted: ``batches``, ``padding``, ``multiply_adds``.

    ``padding`` is the share of the pixels processed that belong to no image, NaN for a plan whose
    images are ``resized``. ``multiply_adds`` is the mean per image in a forward pass.
    """
    distinct = {size for _, size in plan}
    cost = {size: sum(c.multiply_adds for c in costs(network, size)) for size in distinct}
    processed = sum(len(batch) * height * width for batch, (height, width) in plan)
    own = sum(height * width for height, width in sizes)
    return {
        "batches": len(plan),
        "padding": math.nan if resized else 1 - own / processed,
        "multiply_adds": sum(len(batch) * cost[size] for batch, size in plan) / len(sizes),
    }


# ---------------------------------------------------------------------- padded batches
def masked_scores(network: VariableNetwork, batch: Tensor, mask: Tensor) -> Tensor:
    """Return for each image of a padded batch the scores it has alone, (n, 10).

    ``batch`` is (n, channels, height, width), normalised; ``mask``, bool (n, 1, height, width), is
    True on each image's own pixels, which begin in the upper left corner, as in ``data.pad``. What
    lies outside is set to zero before each convolution: that is what the convolution's own padding
    puts around an image that comes alone. Batch normalisation is right when evaluating only: in
    training its statistics would count the padding. Raises ValueError for an image that is too
    small, as the network does when it comes alone, and for a mask that does not fit the batch.
    """
    _check_mask(batch, mask)
    x = batch * mask
    for block in "123":
        conv, norm = getattr(network, f"conv{block}"), getattr(network, f"norm{block}")
        mask = mask[:, :, 1::2, 1::2]  # pooled pixels whose four pixels all belong to the image
        x = F.relu(F.max_pool2d(norm(conv(x)), 2)) * mask
    if network.pooling in ("mean", "scaled-mean"):
        scale = MEAN_SCALE if network.pooling == "scaled-mean" else 1
        pooled = scale * x.sum(dim=(2, 3)) / mask.sum(dim=(2, 3))
    else:
        pooled = network.pool(x)  # no value is negative: the zeros outside neither win nor add
    return network.linear(pooled)


def _check_mask(batch: Tensor, mask: Tensor) -> None:
    expected = (len(batch), 1, *batch.shape[-2:])
    if mask.shape != expected:
        raise ValueError(f"expected a mask of shape {expected}, got {tuple(mask.shape)}")
    heights, widths = mask[:, 0, :, 0].sum(dim=1), mask[:, 0, 0, :].sum(dim=1)
    for k, (height, width) in enumerate(zip(heights.tolist(), widths.tolist(), strict=True)):
        if min(height, width) < 8:  # nothing of it would be left after three poolings
            raise ValueError(
                f"height and width must be at least 8, got {height}x{width} (image {k} of the "
                "batch); leave it out, or put it on a larger canvas"
            )


def scores(
    network: VariableNetwork,
    images: list[Tensor],
    size: Size,
    mean_std: tuple[float, float],
    resized: bool = False,
) -> Tensor:
    """Return the scores (n, 10) of uint8 images (1, height, width) in one batch of ``size``.

    Images that are smaller are padded, or with ``resized`` brought to the size.
    """
    mean, std = mean_std
    if resized:
        batch = torch.cat([data.resize(image[None], size) for image in images])
    else:
        batch, mask = data.pad(images, size)
    batch = data.normalise(batch, mean, std)
    if resized or mask.all():
        return network(batch)
    return masked_scores(network, batch, mask)
