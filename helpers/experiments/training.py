"""Training: the loop, and one whole run from a line of the table to its record."""

import io
import os
import pickle
import platform
import time
from collections.abc import Callable
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers import data
from helpers.data import augment
from helpers.experiments import Experiment
from helpers.networks import FixedNetwork, VariableNetwork, initialise

FIRST = 20  # steps whose losses a record keeps
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"  # of whole runs
if DEVICE == "cuda":  # the same bytes on every run, and 32 bits in every product, as on a CPU
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = False

Groups = dict[int, data.Images]  # from a side, in pixels, to images
Prepare = Callable[[Tensor], Tensor]  # from uint8 images to the network's input


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


def normaliser(mean: float, std: float) -> Prepare:
    """Return the function that maps uint8 images to (value / 255 - mean) / std, float32."""
    return lambda images: images.float().sub_(255 * mean).div_(255 * std)


# ---------------------------------------------------------------------- the parts of a run
def load_part(experiment: Experiment, part: str) -> Groups:
    """Return the images of ``train``, ``validation`` or ``test``, by original side.

    Images that all have one size are one group in training, so that batches mix them.
    Raises PermissionError for the test part of an experiment that is not marked ``test``.
    """
    if part == "test" and not experiment.test:
        raise PermissionError(
            f"{experiment.name} may not read the test set: it is for final results only, "
            "which the table of experiments marks with test=True"
        )
    groups = _load(experiment.data, part, experiment.images)
    if part == "train" and experiment.data not in ("mnist", "varres"):
        return {0: _join(list(groups.values()))}
    return groups


@lru_cache(maxsize=6)  # two data sets: runs of one follow each other
def _load(kind: str, part: str, n: int | None) -> Groups:
    if kind == "mnist":
        groups = {28: getattr(_mnist(), part)}
    else:
        groups = dict(getattr(_varres(), part))
    if n is not None and part == "test":
        # the first of the file, so that predictions of all data sets are of the same images
        few = {side: images[images.index < n // 5] for side, images in groups.items()}
        groups = {side: images for side, images in few.items() if len(images)}
    elif n is not None:
        n = n if part == "train" else n // 5
        groups = {side: images[: n // len(groups)] for side, images in groups.items()}
    change = {
        "mnist": lambda images: images,
        "varres": lambda images: images,
        "varres-28": lambda images: data.resize(images, 28),
        "varres-64": lambda images: data.resize(images, 64),
        "varres-pad64": lambda images: F.pad(
            images, (0, 64 - images.shape[-1], 0, 64 - images.shape[-2])
        ),
    }[kind]
    return {
        side: data.Images(change(images.images), images.labels, images.index)
        for side, images in groups.items()
    }


# Each process reads the data once.
_mnist = lru_cache(data.load_mnist)
_varres = lru_cache(data.load_varres)


def _join(parts: list[data.Images]) -> data.Images:
    return data.Images(
        torch.cat([part.images for part in parts]),
        torch.cat([part.labels for part in parts]),
        torch.cat([part.index for part in parts]),
    )


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
        self.train = load_part(experiment, "train")
        self.validation = load_part(experiment, "validation")
        stack = [images.images for images in self.train.values()]
        mean, std = data.mean_std(*stack) if experiment.normalisation else (0.0, 1.0)
        self.prepare = normaliser(mean, std)
        self.network = build_network(experiment).to(device)
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=experiment.learning_rate, fused=True
        )
        self.order, self.augmentation = (_generator(experiment.seed, k) for k in (1, 2))
        self.epochs: list[dict] = []
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

    def epoch(self, on_step=lambda step, loss: None) -> dict:
        """Train and validate one epoch, and return its entry in the record."""
        losses = self.train_epoch(on_step=on_step)
        self.first_losses = self.first_losses or losses[:FIRST].tolist()
        result, _ = self.measure(self.validation)
        entry = {"epoch": len(self.epochs) + 1, "train_loss": _short(losses.double().mean())}
        entry |= {f"validation_{key}": result[key] for key in ("loss", "accuracy")}
        if len(self.validation) > 1:
            entry["per_resolution"] = result["per_resolution"]
        self.epochs.append(entry)
        return entry

    def measure(self, groups: Groups) -> tuple[dict, dict[int, Tensor]]:
        """Return loss and accuracy, over all images and per side, and the predictions per side."""
        per_resolution, predictions = {}, {}
        for side, images in groups.items():
            loss, predictions[side] = evaluate(self.network, images, self.prepare)
            accuracy = (predictions[side] == images.labels).double().mean()
            per_resolution[str(side)] = {"loss": _short(loss), "accuracy": _short(accuracy)}
        sizes = [len(images) for images in groups.values()]
        total = {
            key: _short(
                sum(n * v[key] for n, v in zip(sizes, per_resolution.values(), strict=True))
                / sum(sizes)
            )
            for key in ("loss", "accuracy")
        }
        return total | {"per_resolution": per_resolution}, predictions

    def test(self) -> dict | None:
        """Read the test set and return its entry in the record; None if this run may not."""
        if not self.experiment.test:
            return None
        groups = load_part(self.experiment, "test")
        result, predictions = self.measure(groups)
        order = torch.cat([images.index for images in groups.values()]).argsort()
        digits = torch.cat([predictions[side] for side in groups])[order]
        result["predictions"] = "".join(map(str, digits.tolist()))
        return result

    def state(self) -> dict:
        """Return all that is needed to go on after this epoch."""
        return {
            "experiment": self.experiment.model_dump(),
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "order": self.order.get_state(),
            "augmentation": self.augmentation.get_state(),
            "epochs": self.epochs,
            "first_losses": self.first_losses,
            "seconds": self.seconds,
        }

    def restore(self, state: dict) -> None:
        """Go back to a state returned by ``state``."""
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.order.set_state(state["order"])
        self.augmentation.set_state(state["augmentation"])
        self.epochs, self.first_losses = state["epochs"], state["first_losses"]
        self.seconds = state["seconds"]


def _short(value) -> float:
    return float(f"{float(value):.6g}")


# ---------------------------------------------------------------------- a whole run
def run(
    experiment: Experiment,
    checkpoint: Path | None = None,
    on_progress: Callable[[dict], None] = lambda event: None,
) -> tuple[dict, bytes | None]:
    """Train one line of the table; return its record and, if it stores them, its weights.

    After each epoch the state goes to ``checkpoint``; if that file exists, the run continues from
    it and ends with the same record. One thread, whatever torch is set to otherwise, and a GPU
    where torch finds one.
    """
    with one_thread():
        state = Run(experiment, DEVICE)
        if checkpoint is not None and (saved := _read_checkpoint(checkpoint, experiment)):
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
            on_progress(epoch | {"step": steps} | entry)
        record = {
            "name": experiment.name,
            "experiment": experiment.model_dump(),
            "first_losses": state.first_losses,
            "epochs": state.epochs,
            "test": state.test(),
            "weights": None,
            "run": _circumstances(state),
        }
    weights = None
    if experiment.save_weights:
        tensors = {k: v.cpu().contiguous() for k, v in state.network.state_dict().items()}
        weights = safetensors.torch.save(tensors)
    return record, weights


def first_losses(experiment: Experiment, steps: int = FIRST) -> list[float]:
    """Train only the first steps of a run and return their losses."""
    with one_thread():
        return Run(experiment, DEVICE).train_epoch(steps).tolist()


@contextmanager
def one_thread():
    """Compute in one thread: the same sums in the same order, and no core taken from other runs."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _circumstances(state: Run) -> dict:
    images = sum(map(len, state.train.values())) * len(state.epochs)
    return {
        "seconds": round(state.seconds, 2),
        "images_per_second": round(images / state.seconds, 1),
        "threads": torch.get_num_threads(),
        "processor": torch.cuda.get_device_name() if DEVICE == "cuda" else processor(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def processor() -> str:
    """Return the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _write_checkpoint(file: Path, state: dict) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    torch.save(state, buffer)
    temporary = file.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_bytes(buffer.getvalue())
    os.replace(temporary, file)


def _read_checkpoint(file: Path, experiment: Experiment) -> dict | None:
    """Return the state in a checkpoint, or None if there is none that this code would have made."""
    if not file.is_file():
        return None
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
        current = state["experiment"] == experiment.model_dump() and (
            state["first_losses"] == first_losses(experiment)
        )
    except (RuntimeError, EOFError, KeyError, pickle.UnpicklingError):  # damaged
        return None
    return state if current else None
