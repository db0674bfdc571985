"""Programs recorded from ``helpers.conv.Conv2d``, run on inputs unlike the example's."""

import logging
import warnings
from functools import partial

import pytest
import tensors
import torch
from tensors import random
from torch import nn
from torch.fx.experimental.proxy_tensor import make_fx

from helpers import conv

close = partial(tensors.close, atol=1e-5, rtol=1e-4)

# (in_channels, out_channels, kernel_size), options
LAYERS = [
    ((16, 16, 3), dict()),
    ((16, 32, 1), dict()),
    ((3, 8, 3), dict(padding=1)),
    ((3, 8, 4), dict(padding="same")),
    ((4, 6, (3, 2)), dict(stride=(2, 1), groups=2, dilation=2, padding=2, bias=False)),
    ((2, 3, 3), dict(padding=1, padding_mode="circular", stride=[2])),
]
layers = pytest.mark.parametrize("arguments, options", LAYERS)
deprecated = pytest.mark.filterwarnings(r"ignore:`torch\.jit:FutureWarning")


def pair(arguments, options):
    """Our layer and torch's with the same parameters."""
    ours, theirs = conv.Conv2d(*arguments, **options), nn.Conv2d(*arguments, **options)
    theirs.load_state_dict(ours.state_dict())
    return ours.eval(), theirs.eval()


def image(*shape):
    return random(*shape).float()


def inputs(channels, sizes=True):
    """Inputs of other strides, and of other sizes, than the example's (2, C, 9, 8)."""
    last = torch.channels_last
    found = [
        image(2, channels, 9, 8),
        image(2, 9, 8, channels).permute(0, 3, 1, 2),
        image(2, channels, 9, 8).contiguous(memory_format=last),
        image(2, channels, 12, 11)[:, :, 2:-1, 1:-2],
        image(2, channels, 8, 9).transpose(2, 3),
    ]
    more = [image(5, channels, 13, 7), image(1, channels, 7, 12).contiguous(memory_format=last)]
    return found + more if sizes else found


def example(channels):
    return image(2, channels, 9, 8)


def same_everywhere(recorded, layer, channels, sizes=True):
    for x in inputs(channels, sizes):
        close(recorded(x), layer(x.contiguous()))


def same_gradients(recorded, layer, channels):
    for x in inputs(channels):
        found = []
        for function, image in ((recorded, x), (layer, x.contiguous())):
            image = image.detach().requires_grad_()
            found += torch.autograd.grad(function(image).pow(2).sum(), image)
        close(*found, atol=1e-4)


@layers
@deprecated
def test_jit_trace(arguments, options):
    ours, theirs = pair(arguments, options)
    with warnings.catch_warnings():
        warnings.simplefilter("error", torch.jit.TracerWarning)  # no size of the example is kept
        recorded = torch.jit.trace(ours, example(arguments[0]))
    same_everywhere(recorded, theirs, arguments[0])
    same_gradients(recorded, theirs, arguments[0])


@layers
@deprecated
def test_jit_script(arguments, options):
    ours, theirs = pair(arguments, options)
    recorded = torch.jit.script(ours)
    same_everywhere(recorded, theirs, arguments[0])
    x = example(arguments[0])[0]
    close(recorded(x), theirs(x))


@layers
def test_fx(arguments, options):
    ours, theirs = pair(arguments, options)
    recorded = torch.fx.symbolic_trace(nn.Sequential(ours, nn.ReLU(inplace=True)))
    assert "conv2d" in recorded.code
    same_everywhere(recorded, nn.Sequential(theirs, nn.ReLU()), arguments[0])
    same_gradients(recorded, nn.Sequential(theirs, nn.ReLU()), arguments[0])


@pytest.mark.parametrize("mode", ["real", "fake", "symbolic"])
def test_make_fx(mode):
    weight = random(8, 3, 3, 3, seed=1).float()

    def ours(x, w):
        return conv.conv2d(x, w, padding=1)

    def theirs(x):
        return nn.functional.conv2d(x, weight, padding=1)

    recorded = make_fx(ours, tracing_mode=mode)(example(3), weight)
    same_everywhere(lambda x: recorded(x, weight), theirs, 3, sizes=mode == "symbolic")


# the layer, which of its sizes are free, and whether torch's compiler reads the source (slow: once)
EXPORTS = [
    (number, free, False)
    for number in range(len(LAYERS))
    for free in ("nothing", "batch", "batch and sizes")
]


@pytest.mark.parametrize("number, free, strict", [*EXPORTS, (2, "batch and sizes", True)])
def test_export(number, free, strict):
    arguments, options = LAYERS[number]
    dim = torch.export.Dim
    batch, sizes = {0: dim("n")}, {2: dim("height", min=4), 3: dim("width", min=4)}
    shapes = {"nothing": None, "batch": (batch,), "batch and sizes": (batch | sizes,)}[free]
    ours, theirs = pair(arguments, options)
    program = torch.export.export(
        ours, (example(arguments[0]),), dynamic_shapes=shapes, strict=strict
    )
    assert "as_strided" not in str(program.graph)
    recorded = program.module()
    same_everywhere(recorded, theirs, arguments[0], sizes=free == "batch and sizes")
    if free == "batch":
        x = image(7, arguments[0], 9, 8)
        close(recorded(x), theirs(x))


@pytest.fixture
def onnxruntime():
    import onnxruntime  # not for the other tests: it takes a second

    logging.disable(logging.WARNING)
    yield onnxruntime
    logging.disable(logging.NOTSET)


# by way of TorchScript, and of torch.export, which is slow: some of them
ONNX = [(*layer, False) for layer in LAYERS] + [(*LAYERS[number], True) for number in (0, 1, 4)]


@pytest.mark.parametrize("arguments, options, dynamo", ONNX)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_onnx(onnxruntime, tmp_path, arguments, options, dynamo):
    ours, theirs = pair(arguments, options)
    file, x = str(tmp_path / "layer.onnx"), example(arguments[0])
    if dynamo:
        dim = torch.export.Dim
        shapes = {0: dim("n"), 2: dim("height", min=5), 3: dim("width", min=5)}
        torch.onnx.export(ours, (x,), dynamic_shapes=(shapes,), verbose=False).save(file)
    else:
        axes = {"x": [0, 2, 3]}
        torch.onnx.export(ours, (x,), file, dynamo=False, input_names=["x"], dynamic_axes=axes)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (name,) = (argument.name for argument in session.get_inputs())

    def run(x):
        return torch.from_numpy(session.run(None, {name: x.numpy()})[0])

    same_everywhere(run, theirs, arguments[0])


def test_feature_extractor():
    from torchvision.models import feature_extraction

    outputs = []
    for layer in pair((3, 4, 3), dict(padding=1)):
        net = nn.Sequential()
        net.add_module("first", layer)
        net.add_module("relu", nn.ReLU(inplace=True))
        extractor = feature_extraction.create_feature_extractor(net, {"first": "a", "relu": "b"})
        outputs.append({name: value.clone() for name, value in extractor(example(3)).items()})
    close(*outputs)


@pytest.mark.parametrize("number, dynamic", [(2, None), (3, True)])
def test_compile(number, dynamic):
    arguments, options = LAYERS[number]
    ours, theirs = pair(arguments, options)
    torch._dynamo.reset()
    # the front end and autograd's tracing; no machine code, which would need a C++ compiler
    compiled = torch.compile(ours, fullgraph=True, backend="aot_eager", dynamic=dynamic)
    for x in (example(arguments[0]), *inputs(arguments[0])[2:6:3]):
        found = []
        for function in (compiled, theirs):
            x = x.detach().requires_grad_()
            y = function(x)
            found.append((y, *torch.autograd.grad(y.pow(2).sum(), x)))
        close(*found, atol=1e-4)
        assert found[0][0].stride() == found[1][0].stride()
    torch._dynamo.reset()


def test_tensor_subclass_and_default_device():
    class Marked(torch.Tensor):
        pass

    for function in (conv.conv2d, nn.functional.conv2d):
        x, w = random(2, 3, 5, 4), random(4, 3, 3, 3)
        assert type(function(x.as_subclass(Marked), w)) is Marked
        with torch.device("meta"):
            assert function(x, w).device.type == "cpu"
        with torch.inference_mode():
            assert function(x, w).shape == (2, 4, 3, 2)
