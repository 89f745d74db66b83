"""Values at the edges, written down: what no oracle is asked for."""

import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from weft.compiler.ir.types import TensorType
from weft.compiler.ops import numeric
from weft.compiler.ops.compare import total_order_key
from weft.compiler.ops.registry import op_of
from weft.proto.dtypes import ALL, BY_NAME, DType

from .harness import same

INF, NAN = math.inf, math.nan
LO, HI = -(2**31), 2**31 - 1


def array(dtype: str, values) -> np.ndarray:
    return np.array(values).astype(BY_NAME[dtype].numpy)


@pytest.mark.parametrize(
    ("op", "dtype", "operands", "expected"),
    [
        ("divide", "i32", ([7, -7, 7, -7, 5, LO, 0], [2, 2, -2, -2, 0, -1, 0]), [3, -3, -3, 3, -1, LO, -1]),
        ("divide", "i64", ([-(2**63), -(2**63), 2**63 - 1], [-1, 2, -1]), [-(2**63), -(2**62), -(2**63) + 1]),
        ("divide", "i4", ([-8, -8, 7, 7], [-1, 3, 0, -2]), [-8, -2, -1, -3]),
        ("divide", "ui8", ([7, 7, 255], [0, 2, 255]), [255, 3, 1]),
        ("divide", "ui4", ([7, 15], [0, 2]), [15, 7]),
        ("divide", "f32", ([1, -1, 0, INF], [0, 0, 0, INF]), [INF, -INF, NAN, NAN]),
        ("remainder", "i32", ([7, -7, 7, -7, 5, LO, LO], [2, 2, -2, -2, 0, -1, 0]), [1, -1, 1, -1, 5, 0, LO]),
        ("remainder", "ui2", ([3, 3], [2, 0]), [1, 3]),
        ("remainder", "f32", ([5.5, -5.5, 5.5, 1, 1, INF], [2, 2, -2, 0, INF, 2]), [1.5, -1.5, 1.5, NAN, 1, NAN]),
        ("power", "i32", ([2, 2, -1, -1, 1, 0, 0, 3], [-1, 31, -3, -2, -5, 0, -1, 21]), [0, LO, -1, 1, 1, 1, 0, 1870418611]),
        ("power", "ui8", ([3, 2, 255], [5, 8, 2]), [243, 0, 1]),
        ("power", "f32", ([2, -2, -2, 0, 0, INF], [0.5, 0.5, 3, 0, -1, 0]), [2**0.5, NAN, -8, 1, INF, 1]),
        ("add", "i8", ([127, -128], [1, -1]), [-128, 127]),
        ("add", "i2", ([1, -2], [1, -1]), [-2, 1]),
        ("add", "i1", ([True, True, False], [True, False, False]), [True, True, False]),
        ("multiply", "ui4", ([15, 5], [15, 4]), [1, 4]),
        ("negate", "i32", ([LO, HI, 0],), [LO, -HI, 0]),
        ("abs", "i8", ([-128, -127],), [-128, 127]),
        ("maximum", "f32", ([1, NAN, -0.0, 0.0, -0.0], [NAN, 1, 0.0, -0.0, -0.0]), [NAN, NAN, 0.0, 0.0, -0.0]),
        ("minimum", "bf16", ([1, NAN, -0.0, 0.0, 0.0], [NAN, 1, 0.0, -0.0, 0.0]), [NAN, NAN, -0.0, -0.0, 0.0]),
        ("sign", "f32", ([-0.0, 0.0, NAN, -INF, 3],), [-0.0, 0.0, NAN, -1, 1]),
        ("rsqrt", "f32", ([0.0, -0.0, INF, -1],), [INF, -INF, 0, NAN]),
        ("logistic", "f64", ([-1000, 1000, 0],), [0, 1, 0.5]),
        ("exponential", "f16", ([12, -20, -INF],), [INF, 0, 0]),
        ("round_nearest_afz", "f64", ([0.5, -0.5, 2.5, 0.49999999999999994, -0.2],), [1, -1, 3, 0, -0.0]),
        ("round_nearest_even", "f32", ([0.5, -0.5, 2.5, 3.5],), [0, -0.0, 2, 4]),
        ("shift_left", "i8", ([1, 1, 1, -1], [7, 8, -1, 1]), [-128, 0, 0, -2]),
        ("shift_left", "i4", ([1, 3], [3, 4]), [-8, 0]),
        ("shift_right_logical", "i8", ([-1, -1, -1, 64], [1, 8, -1, 3]), [127, 0, 0, 8]),
        ("shift_right_arithmetic", "i8", ([-128, -128, 64, -1, 64], [1, 9, 8, -1, -1]), [-64, -1, 0, -1, 0]),
        ("shift_right_arithmetic", "ui8", ([128, 128, 64], [1, 9, 9]), [192, 255, 0]),
        ("shift_right_arithmetic", "ui4", ([8, 4], [3, 9]), [15, 0]),
        ("count_leading_zeros", "i4", ([0, 1, -1, 4],), [4, 3, 0, 1]),
        ("count_leading_zeros", "ui64", ([0, 1, 2**63],), [64, 63, 0]),
        ("popcnt", "i4", ([-1, 0, 5],), [4, 0, 2]),
        ("weft.erf", "f32", ([0.0, -0.0, INF, -INF, NAN, 1],), [0.0, -0.0, 1, -1, NAN, math.erf(1)]),
    ],
)  # fmt: skip
def test_edge(op, dtype, operands, expected):
    reference = op_of(op).reference
    same(reference(*(array(dtype, x) for x in operands)), array(dtype, expected))


@pytest.mark.parametrize(
    ("source", "values", "target", "expected"),
    [
        ("f32", [NAN, INF, -INF, 3e9, -3e9, 2.9, -2.9, 2**31], "i32", [0, HI, LO, HI, LO, 2, -2, HI]),
        ("f64", [NAN, 1e30, -1e30, 2**63, -(2**63), 2**53 + 2], "i64", [0, 2**63 - 1, -(2**63), 2**63 - 1, -(2**63), 2**53 + 2]),
        ("f64", [NAN, 1e30, -1.0, 2**64, -0.5], "ui64", [0, 2**64 - 1, 0, 2**64 - 1, 0]),
        ("bf16", [300, -300, 1.5], "i8", [127, -128, 1]),
        ("f32", [9, -9, 3], "i4", [7, -8, 3]),
        ("f32", [NAN, 0.0, -0.0, 0.1], "i1", [True, False, False, True]),
        ("complex<f32>", [2j, 0, 1], "i1", [True, False, True]),
        ("complex<f64>", [2.5 - 3j, NAN + 1j], "i32", [2, 0]),
        ("i32", [300, -1], "ui8", [44, 255]),
        ("i64", [2**31, -1], "i32", [LO, -1]),
        ("i8", [9, -9], "i4", [-7, 7]),
        ("i1", [True, False], "bf16", [1, 0]),
        ("i64", [2**62 + 2**54 + 1], "bf16", [2.0**62 + 2**55]),
        ("ui64", [2**63 + 2**55 + 1], "bf16", [2.0**63 + 2**56]),
        ("i64", [-(2**63), 2**53 + 1], "f64", [-(2.0**63), 2.0**53]),
        ("i32", [70000], "f16", [INF]),
        ("f64", [1 + 2**-8 + 2**-40], "bf16", [1 + 2**-7]),
        ("f64", [1e300, -1e300, 1e-300, -1e-300], "bf16", [INF, -INF, 0.0, -0.0]),
    ],
)
def test_conversion(source, values, target, expected):
    # By way of objects: numpy would make floats of large integers.
    made = np.array(values, object).astype(BY_NAME[source].numpy) if source in ("i64", "ui64") else array(source, values)
    wanted = np.array(expected, object).astype(BY_NAME[target].numpy) if target in ("i64", "ui64") else array(target, expected)
    same(op_of("convert").reference(made, result=TensorType(BY_NAME[target], (len(values),))), wanted)


NARROW = [d for d in ALL if d.is_float and d.bits < 32 and d.name != "f8E8M0FNU"]


def nearest(x: float, dtype: DType) -> list[float]:
    """The representable numbers that are nearest to x, by search among all of them."""
    with np.errstate(all="ignore"):
        every = np.arange(1 << dtype.bits).astype(f"u{dtype.itemsize}").view(dtype.numpy).astype(np.float64)
    finite = every[np.isfinite(every)]
    gap = np.abs(finite - x)
    return sorted(set(finite[gap == gap.min()].tolist()))


@pytest.mark.parametrize("dtype", NARROW, ids=str)
@given(st.floats(-40, 40), st.integers(1, 45), st.booleans())
@example(1.0, 40, True)
def test_rounding_happens_once(dtype, x, k, up):
    """f64 to a narrow float is the nearest number; just beside a tie, where rounding by way of f32 would err, as anywhere."""
    (r,) = numeric.convert(np.array([x]), dtype).astype(np.float64)
    if not np.isfinite(r):
        return
    assert r in nearest(x, dtype)
    step = np.spacing(np.float32(max(abs(r), 1e-3)))
    beside = (r + float(np.nextafter(np.array(r).astype(dtype.numpy), array(dtype.name, 100.0)).astype(np.float64))) / 2
    beside += (1 if up else -1) * abs(float(step)) * 2.0**-k
    (r,) = numeric.convert(np.array([beside]), dtype).astype(np.float64)
    assert not np.isfinite(r) or r in nearest(beside, dtype)


def test_total_order():
    for dtype in ("f16", "bf16", "f32", "f64"):
        ordered = [-INF, -1, -1e-7, -0.0, 0.0, 1e-7, 1, INF]
        nan = np.abs(array(dtype, [NAN]))
        key = total_order_key(np.concatenate([-nan, array(dtype, ordered), nan]))
        assert (key[:-1] < key[1:]).all()


def test_sub_byte_layouts_read_alike():
    """A byte of a sub-byte integer is read by its low bits, whatever the high ones are."""
    x = np.array([0x0F, 0xFF, 0x08], np.uint8).view(ml_dtypes.int4)
    assert op_of("add").reference(x, x).astype(np.int8).tolist() == [-2, -2, 0]
    assert numeric.convert(x, BY_NAME["i32"]).tolist() == [-1, -1, -8]
    assert numeric.bits_of(x)[1].tolist() == [1, 1, 1, 1]
