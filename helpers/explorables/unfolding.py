"""Patches as columns and back, for lesson 02."""

import torch
import traitlets
from torch.nn import functional as F

from helpers.explorables.base import Explorable, Matrix


class Unfolding(Explorable):
    """Unfold and fold of one image with one channel, every copy in sight.

    ``image`` (H, W) has at most 6×6 entries. ``kernel_size``, ``stride`` and ``padding`` are those
    of ``torch.nn.functional.unfold``, the same in both directions.
    """

    module = "unfold"
    question = traitlets.Unicode(
        "With windows of 2×2 and stride 2, what is left of the image after unfold and fold?"
    ).tag(sync=True)
    answer = traitlets.Unicode(
        "The four pixels of the only window, unchanged, and zeros in the last row and column: "
        "no pixel is copied twice, and the pixels in no window are lost."
    ).tag(sync=True)
    image = Matrix([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0], [2.0, 0.0, 1.0]], limit=6).tag(sync=True)
    kernel_size = traitlets.Int(2, min=1, max=3).tag(sync=True)
    stride = traitlets.Int(1, min=1, max=3).tag(sync=True)
    padding = traitlets.Int(0, min=0, max=2).tag(sync=True)

    @property
    def columns(self) -> torch.Tensor:
        """The patches of the state as it is now, as columns (K, P), float64."""
        image = torch.tensor(self.image, dtype=torch.float64)[None, None]
        return F.unfold(image, self.kernel_size, padding=self.padding, stride=self.stride)[0]

    @property
    def folded(self) -> torch.Tensor:
        """The columns, folded back: (H, W), each pixel times the number of its copies."""
        size, step = (len(self.image), len(self.image[0])), (self.padding, self.stride)
        return F.fold(self.columns[None], size, self.kernel_size, 1, *step)[0, 0]
