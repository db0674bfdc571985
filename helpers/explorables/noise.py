"""How often the best of a sweep is luck, for the lesson on two networks."""

from math import isfinite
from statistics import stdev

import torch
import traitlets

from helpers.explorables.base import Explorable


class Noise(Explorable):
    """Sweeps over some settings, and how often the best one found is the best one.

    The true accuracies of the ``settings`` differ by ``spread`` points from worst to best. A sweep
    measures each setting by the mean of ``runs`` runs. A run is off by one of ``deviations``, in
    points: what recorded runs of one setting differ from their mean by, over seeds. For n runs they
    are widened by sqrt(n / (n - 1)), as they are taken from their own mean.
    """

    module = "noise"
    question = traitlets.Unicode(
        "How many runs of each setting does it take until the best of ten, half a point apart from "
        "worst to best, is found in most sweeps?"
    ).tag(sync=True)
    deviations = traitlets.List(traitlets.Float(), minlen=2).tag(sync=True)
    deviation = traitlets.Float().tag(sync=True)  # standard deviation of the recorded runs
    settings = traitlets.Int(10, min=2, max=20).tag(sync=True)
    runs = traitlets.Int(1, min=1, max=10).tag(sync=True)
    spread = traitlets.Float(0.0, min=0, max=2).tag(sync=True)

    def __init__(self, accuracies: dict[str, list[float]], **state):
        """``accuracies``: of each setting the recorded runs, in points (0 to 100).

        The ``answer`` is worked out from them. Raises ValueError for no setting, for a setting with
        one run, which has no deviation, and for a value that is no finite number.
        """
        if not accuracies:
            raise ValueError("accuracies is empty; at least one setting with two runs is needed")
        deviations, squares, free = [], 0.0, 0
        for name, values in accuracies.items():
            if len(values) < 2:
                raise ValueError(f"{name!r} has {len(values)} run; at least 2 are needed")
            if not all(map(isfinite, values)):
                raise ValueError(f"{name!r} must hold finite numbers, got {list(values)}")
            mean, n = sum(values) / len(values), len(values)
            deviations += [(value - mean) * (n / (n - 1)) ** 0.5 for value in values]
            squares, free = squares + stdev(values) ** 2 * (n - 1), free + n - 1
        deviation = (squares / free) ** 0.5
        state = {"answer": _answer(deviations)} | state
        super().__init__(deviations=deviations, deviation=deviation, **state)


def _answer(deviations: list[float]) -> str:
    generator = torch.Generator().manual_seed(0)
    truth, noise = torch.linspace(-0.5, 0, 10), torch.tensor(deviations)
    found = []
    for runs in range(1, 11):
        drawn = noise[torch.randint(len(noise), (10_000, 10, runs), generator=generator)]
        best = (truth + drawn.mean(dim=2)).argmax(dim=1)
        found.append((best == 9).double().mean().item())
    enough = next((n for n, share in enumerate(found, start=1) if share > 0.5), None)
    few = f"About {enough}" if enough else "More than 10"
    return (
        f"{few}. The share rises slowly, from {found[0]:.0%} with one run of each to "
        f"{found[-1]:.0%} with ten: the noise of a mean falls with the square root of their number."
    )
