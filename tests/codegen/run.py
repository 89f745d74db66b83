"""Runs the kernel of one fusion on numpy arrays, without a VM: for tests of code generators."""

import ctypes
import mmap
from collections.abc import Sequence

import numpy as np
from weft.compiler.codegen.cpu import emit_kernel, microkernel
from weft.compiler.codegen.kernel import Kernel
from weft.compiler.codegen.link import link
from weft.compiler.codegen.llvm import compile_module
from weft.compiler.codegen.support import support_objects
from weft.compiler.codegen.target import LEVELS, Target, supported
from weft.compiler.interpreter import evaluate as evaluate_graph
from weft.compiler.ir.dims import Expr, Symbol, evaluate
from weft.compiler.ir.graph import Node, Value, region
from weft.compiler.ir.types import TensorType

TARGETS = [t for t in LEVELS.values() if supported(t)]
HOST = TARGETS[-1]
# The lowest level, the one above it, and the best; fewer where the machine has fewer.
SOME_TARGETS = list(dict.fromkeys((TARGETS[0], TARGETS[min(1, len(TARGETS) - 1)], HOST)))


def fusion(kind: str, params: Sequence[Value], results: Sequence[Value]) -> Node:
    """A `weft.fusion` node over fresh operands of the types of `params`."""
    body = region(params, results)
    operands = tuple(Value(p.type) for p in params)
    return Node("weft.fusion", operands, {"kind": kind}, (body,), tuple(v.type for v in results))


def bind_symbols(params: Sequence[Value], arrays: Sequence[np.ndarray]) -> dict[str, int]:
    """The values of symbols that are dims of params."""
    found: dict[str, int] = {}
    for p, array in zip(params, arrays, strict=True):
        for d, n in zip(p.tensor.shape, array.shape, strict=True):
            match d:
                case Expr(terms=(((Symbol(name),), 1),)):
                    found[name] = n
                case _:
                    pass
    return found


def concrete(t: TensorType, symbols: dict[str, int]) -> TensorType:
    return TensorType(t.dtype, tuple(evaluate(d, symbols) for d in t.shape))


def run_fusion(
    node: Node, arrays: Sequence[np.ndarray], target: Target = HOST, *, symbols: dict[str, int] | None = None, order: int = 1
) -> tuple[np.ndarray, ...]:
    """The results of a fusion's kernel; chunks run one by one, from the last to the first if `order` is -1."""
    return Loaded(node, target)(arrays, symbols=symbols, order=order)


class Loaded:
    """A fusion's kernel, compiled and mapped."""

    def __init__(self, node: Node, target: Target = HOST) -> None:
        self.node = node
        self.kernel: Kernel = emit_kernel(node, target)
        modules = [self.kernel.ir, *(microkernel.source(name, target) for name in self.kernel.needs)]
        image = link([compile_module(ir, target) for ir in modules], support_objects(target))
        size = -(-len(image.data) // mmap.PAGESIZE) * mmap.PAGESIZE
        self._memory = mmap.mmap(-1, size, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self._memory.write(image.data)
        base = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        address = base + image.symbols[self.kernel.name]
        self.function = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(address)

    def prepare(self, arrays: Sequence[np.ndarray], symbols: dict[str, int] | None = None):
        """(results, call): `call(begin, end)` runs chunks; `call.chunks` is their number."""
        (body,) = self.node.regions
        bound = bind_symbols(body.params, arrays) | (symbols or {})
        types = [concrete(v.tensor, bound) for v in body.results]
        # Guard bytes around results: a kernel must not write outside them.
        stores = [np.full(t.size * t.dtype.itemsize + 128, 0xA5, np.uint8) for t in types]
        results = [s[64 : len(s) - 64].view(t.dtype.numpy).reshape(t.shape) for s, t in zip(stores, types, strict=True)]
        inputs = [np.ascontiguousarray(a).reshape(a.shape) for a in arrays]
        slots = [a.ctypes.data for a in inputs] + [r.ctypes.data for r in results]
        slots += [bound[name] for name in self.kernel.symbols]
        args = np.array(slots, np.int64)
        scratch = np.zeros(evaluate(self.kernel.scratch_bytes, bound) + 64, np.uint8)
        cancel = np.zeros(1, np.int32)
        ctx = np.array([-(-scratch.ctypes.data // 64) * 64, 0, cancel.ctypes.data], np.int64)
        chunks = evaluate(self.kernel.chunks, bound)

        def call(begin: int, end: int) -> int:
            return self.function(ctx.ctypes.data, args.ctypes.data, begin, end)

        call.chunks = chunks
        call.alive = (inputs, args, scratch, cancel, ctx, stores)
        return results, call

    def __call__(self, arrays: Sequence[np.ndarray], *, symbols: dict[str, int] | None = None, order: int = 1) -> tuple[np.ndarray, ...]:
        results, call = self.prepare(arrays, symbols)
        for chunk in range(call.chunks)[::order]:
            assert call(chunk, chunk + 1) == 0
        for store in call.alive[5]:
            assert (store[:64] == 0xA5).all() and (store[-64:] == 0xA5).all(), "wrote outside a result"
        return tuple(results)


def reference(node: Node, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The results of a fusion's region by the reference interpreter."""
    return evaluate_graph(node.regions[0], *arrays)


def check(node: Node, arrays: Sequence[np.ndarray], target: Target = HOST, *, rtol: float = 0.0, atol: float = 0.0) -> Loaded:
    """Asserts that a fusion's kernel agrees with the reference, chunks in either order."""
    loaded = Loaded(node, target)
    want = reference(node, arrays)
    for order in (1, -1):
        for got, expected in zip(loaded(arrays, order=order), want, strict=True):
            assert_close(got, expected, rtol, atol)
    return loaded


def assert_close(got: np.ndarray, want: np.ndarray, rtol: float, atol: float) -> None:
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    if want.dtype.type.__module__ != "numpy":  # of ml_dtypes: numpy does not know its NaN
        got, want = got.astype(np.float64), want.astype(np.float64)
    if rtol or atol:
        np.testing.assert_allclose(got, want, rtol=rtol, atol=atol)
    else:
        np.testing.assert_array_equal(got, want)
