"""Training on images that all have different sizes: ways to form batches, and their speed.

``python -m helpers.batching`` checks that padding changes no score, measures how many images per
second each way trains with one thread, and writes ``results/batching.json``.

A way is a function ``(sizes, batch_size, generator)`` from one size (height, width) per image to
the batches of an epoch: pairs (indices, size), where ``size`` is the common one that the images of
the batch are brought to. Every image comes once.
"""

import argparse
import math
import platform
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import Tensor
from torch.nn import functional as F

from helpers import data, records, training
from helpers.networks import POOLING, VariableNetwork, costs, initialise

RESULTS = Path(__file__).resolve().parents[1] / "results"

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
    puts around an image that comes alone.
    """
    x = batch * mask
    for conv in (network.conv1, network.conv2, network.conv3):
        mask = mask[:, :, 1::2, 1::2]  # pooled pixels whose four pixels all belong to the image
        x = F.relu(F.max_pool2d(conv(x), 2)) * mask
    if network.pooling == "mean":
        pooled = x.sum(dim=(2, 3)) / mask.sum(dim=(2, 3))
    else:
        pooled = network.pool(x)  # no value is negative: the zeros outside neither win nor add
    return network.linear(pooled)


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
    batch = batch.float().sub_(255 * mean).div_(255 * std)
    if resized or mask.all():
        return network(batch)
    return masked_scores(network, batch, mask)


# ---------------------------------------------------------------------- the measurement
def train(
    way: str, images: list[Tensor], labels: Tensor, batch_size: int, seed: int = 0
) -> Callable[[], float]:
    """Return a function that trains a network for one epoch and returns images per second."""
    generator = torch.Generator().manual_seed(seed)
    network = initialise(VariableNetwork(), generator).to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(network.parameters(), fused=True)
    sizes = [tuple(image.shape[1:]) for image in images]
    mean_std = data.mean_std(*images)

    def epoch() -> float:
        start = time.perf_counter()
        for batch, size in WAYS[way](sizes, batch_size, generator):
            chosen = [images[index] for index in batch.tolist()]
            output = scores(network, chosen, size, mean_std, resized=way in RESIZED)
            F.cross_entropy(output, labels[batch]).backward()
            optimiser.step()
            optimiser.zero_grad()
        return len(images) / (time.perf_counter() - start)

    return epoch


def measure(n: int = 1024, batch_size: int = 16, repeats: int = 7) -> dict:
    """Return images per second of each way: medians of ``repeats`` epochs of ``n`` images.

    The ways take turns, so that a disturbance meets all of them; the first round is not counted.
    """
    generator = torch.Generator().manual_seed(0)
    chosen = data.load_mnist().train[:n]
    images = rectangles(chosen.images, (28, 64), generator)
    epochs = {way: train(way, images, chosen.labels, batch_size) for way in WAYS}
    speeds = [{way: epoch() for way, epoch in epochs.items()} for _ in range(repeats + 1)][1:]
    return {
        "images": n,
        "batch_size": batch_size,
        "repeats": repeats,
        "images_per_second": {
            way: {
                "median": round(median(speed[way] for speed in speeds), 1),
                "lowest": round(min(speed[way] for speed in speeds), 1),
                "highest": round(max(speed[way] for speed in speeds), 1),
            }
            for way in WAYS
        },
        "threads": torch.get_num_threads(),
        "processor": training.processor(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def largest_difference(n: int = 64, seed: int = 0) -> float:
    """Return the largest difference between a score in a padded batch and that of batch size 1."""
    generator = torch.Generator().manual_seed(seed)
    images = rectangles(data.load_mnist().train[:n].images, (28, 64), generator)
    mean_std = data.mean_std(*images)
    worst = 0.0
    for pooling in POOLING:
        network = initialise(VariableNetwork(pooling=pooling), generator)
        with torch.no_grad():
            together = scores(network, images, (64, 64), mean_std)
            alone = [scores(network, [i], tuple(i.shape[1:]), mean_std) for i in images]
        worst = max(worst, (together - torch.cat(alone)).abs().max().item())
    return worst


def main() -> None:
    """Check, measure, write, print."""
    parser = argparse.ArgumentParser(
        prog="python -m helpers.batching", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR")
    target = parser.parse_args().results / "batching.json"
    torch.set_num_threads(1)
    if (difference := largest_difference()) > 1e-4:
        raise SystemExit(f"padding changes the scores by up to {difference:.1e}; nothing measured")
    result = measure()
    records.write_measurement(target, result)
    for way, speed in result["images_per_second"].items():
        print(f"{speed['median']:8.0f} images/s  {way}")


if __name__ == "__main__":
    main()
