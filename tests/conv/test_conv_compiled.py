"""The compiled loops of ``helpers.conv`` give what PyTorch gives, or are not used."""

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import tensors
import torch
import torch.nn.functional as F
from tensors import random

from helpers import conv
from helpers.conv import compiled, kernels
from helpers.conv.geometry import geometry_of

pytest.importorskip("numba")

ROOT = Path(__file__).parents[2]
close = partial(tensors.close, atol=1e-10, rtol=1e-12)

# batch, in, out, size, kernel, stride, padding, dilation. There are few kinds of tiles, because
# each is compiled: 8 outputs and 3 runs of pixels, or one of each.
CASES = {
    "plain": (2, 3, 8, (8, 24), 3, 1, 1, 1),
    "a tile that overlaps the one before": (2, 5, 15, (6, 13), 3, 1, 1, 1),
    "a row shorter than a register": (3, 4, 8, (9, 3), (3, 2), 1, (1, 0), 1),
    "a stride": (2, 3, 8, (11, 50), 5, 2, 1, 1),
    "a stride that leaves pixels over": (2, 3, 8, (9, 14), (3, 2), (3, 2), (0, 1), 1),
    "a stride larger than the kernel": (2, 8, 8, (9, 16), (1, 2), (2, 3), 0, 1),
    "dilation": (2, 8, 8, (12, 30), (3, 2), 1, (2, 1), (2, 3)),
    "dilation and stride": (2, 8, 8, (12, 30), (3, 4), (2, 4), (3, 0), (3, 2)),
    "more padding than the kernel covers": (2, 8, 8, (4, 7), 2, 1, (3, 5), 1),
    "a kernel of one number": (2, 8, 8, (5, 24), 1, 1, 0, 1),
    "a kernel as large as the image": (2, 8, 8, (6, 5), (6, 5), 1, 0, 1),
    "one channel, one output": (2, 1, 1, (5, 4), 1, 2, 3, 1),
    "images that are taken together in parts": (5, 8, 8, (60, 60), 3, 1, 1, 1),
}


@pytest.fixture(autouse=True)
def compile_all(monkeypatch):
    """Compile convolutions of every size."""
    monkeypatch.setattr(compiled, "SMALLEST", 0)
    monkeypatch.setattr(compiled, "_wanted", True)


@pytest.fixture
def calls(monkeypatch):
    """Return the names of the compiled maps that are called, in turn."""
    called = []
    maps = compiled.loaded()
    for name in ("convolve", "input_gradient", "weight_gradient"):
        original = getattr(maps, name)

        def spy(*args, name=name, original=original):
            called.append(name)
            return original(*args)

        monkeypatch.setattr(maps, name, spy)
    return called


def three(case, dtype=torch.float64):
    """Return input, weight, bias, the output's gradient and the geometry of a case."""
    n, c, o, size, kernel_size, stride, padding, dilation = case
    kernel_size = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    padding = (padding, padding) if isinstance(padding, int) else padding
    x, w = random(n, c, *size, dtype=dtype), random(o, c, *kernel_size, seed=1, dtype=dtype)
    g = geometry_of(x, w, stride, padding, dilation, 1)
    grad = random(n, o, *g.output_size, seed=3, dtype=dtype)
    return x, w, random(o, seed=2, dtype=dtype), grad, g


def maps(x, w, b, grad, g):
    """Return what the three maps give."""
    return (
        kernels.convolve(x, w, b, g),
        kernels.input_gradient(grad, w, g),
        kernels.weight_gradient(x, grad, g),
    )


def in_pytorch(*arguments):
    """Return what the three maps give without compiled loops."""
    with compiled.switched(False):
        return maps(*arguments)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_gives_what_pytorch_gives(calls, case):
    arguments = three(case)
    for found, expected in zip(maps(*arguments), in_pytorch(*arguments), strict=True):
        close(found, expected)
    assert calls == ["convolve", "input_gradient", "weight_gradient"]


@pytest.mark.parametrize("name", ["plain", "a row shorter than a register", "a stride"])
def test_float32(name):
    x, w, b, grad, g = three(CASES[name], torch.float32)
    exact = in_pytorch(x.double(), w.double(), b.double(), grad.double(), g)
    for found, expected in zip(maps(x, w, b, grad, g), exact, strict=True):
        assert found.dtype == torch.float32
        tensors.close(found.double(), expected, atol=2e-5, rtol=2e-5)


def formats(t):
    """Return a tensor in memory orders and with gaps, turned around, and as one number repeated."""
    wide = t.new_full((*t.shape[:-1], 2 * t.shape[-1] + 1), float("nan"))
    wide[..., ::2][..., : t.shape[-1]] = t
    return {
        "channels last": t.contiguous(memory_format=torch.channels_last),
        "with gaps": wide[..., ::2][..., : t.shape[-1]],
        "turned": t.transpose(2, 3).contiguous().transpose(2, 3),
        "part": F.pad(t, (1, 2, 3, 4), value=float("nan"))[:, :, 3:-4, 1:-2],
        "repeated": t[:1, :1, :1, :1].expand_as(t),
    }


@pytest.mark.parametrize("kind", formats(random(1, 1, 1, 1)))
@pytest.mark.parametrize("name", ["plain", "a stride", "a row shorter than a register"])
def test_any_order_in_memory(kind, name):
    x, w, b, grad, g = three(CASES[name])
    x, w, grad = (formats(t)[kind] for t in (x, w, grad))
    for last in (False, True):
        arguments = x, w, b[::1], grad, g._replace(channels_last=last)
        for found, expected in zip(maps(*arguments), in_pytorch(*arguments), strict=True):
            close(found, expected)
            assert found.stride() == expected.stride()


def test_a_bias_with_gaps_or_none():
    x, w, b, grad, g = three(CASES["plain"])
    wide = b.repeat_interleave(2)
    close(kernels.convolve(x, w, wide[::2], g), kernels.convolve(x, w, b, g))
    close(kernels.convolve(x, w, None, g), F.conv2d(x, w, None, 1, 1))


@pytest.mark.parametrize("wanted", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)])
def test_only_the_gradients_asked_for(calls, wanted):
    x, w, b, grad, _ = three(CASES["plain"])
    leaves = [t.requires_grad_(bool(need)) for t, need in zip((x, w, b), wanted, strict=True)]
    asked = [t for t in leaves if t.requires_grad]
    found = torch.autograd.grad(conv.conv2d(x, w, b, padding=1), asked, grad)
    expected = torch.autograd.grad(F.conv2d(x, w, b, padding=1), asked, grad)
    for ours, theirs in zip(found, expected, strict=True):
        close(ours, theirs)
    names = ("input_gradient", "weight_gradient")
    assert calls == ["convolve"] + [n for n, need in zip(names, wanted, strict=False) if need]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["plain", "a row shorter than a register", "a stride"])
@pytest.mark.parametrize("which", [0, 3], ids=["input", "gradient"])
def test_a_value_that_is_not_finite_goes_where_it_belongs(value, name, which):
    arguments = list(three(CASES[name]))
    for corner in (0, -1):  # beside the frame, where a loop that reads too far would meet it
        changed = arguments[which].clone()
        changed[0, 0, corner, corner] = value
        x, w, b, grad, g = [*arguments[:which], changed, *arguments[which + 1 :]]
        x, w = x.clone().requires_grad_(), w.clone().requires_grad_()
        n, c, o, size, k, stride, padding, dilation = CASES[name]
        output = F.conv2d(x, w, b, stride, padding, dilation)
        x_grad, w_grad = torch.autograd.grad(output, (x, w), grad)
        x, w = x.detach(), w.detach()
        found = maps(x, w, b, grad, g)
        # torch's sums over im2col multiply by zeros of the frame as well; its finite numbers agree
        for ours, theirs in zip(found, (output.detach(), x_grad, w_grad), strict=True):
            close(ours[theirs.isfinite()], theirs[theirs.isfinite()])
            assert not ours[~theirs.isfinite()].isfinite().any()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["plain", "a stride", "dilation"])
def test_padding_is_zeros_also_for_a_weight_that_is_not_finite(calls, value, name):
    """torch's function skips them, in most cases: findings/torch-conv2d-skips-padding.sh."""
    x, w, _, _, g = three(CASES[name])
    w[0, 0, 0, 0] = value
    (p_h, p_w), options = g.padding, (g.stride, 0, g.dilation)
    expected = F.conv2d(F.pad(x, (p_w, p_w, p_h, p_h)), w, None, *options)
    found = conv.conv2d(x, w, None, g.stride, g.padding, g.dilation)
    torch.testing.assert_close(found, expected, equal_nan=True)
    alone = conv.conv2d(x[:1], w, None, g.stride, g.padding, g.dilation)
    torch.testing.assert_close(found[:1], alone, equal_nan=True, rtol=0, atol=0)
    assert calls == ["convolve", "convolve"]


@pytest.mark.parametrize("name", ["plain", "a row shorter than a register", "a stride"])
def test_what_an_image_gives_does_not_depend_on_the_others(name):
    x, w, b, grad, g = three(CASES[name], torch.float32)
    x, grad = torch.cat([x] * 3), torch.cat([grad] * 3)
    output, x_grad, _ = maps(x, w, b, grad, g)
    for i in range(len(x)):
        alone = maps(x[i : i + 1], w, b, grad[i : i + 1], g)
        assert torch.equal(alone[0][0], output[i]) and torch.equal(alone[1][0], x_grad[i])


@pytest.mark.parametrize("library", [True, False], ids=["of OpenMP", "of a pool"])
@pytest.mark.parametrize("name", ["plain", "a row shorter than a register", "a stride"])
def test_the_same_bytes_with_any_number_of_threads(monkeypatch, name, library):
    from helpers.conv.compiled import threads as sharing

    if not library:
        monkeypatch.setattr(sharing, "openmp", lambda: None)
    elif sharing.openmp() is None:
        pytest.skip("torch's OpenMP library is not found here")
    x, w, b, grad, g = three(CASES[name], torch.float32)
    x, grad = torch.cat([x] * 3), torch.cat([grad] * 3)
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3, 1):
            torch.set_num_threads(threads)
            results.append(maps(x, w, b, grad, g))
    finally:
        torch.set_num_threads(before)
    for others in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], others, strict=True))


def test_second_derivatives(calls):
    x, w, b, _, _ = three((1, 2, 8, (3, 4), 2, 1, 1, 1))
    leaves = [t.requires_grad_() for t in (x, w, b)]
    assert torch.autograd.gradgradcheck(lambda *t: conv.conv2d(*t, padding=1), leaves)
    assert calls


@pytest.mark.parametrize(
    "change",
    [
        lambda x, w: (x.half(), w.half(), 1),
        lambda x, w: (x.to(torch.complex128), w.to(torch.complex128), 1),
        lambda x, w: (x.to("meta"), w.to("meta"), 1),
        lambda x, w: (torch.cat([x, x], 1), w, 2),
        lambda x, w: (x[:0], w, 1),
        lambda x, w: (torch._neg_view(x), w, 1),
    ],
    ids=["half", "complex", "meta", "groups", "empty batch", "negative view"],
)
def test_what_the_loops_do_not_know_goes_the_other_ways(calls, change):
    x, w, *_ = three(CASES["plain"])
    x, w, groups = change(x, w)
    found = conv.conv2d(x, w, padding=1, groups=groups)
    assert not calls
    if not found.is_meta:
        expected = F.conv2d(x, w, padding=1, groups=groups)
        tensors.close(found, expected, atol=1e-10, rtol=4 * torch.finfo(found.dtype).eps)


def test_transforms_of_functions():
    x, w, b, grad, _ = three(CASES["plain"])

    def loss(function, x, w):
        return (function(x[None], w, b, padding=1) * grad[:1]).sum()

    for transform in (
        lambda f: torch.func.vmap(torch.func.grad(f), (0, None)),
        lambda f: torch.func.vmap(torch.func.grad(f, 1), (0, None)),
        lambda f: lambda x, w: torch.func.jvp(f, (x[0], w), (x[1], w))[1],
    ):
        close(transform(partial(loss, conv.conv2d))(x, w), transform(partial(loss, F.conv2d))(x, w))


def test_an_operator_counter_sees_every_operator(calls):
    from torch.utils.flop_counter import FlopCounterMode

    x, w, b, _, _ = three(CASES["plain"])
    with FlopCounterMode(display=False) as counter:
        conv.conv2d(x, w, b, padding=1)
    assert counter.get_total_flops() > 0 and not calls


def test_small_convolutions_are_not_compiled(calls, monkeypatch):
    monkeypatch.setattr(compiled, "SMALLEST", 100_000)
    for size, expected in (((30, 30), []), ((100, 100), ["convolve"])):
        arguments = three((2, 1, 8, size, 3, 1, 1, 1))
        kernels.convolve(*arguments[:3], arguments[4])
        assert calls == expected


def test_switched_off(calls):
    arguments = three(CASES["plain"])
    in_pytorch(*arguments)
    assert not calls
    compiled.use(False)
    assert "switched off" in compiled.status()
    compiled.use(True)
    assert "by compiled loops" in compiled.status()


# A script that convolves once, and says how.
SCRIPT = """
import sys
{before}
import torch
from helpers import conv
assert sys.modules.get("numba") is None
torch.manual_seed(0)
x, w = torch.rand(1, 8, 40, 40), torch.rand(8, 8, 3, 3)
difference = conv.conv2d(x, w, padding=1) - torch.nn.functional.conv2d(x, w, padding=1)
assert difference.abs().max() < 1e-4
print(sys.modules.get("numba") is not None)
print(conv.compiled.status())
"""


def run(before="", root=ROOT, **variables):
    """Run the script in a process of its own; return its lines, and what it says beside."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("REPORT_", "NUMBA_"))}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(before=before)],
        env=kept | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"} | variables,
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


def test_without_numba():
    lines, said = run("sys.modules['numba'] = None")
    assert lines[0] == "False" and "in PyTorch: Numba is not installed" in lines[1] and not said


def test_switched_off_by_a_variable():
    lines, said = run(REPORT_COMPILED="0")
    assert lines[0] == "False" and "switched off" in lines[1] and not said


def test_compiled_once_and_anew_after_an_edit_of_any_file(tmp_path):
    shutil.copytree(ROOT / "helpers", tmp_path / "helpers")  # no Makefile beside it: installed
    run_here = partial(run, root=tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
    for edited in (None, "vectors.py"):
        if edited:
            with (tmp_path / "helpers" / "conv" / "compiled" / edited).open("a") as file:
                file.write("# edited\n")
        for said in ("helpers.conv compiles its loops, once: some seconds\n", ""):
            lines, told = run_here()
            assert lines[0] == "True" and "by compiled loops" in lines[1] and told == said
    assert len(list((tmp_path / "cache" / "convolution-report").iterdir())) == 2


FORK = """
import os, torch
torch.set_num_threads(2)
from helpers import conv
x, w = torch.rand(8, 8, 40, 40), torch.rand(8, 8, 3, 3)
before = conv.conv2d(x, w).numpy().tobytes()
child = os.fork()
same = conv.conv2d(x, w).numpy().tobytes() == before
if child == 0:
    os._exit(0 if same else 1)
assert same and os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_forked_process_convolves_in_several_threads():
    """torch's own operations wait for ever there."""
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", FORK], env=variables, check=True, timeout=120)


def test_folders_of_old_sources_are_removed(tmp_path):
    from helpers.conv.compiled import cache

    for age in range(cache.KEPT + 2):
        (tmp_path / str(age)).mkdir()
        os.utime(tmp_path / str(age), (age, age))
    cache.tidy(tmp_path)
    kept = range(2, cache.KEPT + 2)
    assert {folder.name for folder in tmp_path.iterdir()} == set(map(str, kept))


def test_without_a_place_for_a_cache(tmp_path):
    shutil.copytree(ROOT / "helpers", tmp_path / "helpers")
    lines, said = run(root=tmp_path, XDG_CACHE_HOME=os.devnull)
    assert "by compiled loops" in lines[1] and "no folder to keep it in" in said


def test_a_lesson_for_the_report_says_nothing(tmp_path):
    _, said = run(XDG_CACHE_HOME=str(tmp_path), NUMBA_CACHE_DIR=str(tmp_path), REPORT_FIGURES="1")
    assert not said
