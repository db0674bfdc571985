"""Shares the work of a compiled loop among torch's own threads.

A thread of OpenMP, with which torch computes, waits for more work in a busy loop, for milliseconds.
Threads of another pool would have to share the processor with it. So the OpenMP library of torch
calls the loops; where it cannot be found, a pool of threads does after all.
"""

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from llvmlite import ir
from numba import carray, cfunc, int64, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.unsafe.ndarray import to_fixed_tuple

from helpers.conv.compiled.cache import FOLDER, OPTIONS, cached
from helpers.conv.compiled.vectors import numbers

_HOME = os.getpid()  # OpenMP's threads are not there in a process that was forked from this one
_INT = ir.IntType(64)
_LINE = 128  # bytes: two threads never write to the same line of a cache
_HEAD = 7  # numbers of a job before the arguments of the loop


class OpenMP(NamedTuple):
    """What a library of OpenMP offers."""

    parallel: Callable  # calls a function in several threads
    asked: list[int]  # addresses of the functions that give a thread's number, and how many


@lru_cache
def openmp() -> OpenMP | None:
    """Return the OpenMP library that torch computes with, or None where it is not found."""
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return None
    paths = {Path(line[line.index("/") :]) for line in lines if "/" in line}
    found = sorted(p for p in paths if p.name.startswith(("libgomp", "libiomp5", "libomp")))
    own = [path for path in found if Path(torch.__file__).parent in path.parents]
    for path in own or found[: len(found) == 1]:  # of several, one cannot tell which is torch's
        library = ctypes.CDLL(str(path))
        if hasattr(library, "GOMP_parallel"):
            parallel = library.GOMP_parallel
            parallel.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint)
            asked = library.omp_get_thread_num, library.omp_get_num_threads
            return OpenMP(parallel, [ctypes.cast(f, ctypes.c_void_p).value for f in asked])
    return None


@lru_cache(maxsize=1)
def _pool(process: int) -> ThreadPoolExecutor:
    """Return a pool of threads; a process that was forked needs its own."""
    return ThreadPoolExecutor(os.cpu_count(), "helpers.conv")


@intrinsic
def _ask(typing, function):
    """Call a function of C, by its address, that takes nothing and returns an int."""

    def code(context, builder, signature, args):
        kind = ir.FunctionType(ir.IntType(32), [])
        return builder.sext(builder.call(builder.inttoptr(args[0], kind.as_pointer()), []), _INT)

    return types.int64(types.int64), code


@intrinsic
def _call(typing, function, arguments):
    """Call a function of C, by its address, with a tuple of ints."""

    def code(context, builder, signature, args):
        values = cgutils.unpack_tuple(builder, args[1], arguments.count)
        kind = ir.FunctionType(ir.VoidType(), [_INT] * arguments.count)
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), values)
        return context.get_dummy_value()

    return types.void(types.int64, arguments), code


@lru_cache
def _entry(kernel, n: int) -> int:
    """Return the address of a loop as a function of C that takes ``n`` ints."""
    compile = cfunc(types.void(*[types.int64] * n), cache=FOLDER is not None, **OPTIONS)
    return cached(compile, kernel.py_func).address


@lru_cache
def _body(n: int) -> int:
    """Return the address of what a thread calls: it does its parts of a job of ``n`` arguments."""

    def body(job_):
        job = numbers(job_, int64)
        kernel, parts, count, memory, size = job[2], job[3], job[4], job[5], job[6]
        arguments = to_fixed_tuple(carray(job, _HEAD + n)[_HEAD:], n)
        for i in range(_ask(job[0]), parts, _ask(job[1])):
            part = memory + i * size, count * i // parts, count * (i + 1) // parts
            _call(kernel, arguments + part)

    compile = cfunc(types.void(types.int64), cache=FOLDER is not None, **OPTIONS)
    return cached(compile, body).address


def share(kernel, arguments, scratch: int, n: int, each: int = 0) -> None:
    """Call ``kernel(*arguments, memory, first, last)`` for parts of ``range(n)``.

    There is a part for each of torch's threads, and each has memory of ``scratch`` bytes, and of
    ``each`` bytes for every number from ``first`` to ``last``.
    """
    parts = min(torch.get_num_threads(), n)
    size = scratch + each * -(-n // parts)
    size = -(-size // _LINE) * _LINE
    memory = torch.empty(parts * size, dtype=torch.uint8, device="cpu")
    if parts == 1:
        kernel(*arguments, memory.data_ptr(), 0, n)
    elif os.getpid() == _HOME and (library := openmp()):
        entry = _entry(kernel, len(arguments) + 3)
        job = [*library.asked, entry, parts, n, memory.data_ptr(), size, *arguments]
        job = np.array(job, np.int64)
        library.parallel(_body(len(arguments)), job.ctypes.data, parts, 0)
    else:
        work = [
            _pool(os.getpid()).submit(
                kernel,
                *arguments,
                memory.data_ptr() + i * size,
                n * i // parts,
                n * (i + 1) // parts,
            )
            for i in range(parts)
        ]
        for part in work:
            part.result()
