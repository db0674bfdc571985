"""What blocks that are computed in one step change: ``python -m commands.bench.engine``.

For each block of the trained network of lesson 06, forward and backward, beside torch's three
steps; and two runs of the table, trained anew in full and compared with their stored records, whose
convolutions were torch's. Written to ``results/engine.json``.
"""

import argparse
import statistics
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from commands.bench import environment
from commands.bench.convolution import machine
from commands.bench.timing import time_interleaved
from helpers import conv
from helpers.conv.block import conv_pool_relu, fused
from helpers.data import Images
from helpers.experiments import inputs, records, store, training
from helpers.experiments.inputs import Prepare
from helpers.experiments.loop import one_thread
from helpers.experiments.store import Record
from helpers.networks import costs

BATCH = 16
NETWORK = "baseline_mnist_fixed_lr0.001_batch16_epochs5_seed0"
RUNS = (NETWORK, "final_varres_max81_lr0.0005_batch32_epochs10_seed0")


def nonzero(convolution: nn.Module, images: Tensor, grad: Tensor) -> float:
    """Return the share of numbers that are not zero in the gradient of a block's convolution."""
    output = convolution(images).detach().requires_grad_()
    (found,) = torch.autograd.grad(conv_pool_relu(nn.Identity(), output), output, grad)
    return (found != 0).double().mean().item()


def both(way: Callable, convolution: nn.Module, images: Tensor, grad: Tensor) -> Callable:
    """Return a callable that runs a block forward and backward."""
    images = images.detach().requires_grad_(images.shape[1] > 1)  # the first needs no gradient
    wanted = [t for t in (images, *convolution.parameters()) if t.requires_grad]
    return lambda: torch.autograd.grad(way(convolution, images), wanted, grad)


def trained(results: Path, **options) -> tuple[nn.Module, Images, Prepare]:
    """Return the trained network, made with ``options``, a batch, and its normalisation."""
    experiment = store.read(store.path(results, NETWORK)).experiment
    network = training.build_network(experiment, **options)
    network.load_state_dict(records.load_weights(results, NETWORK))
    _, groups, prepare = inputs.load(experiment)
    return network, next(iter(groups.values()))[:BATCH], prepare


def measure_blocks(results: Path, seconds: float) -> dict:
    """Return for each block the seconds of both ways, and the rates of its multiplications.

    Shares are of the rate of a plain matrix product; multiplications by zero count as well.
    """
    network, batch, prepare = trained(results)
    seen = {}
    work = {cost.layer: 2 * cost.multiply_adds * BATCH for cost in costs(network, 28)}

    def noting(convolution, images):
        output = conv_pool_relu(convolution, images)
        output.retain_grad()
        seen[convolution] = (images.detach(), output)
        return output

    network.block = noting
    F.cross_entropy(network(prepare(batch.images)), batch.labels).backward()
    matrix = torch.rand(1024, 1024)
    product = time_interleaved({"matrix": lambda: matrix @ matrix}, seconds)["matrix"].median
    rate = 2 * 1024**3 / product
    found = {"matrix_product_gflops": round(rate / 1e9, 1)}
    for name in ("conv1", "conv2", "conv3"):
        convolution = getattr(network, name)
        images, output = seen[convolution]
        with torch.no_grad():
            grad = output.grad.clone(memory_format=torch.preserve_format)
        ways = {"three steps": conv_pool_relu, "one step": fused}
        times = time_interleaved(
            {way: both(run, convolution, images, grad) for way, run in ways.items()}, seconds
        )
        operations = work[name] * (2 if name == "conv1" else 3)
        found[name] = {
            "seconds": {way: time.median for way, time in times.items()},
            "share": {
                way: round(operations / time.median / rate, 3) for way, time in times.items()
            },
            "nonzero": round(nonzero(convolution, images, grad), 4),
        }
    return found


def measure_steps(results: Path, seconds: float) -> dict[str, float]:
    """Return the seconds of a whole step of training, with Adam and the loss, for both ways."""

    def step_of(way: Callable) -> Callable:
        network, batch, prepare = trained(results, block=way)
        optimiser = torch.optim.Adam(network.parameters(), lr=0.0, fused=True)

        def step():
            F.cross_entropy(network(prepare(batch.images)), batch.labels).backward()
            optimiser.step()
            optimiser.zero_grad()

        return step

    steps = {"three steps": step_of(conv_pool_relu), "one step": step_of(fused)}
    return {way: time.median for way, time in time_interleaved(steps, seconds).items()}


def compare(new: Record, old: Record, results: Path) -> dict:
    """Return how the course and the result of two runs of one setting differ."""
    fields = old.experiment.model_dump(include={"group", "data", "network"})
    seeds = [record.test.accuracy for record in records.load(results, **fields)]
    pairs = zip(new.epochs, old.epochs, strict=True)
    losses = [(a.validation_loss, b.validation_loss) for a, b in pairs]
    digits = zip(new.test.predictions, old.test.predictions, strict=True)
    return {
        "name": old.name,
        "first_losses": training.largest_error(new.first_losses, old.first_losses),
        "validation_losses": {"one step": [a for a, _ in losses], "torch": [b for _, b in losses]},
        "accuracy": {"one step": new.test.accuracy, "torch": old.test.accuracy},
        "predictions_that_differ": sum(a != b for a, b in digits),
        "accuracy_of_seeds": seeds,
        "standard_deviation_of_seeds": statistics.stdev(seeds),
    }


def main() -> None:
    """Measure, train, and write the result."""
    parser = argparse.ArgumentParser(
        prog="python -m commands.bench.engine", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--results", type=Path, default=environment.RESULTS, metavar="DIR")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each comparison")
    chosen = parser.parse_args()
    print(f"helpers.conv computes {conv.compiled.status()}")
    with one_thread():
        found = {"machine": machine(), "blocks": measure_blocks(chosen.results, chosen.seconds)}
        found["step"] = measure_steps(chosen.results, chosen.seconds)
    found["runs"] = []
    for name in RUNS:
        old = store.read(store.path(chosen.results, name))
        new, _ = training.run(old.experiment)
        found["runs"].append(compare(new, old, chosen.results))
        print(found["runs"][-1])
    print(found["blocks"], found["step"])
    environment.write(chosen.results / "engine.json", found)


if __name__ == "__main__":
    main()
