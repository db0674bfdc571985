"""The processor that Numba compiles for, and the tiles that suit its registers."""

from llvmlite import binding
from numba.core import config


def _features() -> set[str]:
    """Return what the processor can do, in LLVM's words; NUMBA_CPU_FEATURES says otherwise."""
    if config.CPU_FEATURES is not None:
        return {word[1:] for word in config.CPU_FEATURES.split(",") if word.startswith("+")}
    return {name for name, is_there in binding.get_host_cpu_features().items() if is_there}


_has = _features()
WIDTH = 64 if "avx512f" in _has else 32 if "avx" in _has else 16  # bytes of a register
# Registers for a tile: the others, of 32 or 16, hold what is multiplied.
SUMS = 28 if "avx512f" in _has or "neon" in _has else 12


def even(n: int, most: int) -> int:
    """Return the size of parts, at most ``most``, that cover ``n`` with the least overlap."""
    return -(-n // -(-n // most))


def _run(numbers: int, itemsize: int) -> int:
    """Return L: numbers of a register, or fewer where there are few of them."""
    L = WIDTH // itemsize
    while L > 4 and L // 2 >= numbers:
        L //= 2
    return L


def tile(rows: int, columns: int, itemsize: int) -> tuple[int, int, int]:
    """Return P, V, L: a tile takes P of ``rows``, and V runs of L of ``columns``."""
    L = _run(columns, itemsize)
    runs = -(-columns // L)
    V = next(v for v in (2, 3, 1) if runs % v == 0)
    return even(rows, SUMS // V), V, L


def window(rows: int, numbers: int, itemsize: int) -> tuple[int, int, int]:
    """Return V, L, wide: a tile takes all ``rows`` of a window, and V runs of L of its ``numbers``.

    ``wide`` numbers, in full tiles, hold those of a row.
    """
    L = _run(numbers, itemsize)
    runs = -(-numbers // L)
    V = even(runs, max(1, SUMS // rows))
    return V, L, -(-runs // V) * V * L
