#!/usr/bin/env bash
# Behaviour: safetensors does not keep the order of a dictionary. load_file sorts by type (widest first)
# and then by name, so conv10 comes before conv2; load, for the same content as bytes, gives another
# order in each process. Entries of the metadata are written in another order in each process too: with
# three of them the same weights have files of different bytes, and a checksum of the file differs.
# Seen with safetensors 0.8.0, 2026-11-28, in 12 processes: several orders, several files; with one entry
# of metadata one file. What helps: take weights by name, and write one entry at most (a JSON text).
# Fails when safetensors does otherwise.
# Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check safetensors==0.8.0 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
import subprocess
import sys

import safetensors

print("safetensors", safetensors.__version__)
PROGRAM = """
import hashlib, tempfile
import numpy as np
from safetensors.numpy import load, load_file, save
weights = {name: np.zeros(2, np.float32) for name in ("conv1", "conv2", "conv10", "linear")}
weights["steps"] = np.zeros(1, np.int64)
one, three = save(weights, {"a": "1"}), save(weights, {"a": "1", "b": "2", "c": "3"})
with tempfile.NamedTemporaryFile() as file:
    file.write(one)
    file.flush()
    print(*load_file(file.name))
print(*load(one))
print(hashlib.sha256(one).hexdigest())
print(hashlib.sha256(three).hexdigest())
"""
runs = [
    subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    for _ in range(12)
]
found = [set(lines) for lines in zip(*(run.stdout.splitlines() for run in runs))]
for name, seen in zip(("load_file", "load", "one entry", "three entries"), found):
    print(f"{name}: {len(seen)} in {len(runs)} processes, such as {min(seen)[:50]}")
assert found[0] == {"steps conv1 conv10 conv2 linear"}, "load_file orders otherwise now"
assert len(found[1]) > 1, "load keeps one order now"
assert len(found[2]) == 1 and len(found[3]) > 1, "metadata are written otherwise now"
PYTHON
