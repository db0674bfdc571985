"""One affine map of a digit, resampled once and twice, for the lesson on augmentation."""

import torch
import traitlets
from torch import Tensor

from helpers.data import augment
from helpers.explorables.base import Explorable


class Augmentation(Explorable):
    """An affine map of one of a few digits.

    ``images`` are rows of grey values 0 to 255, (n, H, W); ``chosen`` is the number of one of them.
    ``degrees`` turns counter-clockwise, ``right`` and ``down`` shift by pixels, ``scale`` is a
    factor and ``shear`` an angle in degrees: the map of ``helpers.data.augment.affine``.
    """

    module = "augmentation"
    question = traitlets.Unicode(
        "For which maps do one and two resamplings give the same picture?"
    ).tag(sync=True)
    answer = traitlets.Unicode(
        "Where one of the two steps moves pixels onto pixels: for every map without a rotation, "
        "and for a rotation with nothing but a shift by whole pixels."
    ).tag(sync=True)
    images = traitlets.List(traitlets.List(traitlets.List(traitlets.Int()))).tag(sync=True)
    chosen = traitlets.Int(0, min=0).tag(sync=True)
    degrees = traitlets.Float(0, min=-45, max=45).tag(sync=True)
    right = traitlets.Float(0, min=-8, max=8).tag(sync=True)
    down = traitlets.Float(0, min=-8, max=8).tag(sync=True)
    scale = traitlets.Float(1, min=0.5, max=1.5).tag(sync=True)
    shear = traitlets.Float(0, min=-30, max=30).tag(sync=True)

    def __init__(self, images: Tensor, **state):
        """``images`` is uint8 (n, H, W); ValueError for another kind or shape."""
        if images.dtype != torch.uint8 or images.ndim != 3 or not images.numel():
            raise ValueError(
                f"images must be uint8 (n, height, width), got {images.dtype} {tuple(images.shape)}"
            )
        super().__init__(images=images.tolist(), **state)

    @traitlets.validate("chosen")
    def _is_there(self, proposal):
        if proposal["value"] >= len(self.images):
            raise traitlets.TraitError(
                f"chosen={proposal['value']}: there are {len(self.images)} images, numbered from 0"
            )
        return proposal["value"]

    @property
    def map(self) -> Tensor:
        """The map of the state as it is now, float32 (3, 3)."""
        number = lambda value: torch.tensor([float(value)])  # noqa: E731
        shift = torch.tensor([[float(self.right), float(self.down)]])
        return augment.affine(number(self.degrees), shift, number(self.scale), number(self.shear))[
            0
        ]

    @property
    def warped(self) -> Tensor:
        """The chosen image after one resampling, float32 (H, W)."""
        image = torch.tensor(self.images[self.chosen], dtype=torch.float32)
        return augment.warp(image[None, None], self.map[None])[0, 0]
