#!/usr/bin/env bash
# Behaviour: after an operation in several threads, torch's threads wait for the next one in a busy loop,
# for some milliseconds, since the OpenMP library in the wheel for Linux does so. A short loop in a pool of
# threads of one's own (Numba's nogil, NumPy, Python) then shares its processors with threads that do
# nothing: two threads can be as slow as one. torch.set_num_threads and the time of torch's own
# operations do not show it. OMP_WAIT_POLICY=passive, set before torch is imported, ends it.
# Seen with torch 2.14.1 on Linux with two processors, 2026-11-28: 4 to 8 ms of processor time during a
# sleep of 100 ms after a sum in two threads, 0.1 ms during the next sleep, and none with passive waiting.
# Fails when torch does otherwise; needs two processors. Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 numpy==2.4.6
cat >"$folder/script.py" <<'PYTHON'
import statistics
import time

import torch


def processor_time_of_a_sleep():
    start = time.process_time()
    time.sleep(0.1)
    return 1000 * (time.process_time() - start)


torch.set_num_threads(2)
x = torch.rand(1 << 22)
after, later = [], []
for _ in range(9):
    x.sum()
    after.append(processor_time_of_a_sleep())
    later.append(processor_time_of_a_sleep())
print(f"{statistics.median(after):.1f} {statistics.median(later):.1f}")
PYTHON
"$folder/bin/python" -c 'import torch; print("torch", torch.__version__)'
unset OMP_NUM_THREADS OMP_WAIT_POLICY GOMP_SPINCOUNT
default=$("$folder/bin/python" "$folder/script.py")
passive=$(OMP_WAIT_POLICY=passive "$folder/bin/python" "$folder/script.py")
echo "ms of processor time in a sleep after an operation, and in the next one: $default"
echo "the same with OMP_WAIT_POLICY=passive: $passive"
python3 - $default $passive <<'PYTHON'
import sys

after, later, passive, _ = map(float, sys.argv[1:])
assert after > 1 > 0.5 > max(later, passive), "torch's threads wait otherwise now"
PYTHON
