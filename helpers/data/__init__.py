"""The images: MNIST and its variable-resolution variant, in memory, and their batches."""

from helpers.data.images import Images, mean_std, normalise, pad, resize, scale
from helpers.data.mnist import (
    ARCHIVES,
    CONTENTS,
    DATA,
    N_TRAIN,
    SPLIT_SEED,
    Mnist,
    load_mnist,
    split,
)
from helpers.data.sampling import batches, group_by_size
from helpers.data.varres import (
    SIDES,
    VARRES_SEED,
    Varres,
    bend_tone,
    load_varres,
    load_varres_original,
    random_canvases,
)

__all__ = [
    "ARCHIVES",
    "CONTENTS",
    "DATA",
    "N_TRAIN",
    "SIDES",
    "SPLIT_SEED",
    "VARRES_SEED",
    "Images",
    "Mnist",
    "Varres",
    "batches",
    "bend_tone",
    "group_by_size",
    "load_mnist",
    "load_varres",
    "load_varres_original",
    "mean_std",
    "normalise",
    "pad",
    "random_canvases",
    "resize",
    "scale",
    "split",
]
