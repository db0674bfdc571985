"""Tools that count multiply-adds, on torch's layer and on layers written by hand."""

from importlib.metadata import version

import fvcore.nn
import ptflops
import thop
import torch
import torchinfo
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from commands.elsewhere import asking
from commands.elsewhere.by_hand import ByHand
from helpers.conv import Conv2d

VERSIONS = {name: version(name) for name in ("thop", "ptflops", "torchinfo", "fvcore")}
SHAPE = (1, 3, 8, 8)
LAYERS = {
    "nn.Conv2d": lambda: nn.Conv2d(3, 4, 3, bias=False),
    "helpers.conv.Conv2d": lambda: Conv2d(3, 4, 3, bias=False),
    "ByHand": lambda: ByHand(3, 4),
}


def by_thop(layer):
    """Return multiply-adds and parameters that thop counts."""
    return thop.profile(layer, inputs=(torch.ones(SHAPE),), verbose=False)


def by_ptflops(layer, backend="pytorch"):
    """Return multiply-adds and parameters that ptflops counts."""
    silent = {"as_strings": False, "print_per_layer_stat": False, "verbose": False}
    return ptflops.get_model_complexity_info(layer, SHAPE[1:], backend=backend, **silent)


def by_torchinfo(layer):
    """Return multiply-adds and parameters that torchinfo counts."""
    found = torchinfo.summary(layer, SHAPE, verbose=0)
    return found.total_mult_adds, found.total_params


def by_fvcore(layer):
    """Return multiply-adds and parameters that fvcore counts; it calls the first flops."""
    analysis = fvcore.nn.FlopCountAnalysis(layer, torch.ones(SHAPE))
    analysis.unsupported_ops_warnings(False)
    return analysis.total(), fvcore.nn.parameter_count(layer)[""]


def by_torch(layer):
    """Return half of the floating point operations that torch counts, and no parameters."""
    with FlopCounterMode(display=False) as counter:
        layer(torch.ones(SHAPE))
    return counter.get_total_flops() / 2, sum(p.numel() for p in layer.parameters())


def in_network(layer):
    """Return a network of the layer and a linear one, whose parameters are counted as well."""
    return nn.Sequential(layer, nn.Flatten(), nn.Linear(4 * 36, 10, bias=False))


def answers() -> dict:
    """Return the counts of a network with each layer, by question and tool."""
    tools = {
        "thop: profile": by_thop,
        "ptflops: get_model_complexity_info": by_ptflops,
        "ptflops: get_model_complexity_info (backend=aten)": lambda layer: by_ptflops(
            layer, "aten"
        ),
        "torchinfo: summary": by_torchinfo,
        "fvcore: FlopCountAnalysis": by_fvcore,
        "torch: FlopCounterMode (halved)": by_torch,
    }
    return {
        "counted": {
            name: {
                words: asking.attempt(lambda t=tool, m=make: t(in_network(m()).eval()))
                for words, make in LAYERS.items()
            }
            for name, tool in tools.items()
        }
    }
