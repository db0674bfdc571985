"""The two kinds of network: for images of one size, and for images of any size."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from helpers.conv.block import conv_pool_relu

Block = Callable[[nn.Module, Tensor], Tensor]  # of a convolution and its input

NUM_CLASSES = 10
POOLINGS = ("max", "mean", "sum", "scaled-mean")
REFERENCE_POSITIONS = 16  # of the last feature map of a 32x32 image
# The mean of positions / 16 over sides of 32, 48 and 64: the scaled mean is as large as the sum.
MEAN_SCALE = (16 + 36 + 64) / 3 / REFERENCE_POSITIONS


def _image_size(input: Tensor) -> tuple[int, int]:
    if input.ndim != 4:
        raise ValueError(
            "a network takes a batch of images (n, in_channels, height, width), got "
            f"{tuple(input.shape)}; a single image needs image[None]"
        )
    return tuple(input.shape[-2:])


def _check_width(width: int) -> None:
    if width < 1:
        raise ValueError(
            f"width, the number of channels of the last block, must be at least 1, got {width}"
        )


class FixedNetwork(nn.Module):
    """Three blocks (3x3 convolution, 2x2 max pool, ReLU) and a linear layer.

    The blocks have 16, 32 and ``width`` channels. Input (n, in_channels, size, size), output
    (n, 10): a score per class. Each pool halves the side with a floor, so 28 becomes 14, 7, 3.
    Parameters (1 channel): 29,066 at size 28, 64,266 at 64, and 28,964 at 64 with width 26.
    ``conv`` makes the convolutions and is called like ``torch.nn.Conv2d``; ``block`` computes a
    block, as ``helpers.conv.block`` does.
    """

    def __init__(
        self,
        size: int = 28,
        in_channels: int = 1,
        conv: Callable[..., nn.Module] = nn.Conv2d,
        width: int = 64,
        block: Block = conv_pool_relu,
    ):
        """Raise ValueError if the images are too small, or for a width below 1."""
        super().__init__()
        if size < 8:
            raise ValueError(f"size must be at least 8 to survive three 2x2 pools, got {size}")
        _check_width(width)
        self.size, self.block = size, block
        self.conv1 = conv(in_channels, 16, 3, padding=1)
        self.conv2 = conv(16, 32, 3, padding=1)
        self.conv3 = conv(32, width, 3, padding=1)
        self.linear = nn.Linear(width * (size // 8) ** 2, NUM_CLASSES)

    def forward(self, input: Tensor) -> Tensor:
        """Map (n, in_channels, size, size) to (n, 10)."""
        height, width = _image_size(input)
        if (height, width) != (self.size, self.size):
            raise ValueError(
                f"this network takes {self.size}x{self.size} images, got {height}x{width}; "
                "resize them, or use a VariableNetwork"
            )
        x = self.block(self.conv1, input)
        x = self.block(self.conv2, x)
        x = self.block(self.conv3, x)
        return self.linear(x.flatten(1))


class VariableNetwork(nn.Module):
    """The same three blocks with ``width`` channels in the last, global pooling and a linear layer.

    Input (n, in_channels, height, width) with sides of at least 8, output (n, 10). ``pooling`` is
    ``"max"``, ``"mean"`` or ``"sum"``, over all positions. The sum is divided by 16, so that it is
    the mean on a 32x32 image and on no other; ``"scaled-mean"`` is the mean times 29/12, as large
    as the sum on average. Parameters: 29,029 at width 81, 64,311 at 199. ``batch_norm``: each
    convolution without a bias, followed by batch normalisation (29,158 parameters at width 81).
    ``conv`` and ``block`` are as in ``FixedNetwork``; with batch normalisation, ``block`` is not
    called.
    Exported with free sizes it no longer refuses images that are too small: the test of the size
    stays in Python, and onnxruntime's pools give a pixel where none is defined.
    """

    def __init__(
        self,
        width: int = 81,
        pooling: str = "max",
        in_channels: int = 1,
        conv: Callable[..., nn.Module] = nn.Conv2d,
        batch_norm: bool = False,
        block: Block = conv_pool_relu,
    ):
        """Raise ValueError for an unknown pooling or a width below 1."""
        super().__init__()
        _check_width(width)
        if pooling not in POOLINGS:
            raise ValueError(f"pooling must be one of {POOLINGS}, got {pooling!r}")
        self.pooling, self.block = pooling, block
        bias = {"bias": False} if batch_norm else {}
        self.conv1 = conv(in_channels, 16, 3, padding=1, **bias)
        self.conv2 = conv(16, 32, 3, padding=1, **bias)
        self.conv3 = conv(32, width, 3, padding=1, **bias)
        self.linear = nn.Linear(width, NUM_CLASSES)
        norm = nn.BatchNorm2d if batch_norm else lambda channels: nn.Identity()
        self.norm1, self.norm2, self.norm3 = norm(16), norm(32), norm(width)

    def features(self, input: Tensor) -> Tensor:
        """Map (n, in_channels, height, width) to (n, width, height // 8, width // 8)."""
        height, width = _image_size(input)
        if min(height, width) < 8:
            raise ValueError(f"height and width must be at least 8, got {height}x{width}")
        x = self._block(self.conv1, self.norm1, input)
        x = self._block(self.conv2, self.norm2, x)
        return self._block(self.conv3, self.norm3, x)

    def _block(self, conv: nn.Module, norm: nn.Module, input: Tensor) -> Tensor:
        if isinstance(norm, nn.Identity):
            return self.block(conv, input)
        return conv_pool_relu(lambda images: norm(conv(images)), input)

    def forward(self, input: Tensor) -> Tensor:
        """Map (n, in_channels, height, width) to (n, 10)."""
        return self.linear(self.pool(self.features(input)))

    def pool(self, features: Tensor) -> Tensor:
        """Map feature maps (n, N, h, w) to one value per channel, (n, N)."""
        if self.pooling == "max":
            return features.amax(dim=(2, 3))
        if self.pooling == "mean":
            return features.mean(dim=(2, 3))
        if self.pooling == "scaled-mean":
            return MEAN_SCALE * features.mean(dim=(2, 3))
        return features.sum(dim=(2, 3)) / REFERENCE_POSITIONS


def initialise(network: nn.Module, generator: torch.Generator) -> nn.Module:
    """Draw weights and biases anew from ``generator`` and return the network.

    Uniform over ±1/sqrt(inputs of one output value), which is torch's default for convolutions and
    linear layers; batch normalisation keeps its own start, 1 and 0.
    """
    for layer in layers(network).values():
        bound = layer.weight[0].numel() ** -0.5
        for parameter in layer.parameters():
            nn.init.uniform_(parameter, -bound, bound, generator=generator)
    return network


def layers(network: nn.Module) -> dict[str, nn.Module]:
    """Return the convolutions and linear layers, by name, in the order of the network."""
    return {
        name: layer
        for name, layer in network.named_modules()
        if isinstance(getattr(layer, "weight", None), Tensor) and layer.weight.ndim > 1
    }


class Cost(NamedTuple):
    """What one layer costs: its output (without the batch), parameters, multiply-adds per image."""

    layer: str
    output: tuple[int, ...]
    parameters: int
    multiply_adds: int


def count_parameters(module: nn.Module) -> int:
    """Return the number of values that training can change."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def costs(network: nn.Module, size: int | tuple[int, int], in_channels: int = 1) -> list[Cost]:
    """Return the cost of each layer for one image of ``size``, a side or (height, width).

    Every output value of a convolution or linear layer is a sum of as many products as one output
    has weights; a product and its addition count once. Padding zeros count, the bias does not.
    """
    height, width = (size, size) if isinstance(size, int) else size
    by_layer = []

    def record(name: str, layer: nn.Module, output: Tensor) -> None:
        multiply_adds = output.numel() * layer.weight[0].numel()
        by_layer.append(Cost(name, tuple(output.shape[1:]), count_parameters(layer), multiply_adds))

    hooks = [
        layer.register_forward_hook(lambda layer, _, output, name=name: record(name, layer, output))
        for name, layer in layers(network).items()
    ]
    try:
        with torch.no_grad():
            network(next(network.parameters()).new_zeros(1, in_channels, height, width))
    finally:
        for hook in hooks:
            hook.remove()
    return by_layer
