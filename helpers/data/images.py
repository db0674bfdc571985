"""Images of one size with their labels, and what is done to them: scaling, resizing, padding."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


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
    if squares * n == total**2:
        raise ValueError(
            f"all {n} pixels are {total // n}: their standard deviation is 0, and images cannot be "
            "divided by it"
        )
    return total / n / 255, (squares * n - total**2) ** 0.5 / n / 255


def normalise(images: Tensor, mean: float, std: float) -> Tensor:
    """Map uint8 values to (value / 255 - mean) / std, float32 of the same shape."""
    return images.float().sub_(255 * mean).div_(255 * std)


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
    bool (n, 1, height, width), that is True on the image's own pixels. Raises ValueError for images
    that differ in dtype or channels, and for a size that is too small.
    """
    kinds = {f"{image.shape[0]} channel(s) of {image.dtype}" for image in images}
    if len(kinds) != 1:
        raise ValueError(f"images of one batch must be alike, got {', '.join(sorted(kinds))}")
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
