#!/usr/bin/env bash
# Behaviour: pandas.read_json turns a column of numbers into dates if its name ends in _time or _at, or
# is "modified" or "date" or begins with "timestamp", and the numbers exceed 31,536,000 (a year in
# seconds). So durations in nanoseconds become days in 1972, and smaller ones beside them stay numbers.
# Text that looks like a number becomes one ("007": 7, "1e3": 1000.0). to_json, on its side, keeps ten
# decimals: 1e-11 comes back as 0. What helps: to_json(double_precision=15), read_json(dtype=False).
# Seen with pandas 3.1.1, 2026-11-28: forward_time 64,266,123 becomes 1972-01-14 19:42:03.
# Fails when pandas does otherwise.
# Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check pandas==3.1.1 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
from io import StringIO

import pandas as pd

print("pandas", pd.__version__)
records = pd.DataFrame(
    {
        "forward_time": [64_266_123, 70_000_000],  # nanoseconds
        "forward_ns": [64_266_123, 70_000_000],
        "pool_time": [3_000_000, 4_000_000],
        "seed": ["007", "008"],
        "run": ["1e3", "2e3"],
        "rate": [1e-11, 1e-3],
    }
)
back = pd.read_json(StringIO(records.to_json()))
print(back.dtypes, back, sep="\n")
assert back.forward_time.dt.strftime("%Y-%m-%d %X").tolist()[0] == "1972-01-14 19:42:03"
assert back.forward_ns.tolist() == [64_266_123, 70_000_000]
assert back.pool_time.tolist() == [3_000_000, 4_000_000]
assert back.seed.tolist() == [7, 8] and back.run.tolist() == [1000.0, 2000.0]
assert back.rate.tolist() == [0, 1e-3], "to_json keeps more than ten decimals now"
text = records.to_json(double_precision=15)
exact = pd.read_json(StringIO(text), dtype=False, precise_float=True)
assert exact.to_dict() == records.to_dict(), "the options do otherwise now"
PYTHON
