"""The table of every training run of the report.

To add an experiment, add a line to a function below; ``python -m commands.schedule train``
trains what has no record yet, in the order of the table. What is tuned is chosen here too, by code
that reads validation accuracies from the records of the earlier runs.
"""

from collections import defaultdict
from itertools import product
from pathlib import Path
from statistics import mean
from typing import Literal

from pydantic import BaseModel, Field, model_validator

from helpers.data import augment
from helpers.experiments import records

Data = Literal["mnist", "varres", "varres-28", "varres-64", "varres-pad64"]


class Experiment(BaseModel, frozen=True, extra="forbid"):
    """One training run; everything that decides its result.

    ``data``: ``mnist`` (28x28); ``varres``, the variable-resolution images as they are; ``-28`` and
    ``-64``, the same resized to this side; ``-pad64``, padded with black at the right and bottom.
    ``network``: ``fixed``, or a VariableNetwork with this pooling and ``width``.
    ``augmentation``: a recipe of ``helpers.data.augment``. ``normalisation``: subtract the mean and
    divide by the standard deviation of the training images. ``test``: may read the test set, once,
    after the last epoch. ``images``: only so many training images, and a fifth as many in
    validation and test set; all if None. At least 15: one of each size in validation.
    """

    group: str = Field(pattern="^[a-z0-9-]+$")  # the first part of a file's name
    data: Data = "mnist"
    network: Literal["fixed", "max", "mean", "sum"] = "fixed"
    width: int | None = Field(None, ge=1)
    optimiser: Literal["Adam"] = "Adam"
    learning_rate: float = Field(0.001, gt=0)
    batch_size: int = Field(16, ge=1)
    epochs: int = Field(5, ge=1)
    augmentation: Literal[*augment.RECIPES] | None = None
    normalisation: bool = True
    seed: int = Field(0, ge=0)
    test: bool = False
    save_weights: bool = False
    images: int | None = Field(None, ge=15)

    @model_validator(mode="after")
    def _network_fits(self) -> "Experiment":
        if self.network == "fixed" and self.width is not None:
            raise ValueError(f"width={self.width}: the fixed network has none; leave it out")
        if self.network != "fixed" and self.width is None:
            raise ValueError(
                f"width is missing: network={self.network!r} needs the number of channels that "
                "are pooled, such as width=81"
            )
        if self.network == "fixed" and self.data == "varres":
            raise ValueError(
                "data='varres' has images of three sizes, the fixed network takes one: use "
                "'varres-28', 'varres-64' or 'varres-pad64', or network='max'"
            )
        return self

    @property
    def name(self) -> str:
        """The name of the run and of its record; differs when a result could differ."""
        parts = [self.group, self.data, f"{self.network}{self.width or ''}"]
        parts += [f"lr{self.learning_rate:g}", f"batch{self.batch_size}", f"epochs{self.epochs}"]
        parts += [f"augment-{self.augmentation}"] if self.augmentation else []
        parts += [] if self.normalisation else ["raw"]
        return "_".join([*parts, f"seed{self.seed}"])


MAX, MEAN, SUM = ({"network": pooling, "width": 81} for pooling in ("max", "mean", "sum"))
MAX_199 = {"network": "max", "width": 199}
RESIZED = {"network": "fixed", "data": "varres-28"}
BASELINE_RATES = [0.0001, 0.0003, 0.0005, 0.002, 0.004]  # beside the baseline's 0.001
LEARNING_RATES = [n * 0.5 / 1000 for n in range(1, 11)]  # 0.0005 ... 0.005
LEARNING_RATES_BELOW = [0.0001, 0.00025]
LEARNING_RATES_64 = [0.00025, 0.0005, 0.001, 0.002, 0.004]
BATCH_SIZES = [4, 16, 32, 64]
# The pair of lesson 10 and the second pair, both as (network, data).
PAIR = [MAX | {"data": "varres"}, RESIZED]
PAIR_64 = [MAX_199 | {"data": "varres"}] + [
    {"network": "fixed", "data": data} for data in ("varres-64", "varres-pad64")
]

# How many runs repeat a comparison. Raise a number and `make results` trains what is new; the
# records that exist are kept.
SEEDS = {
    "baseline": 5,
    "original-rate": 5,
    "augmentation": 5,
    "augmentation-long": 5,
    "resized": 3,
    "resized-64": 3,
    "pooling-text": 3,
    "pooling-code": 3,
    "final": 5,
    "final-64": 3,
}


def baseline() -> list[Experiment]:
    """Lesson 06: the original's setting."""
    seeds = range(SEEDS["baseline"])
    return [Experiment(group="baseline", seed=s, test=True, save_weights=s == 0) for s in seeds]


def baseline_rates() -> list[Experiment]:
    """Lesson 06: the baseline with other learning rates, and why it keeps its own."""
    return [Experiment(group="baseline-rate", learning_rate=lr) for lr in BASELINE_RATES]


def original_rate() -> list[Experiment]:
    """Lesson 11: both numbers of the original on MNIST with the learning rate of its stored code.

    Its baseline is not normalised; its augmented network is.
    """
    cells = ((False, None), (True, "original"))
    return [
        Experiment(
            group="original-rate",
            learning_rate=0.0001,
            normalisation=norm,
            augmentation=recipe,
            seed=s,
        )
        for s, (norm, recipe) in product(range(SEEDS["original-rate"]), cells)
    ]


def augmentation() -> list[Experiment]:
    """Lesson 07: normalisation x augmentation (the fourth cell is the baseline); longer runs."""
    cells = [(False, None), (True, "original"), (False, "original")]
    return [
        Experiment(group="augmentation", normalisation=norm, augmentation=recipe, seed=s, test=True)
        for s, (norm, recipe) in product(range(SEEDS["augmentation"]), cells)
    ] + [
        Experiment(group="augmentation-long", epochs=10, augmentation=recipe, seed=s, test=True)
        for s, recipe in product(range(SEEDS["augmentation-long"]), (None, "original", "affine"))
    ]


def resized() -> list[Experiment]:
    """Lesson 08: everything resized to 28 (two learning rates), and up to 64."""
    return [
        Experiment(group="resized", **RESIZED, learning_rate=lr, seed=s)
        for lr, s in product((0.001, 0.0001), range(SEEDS["resized"]))
    ] + [Experiment(group="resized", data="varres-64", seed=s) for s in range(SEEDS["resized-64"])]


def pooling() -> list[Experiment]:
    """Lesson 09: global max, mean and sum; as the original tells it, and as its code has it.

    ``pooling-text`` is Adam 0.0001, batch 64, 20 epochs; ``pooling-code`` 0.0005, 16, 10 epochs.
    """
    told = {"learning_rate": 0.0001, "batch_size": 64, "epochs": 20}
    code = {"learning_rate": 0.0005, "batch_size": 16, "epochs": 10}
    return [
        Experiment(group=group, data="varres", **network, **setting, seed=s, save_weights=s == 0)
        for group, setting in (("pooling-text", told), ("pooling-code", code))
        for s, network in product(range(SEEDS[group]), (MAX, MEAN, SUM))
    ]


def learning_rates() -> list[Experiment]:
    """Lesson 10: sweep of the learning rate for both networks."""
    return [
        Experiment(group="learning-rate", **network, learning_rate=lr)
        for network, lr in product(PAIR, LEARNING_RATES)
    ]


def learning_rates_below() -> list[Experiment]:
    """Lesson 10: rates below the original's grid, tried afterwards; nothing is chosen from them."""
    return [
        Experiment(group="learning-rate-below", **network, learning_rate=lr)
        for network, lr in product(PAIR, LEARNING_RATES_BELOW)
    ]


def batch_sizes(done: list[dict]) -> list[Experiment]:
    """Lesson 10: sweep of the batch size, each network at its own best learning rate."""
    return [
        Experiment(
            group="batch-size",
            **network,
            learning_rate=best(done, "learning-rate", network).learning_rate,
            batch_size=batch_size,
            epochs=10,
        )
        for network, batch_size in product(PAIR, BATCH_SIZES)
    ]


def final(done: list[dict]) -> list[Experiment]:
    """Lesson 10: both networks as tuned; the test set is read here."""
    tuned = [best(done, "batch-size", network) for network in PAIR]
    changes = {"group": "final", "test": True, "save_weights": True}
    seeds = range(SEEDS["final"])
    return [t.model_copy(update=changes | {"seed": s}) for s, t in product(seeds, tuned)]


def learning_rates_64() -> list[Experiment]:
    """Lesson 10, second pair: sweep of the learning rate at 64x64."""
    return [
        Experiment(group="learning-rate-64", **network, learning_rate=lr)
        for network, lr in product(PAIR_64, LEARNING_RATES_64)
    ]


def final_64(done: list[dict]) -> list[Experiment]:
    """Lesson 10, second pair: as tuned; the test set is read here."""
    tuned = [best(done, "learning-rate-64", network) for network in PAIR_64]
    changes = {"group": "final-64", "test": True}
    return [
        t.model_copy(update=changes | {"seed": s, "save_weights": s == 0})
        for s, t in product(range(SEEDS["final-64"]), tuned)
    ]


# Written down, and chosen from the records of the groups named.
WRITTEN = (
    baseline,
    baseline_rates,
    original_rate,
    augmentation,
    resized,
    pooling,
    learning_rates,
    learning_rates_below,
    learning_rates_64,
)
CHOSEN = (
    ("batch-size", batch_sizes, ("learning-rate",)),
    ("final", final, ("batch-size",)),
    ("final-64", final_64, ("learning-rate-64",)),
)


def lines(results: str | Path, profile: str = "full") -> list[Experiment]:
    """Return every run of a profile that can be named yet, in order.

    Runs with tuned settings appear once ``results`` holds all records of the sweeps they are
    chosen from. Raises RecordError for a damaged record and ValueError for an unknown profile.
    """
    if profile not in PROFILES:
        raise ValueError(f"profile {profile!r} is unknown; choose one of: {', '.join(PROFILES)}")
    transform = PROFILES[profile]
    found = transform([line for group in WRITTEN for line in group()])
    for _, choose, sweeps in CHOSEN:
        sweep = [line for line in found if line.group in sweeps]
        files = [records.path(results, line.name) for line in sweep]
        if sweep and all(file.is_file() for file in files):
            found += transform(choose([records.read(file) for file in files]))
    return found


def sources(group: str) -> tuple[str, ...]:
    """Return the groups whose records decide the settings of this group's runs."""
    return next((sweeps for name, _, sweeps in CHOSEN if name == group), ())


def best(done: list[dict], group: str, network: dict) -> Experiment:
    """Return the setting of a sweep with the best validation accuracy after the last epoch.

    ``done`` holds records, ``group`` names the sweep and ``network`` fixes some fields. Seeds are
    averaged; the smaller validation loss decides between equals. The test set plays no part.
    """
    scores = defaultdict(list)
    for record in done:
        line = Experiment(**record["experiment"])
        if line.group == group and network.items() <= line.model_dump().items():
            last = record["epochs"][-1]
            setting = line.model_copy(update={"seed": 0})
            scores[setting].append((last["validation_accuracy"], -last["validation_loss"]))
    if not scores:
        raise ValueError(f"no record of the sweep {group!r} has {network}")
    return max(scores, key=lambda setting: [mean(v) for v in zip(*scores[setting], strict=True)])


def _full(lines: list[Experiment]) -> list[Experiment]:
    return lines


def _quick(lines: list[Experiment]) -> list[Experiment]:
    """Two seeds, two epochs of 500 images, two points of each sweep: a rehearsal, no result."""
    sweeps = {
        "baseline-rate": lambda line: line.learning_rate in BASELINE_RATES[2:4],
        "learning-rate": lambda line: line.learning_rate in LEARNING_RATES[1:3],
        "learning-rate-64": lambda line: line.learning_rate in LEARNING_RATES_64[2:4],
        "batch-size": lambda line: line.batch_size in (16, 64),
    }
    return [
        line.model_copy(update={"epochs": min(line.epochs, 2), "images": 500})
        for line in lines
        if line.seed < 2 and sweeps.get(line.group, lambda _: True)(line)
    ]


PROFILES = {"full": _full, "quick": _quick}
