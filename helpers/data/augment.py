"""Augmentation: a random affine map per image, applied in one bilinear resampling.

A map is a 3x3 matrix in homogeneous pixel coordinates (x to the right, y down, 1) with the origin
in the image's centre; it says where a point of the image goes. Maps compose by the matrix product,
so any chain of rotations, shifts, scalings and shears is one map, and the image is blurred once.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class RandomAffine:
    """Ranges of a random affine map; names as in ``torchvision.transforms.RandomAffine``.

    ``degrees``: rotation, uniform over ±degrees. ``translate``: shift along each axis, uniform over
    ±translate times the image's width or height. ``scale``: factor, uniform over the pair.
    ``shear``: horizontal shear angle, uniform over ±shear degrees.
    """

    degrees: float = 0.0
    translate: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    shear: float = 0.0

    def sample(self, n: int, size: tuple[int, int], generator: torch.Generator) -> Tensor:
        """Return n random maps, float32 (n, 3, 3), for images of size (height, width)."""
        height, width = size
        r = 2 * torch.rand(5, n, generator=generator) - 1  # uniform over ±1
        middle, half = (self.scale[1] + self.scale[0]) / 2, (self.scale[1] - self.scale[0]) / 2
        return affine(
            degrees=self.degrees * r[0],
            shift=torch.stack([self.translate * width * r[1], self.translate * height * r[2]], 1),
            scale=middle + half * r[3],
            shear=self.shear * r[4],
        )


# A recipe is a chain of random maps, applied from left to right.
RECIPES = {
    # the original report's: a rotation, then a second, smaller one with a shift of up to 5 %
    "original": (RandomAffine(degrees=7), RandomAffine(degrees=3, translate=0.05)),
    # all four at once
    "affine": (RandomAffine(degrees=10, translate=0.07, scale=(0.9, 1.1), shear=7),),
}

_PIXELS_AT_ONCE = 100_000  # so that images and grid stay in the processor's cache


def augment(images: Tensor, recipe: str, generator: torch.Generator) -> Tensor:
    """Return a randomly transformed copy of each image; shape, dtype and order are unchanged.

    ``images`` is uint8 or float (n, c, height, width), ``recipe`` a key of ``RECIPES``. To be fast,
    give it all images of an epoch at once rather than each small batch.
    Raises ValueError for an unknown recipe.
    """
    if recipe not in RECIPES:
        raise ValueError(f"unknown recipe {recipe!r}, expected one of {sorted(RECIPES)}")
    n, _, height, width = images.shape
    maps = torch.eye(3).expand(n, 3, 3)
    for step in RECIPES[recipe]:
        maps = step.sample(n, (height, width), generator) @ maps
    return warp(images, maps)


def affine(degrees: Tensor, shift: Tensor, scale: Tensor, shear: Tensor) -> Tensor:
    """Return the maps (n, 3, 3) that shear, then scale, then rotate, then shift.

    ``degrees`` (n,) turns counter-clockwise, ``shift`` (n, 2) is (right, down) in pixels, ``scale``
    (n,) is a factor, ``shear`` (n,) the angle in degrees by which vertical lines lean to the right.
    """
    cos, sin = degrees.deg2rad().cos(), degrees.deg2rad().sin()
    lean = shear.deg2rad().tan()
    maps = torch.zeros(len(degrees), 3, 3)
    # [cos sin; -sin cos] turns counter-clockwise because y points down; times [1 -lean; 0 1]
    maps[:, 0, 0], maps[:, 0, 1] = scale * cos, scale * (sin - cos * lean)
    maps[:, 1, 0], maps[:, 1, 1] = -scale * sin, scale * (cos + sin * lean)
    maps[:, :2, 2] = shift
    maps[:, 2, 2] = 1
    return maps


def warp(images: Tensor, maps: Tensor) -> Tensor:
    """Move every image by its own affine map, in one bilinear resampling.

    ``images`` is uint8 or float (n, c, height, width), ``maps`` (n, 3, 3). The result has the same
    shape and dtype; what comes from outside the image is 0, the background.
    Raises ValueError when there is not one map per image.
    """
    n, _, height, width = images.shape
    if maps.shape != (n, 3, 3):
        raise ValueError(f"expected maps of shape {(n, 3, 3)}, got {tuple(maps.shape)}")
    # half precision has too few digits for positions in an image
    dtype = torch.float64 if images.dtype == torch.float64 else torch.float32
    y = torch.arange(height, dtype=dtype) - (height - 1) / 2
    x = torch.arange(width, dtype=dtype) - (width - 1) / 2
    pixels = torch.stack([x.repeat(height), y.repeat_interleave(width), torch.ones(height * width)])
    # For each pixel of the result the point it comes from, in grid_sample's unit: half an image.
    unit = torch.tensor([[2 / width], [2 / height]])
    sources = (torch.linalg.inv(maps)[:, :2] * unit).to(dtype)
    result = torch.empty_like(images)
    step = max(1, _PIXELS_AT_ONCE // (height * width))
    for part in (slice(start, start + step) for start in range(0, n, step)):
        grid = (sources[part] @ pixels.to(dtype)).unflatten(2, (height, width))
        moved = F.grid_sample(images[part].to(dtype), grid.permute(0, 2, 3, 1), align_corners=False)
        result[part] = moved if images.is_floating_point() else moved.round_()
    return result
