"""Two-dimensional convolution by hand: as loops, as one matrix product, as a fast layer."""

from helpers.conv import compiled
from helpers.conv.layer import Conv2d, conv2d
from helpers.conv.loops import naive_conv2d, naive_unfold, output_size
from helpers.conv.unfold import UnfoldConv2dFunction, fold, unfold, unfold_conv2d

__all__ = [
    "Conv2d",
    "UnfoldConv2dFunction",
    "compiled",
    "conv2d",
    "fold",
    "naive_conv2d",
    "naive_unfold",
    "output_size",
    "unfold",
    "unfold_conv2d",
]
