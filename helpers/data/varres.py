"""Variable-resolution MNIST: rebuilt from MNIST, or read from the original archive.

``data/README.md`` gives the recipe.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image
from torch import Tensor

from helpers.data.images import Images
from helpers.data.mnist import DATA, load_mnist, split

# The sides of its square images, the seed of its positions.
SIDES = (32, 48, 64)
VARRES_SEED = 2021


class Varres(NamedTuple):
    """Variable-resolution MNIST: in each part a dictionary from the side, in pixels, to images."""

    train: dict[int, Images]
    validation: dict[int, Images]
    test: dict[int, Images]


def load_varres(root: str | Path | None = None) -> Varres:
    """Build variable-resolution MNIST from MNIST.

    Every MNIST image appears once, in the part it has in ``load_mnist``; the sides (32, 48, 64) and
    positions come from a fixed seed. Each part is a random sample in random order.
    """
    generator = torch.Generator().manual_seed(VARRES_SEED)
    return Varres(*(random_canvases(part, SIDES, generator) for part in load_mnist(root)))


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
        chosen = (side == s).nonzero().flatten()
        canvas = np.zeros((len(chosen), s, s), np.uint8)
        # all positions at which an image fits, as one view: (n, tops, lefts, height, width)
        windows = sliding_window_view(canvas, (height, width), axis=(1, 2), writeable=True)
        windows[np.arange(len(chosen)), top[chosen], left[chosen]] = digits[chosen]
        placed = torch.from_numpy(canvas)[:, None]
        groups[s] = Images(placed, images.labels[chosen], images.index[chosen])
    return groups


def bend_tone(images: Tensor) -> Tensor:
    """Return floor(v^2 / 255 + 1/2) for uint8 values v, same shape.

    The original data set pasted each digit with itself as the mask, which squares grey values.
    """
    values = torch.arange(256)
    curve = ((2 * values**2 + 255) // 510).to(torch.uint8)  # the same in whole numbers
    return curve[images.int()]


def load_varres_original(root: str | Path | None = None) -> Varres:
    """Read the original archive, unpacked as ``root/mnist-varres/{train,test}/{0..9}/*.png``.

    ``index`` counts the files in their order (by digit, then by name), since they do not say which
    MNIST image they show; the permutation of ``split`` splits this order, so the validation images
    are not those of ``load_mnist``. Raises FileNotFoundError without the folder, and ValueError
    for missing or surplus files and for files that are not grey images of 8 bits with a known side.
    """
    root = DATA if root is None else Path(root)
    tree, mnist = root / "mnist-varres", load_mnist(root if (root / "MNIST").is_dir() else None)
    if not tree.is_dir():
        raise FileNotFoundError(f"{tree} is missing: unpack the original archive there. {_ADVICE}")
    train = _read_tree(tree / "train", torch.cat([mnist.train.labels, mnist.validation.labels]))
    test = _read_tree(tree / "test", mnist.test.labels)
    in_train, in_validation = split(len(train[0]))
    return Varres(
        train=_group(*train, in_train),
        validation=_group(*train, in_validation),
        test=_group(*test, torch.arange(len(test[0]))),
    )


_ADVICE = "The data set 'varres' has the same recipe and is built from MNIST."


def _read_tree(folder: Path, labels: Tensor) -> tuple[list[Tensor], Tensor]:
    """Read ``folder/{0..9}/*.png``: images uint8 (1, side, side) and labels int64, in file order.

    ``labels`` are those of the MNIST images the files should show, in any order.
    """
    files = [(path, int(digit)) for digit in "0123456789" for path in _pictures(folder / digit)]
    digits = torch.tensor([digit for _, digit in files], dtype=torch.int64)
    found, expected = (d.bincount(minlength=10).tolist() for d in (digits, labels))
    if found != expected:
        raise ValueError(
            f"{folder}: found {found} images of the digits 0 to 9, expected {expected}. {_ADVICE}"
        )
    return [_read_picture(path) for path, _ in files], digits


def _pictures(folder: Path) -> list[Path]:
    """Return the files of one digit by name; anything but ``*.png`` is refused."""
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    for path in paths:
        if not path.is_file() or path.suffix != ".png" or path.name.startswith("."):
            raise ValueError(f"{path}: expected only files *.png in this folder. Remove it.")
    return paths


def _read_picture(path: Path) -> Tensor:
    """Return a picture, uint8 (1, side, side)."""
    try:
        with Image.open(path) as image:
            image.load()
            mode, (width, height) = image.mode, image.size
            pixels = np.array(image)
    except (OSError, SyntaxError) as error:  # Pillow raises both for damaged files
        raise ValueError(f"{path}: not a readable picture ({error}). {_ADVICE}") from None
    if mode != "L" or width != height or width not in SIDES:
        raise ValueError(
            f"{path}: found mode {mode} and size {(height, width)} (height, width), expected mode "
            f"L (8 bits grey) and a square with a side in {SIDES}. {_ADVICE}"
        )
    return torch.from_numpy(pixels)[None]


def _group(images: list[Tensor], labels: Tensor, indices: Tensor) -> dict[int, Images]:
    """Sort the images at ``indices`` by side."""
    side = torch.tensor([image.shape[-1] for image in images])[indices]
    groups = {}
    for s in SIDES:
        chosen = indices[side == s]
        stack = [torch.zeros(0, 1, s, s, dtype=torch.uint8)]
        stack += [images[i][None] for i in chosen.tolist()]
        groups[s] = Images(torch.cat(stack), labels[chosen], chosen)
    return groups
