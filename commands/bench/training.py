"""How fast the experiments train, and how fast their networks are: ``results/throughput.json``.

``python -m commands.bench.training`` compares the engine with the straightforward loop: in rounds,
each side once per round on the same number of images, with medians and their ratio as the result.
The straightforward loop is torchvision's MNIST with a transform per image, a DataLoader, batch 16,
all cores for one run, plain Adam, ReLU before the max pool. The engine trains one run per core at
the same time. Then single layers and whole networks are timed, see ``networks.py``. Let the machine
be idle.
"""

import argparse
import gzip
import json
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import MNIST

from commands import processes, runs
from commands.bench import environment, networks
from helpers import data
from helpers.experiments import Experiment, training
from helpers.experiments.loop import one_thread
from helpers.machine import processor

BATCH = 16


# ---------------------------------------------------------------------- the straightforward loop
def plain_network() -> nn.Module:
    """Return the fixed network as usually written, ReLU before the max pool."""
    blocks = [
        layer
        for channels, outputs in ((1, 16), (16, 32), (32, 64))
        for layer in (nn.Conv2d(channels, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    ]
    return nn.Sequential(*blocks, nn.Flatten(), nn.Linear(576, 10))


def plain_loader(folder: str, augmentation: bool) -> DataLoader:
    """Return shuffled batches, every image transformed on its own, as in torch's tutorials."""
    steps = [transforms.ToTensor(), transforms.Normalize(0.1307, 0.3081)]
    if augmentation:  # the original report's
        shift = transforms.RandomAffine(degrees=3, translate=(0.05, 0.05))
        steps = [transforms.RandomRotation(7), shift, *steps]
    dataset = MNIST(folder, train=True, transform=transforms.Compose(steps))
    return DataLoader(dataset, batch_size=BATCH, shuffle=True)


def plain_training(loader: DataLoader, network: nn.Module, optimiser, steps: int) -> None:
    """Train some steps."""
    for _, (images, labels) in zip(range(steps), loader, strict=False):
        optimiser.zero_grad()
        loss = F.cross_entropy(network(images), labels)
        loss.backward()
        optimiser.step()


# ---------------------------------------------------------------------- the engine
@lru_cache
def _prepared(augmentation: str | None, steps: int) -> training.Run:
    experiment = Experiment(group="throughput", augmentation=augmentation, batch_size=BATCH)
    run = training.Run(experiment)
    run.train = {side: images[: steps * BATCH] for side, images in run.train.items()}
    return run


def engine_training(augmentation: str | None, steps: int) -> None:
    """Train some steps in this process as the engine does."""
    run = _prepared(augmentation, steps)
    with one_thread():
        run.train_epoch()


# ---------------------------------------------------------------------- measuring
def _seconds(function) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def measure_loops(rounds: int, steps: int, cores: int) -> dict:
    """Return images per second of both loops, with and without augmentation, and their ratios."""
    torch.set_num_threads(cores)
    cells = {"plain": None, "augmented": "original"}
    seconds: dict[str, list[float]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        processes.with_variables(runs.PROCESS),
        ProcessPoolExecutor(cores, get_context("spawn")) as pool,
        ProcessPoolExecutor(1, get_context("spawn")) as single,
    ):
        raw = Path(folder, "MNIST", "raw")
        raw.mkdir(parents=True)
        for name in data.ARCHIVES:
            packed = (data.DATA / "MNIST" / "raw" / name).read_bytes()
            (raw / name.removesuffix(".gz")).write_bytes(gzip.decompress(packed))

        def engine(recipe, used, n):  # a sweep: more runs than processes
            jobs = [used.submit(engine_training, recipe, steps) for _ in range(2 * n)]
            for job in jobs:
                job.result()

        loops = {}
        for cell, recipe in cells.items():
            network = plain_network()
            loop = (plain_loader(folder, recipe is not None), network)
            optimiser = torch.optim.Adam(network.parameters(), lr=0.001)
            loops[f"straightforward {cell}"] = (
                lambda loop=loop, optimiser=optimiser: plain_training(*loop, optimiser, steps),
                steps * BATCH,
            )
            loops[f"engine {cell}"] = (
                lambda recipe=recipe: engine(recipe, pool, cores),
                2 * cores * steps * BATCH,
            )
        loops["engine plain, 1 worker"] = (lambda: engine(None, single, 1), 2 * steps * BATCH)
        for function, _ in loops.values():  # warm up
            function()
        for _ in range(rounds):
            for name, (function, _) in loops.items():
                seconds.setdefault(name, []).append(_seconds(function))
        empty = [_seconds(lambda: pool.submit(int).result()) for _ in range(30)]
    speed = {name: images / median(seconds[name]) for name, (_, images) in loops.items()}
    return {
        "images_per_second": {name: round(value) for name, value in speed.items()},
        "ratio": {
            cell: round(speed[f"engine {cell}"] / speed[f"straightforward {cell}"], 2)
            for cell in cells
        },
        f"{cores} workers against 1": round(
            speed["engine plain"] / speed["engine plain, 1 worker"], 2
        ),
        "scheduling_milliseconds_per_run": round(1000 * median(empty), 2),
    }


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(prog="python -m commands.bench.training", description=__doc__)
    parser.add_argument("--results", type=Path, default=environment.RESULTS, metavar="DIR")
    parser.add_argument("--rounds", type=int, default=7, help="of the training loops")
    parser.add_argument("--steps", type=int, default=200, help="steps of batch 16 per run")
    parser.add_argument("--seconds", type=float, default=60.0, help="for the networks")
    options = parser.parse_args()
    cores = processes.count()
    measured = {
        "processor": processor(),
        "cores": cores,
        "torch": torch.__version__,
        "rounds": options.rounds,
        "loops": measure_loops(options.rounds, options.steps, cores),
        "layers": networks.measure_layers(),
        "networks": networks.measure_networks(options.seconds),
    }
    environment.write(options.results / "throughput.json", measured)
    print(json.dumps(measured, indent=1))


if __name__ == "__main__":
    main()
