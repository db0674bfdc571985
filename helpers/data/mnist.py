"""MNIST, read from the archives in ``data/``, verified, and split.

``data/README.md`` names its authors and licence.
"""

import gzip
import hashlib
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from helpers.data.images import Images

DATA = Path(__file__).resolve().parents[2] / "data"

# MD5 of what the archives hold. The packed files differ from download to download, their contents
# never do: these are the bytes of the original distribution.
CONTENTS = {
    "train-images-idx3-ubyte.gz": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte.gz": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte.gz": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte.gz": "27ae3e4e09519cfbb04c329615203637",
}
ARCHIVES = tuple(CONTENTS)

# The split into 50,000 training and 10,000 validation images, the same for every experiment.
SPLIT_SEED = 1998
N_TRAIN = 50_000


class Mnist(NamedTuple):
    """The 50,000 training, 10,000 validation and 10,000 test images."""

    train: Images
    validation: Images
    test: Images


def load_mnist(root: str | Path | None = None) -> Mnist:
    """Read, verify and split MNIST; 28x28 images.

    ``root`` is the folder that holds ``MNIST/raw/*.gz``, by default the project's ``data/``.
    Training and validation images are in the order of a fixed random permutation of the training
    file, so the first m of them are a random sample; the test images are in the file's order.
    Raises FileNotFoundError for a missing archive and ValueError for one with other contents.
    """
    raw = (DATA if root is None else Path(root)) / "MNIST" / "raw"
    train, test = _read_pair(raw, "train"), _read_pair(raw, "t10k")
    in_train, in_validation = split(len(train))
    return Mnist(train[in_train], train[in_validation], test)


def split(n: int = 60_000) -> tuple[Tensor, Tensor]:
    """Return the indices of the training images and of the validation images, int64.

    A seeded permutation of 0 ... n-1; the first 50,000 are for training, the rest for validation.
    """
    order = torch.randperm(n, generator=torch.Generator().manual_seed(SPLIT_SEED))
    return order[:N_TRAIN], order[N_TRAIN:]


def read_idx(content: bytes) -> Tensor:
    """Return the array in an unpacked IDX file of unsigned bytes, uint8.

    The format (data/README.md): two zero bytes, 8 for "unsigned byte", the number of axes, then the
    length of each as a big-endian int32, then the values, last axis first.
    Raises ValueError for another type or another number of bytes.
    """
    zero, kind, axes = int.from_bytes(content[:2], "big"), content[2], content[3]
    if zero != 0 or kind != 8:
        raise ValueError(f"expected an IDX file of unsigned bytes (0 0 8), got {[*content[:3]]}")
    shape = np.frombuffer(content, ">i4", axes, offset=4)
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * axes)
    if values.size != shape.prod():
        raise ValueError(f"the IDX header announces {shape.prod()} values, found {values.size}")
    return torch.from_numpy(values.reshape(shape).copy())


def _read_pair(raw: Path, name: str) -> Images:
    """Return the images of one file with the labels of the file beside it."""
    images = read_idx(_verified(raw / f"{name}-images-idx3-ubyte.gz"))
    labels = read_idx(_verified(raw / f"{name}-labels-idx1-ubyte.gz"))
    return Images(images[:, None], labels.long(), torch.arange(len(images)))


def _verified(path: Path) -> bytes:
    """Return the contents of an archive after comparing their checksum."""
    expected = f"expected contents with MD5 {CONTENTS[path.name]}"
    root = path.parents[2]
    repair = (
        "The archives come with the project's repository, not with the package helpers alone; "
        "there, restore them with:  git checkout -- data/MNIST\n"
        f"or delete {root / 'MNIST'} and let torchvision download it:  "
        f"python -c \"from torchvision.datasets import MNIST; MNIST(r'{root}', download=True)\""
    )
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; {expected}, found no file.\n{repair}")
    packed = path.read_bytes()
    try:
        content = gzip.decompress(packed)
        found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    except (OSError, EOFError, zlib.error) as error:
        content, found = b"", f"no whole gzip archive ({error})"
    if found != CONTENTS[path.name]:
        raise ValueError(
            f"{path} is damaged or not the right file; {expected}, found {found} "
            f"({len(packed)} bytes packed).\n{repair}"
        )
    return content
