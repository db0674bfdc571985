#!/usr/bin/env bash
# Behaviour: torch.nn.functional.fold adds in the precision of its input. In bfloat16, which has 8
# significant bits, adding ones stops at 256, so a pixel that 900 patches cover gets 256. In float16
# the same sum is right up to 2048. A convolution adds in float32 and rounds once in both.
# Seen with torch 2.14.1 on the CPU, 2026-11-28: 256 in bfloat16, 900 in float16.
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
found = {}
for dtype in (torch.bfloat16, torch.float16, torch.float32):
    columns = torch.ones(1, 900, 901, dtype=dtype)
    found[dtype] = F.fold(columns, (1, 1800), (1, 900)).max().item()
    weight, row = torch.ones(1, 1, 1, 900, dtype=dtype), torch.ones(1, 1, 1, 900, dtype=dtype)
    print(dtype, "fold:", found[dtype], " conv2d:", F.conv2d(row, weight).item())
assert [*found.values()] == [256, 900, 900], "fold behaves otherwise now"
PYTHON
