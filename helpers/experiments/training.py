"""Training: the loop, and one whole run from a line of the table to its record."""

import io
import os
import pickle
import platform
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers import data
from helpers.data import augment
from helpers.experiments import inputs
from helpers.experiments.inputs import Groups, Prepare
from helpers.experiments.settings import Experiment
from helpers.experiments.store import Circumstances, Epoch, Record, Result, TestResult
from helpers.machine import processor
from helpers.networks import FixedNetwork, VariableNetwork, initialise

FIRST = 20  # steps whose losses a record keeps


# ---------------------------------------------------------------------- the loop
def train_epoch(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    groups: Groups,
    batches: list[tuple[int, Tensor]],
    prepare: Prepare,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> Tensor:
    """Take one step per batch and return the loss of each, float32 (steps,).

    ``batches`` comes from ``data.batches``. ``on_step(step, loss)`` is called now and then. Each
    batch goes to the device of the network; the losses come back to the CPU.
    """
    network.train()
    device, losses = _device(network), []
    for step, (side, indices) in enumerate(batches, start=1):
        images = groups[side].images[indices].to(device)
        labels = groups[side].labels[indices].to(device)
        loss = F.cross_entropy(network(prepare(images)), labels)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.detach())
        if step % 50 == 0:
            on_step(step, loss.item())
    return torch.stack(losses).cpu()


@torch.inference_mode()
def evaluate(
    network: nn.Module, images: data.Images, prepare: Prepare, batch_size: int = 100
) -> tuple[float, Tensor]:
    """Return the mean loss over images of one size, and the predicted labels, int64 (n,).

    Each batch goes to the device of the network; the labels come back to the CPU.
    """
    network.eval()
    device, loss, predictions = _device(network), 0.0, []
    for i in range(0, len(images), batch_size):
        scores = network(prepare(images.images[i : i + batch_size].to(device)))
        labels = images.labels[i : i + batch_size].to(device)
        loss += F.cross_entropy(scores, labels, reduction="sum").item()
        predictions.append(scores.argmax(dim=1).cpu())
    return loss / len(images), torch.cat(predictions)


def _device(network: nn.Module) -> torch.device:
    return next(network.parameters()).device


def build_network(experiment: Experiment, **options) -> nn.Module:
    """Return the experiment's network with its initial weights; ``options`` go to its class."""
    if experiment.network == "fixed":
        network = FixedNetwork(64 if experiment.data.endswith("64") else 28, **options)
    else:
        network = VariableNetwork(experiment.width, experiment.network, **options)
    # channels_last (the channels of a pixel side by side) makes the convolutions faster
    return initialise(network, _generator(experiment.seed, 0)).to(memory_format=torch.channels_last)


def _generator(seed: int, purpose: int) -> torch.Generator:
    # A stream for each purpose: switching augmentation on leaves weights and order as they were.
    return torch.Generator().manual_seed(3 * seed + purpose)


class Run:
    """A run between two epochs: network, optimiser, random generators and what happened so far.

    Images and random generators are on the CPU, whatever the device of the network.
    """

    def __init__(self, experiment: Experiment, device: str = "cpu"):
        """Load the data and make the network, with its initial weights, on ``device``."""
        self.experiment = experiment
        self.train, self.validation, self.prepare = inputs.load(experiment)
        self.network = build_network(experiment).to(device)
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=experiment.learning_rate, fused=True
        )
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
        self.order.set_state(state["order"])
        self.augmentation.set_state(state["augmentation"])
        self.epochs = [Epoch(**epoch) for epoch in state["epochs"]]
        self.first_losses = state["first_losses"]
        self.seconds = state["seconds"]


def _short(value) -> float:
    return float(f"{float(value):.6g}")


# ---------------------------------------------------------------------- a whole run
def run(
    experiment: Experiment,
    checkpoint: Path | None = None,
    on_progress: Callable[[dict], None] = lambda event: None,
    device: str = "cpu",
) -> tuple[Record, bytes | None]:
    """Train one line of the table; return its record and, if it stores them, its weights.

    After each epoch the state goes to ``checkpoint``; if that file exists, the run continues from
    it and ends with the same record. One thread, whatever torch is set to otherwise.
    """
    with reproducible():
        state = Run(experiment, device)
        if checkpoint is not None and (saved := _read_checkpoint(checkpoint, experiment, device)):
            state.restore(saved)
        steps = sum(-(-len(g) // experiment.batch_size) for g in state.train.values())
        while len(state.epochs) < experiment.epochs:
            epoch = {"epoch": len(state.epochs) + 1, "epochs": experiment.epochs, "steps": steps}
            on_progress(epoch | {"step": 0})
            entry = state.epoch(
                lambda step, loss, epoch=epoch: on_progress(epoch | {"step": step, "loss": loss})
            )
            if checkpoint is not None:
                _write_checkpoint(checkpoint, state.state())
            on_progress(epoch | {"step": steps} | entry.model_dump())
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


@contextmanager
def one_thread():
    """Compute in one thread: the same sums in the same order, and no core taken from other runs."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def reproducible():
    """Compute in one thread; on a GPU with the same bytes on every run and 32 bits, as on a CPU."""
    with (
        one_thread(),
        torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        ),
    ):
        yield


def _circumstances(state: Run, device: str) -> Circumstances:
    images = sum(map(len, state.train.values())) * len(state.epochs)
    return Circumstances(
        seconds=round(state.seconds, 2),
        images_per_second=round(images / state.seconds, 1),
        threads=torch.get_num_threads(),
        processor=torch.cuda.get_device_name() if device == "cuda" else processor(),
        python=platform.python_version(),
        torch=torch.__version__,
    )


def _write_checkpoint(file: Path, state: dict) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    torch.save(state, buffer)
    temporary = file.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_bytes(buffer.getvalue())
    os.replace(temporary, file)


def _read_checkpoint(file: Path, experiment: Experiment, device: str) -> dict | None:
    """Return the state in a checkpoint, or None if there is none that this code would have made."""
    if not file.is_file():
        return None
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
        current = state["experiment"] == experiment.model_dump() and (
            state["first_losses"] == first_losses(experiment, device=device)
        )
    except (RuntimeError, EOFError, KeyError, pickle.UnpicklingError):  # damaged
        return None
    return state if current else None
