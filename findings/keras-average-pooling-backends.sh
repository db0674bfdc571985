#!/usr/bin/env bash
# Behaviour: keras.layers.AveragePooling2D with padding="same" depends on the backend where the padding
# cannot be halved. On JAX the mean is over the pixels of the image; on torch the last row and column of
# the image are counted twice.
# Seen with Keras 3.15.1, torch 2.14.1 and JAX 0.10.2, 2026-11-28: an image 1..36 as 6x6, windows of 3x3,
# stride 2, last value: 33.666668 on torch, 32.5 on JAX. On 5x5 pixels both agree.
# Fails when Keras does otherwise. Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 torch==2.14.1 jax==0.10.2 numpy==2.4.6
cat > "$folder/last.py" <<'PYTHON'
import sys

import keras
import numpy as np

side = int(sys.argv[1])
image = np.arange(1, side * side + 1, dtype="float32").reshape(1, side, side, 1)
pooled = keras.layers.AveragePooling2D(3, 2, "same")(image)
print(keras.ops.convert_to_numpy(pooled)[0, -1, -1, 0])
PYTHON
export KERAS_HOME="$folder" CUDA_VISIBLE_DEVICES="" JAX_PLATFORMS=cpu
for side in 5 6; do
  for backend in torch jax; do
    found[$side]="${found[$side]:-} $(KERAS_BACKEND=$backend "$folder/bin/python" "$folder/last.py" $side)"
  done
  echo "$side x $side, last value on torch and on JAX:${found[$side]}"
done
[ "${found[5]}" = " 22.0 22.0" ] && [ "${found[6]}" = " 33.666668 32.5" ] || { echo "Keras behaves otherwise now"; exit 1; }
