"""Try the networks of lesson 11 on canvases of sizes never trained on: ``results/unseen.json``.

``python -m commands.unseen`` gives all validation digits to the stored weights of the final runs,
in two ways: the canvas changes and the digit stays, or a canvas of 48 is resized, digit and all.
Nothing is trained; it takes about twelve minutes on one core.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from commands.bench import environment
from helpers import data
from helpers.experiments import inputs, records, training
from helpers.experiments.loop import evaluate, reproducible

NEW_SIDES = (28, 40, 56, 80, 96, 128)
WAYS = {"the canvas changes": data.SIDES, "both change": (48,)}  # where the size was trained on
KINDS = {"variable": "max", "fixed": "fixed"}
SEED = 0  # of the places of the digits


def images_of(digits: data.Images, way: str, side: int) -> data.Images:
    """Return the digits on canvases of a side, their places drawn with ``SEED``."""
    generator = torch.Generator().manual_seed(SEED)
    drawn = side if way == "the canvas changes" else 48
    canvas = data.random_canvases(digits, [drawn], generator)[drawn]
    if drawn == side:
        return canvas
    return data.Images(data.resize(canvas.images, side), canvas.labels, canvas.index)


def right(results: str | Path, digits: data.Images, sides) -> dict[tuple, np.ndarray]:
    """Return which digits each run gets right, bool (runs, digits), by (way, kind, side)."""
    found = {}
    for kind, network in KINDS.items():
        runs = records.load(results, group="final", network=network)
        runs = sorted(runs, key=lambda run: run.experiment.seed)
        model = training.build_network(runs[0].experiment)
        prepare = inputs.load(runs[0].experiment).prepare
        for way in WAYS:
            for side in sides:
                seen = images_of(digits, way, side)
                if kind == "fixed":
                    seen = data.Images(data.resize(seen.images, 28), seen.labels, seen.index)
                back = seen.index.argsort()  # the digits in one order on every side
                rows = []
                for run in runs:
                    model.load_state_dict(records.load_weights(results, run.name))
                    _, predicted = evaluate(model, seen, prepare, 50)
                    rows.append((predicted == seen.labels)[back].numpy())
                found[way, kind, side] = np.stack(rows)
    return found


def summarise(found: dict[tuple, np.ndarray]) -> dict:
    """Return accuracies in percent of each run, and falls below the mean over the trained sides.

    A fall is in points, averaged over the runs, with the standard error over the digits.
    """
    accuracies, falls = [], []
    for (way, kind, side), correct in found.items():
        accuracies += [
            {"way": way, "kind": kind, "side": side, "seed": seed, "percent": round(100 * a, 4)}
            for seed, a in enumerate(correct.mean(axis=1).tolist())
        ]
        if side not in WAYS[way]:
            before = np.mean([found[way, kind, s].mean(axis=0) for s in WAYS[way]], axis=0)
            fall = 100 * (before - correct.mean(axis=0))  # of each digit
            error = fall.std(ddof=1) / len(fall) ** 0.5
            falls.append(
                {"way": way, "kind": kind, "side": side}
                | {"points": round(fall.mean(), 4), "standard_error": round(error, 4)}
            )
    return {"accuracies": accuracies, "falls": falls}


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(prog="python -m commands.unseen", description=__doc__)
    parser.add_argument("--results", type=Path, default=environment.RESULTS, metavar="DIR")
    parser.add_argument("--digits", type=int, default=10_000, help="validation digits to try")
    chosen = parser.parse_args()
    sides = sorted({*NEW_SIDES, *data.SIDES})
    digits = data.load_mnist().validation[: chosen.digits]
    with reproducible():
        found = right(chosen.results, digits, sides)
    about = environment.describe() | {"digits": len(digits), "sides": sides, "trained": WAYS}
    environment.write(chosen.results / "unseen.json", about | summarise(found))


if __name__ == "__main__":
    main()
