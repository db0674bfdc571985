"""Two-dimensional convolution as plain loops, as lessons 01 and 02 derive it.

N images, C input channels, O output channels, P patches per image, K = C * k_h * k_w values per
patch.
"""

from torch import Tensor

from helpers.conv.arguments import check_conv2d, pad, pair


def output_size(size, kernel_size, stride=1, padding=0, dilation=1) -> tuple[int, int]:
    """Height and width of a convolution's output, floor((size + 2p - d(k - 1) - 1) / s) + 1.

    Every argument is an int or a pair (height, width); ``padding`` is added on each of two sides.
    Raises ValueError when a value is too small or the kernel does not fit the padded image.
    """
    size, kernel_size = pair(size, "size", 0), pair(kernel_size, "kernel_size", 1)
    stride, padding = pair(stride, "stride", 1), pair(padding, "padding", 0)
    return fit(size, kernel_size, stride, padding, pair(dilation, "dilation", 1))


def fit(size, kernel_size, stride, padding, dilation) -> tuple[int, int]:
    """Return the output size for pairs that were checked before; ValueError if there is none."""
    # the last pixel a kernel covers lies d(k - 1) beyond the first
    room = [
        n + 2 * p - d * (k - 1) - 1
        for n, k, p, d in zip(size, kernel_size, padding, dilation, strict=True)
    ]
    if min(room) < 0:
        raise ValueError(
            f"kernel_size {kernel_size} with dilation {dilation} is larger than the padded image: "
            f"size {size} with padding {padding} on each side"
        )
    return room[0] // stride[0] + 1, room[1] // stride[1] + 1


def naive_conv2d(input, weight, bias=None, stride=1, padding=0) -> Tensor:
    """Convolve with plain loops: slow, to be read.

    ``input`` (N, C, height, width), ``weight`` (O, C, k_h, k_w), ``bias`` (O,) or None; returns
    (N, O, H_out, W_out). Raises TypeError or ValueError for arguments that do not fit together.
    """
    check_conv2d(input, weight, bias, dims=(4,))
    out_channels, _, k_h, k_w = weight.shape
    out_h, out_w = output_size(tuple(input.shape[2:]), (k_h, k_w), stride, padding)
    s_h, s_w = pair(stride, "stride", 1)
    padded = pad(input, pair(padding, "padding", 0))
    output = input.new_zeros(len(input), out_channels, out_h, out_w)
    for n in range(len(input)):
        for o in range(out_channels):
            for y in range(out_h):
                for x in range(out_w):
                    window = padded[n, :, s_h * y : s_h * y + k_h, s_w * x : s_w * x + k_w]
                    output[n, o, y, x] = (window * weight[o]).sum()
            if bias is not None:
                output[n, o] += bias[o]
    return output


def naive_unfold(input, kernel_size, stride=1, padding=0) -> Tensor:
    """Copy every patch of (N, C, height, width) into a column of (N, K, P): slow, to be read.

    Patch number p = y * W_out + x; place in the patch k = (c * k_h + u) * k_w + v. Raises TypeError
    or ValueError for sizes that are no ints, too small, or do not fit together.
    """
    k_h, k_w = pair(kernel_size, "kernel_size", 1)
    s_h, s_w = pair(stride, "stride", 1)
    out_h, out_w = output_size(tuple(input.shape[2:]), kernel_size, stride, padding)
    padded = pad(input, pair(padding, "padding", 0))
    columns = input.new_zeros(len(input), input.shape[1] * k_h * k_w, out_h * out_w)
    for n in range(len(input)):
        for y in range(out_h):
            for x in range(out_w):
                patch = padded[n, :, s_h * y : s_h * y + k_h, s_w * x : s_w * x + k_w]
                columns[n, :, y * out_w + x] = patch.flatten()
    return columns
