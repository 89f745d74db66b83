"""Random calls of the structured ops: folds, products, windows, index ops, sorts and random bits, of every kind of type and attribute."""

from collections.abc import Callable
from itertools import cycle

import numpy as np
from ml_dtypes import bfloat16, float8_e4m3fn, int4
from weft.compiler.ir.graph import region
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.contraction import dot
from weft.compiler.ops.convolution import conv
from weft.compiler.ops.helpers import const
from weft.compiler.ops.registry import OPS
from weft.proto.dtypes import C64, F32, F64, I32, U8, U32, U64, from_numpy

from ..ops.calls import body, scalar, scalars
from ..ops.harness import array_of, param
from ..ops.test_folds import FOLDS, argmax_body, windows
from ..ops.test_gather_scatter import random_gather, scatter_dims
from ..ops.test_products import numbers, random_conv, random_dot
from .batch import Batch
from .bounds import BOUNDS, EXACT, Bound

NUMBERS = (
    np.float32,
    np.float64,
    np.float16,
    bfloat16,
    np.complex64,
    np.int8,
    np.uint8,
    np.int32,
    np.int64,
    np.uint64,
    np.bool_,
    int4,
    float8_e4m3fn,
)
FLOATS = (np.float32, np.float64, np.float16, bfloat16)


def fold_bound(op: str, monoid: str) -> Bound:
    """Sums and products round in an order of their own; everything else has one result."""
    return BOUNDS[op] if monoid in ("add", "multiply") else EXACT


def sample(shape: tuple[int, ...], dtype: type, seed: int, special: bool) -> np.ndarray:
    """Random numbers, with a NaN and infinities if `special` and there are any."""
    rng = np.random.default_rng(seed)
    x = numbers(rng, shape, dtype)
    if special and x.size and np.dtype(dtype) in map(np.dtype, FLOATS):
        flat = x.reshape(-1)
        flat[rng.integers(0, x.size, 3)] = [np.nan, np.inf, -np.inf]
    return x


_MOST_FACTORS = 64


def reductions(seed: int) -> Batch:
    """reduce: every monoid over random dims, several operands at once, bodies that are no monoid, captures."""
    rng, batch = np.random.default_rng(seed), Batch()
    for k, dtype in enumerate(NUMBERS):
        d = from_numpy(np.dtype(dtype))
        for name in FOLDS:
            if name in ("and", "or", "xor") and not (d.is_int or d.is_bool):
                continue
            shape = tuple(rng.integers(0 if k % 3 == 0 else 1, 9, int(rng.integers(1, 5))).tolist())
            dims = tuple(rng.permutation(len(shape))[: rng.integers(0, len(shape) + 1)].tolist())
            # Products of hundreds overflow the kernel's accumulator and not the reference's wider one (docs/numerics.md).
            while name == "multiply" and np.prod([shape[d] for d in dims]) > _MOST_FACTORS:
                dims = dims[:-1]
            x, init = sample(shape, dtype, seed + k, special=name in ("minimum", "maximum", "add")), sample((), dtype, seed, special=False)
            batch.build(
                f"reduce {name} {d} over {dims}",
                lambda x, i, name=name, d=d, dims=dims: OPS["reduce"](x, i, dimensions=dims, body=body(name, d)),
                x, init, bound=fold_bound("reduce", name),
            )  # fmt: skip
    _odd_bodies(batch, rng)
    return batch


def _odd_bodies(batch: Batch, rng: np.random.Generator) -> None:
    decay = scalars(lambda a, b: OPS["add"](OPS["multiply"](a, const(np.float32(0.5))), b), F32, F32)
    both = scalars(lambda a, i, b, j: (OPS["add"](a, b), OPS["maximum"](j, i)), F32, I32, F32, I32)
    p = [param(scalar(F32)) for _ in range(3)]
    captures = region(p, [OPS["subtract"](OPS["multiply"](p[1], p[2]), p[0])])
    complex_minimum = body("minimum", C64)
    for shape, dims in (
        ((7, 33), (1,)),
        ((7, 33), (0,)),
        ((3, 5, 20), (0, 2)),
        ((40,), (0,)),
        ((0, 4), (0,)),
        ((4, 0), (0,)),
        ((5, 17), ()),
    ):
        x = rng.standard_normal(shape).astype(np.float32)
        at = rng.permutation(x.size).reshape(shape).astype(np.int32)
        zero, none = np.float32(0.25), np.float32(-np.inf)
        batch.build(f"decay over {dims}", lambda x, i, dims=dims: OPS["reduce"](x, i, dimensions=dims, body=decay), x, zero)
        batch.build(
            f"argmax over {dims}",
            lambda x, i, u, v, dims=dims: OPS["reduce"](x, i, u, v, dimensions=dims, body=argmax_body()),
            x,
            at,
            none,
            np.int32(0),
        )
        batch.build(
            f"sum and maximum over {dims}", lambda x, i, u, v, dims=dims: OPS["reduce"](x, i, u, v, dimensions=dims, body=both),
            x, at, zero, np.int32(-1), bound=BOUNDS["reduce"],
        )  # fmt: skip
        batch.build(
            f"captures over {dims}",
            lambda x, i, c, dims=dims: OPS["reduce"](x, i, dimensions=dims, body=captures, captures=(c,)),
            x,
            zero,
            none,
        )
        z = (x + 1j * np.roll(x, 1)).astype(np.complex64)
        batch.build(
            f"least complex over {dims}",
            lambda x, i, dims=dims: OPS["reduce"](x, i, dimensions=dims, body=complex_minimum),
            z,
            z.dtype.type(1),
        )
    wide = rng.integers(-128, 128, (9, 300)).astype(np.int8)
    batch.build("i8 summed in i32", lambda x, i: OPS["reduce"](x, i, dimensions=(1,), body=body("add", I32)), wide, np.int8(3))


def windows_of(seed: int) -> Batch:
    """reduce_window with all of its attributes."""
    batch, dtypes = Batch(), cycle((np.float32, np.int32, bfloat16, np.uint8, np.float64, np.complex64))
    for k in range(14):
        shape, attrs = windows(seed * 100 + k)
        dtype = next(dtypes)
        d = from_numpy(np.dtype(dtype))
        for name in ("add", "maximum", "subtract"):
            x = sample(shape, dtype, k, special=name == "maximum")
            batch.build(
                f"reduce_window {name} {d} {attrs}",
                lambda x, i, name=name, d=d, attrs=attrs: OPS["reduce_window"](x, i, body=body(name, d), **attrs),
                x, sample((), dtype, k, special=False),
                bound=BOUNDS["reduce_window"] if d.is_complex else fold_bound("reduce_window", name),
            )  # fmt: skip
    return batch


def pools(seed: int) -> Batch:
    """Windows as networks have them, with an elementwise epilogue, and the gradient of one."""
    rng, batch = np.random.default_rng(seed), Batch()
    x = rng.standard_normal((2, 3, 13, 17)).astype(np.float32)
    attrs = {"window_dimensions": (1, 1, 3, 3), "window_strides": (1, 1, 2, 2), "padding": ((0, 0), (0, 0), (1, 1), (0, 1))}
    for name, init in (("maximum", np.float32(-np.inf)), ("add", np.float32(0))):
        batch.build(
            f"pool {name}", lambda x, i, name=name: OPS["negate"](OPS["reduce_window"](x, i, body=body(name), **attrs)), x, init,
            bound=fold_bound("reduce_window", name),
        )  # fmt: skip
    select = body("compare", F32, comparison_direction="GE")
    window = {"window_dimensions": (1, 1, 2, 3), "window_strides": (1, 1, 2, 3)}
    source = rng.standard_normal((2, 3, 6, 5)).astype(np.float32)
    batch.build(
        "select_and_scatter", lambda x, s, i: OPS["select_and_scatter"](x, s, i, select=select, scatter=body("add"), **window),
        x, source, np.float32(0), bound=BOUNDS["scatter"],
    )  # fmt: skip
    return batch


def products(seed: int) -> Batch:
    """dot_general with batch and contracting dims in any order."""
    batch, dtypes = Batch(), cycle(NUMBERS)
    for k in range(26):
        left, right, dims = random_dot(seed * 100 + k)
        dtype = next(dtypes)
        x, y = sample(left, dtype, k, special=k % 4 == 0), sample(right, dtype, k + 1, special=False)
        batch.build(f"dot {np.dtype(dtype)} {dims}", lambda x, y, dims=dims: dot(x, y, dims), x, y, bound=BOUNDS["dot_general"])
    rng = np.random.default_rng(seed)
    from weft.compiler.ir.attrs import DotDims

    plain = DotDims((), (), (1,), (0,))
    for left, right, wide in ((np.int8, np.int8, I32), (np.uint8, np.int8, I32), (bfloat16, bfloat16, F32), (np.float32, np.float32, F64)):
        x, y = numbers(rng, (9, 70), left), numbers(rng, (70, 21), right)
        batch.build(f"dot {x.dtype} into {wide}", lambda x, y, wide=wide: dot(x, y, plain, wide), x, y, bound=BOUNDS["dot_general"])
    for m, k, n in ((1, 64, 100), (37, 129, 65), (100, 3, 1), (64, 300, 33)):
        x, y, b = (rng.standard_normal(s).astype(np.float32) for s in ((m, k), (k, n), (n,)))

        def layer(x, y, b, m=m, n=n):
            z = OPS["broadcast_in_dim"](b, broadcast_dimensions=(1,), result=TensorType(F32, (m, n)))
            return OPS["add"](dot(x, y, plain), z)

        batch.build(f"layer {m}x{k}x{n}", layer, x, y, b, bound=BOUNDS["dot_general"])
    return batch


def convolutions(seed: int) -> Batch:
    """convolution with all of its attributes."""
    batch, dtypes = Batch(), cycle((np.float32, np.float32, np.float64, bfloat16, np.complex64, np.int8, np.uint32, np.bool_))
    for k in range(24):
        dtype = next(dtypes)
        x, w, dims, keywords = random_conv(seed * 100 + k, dtype)
        batch.build(
            f"conv {x.dtype} {dims} {keywords}", lambda x, w, d=dims, k=keywords: conv(x, w, d, **k), x, w, bound=BOUNDS["convolution"]
        )
    return batch


def gathers(seed: int) -> Batch:
    """gather and scatter with all dimension numbers."""
    batch = Batch()
    dtypes, indices = cycle((np.int32, np.float32, np.complex64, np.bool_, bfloat16)), cycle((np.int64, np.int32, np.int8, np.uint64))
    for k in range(20):
        shape, at_shape, dims, sizes = random_gather(seed * 100 + k)
        rng = np.random.default_rng(k)
        x, it = numbers(rng, shape, next(dtypes)), next(indices)
        at = rng.integers(0 if it is np.uint64 else -3, 6, at_shape).astype(it)
        build = lambda x, i, dims=dims, sizes=sizes: OPS["gather"](x, i, dimension_numbers=dims, slice_sizes=sizes)  # noqa: E731
        batch.build(f"gather {dims} {sizes}", build, x, at)
        updates = build(param(TensorType(from_numpy(x.dtype), x.shape)), param(TensorType(from_numpy(at.dtype), at.shape))).shape
        u, d = numbers(rng, updates, x.dtype.type), from_numpy(x.dtype)
        bodies = {"keep": scalars(lambda a, b: b, d, d), "add": body("add", d), "maximum": body("maximum", d)}
        for name, update in bodies.items():
            batch.build(
                f"scatter {name} {d} {dims}",
                lambda x, i, u, f=update, d=scatter_dims(dims): OPS["scatter"](x, i, u, scatter_dimension_numbers=d, update_computation=f),
                x, at, u, bound=fold_bound("scatter", name),
            )  # fmt: skip
    return batch


def comparator(direction: str, kind: str | None, *dtypes: type) -> object:
    extra = {"compare_type": kind} if kind else {}
    compare = lambda a, b, *rest: OPS["compare"](a, b, comparison_direction=direction, **extra)  # noqa: E731
    return scalars(compare, *(from_numpy(np.dtype(d)) for d in dtypes for _ in range(2)))


def sorts(seed: int) -> Batch:
    """sort along any dim, stable and not, with companions, with orders that nothing recognises."""
    rng, batch = np.random.default_rng(seed), Batch()
    for dtype in (np.float32, np.float16, bfloat16, np.float64, np.int8, np.uint64, int4, np.bool_):
        for direction in ("LT", "GT"):
            shape = tuple(rng.integers(1, 24, int(rng.integers(1, 4))).tolist())
            dim = int(rng.integers(-len(shape), len(shape)))
            f = comparator(direction, None, dtype)
            batch.build(
                f"sort {np.dtype(dtype)}{shape} along {dim}",
                lambda x, f=f, dim=dim: OPS["sort"](x, dimension=dim, is_stable=True, comparator=f),
                numbers(rng, shape, dtype),
            )
    odd = array_of(TensorType(F32, (3, 60)), seed)
    total = comparator("LT", "TOTALORDER", np.float32)
    batch.build("sort in total order", lambda x: OPS["bitcast_convert"](
        OPS["sort"](x, dimension=1, is_stable=True, comparator=total), result=TensorType(U32, (3, 60))
    ), np.where(np.isnan(odd), np.float32(np.nan), odd))  # fmt: skip
    keys = rng.integers(0, 5, (4, 70)).astype(np.int32)
    at = np.broadcast_to(np.arange(70, dtype=np.int32), keys.shape).copy()
    squares = scalars(
        lambda a, b, c, d: OPS["compare"](OPS["multiply"](a, a), OPS["multiply"](b, b), comparison_direction="LT"), I32, I32, I32, I32
    )
    for name, f in (("by key", comparator("LT", None, np.int32, np.int32)), ("by square", squares)):
        batch.build(f"sort {name}", lambda x, i, f=f: OPS["sort"](x, i, dimension=1, is_stable=True, comparator=f), keys - 2, at)
    for shape in ((0,), (3, 0), (0, 3), (1,)):
        f = comparator("LT", None, np.float32)
        batch.build(f"sort {shape}", lambda x, f=f: OPS["sort"](x, dimension=0, comparator=f), np.zeros(shape, np.float32))
    return batch


def random_bits(seed: int) -> Batch:
    """rng_bit_generator: algorithms, types, shapes, counters that wrap."""
    batch = Batch()
    for algorithm, words in (("THREE_FRY", 2), ("PHILOX", 2), ("PHILOX", 3), ("DEFAULT", 3)):
        for d in (U8, U32, U64) if algorithm == "PHILOX" else (U32, F32):
            for shape in ((), (3, 4), (0, 2), (5, 3, 33)):
                state = np.array([seed + 5, 2**64 - 3, 9][:words], np.uint64)
                results = (TensorType(U64, state.shape), TensorType(d, shape))
                batch.build(
                    f"{algorithm} {d}{shape}",
                    lambda s, a=algorithm, r=results: OPS["rng_bit_generator"](s, rng_algorithm=a, result=r),
                    state,
                )
    return batch


def moves(seed: int) -> Batch:
    """Dynamic slices at indices in and out of bounds, and moves of data that follow each other."""
    rng, batch = np.random.default_rng(seed), Batch()
    for dtype in (np.float32, np.int8, np.bool_, np.complex64, bfloat16):
        for index in (np.int32, np.int8, np.uint64):
            rank = int(rng.integers(1, 4))
            shape = tuple(rng.integers(1, 8, rank).tolist())
            sizes = tuple(int(rng.integers(0, n + 1)) for n in shape)
            x, u = numbers(rng, shape, dtype), numbers(rng, sizes, dtype)
            at = [np.asarray(rng.integers(0 if index is np.uint64 else -4, 9)).astype(index) for _ in shape]
            batch.build(
                f"dynamic_slice {shape} {sizes}", lambda x, *at, sizes=sizes: OPS["dynamic_slice"](x, *at, slice_sizes=sizes), x, *at
            )
            batch.build(f"dynamic_update_slice {shape} {sizes}", OPS["dynamic_update_slice"], x, u, *at)
    for permutation in ((1, 0, 2), (2, 1, 0), (0, 2, 1)):
        x = rng.standard_normal((9, 33, 18)).astype(np.float32)

        def shuffle(x, permutation=permutation):
            y = OPS["transpose"](x, permutation=permutation)
            z = OPS["reverse"](OPS["reshape"](y, result=TensorType(F32, (27, 198))), dimensions=(1,))
            return OPS["concatenate"](z, OPS["add"](z, z), dimension=0), y

        batch.build(f"shuffle {permutation}", shuffle, x)
    return batch


KINDS: dict[str, Callable[[int], Batch]] = {
    "reduce": reductions,
    "reduce_window": windows_of,
    "pools": pools,
    "dot_general": products,
    "convolution": convolutions,
    "gather and scatter": gathers,
    "sort": sorts,
    "rng_bit_generator": random_bits,
    "moves": moves,
}
