"""The images: MNIST as shipped in ``data/``, verified, split and held in memory.

The archives were written by LeCun, Cortes and Burges; ``data/README.md`` has the details.
"""

import gzip
import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torchvision.datasets import MNIST

DATA = Path(__file__).resolve().parents[1] / "data"

# MD5 of the archives in data/MNIST/raw. torchvision's download has the same contents, packed by
# another program, and so another checksum: MNIST.resources lists it, and it is accepted too.
ARCHIVES = {
    "train-images-idx3-ubyte.gz": "c7dfcf1bfd3481a40f7b3aedbdbd083c",
    "train-labels-idx1-ubyte.gz": "d289298a347a2cc65765a3c81043ba88",
    "t10k-images-idx3-ubyte.gz": "ecff87aa27c74fbc2c1f97e89c19221d",
    "t10k-labels-idx1-ubyte.gz": "a38049bc042dc6e683842a84160daae1",
}

# The split into 50,000 training and 10,000 validation images, the same for every experiment.
SPLIT_SEED = 1998
N_TRAIN = 50_000


@dataclass(frozen=True, eq=False)
class Images:
    """n images of one size.

    ``images`` is uint8 (n, 1, height, width), ``labels`` int64 (n,) with digits 0 to 9, and
    ``index`` int64 (n,) the image's place in the original training or test file, from 0.
    ``images[selection]`` takes a slice, mask or tensor of indices along n.
    """

    images: Tensor
    labels: Tensor
    index: Tensor

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.images)

    def __getitem__(self, selection) -> "Images":
        """Return the selected images with their labels and indices."""
        return Images(self.images[selection], self.labels[selection], self.index[selection])


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
    Raises FileNotFoundError for a missing archive and ValueError for one with a wrong checksum.
    """
    root = DATA if root is None else Path(root)
    # A private unpacked copy: no stale file can be read, and processes do not disturb each other.
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "MNIST", "raw")
        raw.mkdir(parents=True)
        for name in ARCHIVES:
            content = gzip.decompress(_verified(root / "MNIST" / "raw" / name))
            (raw / name.removesuffix(".gz")).write_bytes(content)
        train, test = _images(MNIST(folder, train=True)), _images(MNIST(folder, train=False))
    in_train, in_validation = split(len(train))
    return Mnist(train[in_train], train[in_validation], test)


def split(n: int = 60_000) -> tuple[Tensor, Tensor]:
    """Return the indices of the training images and of the validation images, int64.

    A seeded permutation of 0 ... n-1; the first 50,000 are for training, the rest for validation.
    """
    order = torch.randperm(n, generator=torch.Generator().manual_seed(SPLIT_SEED))
    return order[:N_TRAIN], order[N_TRAIN:]


def scale(images: Tensor) -> Tensor:
    """Map uint8 values 0 ... 255 to float32 values 0 ... 1, same shape."""
    if images.dtype != torch.uint8:
        raise TypeError(f"scale expects uint8 images, got {images.dtype}; are they scaled already?")
    return images.float() / 255


def mean_std(*images: Tensor) -> tuple[float, float]:
    """Return mean and standard deviation over all pixels of uint8 images, on the 0-1 scale.

    Several tensors, such as one per resolution, count as one collection of pixels. The sums are
    sums of integers, hence exact: the result does not depend on order or thread count.
    """
    n, total, squares = 0, 0, 0
    for chunk in (chunk for tensor in images for chunk in tensor.split(4096)):
        if chunk.dtype != torch.uint8:
            raise TypeError(f"mean_std expects uint8 images, got {chunk.dtype}")
        values = chunk.int()
        n += values.numel()
        total += values.sum(dtype=torch.int64).item()
        squares += values.square().sum(dtype=torch.int64).item()
    if n == 0:
        raise ValueError("mean_std expects at least one image, got none")
    return total / n / 255, (squares * n - total**2) ** 0.5 / n / 255


def _images(dataset: MNIST) -> Images:
    return Images(dataset.data[:, None], dataset.targets, torch.arange(len(dataset)))


def _verified(path: Path) -> bytes:
    """Return the bytes of an archive after comparing its checksum."""
    downloaded = dict(MNIST.resources)[path.name]
    expected = f"expected MD5 {ARCHIVES[path.name]} (or {downloaded}, as torchvision downloads it)"
    root = path.parents[2]
    repair = (
        f"Restore it with:  git checkout -- {path}\n"
        f"or delete {root / 'MNIST'} and let torchvision download it:  "
        f"python -c \"from torchvision.datasets import MNIST; MNIST(r'{root}', download=True)\""
    )
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; {expected}, found no file.\n{repair}")
    content = path.read_bytes()
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found not in (ARCHIVES[path.name], downloaded):
        raise ValueError(
            f"{path} is damaged or not the right file; {expected}, found {found} "
            f"({len(content)} bytes).\n{repair}"
        )
    return content
