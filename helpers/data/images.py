"""The images: MNIST and its variable-resolution variant, in memory, and their batches.

MNIST is read from the archives in ``data/``; ``data/README.md`` names its authors and licence and
gives the recipe of the variable-resolution data set.
"""

import gzip
import hashlib
import tempfile
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor
from torch.nn import functional as F
from torchvision.datasets import MNIST, ImageFolder
from torchvision.transforms.functional import pil_to_tensor

DATA = Path(__file__).resolve().parents[2] / "data"

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

# The variable-resolution data set: the sides of its square images, the seed of its positions.
SIDES = (32, 48, 64)
VARRES_SEED = 2021


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


class Varres(NamedTuple):
    """Variable-resolution MNIST: in each part a dictionary from the side, in pixels, to images."""

    train: dict[int, Images]
    validation: dict[int, Images]
    test: dict[int, Images]


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


def load_varres(root: str | Path | None = None) -> Varres:
    """Build variable-resolution MNIST from MNIST, or read it if it is there as PNG files.

    Built, every MNIST image appears once, in the part it has in ``load_mnist``; the sides (32, 48,
    64) and positions come from a fixed seed. Each part is a random sample in random order.
    If the folder ``root/mnist-varres`` exists, its images are used instead. ``index`` then counts
    the files in ImageFolder's order (by digit, then by name), and the same permutation of 60,000
    splits this order, so the validation images are not those of ``load_mnist``.
    Raises ValueError for a folder with missing or surplus images or with other sides.
    """
    root = DATA if root is None else Path(root)
    mnist = load_mnist(root)
    tree = root / "mnist-varres"
    if tree.is_dir():
        train = _read_tree(tree / "train", torch.cat([mnist.train.labels, mnist.validation.labels]))
        test = _read_tree(tree / "test", mnist.test.labels)
        in_train, in_validation = split(len(train[0]))
        return Varres(
            train=_group(*train, in_train),
            validation=_group(*train, in_validation),
            test=_group(*test, torch.arange(len(test[0]))),
        )
    generator = torch.Generator().manual_seed(VARRES_SEED)
    return Varres(*(random_canvases(part, SIDES, generator) for part in mnist))


def random_canvases(
    images: Images, sides: Sequence[int], generator: torch.Generator
) -> dict[int, Images]:
    """Put each image, unscaled, on a black square canvas of random side at a random place.

    The side is uniform over ``sides``, top and left each uniform over 0 ... side - height or width.
    The grey values are bent as in the original data set, see ``bend_tone``.
    Returns a dictionary from each side to its images, uint8 (n, 1, side, side).
    """
    n, _, height, width = images.images.shape
    if min(sides) < max(height, width):
        raise ValueError(f"sides must be at least {max(height, width)}, the image's, got {sides}")
    side = torch.tensor(sides)[torch.randint(len(sides), (n,), generator=generator)]
    place = torch.rand(2, n, generator=generator, dtype=torch.float64)
    top = (place[0] * (side - height + 1)).long()
    left = (place[1] * (side - width + 1)).long()
    digits = bend_tone(images.images[:, 0])
    groups = {}
    for s in sides:
        here = (side == s).nonzero().flatten()
        canvas = np.zeros((len(here), s, s), np.uint8)
        # all positions at which an image fits, as one view: (n, tops, lefts, height, width)
        windows = sliding_window_view(canvas, (height, width), axis=(1, 2), writeable=True)
        windows[np.arange(len(here)), top[here], left[here]] = digits[here]
        placed = torch.from_numpy(canvas)[:, None]
        groups[s] = Images(placed, images.labels[here], images.index[here])
    return groups


def bend_tone(images: Tensor) -> Tensor:
    """Return floor(v^2 / 255 + 1/2) for uint8 values v, same shape.

    The original data set pasted each digit with itself as the mask, which squares grey values.
    """
    values = torch.arange(256)
    curve = ((2 * values**2 + 255) // 510).to(torch.uint8)  # the same in whole numbers
    return curve[images.int()]


def resize(images: Tensor, size: int | tuple[int, int]) -> Tensor:
    """Resize (n, c, height, width) to ``size``, one side or (height, width), dtype unchanged.

    Bilinear, with the filter widened when shrinking (``antialias``) so that no pixel is skipped;
    this is what torchvision's and Pillow's bilinear resizing do.
    """
    size = (size, size) if isinstance(size, int) else tuple(size)
    return F.interpolate(images, size, mode="bilinear", antialias=True)


def pad(images: Sequence[Tensor], size: tuple[int, int] | None = None) -> tuple[Tensor, Tensor]:
    """Put images (c, height, width) of different sizes into one batch, padded with zeros.

    Each lies in the upper left corner of a common ``size`` (height, width), by default the largest
    height and the largest width among them. Returns the batch (n, c, height, width) and a mask,
    bool (n, 1, height, width), that is True on the image's own pixels.
    """
    largest = max(i.shape[-2] for i in images), max(i.shape[-1] for i in images)
    height, width = largest if size is None else size
    if height < largest[0] or width < largest[1]:
        raise ValueError(f"cannot pad an image of size {largest} to the smaller size {size}")
    batch = images[0].new_zeros(len(images), images[0].shape[0], height, width)
    mask = torch.zeros(len(images), 1, height, width, dtype=torch.bool)
    for k, image in enumerate(images):
        batch[k, :, : image.shape[1], : image.shape[2]] = image
        mask[k, :, : image.shape[1], : image.shape[2]] = True
    return batch, mask


def group_by_size(sizes: Iterable[Hashable]) -> dict[Hashable, Tensor]:
    """Return for each distinct size the indices, int64, of the images that have it.

    ``sizes`` holds one size per image, such as a pair (height, width).
    """
    groups = {}
    for index, size in enumerate(sizes):
        groups.setdefault(size, []).append(index)
    return {size: torch.tensor(indices) for size, indices in groups.items()}


def batches(
    groups: Mapping[Hashable, Sized], batch_size: int, generator: torch.Generator
) -> list[tuple[Hashable, Tensor]]:
    """Return the batches of one epoch as pairs (key, indices); a batch is from one group only.

    ``groups`` maps a key, such as a side in pixels, to anything with a length, such as ``Images``;
    ``groups[key][indices]`` is the batch. Every image comes once. Within a group the order is
    random, and so is the order of the batches of all groups. A group whose length is not a multiple
    of ``batch_size`` has one shorter batch. With a single group this is plain shuffling.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    in_groups = [
        (key, indices)
        for key, group in groups.items()
        if len(group)
        for indices in torch.randperm(len(group), generator=generator).split(batch_size)
    ]
    return [in_groups[k] for k in torch.randperm(len(in_groups), generator=generator)]


def scale(images: Tensor) -> Tensor:
    """Map uint8 values 0 ... 255 to float32 values 0 ... 1, same shape."""
    if images.dtype != torch.uint8:
        raise TypeError(f"scale expects uint8 images, got {images.dtype}; are they scaled already?")
    return images.float() / 255


def mean_std(*images: Tensor) -> tuple[float, float]:
    """Return mean and standard deviation over all pixels of uint8 images, on the 0-1 scale.

    Several tensors, such as one per resolution, count as one collection of pixels. Computed from
    whole-number sums, so the result does not depend on order or thread count.
    """
    counts = torch.zeros(256, dtype=torch.int64)  # how often each grey value occurs
    for tensor in images:
        if tensor.dtype != torch.uint8:
            raise TypeError(f"mean_std expects uint8 images, got {tensor.dtype}")
        counts += torch.bincount(tensor.flatten(), minlength=256)
    values = torch.arange(256)
    n, total, squares = (int((counts * values**power).sum()) for power in (0, 1, 2))
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


def _read_tree(folder: Path, labels: Tensor) -> tuple[list[Tensor], Tensor]:
    """Read ``folder/{0..9}/*.png``: images uint8 (1, side, side) and labels int64, in file order.

    ``labels`` are those of the MNIST images the files should show, in any order.
    """
    digits = sorted(path for path in folder.glob("*") if path.is_dir())
    found = {digit.name: len(list(digit.glob("*.png"))) for digit in digits}
    expected = dict(zip("0123456789", labels.bincount(minlength=10).tolist(), strict=True))
    if found != expected:
        raise ValueError(f"{folder}: found {found} images, expected {expected}. {_ADVICE}")
    # ImageFolder opens files as RGB with three equal channels; one of them is the image.
    files = ImageFolder(
        str(folder),
        transform=lambda image: pil_to_tensor(image)[:1],
        is_valid_file=lambda path: path.endswith(".png"),
    )
    images = [image for image, _ in files]
    sizes = Counter(tuple(image.shape[1:]) for image in images)
    odd = {size: n for size, n in sizes.items() if size not in [(s, s) for s in SIDES]}
    if odd:
        raise ValueError(
            f"{folder}: found images of unexpected size, {odd} (height, width: count), "
            f"expected none: all square with a side in {SIDES}. {_ADVICE}"
        )
    return images, torch.tensor(files.targets)


_ADVICE = "Complete the folder mnist-varres, or remove it to have the data set built from MNIST."


def _group(images: list[Tensor], labels: Tensor, indices: Tensor) -> dict[int, Images]:
    """Sort the images at ``indices`` by side."""
    side = torch.tensor([image.shape[-1] for image in images])[indices]
    groups = {}
    for s in SIDES:
        here = indices[side == s]
        chosen = [images[i] for i in here.tolist()]
        stack = torch.stack(chosen) if chosen else torch.zeros(0, 1, s, s, dtype=torch.uint8)
        groups[s] = Images(stack, labels[here], here)
    return groups
