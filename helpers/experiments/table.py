"""The table of every training run of the report, and of the rehearsal.

To add an experiment, add a line to a function below; ``make results`` trains what has no record
yet, in the order of the table. What is tuned is chosen here too, by code that reads validation
accuracies from the records of the earlier runs. Only records of runs in the table count.
"""

from itertools import product
from pathlib import Path

from helpers.experiments import causes, store
from helpers.experiments.choice import best
from helpers.experiments.profiles import PROFILES, profile_of
from helpers.experiments.settings import Experiment
from helpers.experiments.store import Record, RecordError

MAX, MEAN, SUM = ({"network": pooling, "width": 81} for pooling in ("max", "mean", "sum"))
MAX_199 = {"network": "max", "width": 199}
RESIZED = {"network": "fixed", "data": "varres-28"}
BASELINE_RATES = [0.0001, 0.0003, 0.0005, 0.002, 0.004]  # beside the baseline's 0.001
LEARNING_RATES = [n * 0.5 / 1000 for n in range(1, 11)]  # 0.0005 ... 0.005
LEARNING_RATES_BELOW = [0.0001, 0.00025]
LEARNING_RATES_64 = [0.00025, 0.0005, 0.001, 0.002, 0.004]
BATCH_SIZES = [4, 16, 32, 64]
# The pair of lesson 11 and the second pair, both as (network, data).
PAIR = [MAX | {"data": "varres"}, RESIZED]
PAIR_64 = [MAX_199 | {"data": "varres"}] + [
    {"network": "fixed", "data": data} for data in ("varres-64", "varres-pad64")
]

# How many runs repeat a comparison, fixed before any of them is looked at: seeds that are added
# until an interval excludes zero always find something. A new number asks a new question.
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
    "final-64": 5,
}


def baseline() -> list[Experiment]:
    """Lesson 06: the original's setting."""
    seeds = range(SEEDS["baseline"])
    return [Experiment(group="baseline", seed=s, test=True, save_weights=s == 0) for s in seeds]


def baseline_rates() -> list[Experiment]:
    """Lesson 06: the baseline with other learning rates, and why it keeps its own."""
    return [Experiment(group="baseline-rate", learning_rate=lr) for lr in BASELINE_RATES]


def original_rate() -> list[Experiment]:
    """Lesson 13: both numbers of the original on MNIST with the learning rate of its stored code.

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
    """Lesson 08: normalisation x augmentation (the fourth cell is the baseline); longer runs."""
    cells = [(False, None), (True, "original"), (False, "original")]
    return [
        Experiment(group="augmentation", normalisation=norm, augmentation=recipe, seed=s, test=True)
        for s, (norm, recipe) in product(range(SEEDS["augmentation"]), cells)
    ] + [
        Experiment(group="augmentation-long", epochs=10, augmentation=recipe, seed=s, test=True)
        for s, recipe in product(range(SEEDS["augmentation-long"]), (None, "original", "affine"))
    ]


def resized() -> list[Experiment]:
    """Lesson 09: everything resized to 28 (two learning rates), and up to 64."""
    return [
        Experiment(group="resized", **RESIZED, learning_rate=lr, seed=s)
        for lr, s in product((0.001, 0.0001), range(SEEDS["resized"]))
    ] + [Experiment(group="resized", data="varres-64", seed=s) for s in range(SEEDS["resized-64"])]


def pooling() -> list[Experiment]:
    """Lesson 10: global max, mean and sum; as the original tells it, and as its code has it.

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
    """Lesson 11: sweep of the learning rate for both networks."""
    return [
        Experiment(group="learning-rate", **network, learning_rate=lr)
        for network, lr in product(PAIR, LEARNING_RATES)
    ]


def learning_rates_below() -> list[Experiment]:
    """Lesson 11: rates below the original's grid, tried afterwards; nothing is chosen from them."""
    return [
        Experiment(group="learning-rate-below", **network, learning_rate=lr)
        for network, lr in product(PAIR, LEARNING_RATES_BELOW)
    ]


def batch_sizes(done: list[Record]) -> list[Experiment]:
    """Lesson 11: sweep of the batch size, each network at its own best learning rate."""
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


def final(done: list[Record]) -> list[Experiment]:
    """Lesson 11: both networks as tuned; the test set is read here."""
    tuned = [best(done, "batch-size", network) for network in PAIR]
    changes = {"group": "final", "test": True, "save_weights": True}
    seeds = range(SEEDS["final"])
    return [t.model_copy(update=changes | {"seed": s}) for s, t in product(seeds, tuned)]


def learning_rates_64() -> list[Experiment]:
    """Lesson 11, second pair: sweep of the learning rate at 64x64."""
    return [
        Experiment(group="learning-rate-64", **network, learning_rate=lr)
        for network, lr in product(PAIR_64, LEARNING_RATES_64)
    ]


def final_64(done: list[Record]) -> list[Experiment]:
    """Lesson 11, second pair: as tuned; the test set is read here."""
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
    *causes.WRITTEN,
)
CHOSEN = (
    ("batch-size", batch_sizes, ("learning-rate",)),
    ("final", final, ("batch-size",)),
    ("final-64", final_64, ("learning-rate-64",)),
    *causes.CHOSEN,
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
    there = set(store.names(results))
    for _, choose, sweeps in CHOSEN:
        sweep = [line for line in found if line.group in sweeps]
        if sweep and all(line.name in there for line in sweep):
            found += transform(choose([store.read_run(results, line) for line in sweep]))
    return found


def claim(results: str | Path, wanted: str) -> None:
    """Note that a folder is for the records of a profile.

    Raises RecordError if it holds records of another profile.
    """
    results = Path(results)
    file = results / "profile"
    there = set(store.names(results))
    if file.is_file():
        found = profile_of(results)
    else:
        others = (name for name in PROFILES if name != wanted)
        of = {name: {line.name for line in lines(results, name)} for name in others}
        found = next((name for name in of if of[name] & there), wanted)
    if found != wanted:
        raise RecordError(
            f"{results} holds records of the profile {found}, not {wanted}: choose another folder "
            "with --results, or leave it out"
        )
    results.mkdir(parents=True, exist_ok=True)
    if wanted != "full" and not file.is_file():
        store.replace(file, f"{wanted}\n".encode())
