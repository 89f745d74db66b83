"""Calls of ops near the elementwise ones: convert and bitcast_convert between all types, select, clamp; and what elementwise ops refuse."""

from weft.proto.dtypes import ALL, STRING

from .harness import Rejection, Row

DTYPES = [d for d in ALL if d is not STRING]
SOME = (
    "i1",
    "i4",
    "ui2",
    "i8",
    "ui16",
    "i32",
    "i64",
    "ui64",
    "f16",
    "bf16",
    "f32",
    "f64",
    "f8E4M3FN",
    "f8E5M2",
    "complex<f32>",
    "complex<f64>",
)


def defined(source: str, target: str) -> bool:
    """Whether the specification says what such a conversion of any value gives, and its interpreter does that.

    It takes the real part of complex numbers before it asks whether they are zero.
    """
    if source.startswith("complex") and target == "i1":
        return False
    overflows = source.startswith(("f", "bf", "complex")) and target.startswith(("i", "ui")) and target != "i1"
    no_infinity = target.startswith("f8E4M3FN")
    return not overflows and not no_infinity


def bitcasts():
    for d in ("i4", "i8", "ui16", "f16", "bf16", "f32", "i64", "f64"):
        for to in ("i1", "i2", "ui4", "i8", "f8E5M2", "bf16", "ui32", "f64"):
            a, b = (next(x.bits for x in ALL if x.name == n) for n in (d, to))
            if a == b:
                yield Row("bitcast_convert", (f"2xNx{d}",), {}, f"2xNx{to}", oracle=False)
            elif a > b:
                yield Row("bitcast_convert", (f"2xNx{d}",), {}, f"2xNx{a // b}x{to}", oracle=min(a, b) >= 8)
            else:
                yield Row("bitcast_convert", (f"Nx{b // a}x{d}",), {}, f"Nx{to}", oracle=min(a, b) >= 8)


ROWS = [
    *(Row("convert", (f"4xNx{a}",), {}, f"4xNx{b}", oracle=defined(a, b)) for a in SOME for b in SOME),
    *bitcasts(),
    Row("bitcast_convert", ("i1",), {}, "i1"),
    Row("bitcast_convert", ("3xcomplex<f64>",), {}, "3x2xcomplex<f32>", oracle=False),
    Row("bitcast_convert", ("3x2xcomplex<f32>",), {}, "3xcomplex<f64>", oracle=False),
    Row("select", ("2xNxi1", "2xNxT", "2xNxT")),
    Row("select", ("i1", "2x3xT", "2x3xT")),
    Row("select", ("i1", "f32", "f32")),
    *(
        Row("clamp", (a, f"2xNx{t}", b))
        for t in ("f32", "i4", "ui64", "bf16", "f64", "i1")
        for a in (t, f"2xNx{t}")
        for b in (t, f"2xNx{t}")
    ),
    Row("compare", ("3x3xf32", "3x3xf32"), {"comparison_direction": "LT", "compare_type": "FLOAT"}),
    Row("compare", ("3x3xi32", "3x3xi32"), {"comparison_direction": "GE", "compare_type": "SIGNED"}),
]


REJECTIONS = [
    Rejection("convert.I1", "convert", ("2x!weft.string",), {}, "2xf32"),
    Rejection("convert.O1", "convert", ("2xf32",), {}, "2x!weft.string"),
    Rejection("convert.C1", "convert", ("2xf32",), {}, "3xi32"),
    Rejection("convert.C1", "convert", ("Nxf32",), {}, "Mxi32"),
    Rejection("bitcast_convert.I1", "bitcast_convert", ("token",), {}, "2xf32"),
    Rejection("bitcast_convert.O1", "bitcast_convert", ("2xf32",), {}, "token"),
    Rejection("bitcast_convert.C1", "bitcast_convert", ("2xf32",), {}, "3xi32"),
    Rejection("bitcast_convert.C1", "bitcast_convert", ("2xf32",), {}, "2x2xi8"),
    Rejection("bitcast_convert.C1", "bitcast_convert", ("2x3xi8",), {}, "2xi32"),
    Rejection("bitcast_convert.C1", "bitcast_convert", ("f16",), {}, "f32"),
    Rejection("bitcast_convert.C1", "bitcast_convert", ("4xf6E2M3FN",), {}, "3xi8"),
    Rejection("bitcast_convert.C2", "bitcast_convert", ("2xcomplex<f32>",), {}, "2xf64"),
    Rejection("reduce_precision.I1", "reduce_precision", ("2xi32",), {"exponent_bits": 5, "mantissa_bits": 3}),
    Rejection("reduce_precision.C2", "reduce_precision", ("2xf32",), {"exponent_bits": 0, "mantissa_bits": 3}),
    Rejection("reduce_precision.C3", "reduce_precision", ("2xf32",), {"exponent_bits": 5, "mantissa_bits": -1}),
    Rejection("complex.I1", "complex", ("2xf16", "2xf16")),
    Rejection("complex.I1", "complex", ("2xi32", "2xf32")),
    Rejection("complex.I2", "complex", ("2xf32", "2xi32")),
    Rejection("complex.C1", "complex", ("2xf32", "2xf64")),
    Rejection("abs.I1", "abs", ("2xui8",)),
    Rejection("is_finite.I1", "is_finite", ("2xi32",)),
    Rejection("compare.I1", "compare", ("token", "2xf32"), {"comparison_direction": "EQ"}),
    Rejection("compare.I2", "compare", ("2xf32", "token"), {"comparison_direction": "EQ"}),
    Rejection("compare.I3", "compare", ("2xf32", "2xf32"), {"comparison_direction": "EX"}),
    Rejection("compare.C1", "compare", ("2xf32", "2xf64"), {"comparison_direction": "EQ"}),
    Rejection("compare.C2", "compare", ("2xf32", "3xf32"), {"comparison_direction": "EQ"}),
    Rejection("compare.C3", "compare", ("2xf32", "2xf32"), {"comparison_direction": "EQ", "compare_type": "SIGNED"}),
    Rejection("compare.C3", "compare", ("2xui8", "2xui8"), {"comparison_direction": "EQ", "compare_type": "SIGNED"}),
    Rejection("compare.C3", "compare", ("2xcomplex<f32>", "2xcomplex<f32>"), {"comparison_direction": "EQ", "compare_type": "TOTALORDER"}),
    Rejection("select.I1", "select", ("2xi8", "2xf32", "2xf32")),
    Rejection("select.I2", "select", ("i1", "token", "2xf32")),
    Rejection("select.I3", "select", ("i1", "2xf32", "token")),
    Rejection("select.C1", "select", ("3xi1", "2xf32", "2xf32")),
    Rejection("select.C1", "select", ("Nxi1", "Mxf32", "Mxf32")),
    Rejection("select.C2", "select", ("i1", "2xf32", "2xf64")),
    Rejection("clamp.I1", "clamp", ("token", "2xf32", "f32")),
    Rejection("clamp.I2", "clamp", ("f32", "token", "f32")),
    Rejection("clamp.I3", "clamp", ("f32", "2xf32", "token")),
    Rejection("clamp.C1", "clamp", ("3xf32", "2xf32", "f32")),
    Rejection("clamp.C2", "clamp", ("f32", "2xf32", "3xf32")),
    Rejection("clamp.C3", "clamp", ("f64", "2xf32", "f32")),
    Rejection("clamp.C3", "clamp", ("f32", "2xf32", "f64")),
    Rejection("get_tuple_element.I1", "get_tuple_element", ("2xf32",), {"index": 0}),
    Rejection("get_tuple_element.C1", "get_tuple_element", ("tuple<f32, 2xi8>",), {"index": 2}),
    Rejection("after_all.I1", "after_all", ("token", "f32")),
]
