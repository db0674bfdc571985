#!/usr/bin/env bash
# Behaviour: torch.nn.functional.cross_entropy with class weights gives another mean for the same
# targets written as labels and as probabilities (one-hot). Labels: divided by the sum of the weights
# of the labels. Probabilities: divided by the number of items. Equal weights of 7 for all classes thus
# change nothing for labels, and multiply loss and gradients by 7 for one-hot targets.
# Seen with torch 2.14.1, 2026-11-28.
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
scores = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
labels = torch.tensor([0, 1, 2, 2, 1])
one_hot = F.one_hot(labels, 3).double()
for name, weight in {
    "none": None,
    "7, 7, 7": torch.tensor([7.0, 7, 7], dtype=torch.float64),
    "1, 2, 5": torch.tensor([1.0, 2, 5], dtype=torch.float64),
}.items():
    by_label = F.cross_entropy(scores, labels, weight).item()
    by_one_hot = F.cross_entropy(scores, one_hot, weight).item()
    factor = 1 if weight is None else weight[labels].mean().item()
    print(f"weights {name}: labels {by_label:.4f}, one-hot {by_one_hot:.4f}, factor {factor:g}")
    assert abs(by_one_hot - factor * by_label) < 1e-12, "cross_entropy behaves otherwise now"
PYTHON
