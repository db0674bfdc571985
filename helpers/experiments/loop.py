"""The training loop, and the evaluation, for images of one size or of several."""

import gc
from collections.abc import Callable
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers import data
from helpers.experiments.inputs import Groups, Prepare


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
    with _old_objects_at_rest():
        for step, (side, indices) in enumerate(batches, start=1):
            images = groups[side].images.index_select(0, indices).to(device)
            labels = groups[side].labels.index_select(0, indices).to(device)
            loss = F.cross_entropy(network(prepare(images)), labels)
            loss.backward()
            optimiser.step()
            optimiser.zero_grad()
            losses.append(loss.detach())
            if step % 50 == 0:
                on_step(step, loss.item())
    return torch.stack(losses).cpu()


@contextmanager
def _old_objects_at_rest():
    # Else Python's collector visits all objects of all modules every few steps: 4 % of the time.
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


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
