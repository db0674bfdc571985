"""A sweep over seeds as one batched computation, beside one run after the other.

The networks of all seeds have the same shape, so that their weights can be stacked: one step then
trains all of them, each with its own weights and its own batch. Adam takes every weight by itself,
so the stacked networks learn as if they were alone.
"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import functional_call, stack_module_state
from torch.nn import functional as F

from commands.bench.timing import time_interleaved
from commands.gpu import clock
from helpers import data
from helpers.experiments import Experiment, training

TOLERANCE = 1e-3  # between the losses of one run made in two ways, as for records


class Sweep:
    """Networks of some seeds with their first weights, and their first batches on the device."""

    def __init__(self, seeds: int, steps: int, device: str, **fields):
        """``fields`` go to the experiment; its batches must all have one size."""
        self.device, self.networks, batches = device, [], []
        for seed in range(seeds):
            run = training.Run(Experiment(group="gpu", seed=seed, **fields), device)
            self.networks.append(run.network)
            (side,) = run.train
            order = data.batches(run.train, run.experiment.batch_size, run.order)[:steps]
            images = [run.train[side][indices] for _, indices in order]
            batches.append(
                (
                    torch.stack([run.prepare(part.images) for part in images]),
                    torch.stack([part.labels for part in images]),
                )
            )
        self.learning_rate = run.experiment.learning_rate
        x, y = zip(*batches, strict=True)
        self.x = torch.stack(x, dim=1).to(device)  # (steps, seeds, batch, 1, height, width)
        self.y = torch.stack(y, dim=1).to(device)

    @property
    def images(self) -> int:
        """Return how many images all runs take together."""
        return self.y.numel()

    def _adam(self, parameters, **options) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, lr=self.learning_rate, fused=True, **options)

    def sequential(self) -> Tensor:
        """Train one run after the other; return the losses, float32 (steps, seeds)."""
        losses = []
        for seed, network in enumerate(copy.deepcopy(self.networks)):
            optimiser = self._adam(network.parameters())
            one = []
            for x, y in zip(self.x[:, seed], self.y[:, seed], strict=True):
                loss = F.cross_entropy(network(x), y)
                loss.backward()
                optimiser.step()
                optimiser.zero_grad()
                one.append(loss.detach())
            losses.append(torch.stack(one))
        return torch.stack(losses, dim=1)

    def batched(self) -> Tensor:
        """Train all runs with every step; return the losses, float32 (steps, seeds)."""
        step, _, _ = self._batched_step()
        return torch.stack([step(x, y) for x, y in zip(self.x, self.y, strict=True)])

    def _batched_step(self, **options) -> tuple[Callable, dict, torch.optim.Optimizer]:
        parameters, buffers = stack_module_state(self.networks)
        optimiser = self._adam(parameters.values(), **options)
        skeleton = copy.deepcopy(self.networks[0]).to("meta")

        def scores(parameters, buffers, x):
            return functional_call(skeleton, (parameters, buffers), (x,))

        def step(x: Tensor, y: Tensor) -> Tensor:
            found = torch.vmap(scores)(parameters, buffers, x)
            by_image = F.cross_entropy(found.flatten(0, 1), y.flatten(), reduction="none")
            losses = by_image.view(y.shape).mean(dim=1)
            losses.sum().backward()  # no loss depends on the weights of another seed
            optimiser.step()
            optimiser.zero_grad(set_to_none=False)
            return losses.detach()

        return step, parameters, optimiser

    def graphed(self) -> Callable[[], Tensor]:
        """Record the batched step as a CUDA graph; return what trains by replaying it."""
        step, parameters, optimiser = self._batched_step(capturable=True)
        first = {name: value.detach().clone() for name, value in parameters.items()}
        x, y = self.x[0].clone(), self.y[0].clone()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                step(x, y)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            losses = step(x, y)

        @torch.no_grad()
        def train() -> Tensor:
            for name, value in parameters.items():
                value.copy_(first[name])
            for state in optimiser.state.values():
                for value in state.values():
                    value.zero_()
            found = []
            for images, labels in zip(self.x, self.y, strict=True):
                x.copy_(images)
                y.copy_(labels)
                graph.replay()
                found.append(losses.clone())
            return torch.stack(found)

        return train


def compare(device: str, seeds: int, steps: int, rounds: int, **fields) -> dict:
    """Train a sweep in each way; return images per second and how far the losses are apart.

    Raises AssertionError if a batched loss differs from that of the run alone by more than
    ``TOLERANCE`` of its value.
    """
    sweep = Sweep(seeds, steps, device, **fields)
    ways = {"one after the other": sweep.sequential, "batched": sweep.batched}
    if device == "cuda":
        ways["batched, CUDA graph"] = sweep.graphed()
    alone = sweep.sequential()
    apart = {
        name: ((train() - alone).abs() / alone).max().item()
        for name, train in ways.items()
        if train != sweep.sequential
    }
    assert max(apart.values()) <= TOLERANCE, apart
    times = time_interleaved(ways, 0, warm_up=1, least=rounds, measure=clock.of(device))
    return {
        "seeds": seeds,
        "steps": steps,
        "largest_difference_of_losses": apart,
        "images_per_second": {
            name: round(sweep.images / timing.median) for name, timing in times.items()
        },
    }
