"""What every op is tested with: rows of operand types and attributes, data for them, and four checks that need no expectation written down.

A `Row` is a call that must work. For each, `check_row` asks that inference and reference agree on shapes and element types, that the
op's elements computed one by one (`lower`, `element`) are those of the reference, that inference on symbolic dims gives what it gives on
numbers, and that StableHLO's own interpreter, which comes with jaxlib, accepts the op and computes the same. A `Rejection` is a call that
must fail with a code.

A new op needs its rows and no test of its own.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from weft.compiler import ops as all_ops
from weft.compiler.interpreter import concrete_attr, concrete_type, evaluate
from weft.compiler.ir.dims import Dim, symbol
from weft.compiler.ir.graph import Node, Region, Value, function, param
from weft.compiler.ir.types import TensorType, TokenType, TupleType, Type
from weft.compiler.ops.numeric import limits
from weft.compiler.ops.registry import REQUIRED, op_of
from weft.proto.dtypes import ALL, BY_NAME, F64, STRING, DType
from weft.proto.errors import WeftError

from . import stablehlo
from .elements import ScalarBuilder

assert all_ops
DTYPES = tuple(d for d in ALL if d is not STRING)
# Stand-ins for the letter T of a row: one of each way to be stored and handled.
ANY_DTYPE = ("f32", "i1", "i4", "ui64", "bf16", "complex<f32>")


@dataclass(frozen=True)
class Row:
    """A valid call: types as in `2x3xf32`; an upper-case dim such as `N` is a symbol; the element type `T` stands for several.

    Results may be `ulps` units in the last place apart. `tame` asks for small data that is not zero, for ops that leave the rest open.
    """

    op: str
    operands: tuple[str, ...]
    attrs: Mapping[str, object] = field(default_factory=dict)
    result: str | None = None
    regions: Mapping[str, Region] = field(default_factory=dict)
    oracle: bool = True
    ulps: int = 0
    tame: bool = False

    def __str__(self) -> str:
        attrs = "".join(f" {k}={v}" for k, v in self.attrs.items())
        return f"{self.op}({', '.join(self.operands)}){attrs}{f' -> {self.result}' if self.result else ''}"


@dataclass(frozen=True)
class Rejection:
    """A call that inference must refuse with `code`."""

    code: str
    op: str
    operands: tuple[str, ...]
    attrs: Mapping[str, object] = field(default_factory=dict)
    result: str | None = None
    regions: Mapping[str, Region] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.op}({', '.join(self.operands)})"


# Sizes that symbols of rows take when data is needed.
SIZES = {"N": 3, "M": 5, "B": 2, "Z": 0}


def row_modules() -> list[ModuleType]:
    """The `rows_*.py` beside this file."""
    return [import_module(f".{p.stem}", __package__) for p in sorted(Path(__file__).parent.glob("rows_*.py"))]


def dim(text: str) -> Dim:
    """`4`, `N`, or a symbol with a factor or an offset: `2N`, `N+1`."""
    m = re.fullmatch(r"(-?\d+)|(\d*)([A-Z])([+-]\d+)?", text)
    assert m, text
    if m[1]:
        return int(m[1])
    return symbol(m[3], 0 if m[3] == "Z" else 1) * int(m[2] or 1) + int(m[4] or 0)


def parse_type(text: str) -> Type:
    """A type from `2xNxf32`, `token` or `tuple<f32, token>`."""
    if text == "token":
        return TokenType()
    if m := re.fullmatch(r"tuple<(.*)>", text):
        return TupleType(tuple(parse_type(t) for t in m[1].split(", ") if t))
    dims, dtype = re.fullmatch(r"((?:[-+\dA-Z]+x)*)(.*)", text).groups()  # type: ignore[union-attr]
    return TensorType(BY_NAME[dtype], tuple(map(dim, dims.split("x")[:-1])))


def spread(row: Row) -> Iterator[Row]:
    """The row for each element type that `T` stands for, or the row itself."""
    texts = (*row.operands, row.result or "")
    if not any(re.search(r"(^|x)T$", t) for t in texts):
        yield row
        return
    for name in ANY_DTYPE:
        put = [re.sub(r"(^|x)T$", lambda m: m[1] + name, t) for t in texts]  # noqa: B023
        yield replace(row, operands=tuple(put[:-1]), result=put[-1] or None)


def infer(row: Row | Rejection) -> tuple[Type, ...]:
    """Inference on a row."""
    op = op_of(row.op)
    result = [parse_type(row.result)] if row.result else []
    regions = [row.regions[name] for name in op.regions]
    defaults = {k: v for k, v in op.attrs.items() if v is not REQUIRED}
    return op.infer_types([parse_type(t) for t in row.operands], {**defaults, **row.attrs}, regions, result)  # type: ignore[arg-type]


def concrete(t: Type) -> Type:
    """The type with `SIZES` for its symbols."""
    return concrete_type(t, SIZES)


def _specials(dtype: DType) -> list[object]:
    if dtype.is_bool:
        return [False, True]
    if dtype.is_int:
        lo, hi = limits(dtype)
        return [lo, hi, 0, 1, hi - 1, -1 if dtype.is_signed else hi // 2, 2 if dtype.bits > 2 else 1]
    plain = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e-4, 3.0, np.inf, -np.inf, np.nan, 65504.0, -1e30, 1e-40, 1e30, 1e-7]
    return [complex(a, b) for a, b in zip(plain[:8], plain[3:11], strict=True)] if dtype.is_complex else list(plain)


def array_of(t: TensorType, seed: int, tame: bool = False) -> np.ndarray:
    """Data of a type: the values that go wrong first, among small random numbers. `tame` data is small and not zero."""
    rng = np.random.default_rng(seed)
    shape = t.static_shape
    small = rng.integers(1, 4, shape) if not t.dtype.is_float and not t.dtype.is_complex else rng.standard_normal(shape) + 0.01
    if t.dtype.is_complex:
        small = small + 1j * rng.standard_normal(shape)
    with np.errstate(all="ignore"):
        if t.dtype.is_bool:
            return np.asarray(rng.integers(0, 2, shape) > 0)
        lo = 0 if t.dtype.is_unsigned or tame else -2
        data = np.asarray(small + (rng.integers(lo, 3, shape) if not tame and t.dtype.is_int and t.dtype.bits > 2 else 0))
        array = np.asarray(np.clip(data, 0, 1) if t.dtype.bits == 2 else data).astype(t.dtype.numpy)
        if not tame and array.size:
            values = np.array(_specials(t.dtype)[: array.size * 2], dtype=object)
            flat = array.reshape(-1)
            where = rng.random(flat.shape) < 0.6
            picks = rng.integers(0, len(values), flat.shape)
            for i in np.flatnonzero(where):
                flat[i] = np.array(values[picks[i]]).astype(t.dtype.numpy)
        return array


def build(row: Row) -> tuple[Node, tuple[Value, ...]]:
    """The node of a row on parameters of concrete types, and the parameters."""
    params = tuple(param(concrete(parse_type(t))) for t in row.operands)
    given = {"result": concrete(parse_type(row.result))} if row.result else {}
    attrs = {k: concrete_attr(v, SIZES) for k, v in row.attrs.items()}  # type: ignore[arg-type]
    built = op_of(row.op)(*params, **given, **attrs, **row.regions)
    return (built[0] if isinstance(built, tuple) else built).node, params


def same(x: np.ndarray, y: np.ndarray, ulps: int = 0) -> None:
    """Equal dtype and shape, and elements equal (NaN to NaN) or, with `ulps`, within so many units of the last place of the dtype."""
    assert (x.dtype, x.shape) == (y.dtype, y.shape)
    if x.dtype.kind == "c":
        if ulps:
            # Parts cancel: what can be asked is that the number is near.
            assert (np.abs(x - y) <= 8 * ulps * np.finfo(x.dtype).eps * np.abs(y)).all(), (x, y)
            return
        same(np.ascontiguousarray(x.real), np.ascontiguousarray(y.real))
        same(np.ascontiguousarray(x.imag), np.ascontiguousarray(y.imag))
        return
    if x.dtype.kind in "biu" or x.dtype.name.lstrip("u").startswith("int"):
        assert np.array_equal(x, y), (x, y)
        return
    nan = np.isnan(x) & np.isnan(y)
    bad = ~((x == y) | nan | (_steps(x, y) <= ulps))
    assert not bad.any(), f"{x[bad][:4]} and {y[bad][:4]}, at {np.argwhere(bad)[:4].tolist()}"


def _steps(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How many representable numbers lie between two floats; very many where one is NaN."""

    def place(a: np.ndarray) -> np.ndarray:
        bits = np.ascontiguousarray(a).view(f"i{a.dtype.itemsize}").astype(np.int64).reshape(a.shape)
        low = np.int64((1 << 8 * a.dtype.itemsize - 1) - 1)
        return np.where(bits < 0, -(bits & low), bits)

    with np.errstate(all="ignore"):
        return np.where(np.isnan(x) | np.isnan(y), np.iinfo(np.int64).max, np.abs(place(x) - place(y)))


def check_row(row: Row, seed: int = 0) -> None:
    """The four checks; see above."""
    types = tuple(map(concrete, infer(row)))
    node, params = build(row)
    assert node.types == types, "inference on symbols and on numbers"
    arrays = [array_of(p.tensor, seed + k, row.tame) for k, p in enumerate(params)]
    results = evaluate(function("main", params, node.results), *arrays)
    for r, t in zip(results, types, strict=True):
        assert isinstance(t, TensorType) and r.dtype == t.dtype.numpy and r.shape == t.shape
    check_elements(row, arrays, results)
    if row.oracle:
        check_oracle(node, params, arrays, results, row.ulps)


def check_elements(row: Row, arrays: list[np.ndarray], results: list[np.ndarray]) -> None:
    """The elements one by one, at symbolic indices in symbolic shapes, are those of the reference."""
    op = op_of(row.op)
    if (op.lower is None and op.element is None) or len(results) != 1:
        return
    params = [param(parse_type(t)) for t in row.operands]
    given = {"result": parse_type(row.result)} if row.result else {}
    node = op(*params, **given, **row.attrs, **row.regions).node
    index = tuple(symbol(f"i{k}", 0, n - 1) for k, n in enumerate(node.result.shape))
    builder = ScalarBuilder(dict(zip(params, arrays, strict=True)))
    for at in _places(results[0].shape):
        builder.env = {**SIZES, **{f"i{k}": i for k, i in enumerate(at)}}
        same(np.asarray(builder.node(node, index)), np.asarray(results[0][at]), row.ulps)


def _places(shape: tuple[int, ...], limit: int = 40) -> Iterator[tuple[int, ...]]:
    places = list(np.ndindex(shape))
    yield from places[:: max(1, len(places) // limit)]


def check_oracle(node: Node, params: tuple[Value, ...], arrays: list[np.ndarray], results: list[np.ndarray], ulps: int) -> None:
    """StableHLO's interpreter computes the same."""
    for got, want in zip(results, stablehlo.evaluate(node, params, arrays), strict=True):
        same(got, want, ulps)


def check_rejection(case: Rejection) -> None:
    """Inference fails with the code, and its message names a type or a number of the call."""
    with pytest.raises(WeftError) as e:
        infer(case)
    assert e.value.code == case.code, str(e.value)


def check_gradient(row: Row) -> None:
    """The cotangents of the operands of f64, along a random direction, are the slope of the op between near points.

    An operand of another type has None for a cotangent, and so may one on which the result depends in steps alone.
    """
    node, params = build(row)
    grad = op_of(row.op).grad
    assert grad is not None
    rng = np.random.default_rng(3)
    arrays = [rng.uniform(0.3, 0.9, p.shape) if p.dtype == F64 else array_of(p.tensor, 5, tame=True) for p in params]
    directions = [rng.standard_normal(p.shape) if p.dtype == F64 else None for p in params]
    weights = rng.standard_normal(node.result.shape)
    g = param(node.result.type)
    slopes = grad(g, *params, **node.attrs)
    assert isinstance(slopes, tuple) and all(s is None for s, d in zip(slopes, directions, strict=True) if d is None)
    known = [(s, d) for s, d in zip(slopes, directions, strict=True) if s is not None and d is not None]
    cotangents = evaluate(function("grad", (g, *params), [s for s, _ in known]), weights, *arrays)
    expected = sum((c * d).sum() for c, (_, d) in zip(cotangents, known, strict=True))
    above, below = ([a if d is None else a + s * d for a, d in zip(arrays, directions, strict=True)] for s in (1e-6, -1e-6))
    forward = function("main", params, node.results)
    slope = (evaluate(forward, *above)[0] - evaluate(forward, *below)[0]) / 2e-6
    np.testing.assert_allclose((slope * weights).sum(), expected, rtol=1e-6, atol=1e-7)
