"""Results do not depend on the number of threads, nor on the run; and a program may be called by many threads at once."""

import hashlib
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
import weft
from weft.compiler.ir.attrs import ConvDims, DotDims, GatherDims
from weft.compiler.ir.graph import function, module, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.contraction import dot
from weft.compiler.ops.convolution import conv
from weft.compiler.ops.helpers import const
from weft.compiler.ops.registry import OPS
from weft.proto.dtypes import F32, U32, U64
from weft.vm import VM
from weft.vm.pool import cpu_count

from ..ops.calls import body
from ..ops.test_gather_scatter import scatter_dims
from .batch import Batch
from .bounds import BOUNDS, Bound
from .structured import KINDS, comparator

PLAIN = DotDims((), (), (1,), (0,))
NCHW = ConvDims(0, 1, (2, 3), 1, 0, (2, 3), 0, 1, (2, 3))
ROWS = GatherDims((1,), (0,), (), (), (0,), 1)


def softmax(x):
    rows, columns = x.shape
    wide = lambda v: OPS["broadcast_in_dim"](v, broadcast_dimensions=(0,), result=TensorType(F32, (rows, columns)))  # noqa: E731
    largest = OPS["reduce"](x, const(np.float32(-np.inf)), dimensions=(1,), body=body("maximum"))
    e = OPS["exponential"](OPS["subtract"](x, wide(largest)))
    return OPS["divide"](e, wide(OPS["reduce"](e, const(np.float32(0)), dimensions=(1,), body=body("add"))))


def large(seed: int) -> Batch:
    """One call of each kind of kernel, with several chunks."""
    rng, batch = np.random.default_rng(seed), Batch()
    x, y = (rng.standard_normal((300, 515)).astype(np.float32) for _ in range(2))
    zero = np.float32(0)
    batch.build("map", lambda x, y: OPS["tanh"](OPS["multiply"](x, y)), x, y, bound=BOUNDS["tanh"])
    batch.build("transpose", lambda x: OPS["transpose"](x, permutation=(1, 0)), x)
    batch.build("rows", softmax, x, bound=Bound(16))
    for dims in ((0,), (1,), (0, 1)):
        batch.build(
            f"reduce {dims}",
            lambda x, i, dims=dims: OPS["reduce"](x, i, dimensions=dims, body=body("add")),
            x,
            zero,
            bound=BOUNDS["reduce"],
        )
    w = rng.standard_normal((515, 200)).astype(np.float32)
    batch.build("matmul", lambda x, w: dot(x, w, PLAIN), x, w, bound=BOUNDS["dot_general"])
    image, kernel = rng.standard_normal((1, 32, 28, 30)).astype(np.float32), rng.standard_normal((48, 32, 3, 3)).astype(np.float32)
    batch.build("conv", lambda x: conv(x, const(kernel), NCHW, padding=((1, 1), (1, 1))), image, bound=BOUNDS["convolution"])
    pool = {"window_dimensions": (1, 1, 3, 3), "window_strides": (1, 1, 2, 2)}
    batch.build("window", lambda x, i: OPS["reduce_window"](x, i, body=body("add"), **pool), image, zero, bound=BOUNDS["reduce_window"])
    batch.build(
        "sort",
        lambda x: OPS["sort"](x, dimension=1, is_stable=True, comparator=comparator("LT", None, np.float32)),
        np.abs(x) + np.float32(1),
    )
    at = rng.integers(0, 300, 400).astype(np.int32)
    batch.build("gather", lambda x, i: OPS["gather"](x, i, dimension_numbers=ROWS, slice_sizes=(1, 515)), x, at)
    u = rng.standard_normal((400, 515)).astype(np.float32)
    batch.build(
        "scatter", lambda x, i, u: OPS["scatter"](x, i, u, scatter_dimension_numbers=scatter_dims(ROWS), update_computation=body("add")),
        x, at, u, bound=BOUNDS["scatter"],
    )  # fmt: skip
    results = (TensorType(U64, (2,)), TensorType(U32, (100, 333)))
    batch.build("rng", lambda s: OPS["rng_bit_generator"](s, rng_algorithm="PHILOX", result=results), np.array([3, 4], np.uint64))
    return batch


@pytest.mark.parametrize("kind", [*KINDS, "large"])
def test_bits_do_not_depend_on_threads(kind: str) -> None:
    batch = large(0) if kind == "large" else KINDS[kind](1)
    program = batch.compile()
    first = batch.results(batch.check_program(VM(threads=1).load(program)))
    for threads in (2, 8, 8):
        again = batch.results(VM(threads=threads).load(program))
        assert all(x.tobytes() == y.tobytes() for x, y in zip(first, again, strict=True)), f"{threads} threads"


def stack() -> weft.Module:
    """A few layers, each shared by several threads."""
    x = param(TensorType(F32, (256, 512)), "x")
    rng, y = np.random.default_rng(0), x
    for _ in range(4):
        w = const((rng.standard_normal((512, 512)) / 23).astype(np.float32))
        y = OPS["tanh"](dot(y, w, PLAIN))
    return module(function("main", [x], [y]))


def test_many_threads_call_one_program() -> None:
    main = VM().load(weft.compile(stack()))["main"]
    inputs = [np.random.default_rng(k).standard_normal((256, 512)).astype(np.float32) for k in range(8)]
    wanted = [main(x) for x in inputs]
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(4):
            if not np.array_equal(main(inputs[k]), wanted[k]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert not wrong and not any(t.is_alive() for t in threads)


def cores_used(work: Callable[[], object], threads: int) -> float:
    """CPU time over wall time of `threads` threads that do `work`."""
    wall, cpu = time.perf_counter(), time.process_time()
    callers = [threading.Thread(target=work) for _ in range(threads)]
    for c in callers:
        c.start()
    for c in callers:
        c.join()
    return (time.process_time() - cpu) / (time.perf_counter() - wall)


@pytest.mark.slow
@pytest.mark.skipif(cpu_count() < 2, reason="needs two CPUs")
@pytest.mark.parametrize("threads", [1, 8])
def test_two_cores_are_used(threads: int) -> None:
    """By one caller whose kernels are shared, and by eight callers; tried while the machine gives two plain threads two cores."""
    main = VM(threads=2).load(weft.compile(stack()))["main"]
    x = np.random.default_rng(0).standard_normal((256, 512)).astype(np.float32)
    main(x)
    data, free = bytes(1 << 26), 0
    for _ in range(20):
        if cores_used(lambda: hashlib.sha256(data).digest(), 2) < 1.7:
            continue
        free += 1
        if cores_used(lambda: [main(x) for _ in range(160 // threads)], threads) > 1.3:
            return
    if free < 3:
        pytest.skip("the machine is busy")
    raise AssertionError("never more than 1.3 cores")
