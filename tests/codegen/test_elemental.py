"""Scalar semantics in generated code: every elementwise op on every dtype it takes, special values included, against the references."""

import numpy as np
import pytest
from weft.compiler.ir.graph import Value, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.helpers import splat
from weft.compiler.ops.registry import op_of
from weft.proto.dtypes import ALL, BOOL, STRING, DType, Kind
from weft.proto.errors import WeftError

from .run import HOST, SOME_TARGETS, check, fusion

DTYPES = [d for d in ALL if d is not STRING]
# Between 63 and 64 lanes, so that there is a tail for every width.
COUNT = 77


def samples(dtype: DType, rng: np.random.Generator, n: int = COUNT) -> np.ndarray:
    """Random values of a dtype with its special ones among them."""
    match dtype.kind:
        case Kind.BOOL:
            return rng.integers(0, 2, n).astype(np.bool_)
        case Kind.INT | Kind.UINT:
            lo, hi = (-(1 << dtype.bits - 1), 1 << dtype.bits - 1) if dtype.is_signed else (0, 1 << dtype.bits)
            special = [x for x in (lo, hi - 1, 0, 1, -1, 2, 3) if lo <= x < hi]
            small = rng.integers(max(lo, -20), min(hi, 21), n // 2)
            wide = rng.integers(lo, hi, n - n // 2 - len(special), dtype=dtype.numpy if dtype.bits == 64 else np.int64)
            first = np.int64 if dtype.bits < 64 else dtype.numpy
            with np.errstate(invalid="ignore"):
                return rng.permutation(np.concatenate([np.array(v).astype(first).astype(dtype.numpy) for v in (special, small, wide)]))
        case Kind.COMPLEX:
            return (rng.standard_normal(n) + 1j * rng.standard_normal(n)).astype(dtype.numpy)
        case _:
            tiny = {16: 1e-7, 32: 1e-42, 64: 5e-322}.get(dtype.bits, 0.02)
            special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5, 2.5, -2.5, tiny, -tiny, 1e30, -65504.0]
            values = np.concatenate([special, rng.standard_normal(n - len(special)) * 4])
            with np.errstate(all="ignore"):
                return rng.permutation(values).astype(dtype.numpy)


def build(op: str, dtypes: tuple[DType, ...], attrs: dict[str, object], result: DType | None = None) -> "tuple[list[Value], Value]":
    params = [param(TensorType(d, (COUNT,))) for d in dtypes]
    extra = {} if result is None else {"result": TensorType(result, (COUNT,))}
    return params, op_of(op)(*params, **attrs, **extra)


EXACT = [
    "add", "subtract", "multiply", "divide", "remainder", "maximum", "minimum", "and", "or", "xor", "not", "negate", "abs", "sign", "floor",
    "ceil", "round_nearest_even", "round_nearest_afz", "is_finite", "popcnt", "count_leading_zeros", "shift_left", "shift_right_arithmetic",
    "shift_right_logical", "real", "imag", "complex", "power",
]  # fmt: skip


@pytest.mark.parametrize("op", EXACT)
@pytest.mark.parametrize("target", SOME_TARGETS, ids=str)
def test_exact_ops(op, target):
    """Every dtype in one kernel each; results must agree in every bit that the reference defines."""
    rng = np.random.default_rng(7)
    arity = len(op_of(op).operands)
    tried = 0
    for dtype in DTYPES:
        if (op == "power" and not dtype.is_int) or (dtype.name == "f8E8M0FNU" and op == "imag"):
            continue
        try:
            params, result = build(op, (dtype,) * arity, {})
        except WeftError:
            continue
        tried += 1
        arrays = [samples(dtype, rng) for _ in params]
        tolerance = 1e-5 if dtype.is_complex else 0
        check(fusion("map", params, [result]), arrays, target, rtol=tolerance, atol=tolerance * 0.1)
    assert tried


@pytest.mark.parametrize("direction", ["EQ", "NE", "LT", "LE", "GT", "GE"])
def test_compare(direction):
    rng = np.random.default_rng(8)
    for dtype in DTYPES:
        for kind in ("FLOAT", "TOTALORDER", "SIGNED", "UNSIGNED"):
            try:
                params, result = build("compare", (dtype, dtype), {"comparison_direction": direction, "compare_type": kind})
            except WeftError:
                continue
            x, y = samples(dtype, rng), samples(dtype, rng)
            y[::3] = x[::3]
            check(fusion("map", params, [result]), [x, y], HOST)


@pytest.mark.parametrize("target", SOME_TARGETS, ids=str)
@pytest.mark.parametrize("source", DTYPES, ids=str)
def test_convert(source, target):
    rng = np.random.default_rng(9)
    x = samples(source, rng)
    params = [param(TensorType(source, (COUNT,)))]
    results = []
    for dtype in DTYPES:
        if source.bits == 64 and dtype.name == "f8E8M0FNU":
            continue  # the reference rounds what is less than its least value up
        try:
            results.append(op_of("convert")(params[0], result=TensorType(dtype, (COUNT,))))
        except WeftError:
            continue
    check(fusion("map", params, results), [x], target)


def test_select_and_clamp():
    rng = np.random.default_rng(10)
    for dtype in DTYPES:
        pred = param(TensorType(BOOL, (COUNT,)))
        x, y = (param(TensorType(dtype, (COUNT,))) for _ in range(2))
        result = op_of("select")(pred, x, y)
        check(fusion("map", [pred, x, y], [result]), [samples(BOOL, rng), samples(dtype, rng), samples(dtype, rng)])
        try:
            lo, hi = (param(TensorType(dtype, ())) for _ in range(2))
            clamped = op_of("clamp")(lo, x, hi)
        except WeftError:
            continue
        bounds = np.array([0, 1]).astype(dtype.numpy)
        check(fusion("map", [lo, x, hi], [clamped]), [bounds[0].reshape(()), samples(dtype, rng), bounds[1].reshape(())])


# Arguments whose results are neither over- nor underflowing where complex formulas would; the bounds are those of docs/numerics.md.
FUNCTIONS = {
    "exponential": 4, "exponential_minus_one": 4, "log": 4, "log_plus_one": 4, "logistic": 4, "tanh": 4, "tan": 3, "sine": 4, "cosine": 4,
    "sqrt": 4, "rsqrt": 4, "cbrt": 4, "power": 2, "atan2": 4,
}  # fmt: skip


@pytest.mark.parametrize("op", FUNCTIONS)
@pytest.mark.parametrize("target", SOME_TARGETS, ids=str)
def test_functions(op, target):
    rng = np.random.default_rng(11)
    arity = len(op_of(op).operands)
    for dtype in DTYPES:
        if not (dtype.is_float or dtype.is_complex) or (target is not HOST and dtype.name not in ("f32", "f64", "f16")):
            continue
        try:
            params, result = build(op, (dtype,) * arity, {})
        except WeftError:
            continue
        arrays = [samples(dtype, rng) for _ in params]
        if dtype.is_complex:
            arrays = [a * np.asarray(FUNCTIONS[op] / 4, a.dtype) for a in arrays]
        digits = {8: 0.3, 16: 1e-2, 32: 1e-5, 64: 1e-12}[max(8, dtype.bits if not dtype.is_complex else dtype.bits // 2)]
        check(fusion("map", params, [result]), arrays, target, rtol=digits, atol=1e-6 if dtype.is_complex else 0)


@pytest.mark.parametrize("exponent", [0.25, 0.5, 0.75, 2.0, -0.5, 3.0])
def test_constant_powers(exponent):
    for dtype in DTYPES:
        if not dtype.is_float or dtype.bits < 16:
            continue
        x = param(TensorType(dtype, (COUNT,)))
        result = op_of("power")(x, splat(exponent, x.tensor))
        digits = {16: 1e-2, 32: 1e-6, 64: 1e-14}[dtype.bits]
        array = samples(dtype, np.random.default_rng(12))
        if dtype.bits == 64:
            array[array == -np.inf] = 1  # numpy's long double has no power of that
        check(fusion("map", [x], [result]), [array], rtol=digits)
