#!/usr/bin/env bash
# Behaviour: zero times infinity is NaN, so a convolution with zero padding and an infinite weight gives NaN
# where that weight meets the padding. On a CPU torch.nn.functional.conv2d gives them for an image alone.
# In a batch of two the same image has none: other code is taken, which skips the padding. One input
# channel stored channels last has them again. Padding the image first gives them always. So whether
# a network that has diverged shows NaN depends on the size of the batch.
# Seen with torch 2.14.1 on a processor with AVX-512, 2026-11-28: 55 of 1568 numbers are NaN alone, 0
# in a batch of two, 55 after torch.nn.functional.pad.
# Fails when torch does otherwise. Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
import torch
from torch.nn import functional as F

print("torch", torch.__version__)
torch.manual_seed(0)


def count(images, weight, padded=False):
    """Return how many numbers of the first image's output are NaN."""
    if padded:
        return int(F.conv2d(F.pad(images, (1,) * 4), weight)[0].isnan().sum())
    return int(F.conv2d(images, weight, padding=1)[0].isnan().sum())


for channels in (1, 3):
    image, weight = torch.rand(1, channels, 28, 28), torch.rand(2, channels, 3, 3)
    weight[0, 0, 0, 0] = torch.inf
    two = image.expand(2, -1, -1, -1).contiguous()
    last = two.to(memory_format=torch.channels_last)
    found = {
        "alone": count(image, weight),
        "in a batch": count(two, weight),
        "channels last": count(last, weight),
        "padded first": count(two, weight, padded=True),
    }
    print(f"{channels} channels, NaN:", found)
    expected = [55, 0, 55 if channels == 1 else 0, 55]
    assert list(found.values()) == expected, "torch treats the padding otherwise now"
PYTHON
