"""The stored networks on a digit that one draws, for the lesson on global pooling."""

import base64

import torch
import traitlets
from torch import Tensor, nn
from torch.nn import functional as F

from helpers.explorables.base import Explorable
from helpers.networks import FixedNetwork


class NetworkAtWork(Explorable):
    """Networks of the report, run in the browser on a digit that can be drawn, moved and scaled.

    ``digit`` holds 28×28 grey values, 0 to 255; ``samples`` are ready ones. It lies on a black
    canvas of ``side`` pixels, enlarged by ``scale`` and moved ``right`` and ``down`` from the
    middle, in pixels. ``network`` and ``block`` choose the feature maps that are shown.
    """

    module = "network_at_work"
    question = traitlets.Unicode(
        "By how many pixels can a digit be moved, far from the edge, so that the scores of global "
        "max stay as they are? And which network is the first to fail on a large canvas?"
    ).tag(sync=True)
    answer = traitlets.Unicode(
        "By any multiple of 4: two pools move by whole places, and the third one and the global "
        "maximum are together one maximum. After any other move the pools see other pixels side "
        "by side. On a large canvas the resizing network fails first, since little is left of the "
        "digit after resizing; global mean, which divides by an ever larger area, becomes unsure."
    ).tag(sync=True)
    networks = traitlets.List(traitlets.Dict()).tag(sync=True)
    samples = traitlets.List(traitlets.List(traitlets.List(traitlets.Int()))).tag(sync=True)
    digit = traitlets.List(traitlets.List(traitlets.Int(min=0, max=255))).tag(sync=True)
    side = traitlets.Int(48, min=28, max=128).tag(sync=True)
    scale = traitlets.Float(1.0, min=0.5, max=3).tag(sync=True)
    right = traitlets.Float(0.0, min=-50, max=50).tag(sync=True)
    down = traitlets.Float(0.0, min=-50, max=50).tag(sync=True)
    network = traitlets.Int(0, min=0).tag(sync=True)
    block = traitlets.Int(2, min=0, max=2).tag(sync=True)

    def __init__(
        self, networks: dict[str, tuple[nn.Module, float, float]], samples: Tensor, **state
    ):
        """``networks``: by name a network of the report, mean and standard deviation of its images.

        ``samples`` is uint8 (n, 28, 28); ValueError for another kind or shape, or no network.
        """
        if not networks:
            raise ValueError("networks is empty; name at least one network")
        if samples.dtype != torch.uint8 or samples.shape[1:] != (28, 28) or not len(samples):
            raise ValueError(
                f"samples must be uint8 (n, 28, 28), got {samples.dtype} {tuple(samples.shape)}"
            )
        listed = [_described(name, *about) for name, about in networks.items()]
        state = {"digit": samples[0].tolist()} | state
        super().__init__(networks=listed, samples=samples.tolist(), **state)

    @traitlets.validate("network")
    def _is_there(self, proposal):
        if proposal["value"] >= len(self.networks):
            raise traitlets.TraitError(
                f"network={proposal['value']}: there are {len(self.networks)}, numbered from 0"
            )
        return proposal["value"]

    @traitlets.validate("digit")
    def _is_28_wide(self, proposal):
        rows = proposal["value"]
        if [len(row) for row in rows] != 28 * [28]:
            width = len(rows[0]) if rows else 0
            raise traitlets.TraitError(f"digit must have 28×28 values, got {len(rows)}×{width}")
        return rows

    @property
    def canvas(self) -> Tensor:
        """The digit on its canvas as it is now, uint8 (side, side); for a scale of 1."""
        if self.scale != 1:
            raise ValueError(f"scale={self.scale}: only a digit of its own size can be placed here")
        before = (self.side - 28) // 2
        left, top = before + int(self.right), before + int(self.down)
        after = (self.side - 28 - left, self.side - 28 - top)
        digit = torch.tensor(self.digit, dtype=torch.uint8)
        return F.pad(digit, (left, after[0], top, after[1]))


def _described(name: str, network: nn.Module, mean: float, std: float) -> dict:
    layers = [network.conv1, network.conv2, network.conv3, network.linear]
    fixed = isinstance(network, FixedNetwork)
    return {
        "name": name,
        "pooling": "fixed" if fixed else network.pooling,
        "side": network.size if fixed else None,
        "mean": mean,
        "std": std,
        "layers": [[_encoded(layer.weight), _encoded(layer.bias)] for layer in layers],
    }


def _encoded(values: Tensor) -> str:
    return base64.b64encode(values.detach().contiguous().numpy().tobytes()).decode()
