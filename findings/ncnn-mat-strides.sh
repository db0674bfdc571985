#!/usr/bin/env bash
# Behaviour: ncnn.Mat(array) takes the shape of a NumPy array and the order of its memory, and ignores
# the strides. An image turned from height-width-channels to channels-height-width with transpose, or a
# part of a larger one, goes in with the right shape and scrambled pixels.
# Seen with ncnn 1.0.20261020, 2026-11-28. What helps: np.ascontiguousarray first.
# Fails when ncnn does otherwise.
# Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check ncnn==1.0.20261020 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
import ncnn
import numpy as np

print("ncnn", ncnn.__version__)
image = np.arange(24, dtype=np.float32).reshape(4, 2, 3)  # height, width, channels
for name, view in (("transposed", image.transpose(2, 0, 1)), ("cropped", image[:, :, :2])):
    mat, memory = np.array(ncnn.Mat(view)), np.arange(24)[: view.size].reshape(view.shape)
    plain = np.array(ncnn.Mat(np.ascontiguousarray(view)))
    print(f"{name}: should be {view[1].ravel().tolist()}, is {mat[1].ravel().tolist()}")
    assert np.array_equal(plain, view), "a contiguous array is read otherwise now"
    assert mat.shape == view.shape and not np.array_equal(mat, view), "strides are followed now"
    assert np.array_equal(mat, memory), "memory is read otherwise now"
PYTHON
