"""How often the best of a sweep is luck, for the lesson on two networks."""

from statistics import stdev

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
    deviations = traitlets.List(traitlets.Float(), minlen=2).tag(sync=True)
    deviation = traitlets.Float().tag(sync=True)  # standard deviation of the recorded runs
    settings = traitlets.Int(10, min=2, max=20).tag(sync=True)
    runs = traitlets.Int(1, min=1, max=10).tag(sync=True)
    spread = traitlets.Float(0.0, min=0, max=2).tag(sync=True)

    def __init__(self, accuracies: dict[str, list[float]], **state):
        """``accuracies``: of each setting the recorded runs, in points (0 to 100).

        Raises ValueError for a setting with one run, which has no deviation.
        """
        deviations, squares, free = [], 0.0, 0
        for name, values in accuracies.items():
            if len(values) < 2:
                raise ValueError(f"{name!r} has {len(values)} run; at least 2 are needed")
            mean, n = sum(values) / len(values), len(values)
            deviations += [(value - mean) * (n / (n - 1)) ** 0.5 for value in values]
            squares, free = squares + stdev(values) ** 2 * (n - 1), free + n - 1
        deviation = (squares / free) ** 0.5
        super().__init__(deviations=deviations, deviation=deviation, **state)
