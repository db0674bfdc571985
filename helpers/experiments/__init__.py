"""Training runs: the table that lists them, how each is trained, and the record it leaves."""

from helpers.experiments.settings import Experiment
from helpers.experiments.table import BATCH_SIZES, PAIR, PAIR_64, SEEDS, best

__all__ = ["BATCH_SIZES", "PAIR", "PAIR_64", "SEEDS", "Experiment", "best"]
