#!/usr/bin/env bash
# Behaviour: np.sum and np.mean mean another thing inside njit. NumPy adds float32 numbers in pairs,
# Numba one after another in float32, where adding ones stops at 16,777,216: the mean of 33,554,432 ones
# is 0.5. A product with a literal does the reverse: float32 array * 0.5 is float64 in Numba, float32 in
# NumPy. Nor do bytes wrap when scalars are added: 200 + 100 is 300 in Numba, 44 in NumPy.
# Seen with Numba 0.68.1 and NumPy 2.4.6, 2026-11-28.
# Fails when either does otherwise.
# Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check numba==0.68.1 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
import warnings

import numba
import numpy as np
from numba import njit

warnings.simplefilter("ignore")  # NumPy warns that a byte wraps


def mean(x):
    return np.mean(x)


def halved(x):
    return x * 0.5


def added(x):
    return x[0] + x[1]


print("numba", numba.__version__, "numpy", np.__version__)
ones, bytes_ = np.ones(2**25, np.float32), np.array([200, 100], np.uint8)
found = {
    "mean of ones": (mean(ones), njit(mean)(ones)),
    "type of x * 0.5": (halved(ones[:2]).dtype.name, njit(halved)(ones[:2]).dtype.name),
    "bytes 200 + 100": (int(added(bytes_)), njit(added)(bytes_)),
}
for name, (numpys, numbas) in found.items():
    print(f"{name}: NumPy {numpys}, Numba {numbas}")
assert [*found.values()] == [(1, 0.5), ("float32", "float64"), (44, 300)], "otherwise now"
PYTHON
