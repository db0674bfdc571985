"""The variables of child processes: what makes their results the same, and their steps fast."""

import os
import platform
from pathlib import Path

ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# Freed memory is kept: given back to the system and asked for again in every step, it costs a third
# of the time.
KEEP_MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
}
SETS = {
    "avx2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4",
        "NUMBA_CPU_NAME": "x86-64-v3",
        "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma",
    },
    "default": {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 X86_V3",
        "NUMBA_CPU_NAME": "x86-64-v2",
        "NUMBA_CPU_FEATURES": "+sse4.2",
    },
}


def instructions(name: str | None = None) -> dict[str, str]:
    """Return the variables that fix the instructions of the processor which libraries use.

    ``name`` is a key of ``SETS``; by default AVX2 where the processor has it, so that last digits
    do not depend on its age. Elsewhere, as on ARM, nothing is set: the names would be unknown.
    Raises ValueError for another name.
    """
    if name is None:
        return SETS["avx2"] if "avx2" in _flags() else {}
    if name not in SETS:
        raise ValueError(f"instructions {name!r} are unknown; choose one of: {', '.join(SETS)}")
    return SETS[name]


def _flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> set[str]:
    """Return what an x86 processor can do, in the words of Linux."""
    if platform.machine().lower() not in ("x86_64", "amd64") or not cpuinfo.is_file():
        return set()
    lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    return set(next((line for line in lines if line.startswith("flags")), "").split())


# Beginnings of the names of variables that change what Python and its libraries compute or print.
_USERS_OWN = (
    *("PYTHON", "IPYTHON", "JUPYTER_", "MPL", "MATPLOTLIB", "SOURCE_DATE_EPOCH"),
    *("TORCH", "PYTORCH_", "ATEN_", "ONEDNN_", "DNNL_", "MKL", "OMP_", "KMP_", "NPY_", "MALLOC_"),
    *("NUMBA_", "REPORT_COMPILED"),
)


def kernel(root: Path, scratch: Path, lasting: Path, name: str | None = None) -> dict[str, str]:
    """Return the whole environment of a lesson's kernel.

    The kernel is that of the running Python, ``helpers`` is that of ``root``, and settings of the
    user's own (Python, IPython, Jupyter, matplotlib, torch) play no part. ``scratch`` is an empty
    folder for files of the session, ``lasting`` one that keeps matplotlib's list of fonts.
    """
    others = {key: text for key, text in os.environ.items() if not key.startswith(_USERS_OWN)}
    return others | {
        "REPORT_FIGURES": "1",
        "SOURCE_DATE_EPOCH": "0",
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONPATH": str(root),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_DATA_DIR": str(scratch / "data"),
        "JUPYTER_CONFIG_DIR": str(scratch / "config"),
        "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
        "IPYTHONDIR": str(scratch / "ipython"),
        "MPLCONFIGDIR": str(lasting / "matplotlib"),
        **ONE_THREAD,
        **KEEP_MEMORY,
        **instructions(name),
    }
