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
    image = Matrix([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0], [2.0, 0.0, 1.0]], limit=5).tag(sync=True)
    kernel = Matrix([[1.0, 2.0], [0.0, -1.0]], limit=3).tag(sync=True)
    upstream = Matrix([[1.0, 0.0], [2.0, -1.0]], limit=5).tag(sync=True)

    @traitlets.validate("kernel")
    def _kernel_fits(self, proposal):
        rows, kernel = self.image, proposal["value"]
        if len(kernel) > len(rows) or len(kernel[0]) > len(rows[0]):
            raise traitlets.TraitError(
                f"the kernel, {len(kernel)}×{len(kernel[0])}, must fit into the image, "
                f"{len(rows)}×{len(rows[0])}"
            )
        return kernel

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
