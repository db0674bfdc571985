#!/usr/bin/env bash
# Behaviour: within kornia.augmentation, +90 degrees turn an image counter-clockwise in RandomRotation and
# clockwise in RandomAffine, so an affine map without shift, scale and shear is not the rotation.
# Seen with kornia 0.9.0 and torch 2.14.1, 2026-11-28, the image [[1, 2], [3, 4]]:
#   RandomRotation: [[2, 4], [1, 3]]    RandomAffine: [[3, 1], [4, 2]]
# Fails when kornia does otherwise. Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check kornia==0.9.0 torch==2.14.1 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
import kornia
import torch
from kornia.augmentation import RandomAffine, RandomRotation

print("kornia", kornia.__version__, "torch", torch.__version__)
image = torch.tensor([[1.0, 2], [3, 4]])
found = {
    kind.__name__: kind((90.0, 90.0), p=1.0)(image[None, None])[0, 0].round()
    for kind in (RandomRotation, RandomAffine)
}
print({name: turned.tolist() for name, turned in found.items()})
assert torch.equal(found["RandomRotation"], image.rot90()), "RandomRotation behaves otherwise now"
assert torch.equal(found["RandomAffine"], image.rot90(-1)), "RandomAffine behaves otherwise now"
PYTHON
