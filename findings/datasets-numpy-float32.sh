#!/usr/bin/env bash
# Behaviour: a Dataset of Hugging Face's datasets keeps float64 columns, but with_format("numpy") hands
# them out as float32, without a word. The plain format gives the float64 numbers.
# So a loss loses digits, and a time in seconds since 1970 is rounded to 128 seconds.
# Seen with datasets 5.2.0, 2026-11-28. What helps: with_format("numpy", dtype=np.float64).
# Fails when datasets does otherwise.
# Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check datasets==5.2.0 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
import datasets
import numpy as np

print("datasets", datasets.__version__)
times = [1795737600.25, 1795737601.25]  # seconds since 1970
data = datasets.Dataset.from_dict({"time": times})
plain, arrays = data["time"][:], data.with_format("numpy")["time"][:]
exact = data.with_format("numpy", dtype=np.float64)["time"][:]
print(f"stored as {data.features['time'].dtype}: {plain}")
print(f"with_format('numpy'): {arrays.dtype}, {arrays.tolist()}")
assert data.features["time"].dtype == "float64" and list(plain) == times
assert arrays.dtype == np.float32 and arrays[0] == arrays[1], "float64 is kept now"
assert exact.dtype == np.float64 and exact.tolist() == times, "dtype does otherwise now"
PYTHON
