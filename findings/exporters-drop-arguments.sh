#!/usr/bin/env bash
# Behaviour: two exporters leave out arguments that change the numbers, without a warning. torch.onnx
# exports avg_pool2d with divisor_override as a plain mean. OpenVINO's own converter, from a traced torch
# module, leaves out beta of softplus and decimals of round, and divides integers towards zero where
# torch's // rounds down. All of it shows when outputs are compared, and nowhere else.
# Seen with torch 2.14.1 (onnxscript 0.7.2, onnxruntime 1.32.0) and OpenVINO 2026.4.1, 2026-11-28:
# a 2x2 sum (divisor 1) of ones is 4 in torch and 1 exported; -1 // 2 is -1 and 0.
# Fails when they do otherwise.
# Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check \
  torch==2.14.1 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6
"$folder/bin/python" - <<'PYTHON'
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import onnxruntime
import openvino
import torch
import torch.nn.functional as F

warnings.simplefilter("ignore")
print("torch", torch.__version__, "openvino", openvino.__version__)


class Summed(torch.nn.Module):
    def forward(self, x):
        return F.avg_pool2d(x, 2, divisor_override=1)


ones = torch.ones(1, 1, 2, 2)
with TemporaryDirectory() as folder:
    file = str(Path(folder) / "summed.onnx")
    torch.onnx.export(Summed(), (ones,), file, dynamo=True, verbose=False, external_data=False)
    session = onnxruntime.InferenceSession(file)
    (output,) = session.run(None, {session.get_inputs()[0].name: ones.numpy()})
print(f"sum by divisor_override=1: torch {Summed()(ones).item()}, exported {output.item()}")
assert (Summed()(ones).item(), output.item()) == (4, 1), "torch.onnx does otherwise now"


class Softplus(torch.nn.Module):
    def forward(self, x):
        return F.softplus(x, beta=2)


class Round(torch.nn.Module):
    def forward(self, x):
        return torch.round(x, decimals=1)


class Halve(torch.nn.Module):
    def forward(self, x):
        return (x.to(torch.int32) // 2).float()


found, exact = {}, {"INFERENCE_PRECISION_HINT": "f32"}
for module, value in ((Softplus(), 1.0), (Round(), 0.26), (Halve(), -1.0)):
    x = torch.tensor([value])
    converted = openvino.convert_model(module, example_input=x)
    output = openvino.Core().compile_model(converted, "CPU", exact)([x.numpy()])[0]
    found[type(module).__name__] = round(module(x).item(), 3), round(output.item(), 3)
print("torch, OpenVINO:", found)
assert found == {"Softplus": (1.063, 1.313), "Round": (0.3, 0), "Halve": (-1, 0)}, "otherwise now"
PYTHON
