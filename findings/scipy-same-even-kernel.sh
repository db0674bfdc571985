#!/usr/bin/env bash
# Behaviour: scipy.signal.correlate and scipy.signal.correlate2d with mode="same" differ by one pixel
# along each axis on which the kernel has an even size, though the manual describes "same" with the
# same words. scipy.signal.convolve2d and scipy.ndimage.convolve (zeros around the image) differ alike.
# Seen with SciPy 1.17.1, 2026-11-28, an image 1..25 and the kernel [[1, 2], [3, 5]], first value:
#   correlate: 5    correlate2d: 58    convolve2d: 1    ndimage.convolve: 30
# Fails when SciPy does otherwise. Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check scipy==1.17.1 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
import numpy as np
import scipy
from scipy import ndimage, signal

print("scipy", scipy.__version__)
image, kernel = np.arange(1, 26).reshape(5, 5), np.array([[1, 2], [3, 5]])
found = {
    "correlate": signal.correlate(image, kernel, "same"),
    "correlate2d": signal.correlate2d(image, kernel, "same"),
    "convolve2d": signal.convolve2d(image, kernel, "same"),
    "ndimage.convolve": ndimage.convolve(image, kernel, mode="constant"),
}
print({name: output[0, 0].item() for name, output in found.items()})
first = [output[0, 0] for output in found.values()]
assert first == [5, 58, 1, 30], "SciPy behaves otherwise now"
assert (found["correlate"][1:, 1:] == found["correlate2d"][:-1, :-1]).all()
assert (found["convolve2d"][1:, 1:] == found["ndimage.convolve"][:-1, :-1]).all()
PYTHON
