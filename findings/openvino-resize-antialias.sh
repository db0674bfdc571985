#!/usr/bin/env bash
# Behaviour: OpenVINO reads an ONNX model that resizes with antialias=1 (as torch exports
# interpolate(..., antialias=True)) and leaves the antialiasing out: it takes one point between two pixels
# where the mean of an area is asked for. There is neither an error nor a warning.
# Seen with OpenVINO 2026.4.1 beside onnxruntime 1.32.0, 2026-11-28: a row of 8 with one bright pixel,
# made 2 pixels: 0.5 and 0 from OpenVINO, 0.22 and 0.03 from onnxruntime.
# Fails when OpenVINO does otherwise.
# Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check \
  onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper

print("onnxruntime", onnxruntime.__version__, "openvino", openvino.__version__)
row = np.array([0, 0, 1, 0, 0, 0, 0, 0], np.float32).reshape(1, 1, 1, 8)
values = [
    helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 1, 1, size))
    for name, size in (("x", 8), ("y", 2))
]
sizes = numpy_helper.from_array(np.array([1, 1, 1, 2]), "sizes")
found = {}
for antialias in (0, 1):
    inputs = ["x", "", "", "sizes"]
    node = helper.make_node("Resize", inputs, ["y"], mode="linear", antialias=antialias)
    graph = helper.make_graph([node], "graph", values[:1], values[1:], [sizes])
    opset = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
    (first,) = onnxruntime.InferenceSession(model).run(None, {"x": row})
    core, exact = openvino.Core(), {"INFERENCE_PRECISION_HINT": "f32"}
    second = core.compile_model(core.read_model(model), "CPU", exact)([row])[0]
    found[antialias] = first.ravel(), second.ravel()
    print(f"antialias={antialias}: onnxruntime {first.ravel()}, OpenVINO {second.ravel()}")
assert np.array_equal(found[0][0], found[0][1]), "without antialiasing they differ now"
assert np.array_equal(found[0][1], found[1][1]), "OpenVINO follows antialias now"
assert not np.allclose(*found[1], atol=0.05), "the two agree now"
PYTHON
