#!/usr/bin/env bash
# Behaviour: a NaN that spoils every score in torch leaves no trace in the runtimes. onnxruntime's pools
# and maxima pass over a NaN that is not the first value, OpenVINO's ReLU makes 0 of it. So a network
# with broken weights gives plausible scores, and a test for NaN in the scores finds nothing; torch and
# NumPy propagate NaN in all three. The ONNX standard does not say.
# Seen with onnxruntime 1.32.0 and OpenVINO 2026.4.1 on x86-64, 2026-11-28: of [1, NaN, 2, 3], NumPy's
# maximum NaN, both runtimes' 3; ReLU in onnxruntime NaN, in OpenVINO 0.
# Fails when one does otherwise.
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
from onnx import TensorProto, helper

print("onnxruntime", onnxruntime.__version__, "openvino", openvino.__version__)
x = np.array([[[[1, np.nan], [2, 3]]]], np.float32)
found, core = {}, openvino.Core()
for name, side, options in (
    ("Relu", 2, {}),
    ("MaxPool", 1, {"kernel_shape": [2, 2]}),
    ("GlobalMaxPool", 1, {}),
):
    values = [
        helper.make_tensor_value_info(value, TensorProto.FLOAT, (1, 1, size, size))
        for value, size in (("x", 2), ("y", side))
    ]
    node = helper.make_node(name, ["x"], ["y"], **options)
    graph = helper.make_graph([node], "graph", values[:1], values[1:])
    opset = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
    (first,) = onnxruntime.InferenceSession(model).run(None, {"x": x})
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    second = core.compile_model(core.read_model(model), "CPU", exact)([x])[0]
    found[name] = first.ravel().tolist(), second.ravel().tolist()
    print(f"{name}: onnxruntime {found[name][0]}, OpenVINO {found[name][1]}")
assert np.isnan(np.maximum(x, 0)).sum() == 1 and np.isnan(x.max())
assert np.isnan(found["Relu"][0][1]) and found["Relu"][1] == [1, 0, 2, 3], "ReLU: otherwise now"
assert found["MaxPool"] == found["GlobalMaxPool"] == ([3], [3]), "the maxima do otherwise now"
PYTHON
