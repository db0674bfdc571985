#!/usr/bin/env bash
# Behaviour: the imaginary part of a conjugated tensor is a view of the same memory with a mark that
# says "times -1". DLPack, by which libraries hand arrays to each other, knows no such mark. torch
# exports the view all the same, without the sign: numpy.from_dlpack and torch.from_dlpack give the
# negated values, and no error. tensor.numpy() and, for a conjugated tensor, the export by DLPack
# refuse with an error. tensor.resolve_neg() before the export gives the right values.
# Seen with torch 2.14.1 and NumPy 2.4.6 on the CPU, 2026-11-28.
# Fails when torch does otherwise. Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
import numpy as np
import torch

print("torch", torch.__version__, "numpy", np.__version__)
spectrum = torch.tensor([1 + 2j, 3 + 4j]).conj()
part = spectrum.imag
assert part.tolist() == [-2, -4] and part.is_neg()
by_numpy, by_torch = np.from_dlpack(part).tolist(), torch.from_dlpack(part).tolist()
print(f"the tensor {part.tolist()}, numpy.from_dlpack {by_numpy}, torch.from_dlpack {by_torch}")
assert by_numpy == by_torch == [2, 4], "the export keeps the sign, or refuses, now"
for name, export in {
    "numpy() of the same view": part.numpy,
    "DLPack of the conjugated tensor": spectrum.__dlpack__,
}.items():
    try:
        export()
    except (RuntimeError, BufferError) as error:
        print(f"{name}: {type(error).__name__}")
    else:
        raise AssertionError(f"{name} does not refuse now")
assert np.from_dlpack(part.resolve_neg()).tolist() == [-2, -4]
print("after resolve_neg() the export is right")
PYTHON
