"""Running generated code in the test process."""

import ctypes
import mmap
import os
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from weft.compiler.codegen.cpu.shared import shared_source
from weft.compiler.codegen.kernel import Kernel
from weft.compiler.codegen.link import Image, link
from weft.compiler.codegen.llvm import compile_module
from weft.compiler.codegen.support import support_objects
from weft.compiler.codegen.target import Target
from weft.compiler.ir.dims import evaluate


@pytest.fixture
def mapped() -> Callable[[Image], dict[str, int]]:
    """Maps an image read-execute and gives the addresses of its symbols; it stays mapped while the test runs."""
    alive: list[mmap.mmap] = []

    def map_image(image: Image) -> dict[str, int]:
        handle = os.memfd_create("weft-test")
        try:
            os.write(handle, image.data)
            memory = mmap.mmap(handle, len(image.data), prot=mmap.PROT_READ | mmap.PROT_EXEC)
        finally:
            os.close(handle)
        alive.append(memory)
        base = np.frombuffer(memory, np.uint8).ctypes.data
        return {name: base + offset for name, offset in image.symbols.items()}

    return map_image


@pytest.fixture
def call(mapped: Callable[[Image], dict[str, int]]) -> Callable[..., int]:
    """`call(image, name, *arguments)`: an i64 function of integers and arrays (passed by address)."""

    def call_function(image: Image, name: str, *arguments: int | np.ndarray) -> int:
        values = [a.ctypes.data if isinstance(a, np.ndarray) else a for a in arguments]
        function = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * len(values))(mapped(image)[name])
        return function(*values)

    return call_function


@pytest.fixture
def run(mapped: Callable[[Image], dict[str, int]]) -> Callable[..., list[np.ndarray]]:
    """`run(kernel, target, operands, result_shapes, symbols={})`: the results of a kernel.

    All chunks run in one call or, `one_by_one`, in as many, last first.

    Operands lie right before and after an unmapped page each time, so that reading beyond either end is a crash.
    """

    def run_kernel(
        kernel: Kernel,
        target: Target,
        operands: list[np.ndarray],
        shapes: list[tuple[int, ...]],
        symbols: dict[str, int] | None = None,
        *,
        dtypes: list[np.dtype] | None = None,
        one_by_one: bool = False,
    ) -> list[np.ndarray]:
        symbols = symbols or {}
        objects = [_object(text, target) for text in (kernel.ir, *(shared_source(name, target) for name in kernel.needs))]
        image = link(objects[:1], [*objects[1:], *support_objects(target)])
        function = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 2)(mapped(image)[kernel.name])
        kinds = dtypes or [operands[0].dtype] * len(shapes)
        chunks = evaluate(kernel.chunks, symbols)
        for at_end in (False, True):
            fenced = [_fenced(a, at_end) for a in operands]
            results = [_fenced(np.full(s, 77, t), at_end) for s, t in zip(shapes, kinds, strict=True)]
            scratch = np.full(evaluate(kernel.scratch_bytes, symbols) // 64 * 64 + 128, 0xFF, np.uint8)  # NaN: what is read must be written
            ctx = np.array([(scratch.ctypes.data + 63) // 64 * 64, 0, 0], np.int64)
            slots = np.array([*(a.ctypes.data for a in (*fenced, *results)), *(symbols[n] for n in kernel.symbols)], np.int64)
            spans = [(c, c + 1) for c in reversed(range(chunks))] if one_by_one else [(0, chunks)]
            for begin, end in spans:
                assert function(ctx.ctypes.data, slots.ctypes.data, begin, end) == 0
        return results

    return run_kernel


@cache
def _object(text: str, target: Target) -> bytes:
    return compile_module(text, target)


def _fenced(array: np.ndarray, at_end: bool) -> np.ndarray:
    """A copy that ends, or begins, where memory ends."""
    page = mmap.PAGESIZE
    room = -(-max(array.nbytes, 1) // page) * page
    memory = mmap.mmap(-1, room + 2 * page)
    base = np.frombuffer(memory, np.uint8).ctypes.data
    for fence in (base, base + page + room):
        assert _mprotect(ctypes.c_void_p(fence), page, 0) == 0
    start = page + (room - array.nbytes if at_end else 0)
    copy = np.frombuffer(memory, array.dtype, array.size, start).reshape(array.shape) if array.size else array.copy()
    copy[...] = array
    return copy


_mprotect = ctypes.CDLL(None).mprotect
_mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
