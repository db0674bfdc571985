#!/usr/bin/env bash
# Behaviour: two settings of threads that do not reach Numba's parallel loops. OMP_NUM_THREADS=1, which
# torch, NumPy and SciPy obey, does not, although Numba runs on OpenMP: only NUMBA_NUM_THREADS does. And
# set_num_threads(1) holds for the calling thread: another one, such as a worker thread of Dask or of a
# data loader, starts with all of them. A sum in float32 then has other last bits, for each thread adds
# its own part. (The variable is set to 2 here, so that a machine with one core shows it too.)
# Seen with Numba 0.68.1, 2026-11-28: 2 threads under OMP_NUM_THREADS=1; 1 in the thread that set it, 2
# in the next.
# Fails when Numba does otherwise.
# Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check numba==0.68.1 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
import os

os.environ.update(OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="2")
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
from numba import njit, prange


@njit(parallel=True)
def total(x):
    result = np.float32(0)
    for i in prange(len(x)):
        result += x[i]
    return result


print("numba", numba.__version__)
x = np.random.default_rng(0).random(1_000_000, dtype=np.float32)
before, both = numba.get_num_threads(), float(total(x))
numba.set_num_threads(1)
here, alone = numba.get_num_threads(), float(total(x))
with ThreadPoolExecutor(1) as pool:
    there = pool.submit(numba.get_num_threads).result()
print(f"under OMP_NUM_THREADS=1: {before}; after set_num_threads(1): {here}, elsewhere {there}")
print(f"sum with 2 threads {both}, with 1 {alone}, exactly {x.sum(dtype=float):.1f}")
assert (before, here, there) == (2, 1, 2), "Numba counts its threads otherwise now"
assert both != alone, "the sums are equal now"
PYTHON
