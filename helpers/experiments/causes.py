"""The second series of runs: which cause makes the differences that the first series found.

Settings, endpoints and numbers of seeds were fixed in results/PLAN.md before the first of them was
trained. Where a run says ``schedule="linear"`` the learning rate falls to zero, so that the last
epoch holds less chance.
"""

from itertools import product

from helpers.experiments.choice import best
from helpers.experiments.settings import Experiment
from helpers.experiments.store import Record

VARIABLE = {"network": "max", "width": 81, "data": "varres"}
FIXED = {"network": "fixed", "data": "varres-28"}
# The two missing cells of {resized to 28, as they are} x {flatten, global max}.
MAX_RESIZED = {"network": "max", "width": 81, "data": "varres-28"}
FLATTEN_PADDED = {"network": "fixed", "width": 26, "data": "varres-pad64"}
MEAN = {"network": "mean", "width": 81, "data": "varres"}
CONTROL = MEAN | {"network": "scaled-mean"}

HEAD_RATES = [0.00025, 0.0005, 0.001, 0.002, 0.004]
MEAN_RATES = [0.0005, 0.001, 0.002, 0.004]
SEEDS = {"low-rate": 5, "decay": 5, "head": 5, "padded": 5, "mean": 5, "control": 3, "best": 3}


def low_rate() -> list[Experiment]:
    """Normalisation x augmentation at the rate of the original's code: the cells that were missing.

    The other two are ``original-rate``.
    """
    cells = ((True, None), (False, "original"))
    return [
        Experiment(
            group="low-rate",
            learning_rate=0.0001,
            normalisation=norm,
            augmentation=recipe,
            seed=s,
        )
        for s, (norm, recipe) in product(range(SEEDS["low-rate"]), cells)
    ]


def head_rates() -> list[Experiment]:
    """Head x input: sweep of the learning rate of the max head on resized images."""
    return [Experiment(group="head-rate", **MAX_RESIZED, learning_rate=lr) for lr in HEAD_RATES]


def head(done: list[Record]) -> list[Experiment]:
    """Head x input: the max head on resized images, at its best rate."""
    return _final("head", [best(done, "head-rate", MAX_RESIZED)])


def padded_rates() -> list[Experiment]:
    """Head x input: sweep of the learning rate of the flatten head on padded images."""
    return [
        Experiment(group="padded-rate", **FLATTEN_PADDED, learning_rate=lr) for lr in HEAD_RATES
    ]


def padded(done: list[Record]) -> list[Experiment]:
    """Head x input: the flatten head on padded images, at its best rate."""
    return _final("padded", [best(done, "padded-rate", FLATTEN_PADDED)])


def decay(done: list[Record]) -> list[Experiment]:
    """The tuned pair again, with a learning rate that falls to zero."""
    return _final("decay", [best(done, "batch-size", n) for n in (VARIABLE, FIXED)])


def mean_rates() -> list[Experiment]:
    """Max against mean: sweep of the mean's learning rate, with the batch size of the max."""
    return [
        Experiment(group="mean-rate", **MEAN, learning_rate=lr, batch_size=32) for lr in MEAN_RATES
    ]


def mean_tuned(done: list[Record]) -> list[Experiment]:
    """Max against mean: the mean at its own best rate; the max is in ``decay``."""
    return _final("mean", [best(done, "mean-rate", MEAN)])


def control() -> list[Experiment]:
    """Sum against mean: the mean times 29/12, with the setting of ``pooling-code``."""
    code = {"learning_rate": 0.0005, "batch_size": 16, "epochs": 10}
    return [Experiment(group="control", **CONTROL, **code, seed=s) for s in range(SEEDS["control"])]


def best_29000() -> list[Experiment]:
    """What a network of these parameters can do: on MNIST, and on the images of three sizes."""
    everything = {
        "network": "max",
        "width": 81,
        "batch_norm": True,
        "learning_rate": 0.002,
        "schedule": "linear",
        "batch_size": 32,
        "epochs": 20,
        "augmentation": "affine",
        "test": True,
    }
    return [
        Experiment(group="best", data=data, **everything, seed=s)
        for data, s in product(("mnist", "varres"), range(SEEDS["best"]))
    ]


def _final(group: str, settings: list[Experiment]) -> list[Experiment]:
    """Return runs of 10 epochs with a falling rate; they read the test set."""
    changes = {"group": group, "epochs": 10, "schedule": "linear", "test": True}
    return [
        setting.model_copy(update=changes | {"seed": s, "save_weights": s == 0})
        for s, setting in product(range(SEEDS[group]), settings)
    ]


# What is trained, and so in the table: a group joins when all its runs have a record.
WRITTEN = (low_rate, head_rates, padded_rates, mean_rates, control, best_29000)
CHOSEN = (
    ("decay", decay, ("batch-size",)),
    ("head", head, ("head-rate",)),
    ("padded", padded, ("padded-rate",)),
    ("mean", mean_tuned, ("mean-rate",)),
)
