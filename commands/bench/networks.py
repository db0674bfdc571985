"""How fast single layers and whole networks are, on one thread; ``training.py`` writes it down."""

import time
from functools import partial
from statistics import median

import torch
from torch import nn
from torch.nn import functional as F

from commands.bench.timing import time_interleaved
from helpers import data
from helpers.experiments import Experiment, inputs, training
from helpers.experiments.loop import one_thread
from helpers.networks import FixedNetwork, costs, layers

BATCH = 16
# The networks of lesson 11, each with the side that its images are resized to.
NETWORKS = {
    "variable, N = 81": (Experiment(group="speed", data="varres", network="max", width=81), None),
    "fixed, 28x28": (Experiment(group="speed", data="varres-28"), 28),
    "variable, N = 199": (Experiment(group="speed", data="varres", network="max", width=199), None),
    "fixed, 64x64": (Experiment(group="speed", data="varres-64"), 64),
}


def measure_layers(repeats: int = 50) -> dict:
    """Return which share of the matrix-product rate each layer and the whole step reach.

    One thread, batch 16, forward and backward. The work is two floating-point operations per
    multiply-add, three times (forward, gradient of weight and of input); the first layer needs no
    gradient of its input.
    """
    network = FixedNetwork().to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(network.parameters(), fused=True)
    images, labels = torch.rand(BATCH, 1, 28, 28), torch.arange(BATCH) % 10
    seen = {}
    hooks = [
        layer.register_forward_pre_hook(lambda _, x, name=name: seen.update({name: x[0]}))
        for name, layer in layers(network).items()
    ]
    network(images)
    for hook in hooks:
        hook.remove()

    def run_layer(name: str) -> None:
        input = seen[name].detach().requires_grad_(name != "conv1")
        output = layers(network)[name](input)
        output.backward(torch.ones_like(output))

    def step() -> None:
        F.cross_entropy(network(images), labels).backward()
        optimiser.step()
        optimiser.zero_grad()

    work = {
        cost.layer: 2 * cost.multiply_adds * BATCH * (2 if cost.layer == "conv1" else 3)
        for cost in costs(network, 28)
    }
    matrix = torch.rand(1024, 1024)
    tasks = {"peak": lambda: matrix @ matrix, "whole step": step}
    tasks |= {name: lambda name=name: run_layer(name) for name in work}
    work |= {"peak": 2 * 1024**3, "whole step": sum(work.values())}
    seconds = {name: [] for name in tasks}
    with one_thread():
        for _ in range(repeats):
            for name, function in tasks.items():
                function()  # with warm caches, as within an epoch
                start = time.perf_counter()
                function()
                seconds[name].append(time.perf_counter() - start)
    rate = {name: work[name] / median(times) for name, times in seconds.items()}
    peak = rate.pop("peak")
    return {
        "matrix_product_gflops_per_core": round(peak / 1e9, 1),
        "share_of_it": {name: round(value / peak, 3) for name, value in rate.items()},
    }


def measure_networks(seconds: float = 60.0, batch_size: int = 100, least: int = 5) -> dict:
    """Return the microseconds per image of a forward pass, for each network and image side.

    One thread. What is timed takes uint8 images to scores, resizing and normalisation included;
    the quartiles stand beside the median. ``runs`` is how many batches each is taken from.
    """
    generator = torch.Generator().manual_seed(0)
    prepare = inputs.normaliser(0.13, 0.31)

    def scores(network: nn.Module, images: torch.Tensor, side: int | None) -> torch.Tensor:
        return network(prepare(images if side is None else data.resize(images, side)))

    functions = {}
    for image_side in data.SIDES:
        shape = batch_size, 1, image_side, image_side
        images = torch.randint(256, shape, dtype=torch.uint8, generator=generator)
        for name, (experiment, side) in NETWORKS.items():
            network = training.build_network(experiment).eval()
            functions[name, image_side] = partial(scores, network, images, side)
    with one_thread(), torch.inference_mode():
        timings = time_interleaved(functions, seconds, least=least)
        threads = torch.get_num_threads()
    found = {name: {} for name in NETWORKS}
    for (name, image_side), timing in timings.items():
        found[name][str(image_side)] = {
            key: round(1e6 * getattr(timing, key) / batch_size, 2)
            for key in ("median", "lower", "upper")
        }
    return found | {"batch_size": batch_size, "threads": threads, "runs": timing.runs}
