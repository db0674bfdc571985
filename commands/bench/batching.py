"""How fast networks train on images of different sizes: ``results/batching.json``.

``python -m commands.bench.batching`` checks that padding changes no score, and measures how many
images per second each way of forming batches trains with one thread.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from torch import Tensor
from torch.nn import functional as F

from commands.bench import environment
from helpers import data
from helpers.batching import RESIZED, WAYS, rectangles, scores
from helpers.networks import POOLINGS, VariableNetwork, initialise


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
    } | environment.describe()


def largest_difference(n: int = 64, seed: int = 0) -> float:
    """Return the largest difference between a score in a padded batch and that of batch size 1."""
    generator = torch.Generator().manual_seed(seed)
    images = rectangles(data.load_mnist().train[:n].images, (28, 64), generator)
    mean_std = data.mean_std(*images)
    worst = 0.0
    for pooling in POOLINGS:
        network = initialise(VariableNetwork(pooling=pooling), generator)
        with torch.no_grad():
            together = scores(network, images, (64, 64), mean_std)
            alone = [scores(network, [i], tuple(i.shape[1:]), mean_std) for i in images]
        worst = max(worst, (together - torch.cat(alone)).abs().max().item())
    return worst


def main() -> None:
    """Check, measure, write, print."""
    parser = argparse.ArgumentParser(
        prog="python -m commands.bench.batching", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--results", type=Path, default=environment.RESULTS, metavar="DIR")
    target = parser.parse_args().results / "batching.json"
    torch.set_num_threads(1)
    if (difference := largest_difference()) > 1e-4:
        raise SystemExit(f"padding changes the scores by up to {difference:.1e}; nothing measured")
    result = measure()
    environment.write(target, result)
    for way, speed in result["images_per_second"].items():
        print(f"{speed['median']:8.0f} images/s  {way}")


if __name__ == "__main__":
    main()
