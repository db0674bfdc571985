#!/usr/bin/env bash
# Behaviour: torch.nn.functional.grid_sample with mode="nearest" rounds half to even. Shifted by half a
# pixel, where two pixels are equally near, it takes every second pixel twice and loses the others. A
# rule such as "the right one of two" would keep them all.
# Seen with torch 2.14.1 on the CPU, 2026-11-28: of the pixels 1 to 8 it keeps 1, 3, 3, 5, 5, 7, 7 and 0.
# Fails when torch does otherwise. Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
import torch
import torch.nn.functional as F

print("torch", torch.__version__)
row = torch.arange(1.0, 9).reshape(1, 1, 1, 8)


def shifted(pixels):
    """Take for pixel q the value at q + pixels."""
    place = (2 * (torch.arange(8) + pixels) + 1) / 8 - 1
    grid = torch.stack([place, torch.zeros(8)], dim=-1)[None, None]
    return F.grid_sample(row, grid, mode="nearest", align_corners=False).flatten().tolist()


for pixels in (0.0, 0.375, 0.5, 0.625, 1.0):
    print(f"shifted by {pixels:5}:", [int(value) for value in shifted(pixels)])
assert shifted(0.375) == [1, 2, 3, 4, 5, 6, 7, 8], "0.375 behaves otherwise now"
assert shifted(0.5) == [1, 3, 3, 5, 5, 7, 7, 0], "0.5 behaves otherwise now"
PYTHON
