"""A kernel that slides over an image, for lesson 01."""

import torch
import traitlets
from torch.nn import functional as F

from helpers import conv
from helpers.explorables.base import Explorable, Matrix


class SlidingKernel(Explorable):
    """Convolution of one image with one kernel, every number in sight and open to change.

    ``image`` (H, W) and ``kernel`` (h, w) have at most 8×8 and 4×4 entries; ``stride``, ``padding``
    (per side, zeros) and ``dilation`` are those of ``torch.nn.functional.conv2d``, the same in both
    directions.
    """

    module = "sliding_kernel"
    question = traitlets.Unicode(
        "Which output values of the example by hand change when the pixel in the middle becomes 5, "
        "and by how much?"
    ).tag(sync=True)
    answer = traitlets.Unicode(
        "The middle pixel lies in all four windows and meets another weight in each. The values "
        "change by 4 times this weight: by \u22124, 0, 8 and 4, so that the second one stays."
    ).tag(sync=True)
    image = Matrix([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0], [2.0, 0.0, 1.0]], limit=8).tag(sync=True)
    kernel = Matrix([[1.0, 2.0], [0.0, -1.0]], limit=4).tag(sync=True)
    stride = traitlets.Int(1, min=1, max=4).tag(sync=True)
    padding = traitlets.Int(0, min=0, max=3).tag(sync=True)
    dilation = traitlets.Int(1, min=1, max=3).tag(sync=True)

    @property
    def output(self) -> torch.Tensor:
        """The output (H_out, W_out) of the state as it is now, float64.

        Raises ValueError while the kernel does not fit into the padded image.
        """
        image, kernel = (torch.tensor(m, dtype=torch.float64) for m in (self.image, self.kernel))
        padded = F.pad(image, 4 * (self.padding,))
        step = {"stride": self.stride, "dilation": self.dilation}
        return conv.conv2d(padded[None, None], kernel[None, None], **step)[0, 0]
