"""Measure the layer and a sweep on a GPU, for ``results/gpu.json``: ``make gpu``.

Checks the hand-written layer against torch's on the device, times both, verifies two records
there, and trains a sweep over seeds as one batched computation. In 32 bits without TF32. Without
a GPU it says so and stops; ``--device cpu --small`` runs everything on little data, writes nothing
and means nothing.
"""

import argparse
import json
import sys
from pathlib import Path

import torch

from commands.bench import environment
from commands.gpu import layer, sweep
from helpers.checks import BENCHMARK_SHAPES
from helpers.experiments import store, training
from helpers.experiments.loop import reproducible

VERIFIED = (
    "baseline_mnist_fixed_lr0.001_batch16_epochs5_seed0",
    "final_varres_max81_lr0.0005_batch32_epochs10_seed0",
)


def card() -> dict:
    """Return what the numbers depend on."""
    about = torch.cuda.get_device_properties(0)
    return {
        "card": about.name,
        "gigabytes": round(about.total_memory / 2**30),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "torch": torch.__version__,
        "tf32": False,
    }


def verify(device: str, names=VERIFIED, steps: int = training.FIRST) -> dict:
    """Train the first steps of records on the device; return how far their losses are apart.

    Raises AssertionError for a record whose losses differ by more than verifying allows.
    """
    found = {}
    for name in names:
        record = store.read(store.path(environment.RESULTS, name))
        losses = training.first_losses(record.experiment, steps, device)
        found[name] = training.largest_error(losses, record.first_losses[:steps])
    assert max(found.values()) <= training.TOLERANCE, found
    return found


def measure(device: str, small: bool) -> dict:
    """Run all parts and say after each what came out."""
    shapes = BENCHMARK_SHAPES[:1] if small else BENCHMARK_SHAPES
    parts = {
        "conformance": lambda: layer.conformance(device),
        "layer": lambda: layer.ratios(device, 3 if small else 100, shapes),
        "records": lambda: verify(device, VERIFIED[:1] if small else VERIFIED),
        "sweep": lambda: sweep.compare(
            device, *((2, 3, 2) if small else (32, 200, 5)), batch_size=16
        ),
    }
    found = {}
    with reproducible():
        for name, part in parts.items():
            found[name] = part()
            print(f"{name}: {json.dumps(found[name])}", flush=True)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m commands.gpu", description=__doc__)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--small", action="store_true", help="little data: a rehearsal")
    parser.add_argument("--results", type=Path, default=environment.RESULTS, metavar="DIR")
    chosen = parser.parse_args(arguments)
    if chosen.device == "cuda" and not torch.cuda.is_available():
        print("torch sees no GPU here, so nothing was measured: run make gpu where there is one")
        return 0
    torch.backends.cuda.matmul.allow_tf32 = False
    found = measure(chosen.device, chosen.small)
    if chosen.device == "cpu" or chosen.small:
        print("A rehearsal: nothing was written, and the speeds mean nothing")
        return 0
    environment.write(chosen.results / "gpu.json", card() | found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
