"""The variables of child processes fit the processor and leave out what is the user's own."""

import platform

import pytest

from commands import environment


@pytest.mark.parametrize(
    ("machine", "flags", "pinned"),
    [
        ("x86_64", "fpu avx avx2 fma", True),
        ("AMD64", "fpu avx avx2 fma", True),
        ("x86_64", "fpu sse4_2", False),
        ("aarch64", "avx2", False),
        ("arm64", None, False),
    ],
)
def test_instructions_are_fixed_only_where_the_processor_has_them(
    monkeypatch, tmp_path, machine, flags, pinned
):
    cpuinfo = tmp_path / "cpuinfo"
    if flags:
        cpuinfo.write_text(f"processor : 0\nflags\t\t: {flags}\n")
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert ("avx2" in environment._flags(cpuinfo)) == pinned


def test_instructions_by_name():
    assert environment.instructions("default")["ATEN_CPU_CAPABILITY"] == "default"
    with pytest.raises(ValueError, match="'avx9' are unknown; choose one of: avx2, default"):
        environment.instructions("avx9")


def test_nothing_is_set_where_avx2_is_missing(monkeypatch):
    monkeypatch.setattr(environment, "_flags", lambda: {"sse4_2"})
    assert environment.instructions() == {}


def test_a_kernel_has_ours_not_the_users(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "16")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")  # says what there is, and stays
    theirs = ("PYTHONOPTIMIZE", "PYTHONDEVMODE", "JUPYTER_PATH", "MPLBACKEND", "MATPLOTLIBRC")
    theirs += ("ONEDNN_VERBOSE", "MKL_CBWR", "KMP_AFFINITY", "TORCH_LOGS", "PYTORCH_JIT")
    for name in theirs:
        monkeypatch.setenv(name, "2")
    variables = environment.kernel(tmp_path, tmp_path / "scratch", tmp_path / "build")
    assert variables["OMP_NUM_THREADS"] == "1" and variables["PYTHONPATH"] == str(tmp_path)
    assert not set(theirs) & set(variables)
    assert variables["CUDA_VISIBLE_DEVICES"] == "1" and variables["PATH"]
