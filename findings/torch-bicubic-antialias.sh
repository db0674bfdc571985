#!/usr/bin/env bash
# Behaviour: antialias=True of torch.nn.functional.interpolate is meant for shrinking, where it widens
# the filter. With mode="bicubic" it also changes the filter itself (its parameter a is -0.5 and not
# -0.75), so that enlarging gives other images with it, too. Pillow has -0.5 always. With
# mode="bilinear" enlarging is the same with and without it.
# Seen with torch 2.14.1 and Pillow 13.0.0 on the CPU, 2026-11-28, values 0 to 1, from 6x6 to 12x12.
# Fails when torch does otherwise. Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 numpy==2.4.6 pillow==13.0.0
"$folder/bin/python" - <<'PYTHON'
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

print("torch", torch.__version__)
image = torch.rand(1, 1, 6, 6, generator=torch.Generator().manual_seed(0))
differ = {}
for mode in ("bilinear", "bicubic"):
    plain, smooth = (
        F.interpolate(image, size=(12, 12), mode=mode, antialias=antialias)
        for antialias in (False, True)
    )
    by_pillow = Image.fromarray(image[0, 0].numpy()).resize((12, 12), Image.Resampling[mode.upper()])
    by_pillow = torch.from_numpy(np.array(by_pillow))
    differ[mode] = (plain - smooth).abs().max().item()
    print(f"{mode}, enlarged: with and without antialias differ by {differ[mode]:.2g}", end=", ")
    print(f"Pillow and antialias by {(by_pillow - smooth).abs().max().item():.2g}")
assert differ["bilinear"] < 1e-6, "bilinear behaves otherwise now"
assert differ["bicubic"] > 0.01, "bicubic behaves otherwise now"

# A single bright pixel, enlarged three times, shows the filter: its weights at 4/3 and at 5/3 pixels.
row = torch.zeros(1, 1, 1, 9)
row[..., 4] = 1
for antialias, a in ((False, -0.75), (True, -0.5)):
    lowest = F.interpolate(row, size=(1, 27), mode="bicubic", antialias=antialias).min().item()
    expected = min(a * (x**3 - 5 * x**2 + 8 * x - 4) for x in (4 / 3, 5 / 3))
    print(f"antialias {antialias}: lowest weight {lowest:.4f}, for a = {a}: {expected:.4f}")
    assert abs(lowest - expected) < 1e-5, "the filter is another one now"
PYTHON
