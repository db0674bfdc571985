#!/usr/bin/env bash
# Behaviour: in a parallel Numba loop, "if x[i] > best: best = x[i]" compiles without a word and leaves
# best as it was before the loop, also on one thread. "best = max(best, x[i])" is a reduction and right.
# Numba takes a variable for a reduction only where an operator or min, max is applied to its old value;
# otherwise each pass has a copy. The same holds for the place of a maximum (max pooling, arg max).
# Seen with Numba 0.68.1, 2026-11-28: -1 instead of 5.
# Fails when Numba does otherwise.
# Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check numba==0.68.1 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
import numba
import numpy as np
from numba import njit, prange


def with_if(x):
    best = -1.0
    for i in prange(len(x)):
        if x[i] > best:
            best = x[i]
    return best


def with_max(x):
    best = -1.0
    for i in prange(len(x)):
        best = max(best, x[i])
    return best


print("numba", numba.__version__)
x = np.zeros(1000)
x[100], x[800] = 5, 3
serial = njit(with_if)(x)
for threads in {1, numba.config.NUMBA_NUM_THREADS}:
    numba.set_num_threads(threads)
    found = njit(parallel=True)(with_if)(x), njit(parallel=True)(with_max)(x)
    print(f"{threads} threads: if {found[0]}, max {found[1]}, without parallel {serial}")
    assert (serial, *found) == (5, -1, 5), "Numba behaves otherwise now"
PYTHON
