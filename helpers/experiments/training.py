"""One whole run, from a line of the table to its record."""

import math
import platform
import time
from collections.abc import Callable
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from helpers import data
from helpers.conv import compiled
from helpers.conv.block import fused
from helpers.data import augment
from helpers.experiments import checkpoints, inputs
from helpers.experiments.inputs import Groups
from helpers.experiments.loop import evaluate, reproducible, train_epoch
from helpers.experiments.settings import Experiment
from helpers.experiments.store import Circumstances, Epoch, Record, Result, TestResult
from helpers.machine import processor
from helpers.networks import FixedNetwork, VariableNetwork, initialise

FIRST = 20  # steps whose losses a record keeps
# Other processors add in another order, and where two values of a max are nearly equal, that picks
# the other one: at a learning rate of 0.0045 such a difference reached 1.3e-4 after 20 steps.
# Another seed makes 3e-2 or more.
TOLERANCE = 1e-3


def build_network(experiment: Experiment, **options) -> nn.Module:
    """Return the experiment's network with its initial weights; ``options`` go to its class."""
    if experiment.network == "fixed":
        size = 64 if experiment.data.endswith("64") else 28
        network = FixedNetwork(size, width=experiment.width or 64, **options)
    else:
        options |= {"batch_norm": experiment.batch_norm}
        network = VariableNetwork(experiment.width, experiment.network, **options)
    # channels_last (the channels of a pixel side by side) makes the convolutions faster
    return initialise(network, _generator(experiment.seed, 0)).to(memory_format=torch.channels_last)


def _generator(seed: int, purpose: int) -> torch.Generator:
    # A stream for each purpose: switching augmentation on leaves weights and order as they were.
    return torch.Generator().manual_seed(3 * seed + purpose)


class Run:
    """A run between two epochs: network, optimiser, random generators and what happened so far.

    The blocks of the network are computed in one step, where our compiled loops can be used.
    Images and random generators are on the CPU, whatever the device of the network.
    """

    def __init__(self, experiment: Experiment, device: str = "cpu"):
        """Load the data and make the network, with its initial weights, on ``device``."""
        self.experiment = experiment
        self.train, self.validation, self.prepare = inputs.load(experiment)
        self.network = build_network(experiment, block=fused).to(device)
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=experiment.learning_rate, fused=True
        )
        self.steps = sum(-(-len(group) // experiment.batch_size) for group in self.train.values())
        total = experiment.epochs * self.steps
        fall = {"constant": lambda step: 1, "linear": lambda step: 1 - step / total}
        self.schedule = LambdaLR(self.optimiser, fall[experiment.schedule])
        self.optimiser.register_step_post_hook(lambda *_: self.schedule.step())
        self.order, self.augmentation = (_generator(experiment.seed, k) for k in (1, 2))
        self.epochs: list[Epoch] = []
        self.first_losses: list[float] = []
        self.seconds = 0.0  # spent on training, validation not counted

    def train_epoch(self, steps: int | None = None, on_step=lambda step, loss: None) -> Tensor:
        """Train one epoch, or its first steps, and return the losses."""
        start = time.perf_counter()
        groups = self.train
        if self.experiment.augmentation:
            groups = {side: self._augment(images) for side, images in groups.items()}
        batches = data.batches(groups, self.experiment.batch_size, self.order)[:steps]
        losses = train_epoch(self.network, self.optimiser, groups, batches, self.prepare, on_step)
        self.seconds += time.perf_counter() - start
        return losses

    def _augment(self, images: data.Images) -> data.Images:
        moved = augment.augment(images.images, self.experiment.augmentation, self.augmentation)
        return data.Images(moved, images.labels, images.index)

    def epoch(self, on_step=lambda step, loss: None) -> Epoch:
        """Train and validate one epoch, and return its entry in the record."""
        losses = self.train_epoch(on_step=on_step)
        self.first_losses = self.first_losses or losses[:FIRST].tolist()
        result, per_resolution, _ = self.measure(self.validation)
        entry = Epoch(
            epoch=len(self.epochs) + 1,
            train_loss=_short(losses.double().mean()),
            validation_loss=result.loss,
            validation_accuracy=result.accuracy,
            per_resolution=per_resolution if len(per_resolution) > 1 else None,
        )
        self.epochs.append(entry)
        return entry

    def measure(self, groups: Groups) -> tuple[Result, dict[int, Result], dict[int, Tensor]]:
        """Return the result over all images, that of each side, and the predictions per side."""
        results, predictions = {}, {}
        for side, images in groups.items():
            loss, predictions[side] = evaluate(self.network, images, self.prepare)
            accuracy = (predictions[side] == images.labels).double().mean()
            results[side] = Result(loss=_short(loss), accuracy=_short(accuracy))
        sizes = {side: len(images) for side, images in groups.items()}
        total = {
            key: _short(
                sum(sizes[side] * getattr(result, key) for side, result in results.items())
                / sum(sizes.values())
            )
            for key in ("loss", "accuracy")
        }
        return Result(**total), results, predictions

    def test(self) -> TestResult | None:
        """Read the test set and return its entry in the record; None if this run may not."""
        if not self.experiment.test:
            return None
        groups = inputs.load_part(self.experiment, "test")
        result, per_resolution, predictions = self.measure(groups)
        order = torch.cat([images.index for images in groups.values()]).argsort()
        digits = torch.cat([predictions[side] for side in groups])[order]
        return TestResult(
            **result.model_dump(),
            per_resolution=per_resolution,
            predictions="".join(map(str, digits.tolist())),
        )

    def state(self) -> dict:
        """Return all that is needed to go on after this epoch."""
        return {
            "experiment": self.experiment.model_dump(),
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.last_epoch,  # steps taken
            "order": self.order.get_state(),
            "augmentation": self.augmentation.get_state(),
            "epochs": [epoch.model_dump() for epoch in self.epochs],
            "first_losses": self.first_losses,
            "seconds": self.seconds,
        }

    def restore(self, state: dict) -> None:
        """Go back to a state returned by ``state``."""
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.last_epoch = state["schedule"]
        self.order.set_state(state["order"])
        self.augmentation.set_state(state["augmentation"])
        self.epochs = [Epoch(**epoch) for epoch in state["epochs"]]
        self.first_losses = state["first_losses"]
        self.seconds = state["seconds"]


def _short(value) -> float:
    return float(f"{float(value):.6g}")


def run(
    experiment: Experiment,
    checkpoint: Path | None = None,
    on_progress: Callable[[dict], None] = lambda event: None,
    device: str = "cpu",
) -> tuple[Record, bytes | None]:
    """Train one line of the table; return its record and, if it stores them, its weights.

    After each epoch the state goes to ``checkpoint``; if that file is there and this code would
    have made it, the run continues from it and ends with the same record. One thread, whatever
    torch is set to otherwise. ``on_progress`` is called now and then with ``epoch`` of ``epochs``
    and ``step`` of ``steps``, and after each epoch with its entry as well.
    """
    with reproducible():
        state = Run(experiment, device)
        saved = checkpoints.read(checkpoint, experiment) if checkpoint else None
        if saved and agree(saved["first_losses"], first_losses(experiment, device=device)):
            state.restore(saved)
        while len(state.epochs) < experiment.epochs:
            epoch = {"epoch": len(state.epochs) + 1, "epochs": experiment.epochs}
            epoch["steps"] = state.steps
            on_progress(epoch | {"step": 0})
            entry = state.epoch(
                lambda step, loss, epoch=epoch: on_progress(epoch | {"step": step, "loss": loss})
            )
            if checkpoint is not None:
                checkpoints.write(checkpoint, state.state())
            on_progress(epoch | {"step": state.steps} | entry.model_dump())
        record = Record(
            name=experiment.name,
            experiment=experiment,
            first_losses=state.first_losses,
            epochs=state.epochs,
            test=state.test(),
            weights=None,
            run=_circumstances(state, device),
        )
    weights = None
    if experiment.save_weights:
        tensors = {k: v.cpu().contiguous() for k, v in state.network.state_dict().items()}
        weights = safetensors.torch.save(tensors)
    return record, weights


def first_losses(experiment: Experiment, steps: int = FIRST, device: str = "cpu") -> list[float]:
    """Train only the first steps of a run and return their losses."""
    with reproducible():
        return Run(experiment, device).train_epoch(steps).tolist()


def agree(found: list[float], stored: list[float]) -> bool:
    """Say whether the first losses of two runs are those of one run, to the tolerance."""
    return len(found) == len(stored) and largest_error(found, stored) <= TOLERANCE


def largest_error(found: list[float], stored: list[float]) -> float:
    """Return the largest difference relative to the larger value; inf if one is not finite.

    Raises ValueError for unequal numbers of losses.
    """
    pairs = list(zip(found, stored, strict=True))
    if not all(math.isfinite(value) for pair in pairs for value in pair):
        return math.inf
    return max(abs(a - b) / (max(abs(a), abs(b)) or 1.0) for a, b in pairs)


def _circumstances(state: Run, device: str) -> Circumstances:
    images = sum(map(len, state.train.values())) * len(state.epochs)
    return Circumstances(
        seconds=round(state.seconds, 2),
        images_per_second=round(images / state.seconds, 1),
        threads=torch.get_num_threads(),
        processor=torch.cuda.get_device_name() if device == "cuda" else processor(),
        python=platform.python_version(),
        torch=torch.__version__,
        convolutions=convolutions(state.experiment, device),
    )


def convolutions(experiment: Experiment, device: str = "cpu") -> str:
    """Return how convolutions are computed in training now: "blocks" in one step, or "torch"."""
    suited = device == "cpu" and not experiment.batch_norm and compiled.is_on()
    return "blocks" if suited else "torch"
