"""A single training run, watched in a notebook."""

import base64
import sys
import time
from collections.abc import Callable

import matplotlib.pyplot as plt
from IPython.display import display
from tqdm import tqdm

from helpers.figures import TEXT_WIDTH, encode


def watch(interval: float = 1.0) -> Callable[[dict], None]:
    """Return an ``on_progress`` for ``training.run``: a progress bar and a live curve below it.

    For use in a notebook. The curve is drawn anew after each epoch, and in between every
    ``interval`` seconds at most.
    """
    losses, accuracies = [], []  # pairs (epochs so far, value)
    picture = display({"text/plain": ""}, raw=True, display_id=True)
    bar = tqdm(unit="step", file=sys.stdout)
    drawn = 0.0

    def on_progress(event: dict) -> None:
        nonlocal drawn
        bar.total = event["epochs"] * event["steps"]
        bar.update((event["epoch"] - 1) * event["steps"] + event["step"] - bar.n)
        if "loss" in event:
            losses.append((bar.n / event["steps"], event["loss"]))
            bar.set_postfix(loss=f"{event['loss']:.3f}")
        if ended := "validation_accuracy" in event:
            accuracies.append((event["epoch"], 100 * event["validation_accuracy"]))
        if ended or (losses and time.monotonic() - drawn > interval):
            drawn = time.monotonic()
            picture.update(_curves(losses, accuracies, event["epochs"]), raw=True)
        if bar.n == bar.total and ended:
            bar.close()

    return on_progress


def _curves(losses: list, accuracies: list, epochs: int) -> dict:
    fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.2))
    for ax, points, label, style in (
        (axes[0], losses, "training loss", "-"),
        (axes[1], accuracies, "validation accuracy in %", "o-"),
    ):
        ax.plot(*zip(*points, strict=True) if points else ([], []), style)
        ax.set(xlabel="epoch", ylabel=label, xlim=(0, epochs))
    png = base64.b64encode(encode(fig, "png")[0]).decode()
    plt.close(fig)
    return {"image/png": png, "text/plain": f"accuracy {[value for _, value in accuracies]}"}
