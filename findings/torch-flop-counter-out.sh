#!/usr/bin/env bash
# Behaviour: torch's FlopCounterMode counts by the operator's name. A product that is added in place
# (addmm_, baddbmm_) counts nothing, the same product written with out= counts in full.
# Seen with torch 2.14.1, 2026-11-28, for (3, 4) @ (4, 5), 2 * 3 * 4 * 5 = 120 operations:
#   torch.addmm(y, a, b): 120    torch.addmm(y, a, b, out=y): 120    y.addmm_(a, b): 0
# Fails when torch does otherwise. Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
import torch
from torch.utils.flop_counter import FlopCounterMode

print("torch", torch.__version__)
a, b, y = torch.ones(3, 4), torch.ones(4, 5), torch.zeros(3, 5)
ways = {
    "addmm": lambda: torch.addmm(y, a, b),
    "addmm with out=": lambda: torch.addmm(y, a, b, out=y),
    "addmm_": lambda: y.addmm_(a, b),
}
counted = {}
for name, product in ways.items():
    with FlopCounterMode(display=False) as counter:
        product()
    counted[name] = counter.get_total_flops()
print(counted)
assert [*counted.values()] == [120, 120, 0], "the counter behaves otherwise now"
PYTHON
