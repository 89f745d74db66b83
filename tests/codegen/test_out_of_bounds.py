"""Indices out of bounds: what StableHLO says, and no byte outside the arrays is touched, whatever an index holds.

Arrays lie against pages that cannot be read, so that one element too far is a signal; kernels run in a child process for that reason.
"""

import ctypes
import mmap
import os
import traceback
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import pytest
from weft.compiler.ir.attrs import GatherDims, ScatterDims
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import Node, Value
from weft.proto.dtypes import ALL, F32, I8, I64, U64, DType

from .run import HOST, TARGETS, Loaded, assert_close, fusion, reference
from .test_map import op, p
from .test_scatter import body

INDICES = [d for d in ALL if d.is_int]  # down to two bits
EVERYWHERE = [(HOST, i) for i in INDICES] + [(t, i) for t in TARGETS[:-1] for i in (I8, I64, U64)]
ROWS, SIZE = 3, 5
_PROTECT = ctypes.CDLL(None, use_errno=True).mprotect


def guarded(array: np.ndarray, at_end: bool) -> np.ndarray:
    """A copy that ends (or begins) at a page that cannot be touched."""
    room = -(-max(array.nbytes, 1) // mmap.PAGESIZE) * mmap.PAGESIZE
    memory = mmap.mmap(-1, room + 2 * mmap.PAGESIZE)
    base = np.frombuffer(memory, np.uint8)
    for offset in (0, mmap.PAGESIZE + room):
        assert _PROTECT(ctypes.c_void_p(base.ctypes.data + offset), mmap.PAGESIZE, 0) == 0
    start = mmap.PAGESIZE + (room - array.nbytes if at_end else 0)
    copy = base[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def in_child(call: Callable[[], None]) -> None:
    """Run in a child process; its failure, or the signal that ended it, is ours."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            call()
        except BaseException:  # noqa: BLE001 - told to the parent
            os.write(write, traceback.format_exc()[-3000:].encode() or b"?")
            os._exit(1)
        os._exit(0)
    os.close(write)
    with open(read, encoding="utf-8") as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    assert status == 0, said or f"ended by signal {os.WTERMSIG(status)}"


def check(node: Node, sets: list[list[np.ndarray]], target: object) -> None:
    """The kernel agrees with the reference on every set of arrays, wherever they lie."""
    loaded = Loaded(node, target)  # type: ignore[arg-type]

    def run() -> None:
        for arrays in sets:
            want = reference(node, arrays)
            for at_end in (True, False):
                held = [guarded(a, at_end) for a in arrays]
                for got, expected in zip(loaded(held), want, strict=True):
                    assert_close(got, expected, 0, 0)

    in_child(run)


def extremes(index: DType, n: int) -> list[int]:
    """Indices of a dim of size n: within, just outside, and as far outside as the type goes."""
    bits = index.bits
    lo, hi = (-(1 << bits - 1), (1 << bits - 1) - 1) if index.is_signed else (0, (1 << bits) - 1)
    wanted = (0, n - 1, n, n + 1, -1, -n, lo, lo + 1, hi, hi - 1, hi // 2, 1 << 31, 1 << 32, 1 << 63, (1 << 32) + 1)
    return sorted({i for i in wanted if lo <= i <= hi})


def starts(index: DType, *shape: int) -> np.ndarray:
    """Every combination of extreme indices for the dims, as rows."""
    every = list(product(*(extremes(index, n) for n in shape)))
    return np.array(every, object).astype(index.numpy)


def numbers(*shape: int) -> np.ndarray:
    return np.arange(1, 1 + int(np.prod(shape)), dtype=np.float32).reshape(shape)


def cases(index: DType) -> Iterator[tuple[str, list[Value], list[Value], list[list[np.ndarray]]]]:
    """(kind, params, results, sets of arrays) of every op that reads or writes at computed places."""
    at = starts(index, ROWS, SIZE)
    x, i = p(F32, ROWS, SIZE), p(index, len(at), 2)
    arrays = [numbers(ROWS, SIZE), at]
    for sizes, dims in (
        ((1, 1), GatherDims((), (0, 1), (), (), (0, 1), 1)),
        ((2, 3), GatherDims((1, 2), (), (), (), (0, 1), 1)),
        ((1, 0), GatherDims((), (0, 1), (), (), (0, 1), 1)),
        ((1, 5), GatherDims((1,), (0,), (), (), (0, 1), 1)),
        ((0, 5), GatherDims((1,), (0,), (), (), (0, 1), 1)),
    ):
        yield "map", [x, i], [op("gather", x, i, dimension_numbers=dims, slice_sizes=sizes, indices_are_sorted=False)], [arrays]
    a, b, u = p(index), p(index), p(F32, 2, 4)
    sets = [[numbers(ROWS, SIZE), *(np.array(k, index.numpy) for k in row)] for row in at]
    yield "map", [x, a, b], [op("dynamic_slice", x, a, b, slice_sizes=(2, 4))], sets
    yield "map", [x, u, a, b], [op("dynamic_update_slice", x, u, a, b)], [[s[0], -numbers(2, 4), *s[1:]] for s in sets]
    for window, d in (((), ScatterDims((), (0, 1), (), (), (0, 1), 1)), ((2, 3), ScatterDims((1, 2), (), (), (), (0, 1), 1))):
        v = p(F32, len(at), *window)
        for name in ("replace", "add"):
            found = op("scatter", x, i, v, scatter_dimension_numbers=d, update_computation=body(name, F32))
            yield "scatter", [x, i, v], [found], [[*arrays, -numbers(len(at), *window)]]


@pytest.mark.parametrize(("target", "index"), EVERYWHERE, ids=str)
def test_every_index(target: object, index: DType) -> None:
    for kind, params, results, sets in cases(index):
        check(fusion(kind, params, results), sets, target)


def test_nothing_to_index() -> None:
    """A dim that turns out to be empty: gather finds zeros, scatter writes nothing."""
    n = symbol("N", 0)
    x, i, v = p(F32, n), p(I64, 3, 1), p(F32, 3)
    found = op("gather", x, i, dimension_numbers=GatherDims((), (0,), (), (), (0,), 1), slice_sizes=(1,), indices_are_sorted=False)
    put = op("scatter", x, i, v, scatter_dimension_numbers=ScatterDims((), (0,), (), (), (0,), 1), update_computation=body("add", F32))
    gathered, scattered = Loaded(fusion("map", [x, i], [found])), Loaded(fusion("scatter", [x, i, v], [put]))
    at = np.array([[0], [-1], [1 << 62]], np.int64)

    def run() -> None:
        empty = guarded(np.zeros(0, np.float32), True)
        assert gathered([empty, at])[0].tolist() == [0, 0, 0]
        assert scattered([empty, at, numbers(3)])[0].size == 0

    in_child(run)
