"""What every library is given: small images and kernels that are unsymmetric in every direction."""

import numpy as np

IMAGE = np.arange(1.0, 26).reshape(5, 5)
POINT = np.zeros((5, 5))
POINT[2, 2] = 1
KERNELS = {
    "3x3": np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 10]]),
    "2x2": np.array([[1.0, 2], [3, 5]]),
}
K3 = KERNELS["3x3"]
CENTRE = np.array([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]])  # reads the pixel in the middle of a window
SIDES = (6, 7, 28)  # of the images on which a stride of 2 is tried
NINE = np.arange(1.0, 10).reshape(3, 3)  # is turned


def columns(side: int) -> np.ndarray:
    """Return an image (side, side) in which each pixel holds the number of its column."""
    return np.tile(np.arange(float(side)), (side, 1))


# Layouts: 2 images' channels, 3 kernels of 3x2, all numbers different.
CHANNELS = np.arange(1.0, 41).reshape(2, 4, 5)  # (channels, height, width)
WEIGHT = np.arange(1.0, 37).reshape(3, 2, 3, 2)  # (out_channels, in_channels, height, width)

# The adjoint: <A x, y> = <x, A^T y>
X = np.arange(1.0, 37).reshape(6, 6)
Y = np.array([[1.0, 2, 4], [3, -1, 5], [2, 7, -3]])

UP = np.tile([0.0, 8, 16, 24], (4, 1))  # is made twice as large
DOWN = np.tile([0.0, 0, 0, 16, 0, 0, 0, 0], (8, 1))  # is made half as large

BRIGHT = np.full((5, 5), 200, dtype=np.uint8)
BOX = np.ones((3, 3), dtype=np.uint8)
HALVES = np.array([[0, 0, 0], [0.5, 0.5, 0], [0, 0, 0]], dtype=np.float32)  # mean of two neighbours
PAIRS = [np.tile(np.array(row, dtype=np.uint8), (3, 1)) for row in ([1, 2, 1], [2, 3, 2])]
FOURIER_SIDES = range(3, 16)  # of the kernels on which a Fourier transform is looked for
