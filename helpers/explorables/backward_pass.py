"""The gradients of a small convolution, term by term, for lesson 03."""

import torch
import traitlets

from helpers import conv
from helpers.explorables.base import Explorable, Matrix


class BackwardPass(Explorable):
    """Forward and backward of one image with one kernel; every entry is a sum of products in sight.

    ``image`` (H, W), ``kernel`` (h, w) and ``upstream``, the gradient of the output, (H_out, W_out)
    with stride 1 and without padding.
    """

    module = "backward"
    question = traitlets.Unicode(
        "Which entries of the three gradients change when the pixel at the top left changes?"
    ).tag(sync=True)
    answer = traitlets.Unicode(
        "One entry of the kernel's gradient, at [0, 0], the only weight that this pixel meets. The "
        "gradients of image and bias hold no pixel: they depend on kernel and upstream alone."
    ).tag(sync=True)
    image = Matrix([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0], [2.0, 0.0, 1.0]], limit=5).tag(sync=True)
    kernel = Matrix([[1.0, 2.0], [0.0, -1.0]], limit=3).tag(sync=True)
    upstream = Matrix([[1.0, 0.0], [2.0, -1.0]], limit=5).tag(sync=True)

    @traitlets.validate("image", "kernel", "upstream")
    def _fits(self, proposal):
        named = {name: getattr(self, name) for name in ("image", "kernel", "upstream")}
        name = proposal["trait"].name
        (height, width), (h, w), upstream = map(_size, (named | {name: proposal["value"]}).values())
        if h > height or w > width:
            raise traitlets.TraitError(
                f"the kernel, {h}×{w}, must fit into the image, {height}×{width}"
            )
        places = height - h + 1, width - w + 1
        if name == "upstream" and upstream != places:
            raise traitlets.TraitError(
                f"upstream is {upstream[0]}×{upstream[1]}; it must have the size of the output, "
                f"{places[0]}×{places[1]}"
            )
        return proposal["value"]

    @traitlets.observe("image", "kernel")
    def _fit_upstream(self, _):
        """Cut the upstream gradient to the size of the output, or fill it with zeros."""
        (height, width), (h, w) = _size(self.image), _size(self.kernel)
        rows = [row + (width - w + 1) * [0.0] for row in self.upstream]
        rows += (height - h + 1) * [(width - w + 1) * [0.0]]
        self.upstream = [row[: width - w + 1] for row in rows[: height - h + 1]]

    @property
    def gradients(self) -> dict[str, torch.Tensor]:
        """The gradients of image, kernel and bias in the state as it is now, float64, by name."""
        image, kernel, upstream = (
            torch.tensor(matrix, dtype=torch.float64)[None, None]
            for matrix in (self.image, self.kernel, self.upstream)
        )
        image.requires_grad_()
        kernel.requires_grad_()
        bias = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        conv.conv2d(image, kernel, bias).backward(upstream)
        return {"image": image.grad[0, 0], "kernel": kernel.grad[0, 0], "bias": bias.grad}


def _size(matrix: list[list[float]]) -> tuple[int, int]:
    return len(matrix), len(matrix[0])
