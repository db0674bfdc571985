#!/usr/bin/env bash
# Behaviour: torchvision's ways from numbers to an image file and back disagree. to_pil_image cuts the
# fraction of 255 x off, so that a computed image gets half a level darker on average, where save_image
# and v2's to_dtype round; images that came from bytes hide it, for they come back exactly. And
# to_tensor, ToTensor too, reads an image of 16 bits as signed numbers: 40000 becomes -25536, where
# pil_to_tensor and v2's to_image give 40000.
# Seen with torchvision 0.29.1, torch 2.14.1 and Pillow 13.0.0, 2026-11-28: 0.999 becomes 254 and 255.
# Fails when torchvision does otherwise.
# Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check \
  torch==2.14.1 torchvision==0.29.1 pillow==13.0.0 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
import warnings
from io import BytesIO

import numpy as np
import torch
import torchvision
from PIL import Image
from torchvision.transforms import functional as F
from torchvision.transforms.v2 import functional as V2

warnings.simplefilter("ignore")
print("torchvision", torchvision.__version__)


def saved(image):
    file = BytesIO()
    torchvision.utils.save_image(image, file, format="png")
    return np.array(Image.open(file).convert("L"))


ways = {
    "to_pil_image": lambda image: np.array(F.to_pil_image(image)),
    "save_image": saved,
    "v2.to_dtype": lambda image: V2.to_dtype(image, torch.uint8, scale=True)[0].numpy(),
}
all_bytes = np.arange(256, dtype=np.uint8).reshape(16, 16)
random = torch.rand(1, 200, 200, generator=torch.Generator().manual_seed(0))
found = {}
for name, way in ways.items():
    exact = np.array_equal(way(F.to_tensor(Image.fromarray(all_bytes))), all_bytes)
    single = int(way(torch.full((1, 1, 1), 0.999)).flat[0])
    lost = (random * 255).mean().item() - way(random).mean()
    found[name] = exact, single, round(float(lost), 1)
    print(f"{name}: bytes come back {exact}, 0.999 gives {single}, levels lost {lost:.2f}")
deep = Image.fromarray(np.full((2, 2), 40000, np.uint16))
levels = [int(f(deep).flatten()[0]) for f in (F.to_tensor, F.pil_to_tensor, V2.to_image)]
print("40000 by to_tensor, pil_to_tensor, v2.to_image:", levels)
assert found["to_pil_image"] == (True, 254, 0.5), "to_pil_image does otherwise now"
assert found["save_image"] == found["v2.to_dtype"] == (True, 255, 0), "the others do otherwise now"
assert levels == [-25536, 40000, 40000], "images of 16 bits are read otherwise now"
PYTHON
