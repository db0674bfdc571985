"""One run in a process of its own, and what is left of it for the caller."""

import signal
import sys
from pathlib import Path
from typing import NamedTuple

from helpers.experiments import training
from helpers.experiments.settings import Experiment
from helpers.experiments.store import Record


class Outcome(NamedTuple):
    """A finished run: its record and perhaps weights, or the error that ended it."""

    line: Experiment
    record: Record | None
    weights: bytes | None
    error: str | None


def train(
    line: Experiment,
    checkpoint: Path | None = None,
    device: str = "cpu",
    say: bool = False,
    on_progress=lambda event: None,
) -> Outcome:
    """Train one line of the table; an exception becomes an error, so that other runs go on.

    ``say``: print a line after each epoch.
    """

    def report(event: dict) -> None:
        on_progress(event)
        if say and "train_loss" in event:
            print(
                f"{line.name} epoch {event['epoch']}/{event['epochs']}: "
                f"train loss {event['train_loss']:.4f}, validation loss "
                f"{event['validation_loss']:.4f}, accuracy {event['validation_accuracy']:.4f}",
                file=sys.stderr,
                flush=True,
            )

    try:
        return Outcome(line, *training.run(line, checkpoint, report, device), None)
    except Exception as error:  # noqa: BLE001  (reported with the run's name)
        return Outcome(line, None, None, f"{type(error).__name__}: {error}")


def leave_ctrl_c_to_the_caller() -> None:
    """Ignore Ctrl-C in this process: the terminal sends it to all, and the caller ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
