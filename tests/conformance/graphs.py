"""Random graphs whose results are exact: every op in them has one right result, so that interpreter, pipeline and kernels must agree bit
for bit.

Floats are whole numbers small enough for any order of summation to be exact where they are summed, and anything (NaN, infinities,
denormals) where they are not. A float function that rounds in its own way may only be the last op of a graph.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from weft.compiler.ir.attrs import DotDims, GatherDims
from weft.compiler.ir.graph import Function, Region, Value, function, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.contraction import dot
from weft.compiler.ops.helpers import const
from weft.compiler.ops.registry import OPS
from weft.proto.dtypes import BF16, BOOL, C64, F16, F32, F64, I8, I32, I64, U8, DType

from ..ops.calls import body
from ..ops.harness import array_of
from .bounds import EXACT, Bound, bound_of

DTYPES = (F32, F32, F32, F64, F16, BF16, I32, I64, I8, U8, BOOL, C64)
# Magnitudes up to which sums of whole numbers are exact.
EXACT_UP_TO = {F32: 2**24, F64: 2**53, F16: 2**11, BF16: 2**8}
FUNCTIONS = ("exponential", "tanh", "logistic", "log", "sine", "rsqrt", "cbrt", "weft.erf")


@dataclass(eq=False)
class Graph:
    """A graph in the making. `whole` has a bound for the magnitude of each value that holds whole numbers alone."""

    rng: np.random.Generator
    pool: list[Value] = field(default_factory=list)
    whole: dict[Value, int] = field(default_factory=dict)
    rounded: dict[Value, Bound] = field(default_factory=dict)

    def pick(self, *options: object) -> object:
        return options[int(self.rng.integers(len(options)))]

    def value(self, where: Callable[[Value], bool] = lambda v: True) -> Value | None:
        """A random value of the pool that fits, later ones rather."""
        fitting = [v for v in self.pool if v not in self.rounded and where(v)]
        return fitting[-1 - min(int(self.rng.geometric(0.3)) - 1, len(fitting) - 1)] if fitting else None

    def add(self, v: Value, whole: int | None = None) -> Value:
        self.pool.append(v)
        if whole is not None:
            self.whole[v] = whole
        return v


def dims_of(g: Graph) -> tuple[int, ...]:
    sizes = [0, 1, 1, 2, 3, 4, 5, 7, 8, 16, 17, 33]
    shape = tuple(int(g.rng.choice(sizes)) for _ in range(int(g.rng.integers(0, 4))))
    return shape if np.prod(shape, dtype=int) <= 2000 else shape[:2]


def is_number(v: Value) -> bool:
    return not v.dtype.is_bool and not v.dtype.is_complex


def unary(g: Graph) -> None:
    x = g.value()
    if x is None:
        return
    if x.dtype.is_bool:
        g.add(OPS["not"](x))
        return
    names = ["negate"] if x.dtype.is_unsigned or x.dtype.is_complex else ["negate", "abs", "sign"]
    if x.dtype.is_float:
        names += ["floor", "ceil", "round_nearest_even", "sqrt", "is_finite"]
    name = str(g.pick(*names))
    bound = g.whole.get(x) if name in ("negate", "abs", "sign", "floor", "ceil", "round_nearest_even") else None
    g.add(OPS[name](x), bound)


def binary(g: Graph) -> None:
    x = g.value()
    y = x and g.value(lambda v: v.type == x.type)
    if x is None or y is None:
        return
    if x.dtype.is_bool:
        g.add(OPS[str(g.pick("and", "or", "xor"))](x, y))
        return
    names = (
        ["add", "subtract"]
        if x.dtype.is_complex
        else ["add", "subtract", "multiply", "maximum", "minimum", "compare", "divide", "remainder"]
    )
    name = str(g.pick(*names))
    if name == "compare":
        g.add(OPS["compare"](x, y, comparison_direction=str(g.pick("LT", "GE", "EQ", "NE"))))
        return
    a, b = g.whole.get(x), g.whole.get(y)
    bound = None
    if a is not None and b is not None and name not in ("divide", "remainder"):
        bound = a * b if name == "multiply" else max(a, b) if name in ("maximum", "minimum") else a + b
        bound = bound if bound <= EXACT_UP_TO.get(x.dtype, 0) else None
    g.add(OPS[name](x, y), bound)


def choose(g: Graph) -> None:
    x = g.value()
    y = x and g.value(lambda v: v.type == x.type)
    if x is None or y is None:
        return
    p = g.value(lambda v: v.dtype is BOOL and (v.shape == x.shape or v.shape == ()))
    bounds = [b for b in (g.whole.get(x), g.whole.get(y)) if b is not None]
    if p is not None:
        g.add(OPS["select"](p, x, y), max(bounds) if len(bounds) == 2 else None)
    elif is_number(x):
        lo, hi = const(-1 if not x.dtype.is_unsigned else 1, x.dtype), const(3, x.dtype)
        g.add(OPS["clamp"](lo, x, hi), max(3, g.whole[x]) if x in g.whole else None)


def convert(g: Graph) -> None:
    x = g.value(lambda v: not v.dtype.is_complex)
    if x is None:
        return
    to = DTYPES[int(g.rng.integers(len(DTYPES)))]
    bound = g.whole.get(x)
    kept = bound if bound is not None and to.is_float and bound <= EXACT_UP_TO[to] else None
    if x.dtype.bits <= 8 and to in EXACT_UP_TO and (to is not BF16 or x.dtype.is_bool):
        kept = 1 if x.dtype.is_bool else 255
    g.add(OPS["convert"](x, result=x.tensor.with_dtype(to)), kept)


def move(g: Graph) -> None:
    x = g.value()
    if x is None:
        return
    rng, shape, rank = g.rng, x.shape, len(x.shape)
    match str(g.pick("transpose", "reverse", "slice", "pad", "reshape", "broadcast", "concatenate", "dynamic_slice")):
        case "transpose":
            y = OPS["transpose"](x, permutation=tuple(rng.permutation(rank).tolist()))
        case "reverse":
            y = OPS["reverse"](x, dimensions=tuple(d for d in range(rank) if rng.integers(2)))
        case "slice":
            start = tuple(int(rng.integers(0, n + 1)) for n in shape)
            limit = tuple(int(rng.integers(s, n + 1)) for s, n in zip(start, shape, strict=True))
            y = OPS["slice"](x, start_indices=start, limit_indices=limit, strides=tuple(rng.integers(1, 4, rank).tolist()))
        case "pad":
            low, high = (tuple(rng.integers(-(min(shape, default=0) // 2), 3, rank).tolist()) for _ in range(2))
            interior = tuple(rng.integers(0, 2, rank).tolist())
            y = OPS["pad"](x, const(1, x.dtype), edge_padding_low=low, edge_padding_high=high, interior_padding=interior)
        case "reshape":
            y = OPS["reshape"](x, result=TensorType(x.dtype, regrouped(shape, rng)))
        case "broadcast":
            at = int(rng.integers(0, rank + 1))
            n = int(rng.choice([0, 1, 2, 5, 16]))
            wider = TensorType(x.dtype, (*shape[:at], n, *shape[at:]))
            y = OPS["broadcast_in_dim"](x, broadcast_dimensions=tuple(d + (d >= at) for d in range(rank)), result=wider)
        case "concatenate" if rank:
            d = int(rng.integers(rank))
            like = lambda v: v.dtype == x.dtype and len(v.shape) == rank and v.shape[:d] + v.shape[d + 1 :] == shape[:d] + shape[d + 1 :]  # noqa: E731
            other = g.value(like) or x
            bounds = [g.whole.get(v) for v in (x, other)]
            g.add(OPS["concatenate"](x, other, x, dimension=d), None if None in bounds else max(b for b in bounds if b is not None))
            return
        case _:
            sizes = tuple(int(rng.integers(0, n + 1)) for n in shape)
            y = OPS["dynamic_slice"](x, *(const(int(rng.integers(-2, 5)), I32) for _ in shape), slice_sizes=sizes)
    if y.tensor.size <= 20_000:  # type: ignore[operator]
        g.add(y, max(1, g.whole[x]) if x in g.whole else None)


def regrouped(shape: tuple[int, ...], rng: np.random.Generator) -> tuple[int, ...]:
    """Another shape of as many elements: dims split, merged and ones put in."""
    dims = list(shape)
    for _ in range(int(rng.integers(1, 4))):
        match int(rng.integers(3)):
            case 0 if len(dims) > 1:
                k = int(rng.integers(len(dims) - 1))
                dims[k : k + 2] = [dims[k] * dims[k + 1]]
            case 1 if dims:
                k = int(rng.integers(len(dims)))
                factor = next((f for f in (2, 3, 5, 4) if dims[k] and dims[k] % f == 0), 1)
                dims[k : k + 1] = [factor, dims[k] // factor]
            case _:
                dims.insert(int(rng.integers(len(dims) + 1)), 1)
    return tuple(dims[:6]) if len(dims) <= 6 else shape


def fold(g: Graph) -> None:
    """A reduction: of anything by what is exact in any order, of whole numbers by sums."""
    x = g.value(lambda v: bool(v.shape) and not v.dtype.is_complex)
    if x is None:
        return
    rank = len(x.shape)
    dims = tuple(sorted(g.rng.permutation(rank)[: int(g.rng.integers(1, rank + 1))].tolist()))
    count = int(np.prod([x.shape[d] for d in dims], dtype=int))
    names = ["and", "or"] if x.dtype.is_bool else ["maximum", "minimum"]
    bound = g.whole.get(x)
    total = None if bound is None else bound * count + 1
    summed = x.dtype.is_int or (total is not None and total <= EXACT_UP_TO.get(x.dtype, 0))
    name = str(g.pick(*names, *(["add", "add"] if summed else [])))
    y = OPS["reduce"](x, const(1, x.dtype), dimensions=dims, body=body(name, x.dtype))
    g.add(y, total if name == "add" else None if bound is None else max(1, bound))
    if g.rng.integers(2) and is_number(x) and len(dims) < rank:
        # Back over the rows, as normalisations do.
        kept = tuple(d for d in range(rank) if d not in dims)
        wide = OPS["broadcast_in_dim"](y, broadcast_dimensions=kept, result=x.type)
        g.add(OPS["subtract"](x, wide), None)


def multiply(g: Graph) -> None:
    """A product of whole numbers that is exact."""
    x = g.value(lambda v: len(v.shape) >= 1 and (v.dtype.is_int or v in g.whole))
    if x is None:
        return
    k = x.shape[-1]
    n = int(g.rng.choice([1, 3, 8, 17]))
    b = 2
    bound = g.whole[x] * b * k if x in g.whole else None
    if x.dtype.is_float and (bound is None or bound > EXACT_UP_TO[x.dtype]):
        return
    w = const(g.rng.integers(0, b + 1, (k, n)).astype(x.dtype.numpy))
    y = dot(x, w, DotDims((), (), (len(x.shape) - 1,), (0,)))
    # The sign of a zero that a sum of products gives is open: here it becomes +0.
    g.add(OPS["add"](y, const(np.zeros(y.shape, y.dtype.numpy))), bound)


def gather(g: Graph) -> None:
    x = g.value(lambda v: len(v.shape) == 2)
    if x is None or not x.shape[0]:
        return
    at = const(g.rng.integers(-1, x.shape[0] + 2, int(g.rng.integers(0, 6))).astype(np.int32))
    y = OPS["gather"](x, at, dimension_numbers=GatherDims((1,), (0,), (), (), (0,), 1), slice_sizes=(1, x.shape[1]))
    g.add(y, g.whole.get(x))


def branch(g: Graph) -> None:
    """An `if` or a `case` on captured values."""
    x = g.value()
    if x is None:
        return
    regions = [_region(x.type, k) for k in range(int(g.rng.integers(2, 4)))]
    p = g.value(lambda v: v.dtype is BOOL and v.shape == ())
    if p is not None:
        y = OPS["if"](p, true_branch=regions[0], false_branch=regions[1], captures=(x,))
    else:
        i = const(int(g.rng.integers(-1, 4)), I32) if g.rng.integers(2) else param(TensorType(I32, ()))
        y = OPS["case"](g.add(i) if i.node is None else i, branches=tuple(regions), captures=(x,))
    g.add(y[0] if isinstance(y, tuple) else y)


def _region(t: object, k: int) -> Region:
    x = param(t)  # type: ignore[arg-type]
    y = x if k == 0 else OPS["or"](x, x) if x.dtype.is_bool else OPS["add"](x, x) if k == 1 else OPS["negate"](x)
    return Region((x,), () if y is x else (y.node,), (y,))  # type: ignore[arg-type]


def repeat(g: Graph) -> None:
    """A `while` of a few steps over a value and a counter, with a captured value, and now and then an `if` inside."""
    x = g.value(is_number)
    y = x and g.value(lambda v: v.type == x.type)
    if x is None or y is None:
        return
    counter = TensorType(I32, ())
    limit = int(g.rng.integers(0, 5))
    i, v, c = param(counter), param(x.type), param(x.type)
    less = OPS["compare"](i, const(limit, I32), comparison_direction="LT")
    cond = Region((i, v, c), (less.node.operands[1].node, less.node), (less,))
    i, v, c = param(counter), param(x.type), param(x.type)
    after = OPS["subtract"](c, v)
    if g.rng.integers(2):
        odd = OPS["compare"](OPS["and"](i, const(1, I32)), const(1, I32), comparison_direction="EQ")
        found = OPS["if"](odd, true_branch=_region(x.type, 1), false_branch=_region(x.type, 2), captures=(after,))
        after = found[0] if isinstance(found, tuple) else found
    step = function("body", (i, v, c), (OPS["add"](i, const(1, I32)), after))
    results = OPS["while"](const(0, I32), x, cond=cond, body=Region(step.params, step.nodes, step.results), captures=(y,))
    g.add(results[1])


STEPS = (unary, unary, binary, binary, binary, choose, convert, move, move, move, fold, fold, multiply, gather)


def random_graph(seed: int, size: int = 12, control: bool = False) -> tuple[Function, list[list[np.ndarray]], list[Bound]]:
    """A function of up to `size` random ops, arguments of two runs, and the bound of each of its results."""
    g = Graph(np.random.default_rng(seed))
    tame: dict[Value, bool] = {}
    for k in range(int(g.rng.integers(1, 5))):
        dtype, shape = DTYPES[int(g.rng.integers(len(DTYPES)))], dims_of(g)
        for _ in range(int(g.rng.integers(1, 3))):
            p = g.add(param(TensorType(dtype, shape), f"x{len(g.pool)}"))
            tame[p] = k == 0 or bool(g.rng.integers(2))
            if dtype.is_float and tame[p]:
                g.whole[p] = 3
    steps = (*STEPS, branch, repeat, repeat) if control else STEPS
    for _ in range(size):
        steps[int(g.rng.integers(len(steps)))](g)
    last = g.value(lambda v: v.dtype.is_float)
    if last is not None and g.rng.integers(3) == 0:
        name = str(g.pick(*FUNCTIONS))
        g.rounded[g.add(OPS[name](last))] = bound_of(name)
    used = {v for w in g.pool if w.node for v in w.node.operands}
    results = [v for v in g.pool if v not in used][-6:] or g.pool[-1:]
    results.append(g.pool[int(g.rng.integers(len(g.pool)))])
    params = [v for v in g.pool if v.node is None]
    runs = [[_data(p, tame.get(p, True), g.rng) for p in params] for _ in range(2)]
    return function("main", params, results), runs, [g.rounded.get(v, EXACT) for v in results]


def _data(p: Value, tame: bool, rng: np.random.Generator) -> np.ndarray:
    t: TensorType = p.tensor
    dtype: DType = t.dtype
    if tame and (dtype.is_float or dtype.is_int):
        return rng.integers(0 if dtype.is_unsigned else -3, 4, t.static_shape).astype(dtype.numpy)
    return array_of(t, int(rng.integers(1 << 30)))
