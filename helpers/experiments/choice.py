"""The choice of a setting by the validation accuracies of a sweep."""

from collections import defaultdict
from statistics import mean

from helpers.experiments.settings import Experiment
from helpers.experiments.store import Record


def best(done: list[Record], group: str, network: dict) -> Experiment:
    """Return the setting of a sweep with the best validation accuracy after the last epoch.

    ``done`` holds records, ``group`` names the sweep and ``network`` fixes some fields. Seeds are
    averaged; the smaller validation loss decides between equals. The test set plays no part.
    """
    scores = defaultdict(list)
    for record in done:
        line = record.experiment
        if line.group == group and network.items() <= line.model_dump().items():
            last = record.epochs[-1]
            setting = line.model_copy(update={"seed": 0})
            scores[setting].append((last.validation_accuracy, -last.validation_loss))
    if not scores:
        raise ValueError(f"no record of the sweep {group!r} has {network}")
    return max(scores, key=lambda setting: [mean(v) for v in zip(*scores[setting], strict=True)])
