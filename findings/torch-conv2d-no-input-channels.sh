#!/usr/bin/env bash
# Behaviour: torch.nn.functional.conv2d with no input channels (as after pruning all of them) drops the
# output channels and the bias. The definition gives the bias at every pixel: an empty sum plus b.
# Seen with torch 2.14.1 on the CPU, 2026-11-28: shape (2, 0, 3, 3) where (2, 3, 3, 3) is defined.
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
image, weight, bias = torch.zeros(2, 0, 5, 5), torch.zeros(3, 0, 3, 3), torch.ones(3)
output = F.conv2d(image, weight, bias)
linear = F.linear(torch.zeros(2, 0), torch.zeros(3, 0), bias)
print("conv2d of no channels:", tuple(output.shape))
print("linear of no features:", tuple(linear.shape), linear.tolist())
assert output.shape == (2, 0, 3, 3), "conv2d behaves otherwise now"
assert linear.tolist() == [[1, 1, 1], [1, 1, 1]], "linear behaves otherwise now"
PYTHON
