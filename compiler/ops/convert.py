"""Ops that change the element type: convert, bitcast_convert, reduce_precision, and the parts of complex numbers."""

import ml_dtypes
import numpy as np

from ...proto.dtypes import BY_NAME, C64, C128, DType
from ...proto.errors import check
from ..ir.graph import Node, Value
from ..ir.types import TensorType, Type
from . import numeric, rules
from .builder import Element, ElementBuilder, Index
from .gradients.elementwise import complex_grad, convert_grad, imag_grad, real_grad
from .numeric import Array, bits_of, dtype_of, from_bits
from .registry import define

_PARTS = {C64: BY_NAME["f32"], C128: BY_NAME["f64"]}
_WHOLES = {part: whole for whole, part in _PARTS.items()}


def _infer_convert(operand: Type, *, result: Type) -> TensorType:
    x = rules.tensor(operand, "convert.I1", "operand", rules.NUMBER_OR_BOOL)
    r = rules.tensor(result, "convert.O1", "result", rules.NUMBER_OR_BOOL)
    rules.check_same_shape(x, r, "convert.C1", ("operand", "result"))
    return r


convert = define(
    "convert",
    doc="Each element as another type. Integers wrap; floats become integers towards zero, saturating, NaN as 0; floats and integers\n"
    "are rounded to nearest even; what is not zero becomes true; an imaginary part is dropped or zero.\n\nC1: one shape.",
    infer=_infer_convert,
    reference=lambda x, *, result: numeric.convert(x, result.dtype),
    lower=lambda b, x, *, result: b.convert(x, result.dtype),
    grad=convert_grad,
    traits=("elementwise",),
)


def _infer_bitcast(operand: Type, *, result: Type) -> TensorType:
    x = rules.tensor(operand, "bitcast_convert.I1", "operand", rules.NUMBER_OR_BOOL)
    r = rules.tensor(result, "bitcast_convert.O1", "result", rules.NUMBER_OR_BOOL)
    same = x.dtype.is_complex == r.dtype.is_complex
    check(same, "bitcast_convert.C2", f"bits of complex numbers stay complex, got {x} and {r}", help="take `real` and `imag` first")
    old, new = x.dtype.bits, r.dtype.bits
    fits = max(old, new) % min(old, new) == 0
    check(fits, "bitcast_convert.C1", f"{old} bits of {x.dtype} do not hold a whole number of {r.dtype}, nor the reverse")
    if new == old:
        shape = x.shape
    elif new < old:
        shape = (*x.shape, old // new)
    else:
        good = x.rank > 0 and x.shape[-1] == new // old
        check(good, "bitcast_convert.C1", f"the last dim of `operand` {x} must be {new // old} to make a {r.dtype} of each row")
        shape = x.shape[:-1]
    rules.check_result(r, TensorType(r.dtype, shape), "bitcast_convert.C1")
    return r


def _bitcast(x: Array, *, result: TensorType) -> Array:
    dtype = dtype_of(x)
    if dtype.bits == result.dtype.bits and dtype.bits % 8 == 0:
        return x.view(result.dtype.numpy)
    return from_bits(bits_of(x).reshape(*result.static_shape, result.dtype.bits), result.dtype)


def _unsigned(bits: int) -> DType:
    return BY_NAME[f"ui{bits}"]


def _to_bits(b: ElementBuilder[Element], x: Element) -> Element:
    return b.convert(x, _unsigned(8)) if x.dtype.is_bool else b.bitcast(x, _unsigned(x.dtype.bits))


def _from_bits(b: ElementBuilder[Element], x: Element, dtype: DType) -> Element:
    if dtype.is_bool:
        return b.convert(b.and_(x, b.const(x.dtype, 1)), dtype)
    return b.bitcast(b.convert(x, _unsigned(dtype.bits)), dtype)


def _bitcast_element(b: ElementBuilder[Element], node: Node, index: Index) -> Element:
    (x,) = node.operands
    old, new = x.dtype, node.result.dtype
    if old == new:
        return b.read(x, index)
    if old.is_complex:
        return _bitcast_complex(b, x, new, index)
    if old.bits == new.bits:
        return b.bitcast(b.read(x, index), new)
    if old.bits > new.bits:
        word = _to_bits(b, b.read(x, index[:-1]))
        return _from_bits(b, b.shr_logical(word, b.position(index[-1] * new.bits, word.dtype)), new)
    rows = [_to_bits(b, b.read(x, (*index, k))) for k in range(new.bits // old.bits)]
    return b.bitcast(_join(b, rows, old.bits, _unsigned(new.bits)), new)


def _join(b: ElementBuilder[Element], rows: list[Element], bits: int, word: DType) -> Element:
    """Words put side by side, the first lowest."""
    whole = b.convert(rows[0], word)
    for k, row in enumerate(rows[1:], 1):
        whole = b.or_(whole, b.shl(b.convert(row, word), b.const(word, k * bits)))
    return whole


def _bitcast_complex(b: ElementBuilder[Element], x: Value, new: DType, index: Index) -> Element:
    if new == C64:
        # The real part of a complex<f64> holds the first complex<f32>, the imaginary part the second.
        whole = b.read(x, index[:-1])
        word = _unsigned(64)
        first = b.compare("EQ", b.position(index[-1], word), b.const(word, 0), "UNSIGNED")
        bits = b.bitcast(b.select(first, b.real(whole), b.imag(whole)), word)
        low, high = (b.bitcast(b.convert(b.shr_logical(bits, b.const(word, k)), _unsigned(32)), _PARTS[C64]) for k in (0, 32))
        return b.complex(low, high)
    parts = [b.read(x, (*index, k)) for k in (0, 1)]
    words = [[b.bitcast(part(p), _unsigned(32)) for part in (b.real, b.imag)] for p in parts]
    real, imag = (b.bitcast(_join(b, pair, 32, _unsigned(64)), _PARTS[C128]) for pair in words)
    return b.complex(real, imag)


bitcast_convert = define(
    "bitcast_convert",
    doc="The same bits as another type. A wider element becomes a new last dim of narrower ones, lowest bits first, and the reverse.\n\n"
    "C1: as many bits in all, the shapes alike but for that last dim. C2: complex numbers and others don't mix.",
    infer=_infer_bitcast,
    reference=_bitcast,
    element=_bitcast_element,
)


def _infer_reduce_precision(operand: Type, *, exponent_bits: int, mantissa_bits: int) -> TensorType:
    x = rules.tensor(operand, "reduce_precision.I1", "operand", rules.FLOAT)
    check(exponent_bits >= 1, "reduce_precision.C2", f"`exponent_bits` must be at least 1, got {exponent_bits}")
    check(mantissa_bits >= 0, "reduce_precision.C3", f"`mantissa_bits` must not be negative, got {mantissa_bits}")
    return x


def _reduce_precision(x: Array, *, exponent_bits: int, mantissa_bits: int) -> Array:
    info = ml_dtypes.finfo(x.dtype)
    mantissa = int(info.nmant)
    # Exponent 0 is for denormals, of which there are none without mantissa bits.
    bias = (1 if mantissa else 0) - int(info.minexp)
    word = np.dtype(f"u{x.dtype.itemsize}")
    bits = x.view(word).astype(np.uint64)
    sign = bits & np.uint64(1 << mantissa + int(info.nexp))  # nothing in f8E8M0FNU
    size = bits ^ sign
    if mantissa_bits < mantissa:
        # To nearest, ties to the even of what is kept; a carry runs into the exponent, as it should.
        drop = mantissa - mantissa_bits
        odd = size >> np.uint64(drop) & np.uint64(1)
        size = size + odd + np.uint64((1 << drop - 1) - 1) >> np.uint64(drop) << np.uint64(drop)
    exponent = (size >> np.uint64(mantissa)).astype(np.int64)
    huge, tiny = np.zeros_like(exponent, bool), np.zeros_like(exponent, bool)
    if exponent_bits < int(info.nexp):
        reach = (1 << exponent_bits - 1) - 1
        huge, tiny = exponent > bias + reach, exponent <= bias - reach
    size = np.where(tiny, np.uint64(0), size)
    if dtype_of(x).name.endswith("FNUZ"):  # -0 would be NaN
        sign = np.where(size == 0, np.uint64(0), sign)
    result = (size | sign).astype(word).view(x.dtype)
    with np.errstate(all="ignore"):
        infinite = np.where(sign != 0, -np.inf, np.inf).astype(x.dtype)
    # Without mantissa bits there is no NaN to become.
    return np.asarray(np.where(np.isnan(x), x if mantissa_bits else infinite, np.where(huge, infinite, result)))


reduce_precision = define(
    "reduce_precision",
    doc="Each element rounded to what a float of so many exponent and mantissa bits holds: to nearest even, too large ones to ±∞,\n"
    "too small ones to ±0; without mantissa bits NaN to ±∞.\n\n"
    "C1: the result has the operand's type. C2: 1 ≤ `exponent_bits`. C3: 0 ≤ `mantissa_bits`.",
    infer=_infer_reduce_precision,
    reference=_reduce_precision,
    lower=lambda b, x, *, exponent_bits, mantissa_bits: b.reduce_precision(x, exponent_bits, mantissa_bits),
    grad=lambda g, x, *, exponent_bits, mantissa_bits: (reduce_precision(g, exponent_bits=exponent_bits, mantissa_bits=mantissa_bits),),
    traits=("elementwise",),
)


def _infer_complex(lhs: Type, rhs: Type) -> TensorType:
    x, y = rules.tensor(lhs, "complex.I1", "lhs", rules.FLOAT), rules.tensor(rhs, "complex.I2", "rhs", rules.FLOAT)
    check(x.dtype in _WHOLES, "complex.I1", f"`lhs` must be f32 or f64, got {x}", help="convert it first")
    rules.check_same_type(x, y, "complex.C1")
    return x.with_dtype(_WHOLES[x.dtype])


def _complex(x: Array, y: Array) -> Array:
    result = np.empty(np.broadcast_shapes(x.shape, y.shape), _WHOLES[dtype_of(x)].numpy)
    result.real, result.imag = x, y
    return result


complex_ = define(
    "complex",
    doc="Complex numbers from real parts `lhs` and imaginary parts `rhs`.\n\n"
    "I1, I2: tensors of f32 or f64. C1: one type. C2: the result has that shape, C3: of complex numbers of that type.",
    infer=_infer_complex,
    reference=_complex,
    lower=lambda b, x, y: b.complex(x, y),
    grad=complex_grad,
    traits=("elementwise",),
)


def _infer_part(operand: Type, name: str) -> TensorType:
    x = rules.tensor(operand, f"{name}.I1", "operand", rules.FLOAT_OR_COMPLEX)
    return x.with_dtype(_PARTS.get(x.dtype, x.dtype))


real = define(
    "real",
    doc="The real part.\n\nI1: a float or complex tensor. C1: one shape. C2: the element type of the parts.",
    infer=lambda operand: _infer_part(operand, "real"),
    reference=lambda x: np.asarray(x.real) if np.iscomplexobj(x) else x,
    lower=lambda b, x: b.real(x),
    traits=("elementwise",),
    grad=real_grad,
)
imag = define(
    "imag",
    doc="The imaginary part; 0 for a float.\n\nI1: a float or complex tensor. C1: one shape. C2: the element type of the parts.",
    infer=lambda operand: _infer_part(operand, "imag"),
    reference=lambda x: np.asarray(x.imag) if np.iscomplexobj(x) else np.zeros(x.shape).astype(x.dtype),
    lower=lambda b, x: b.imag(x),
    traits=("elementwise",),
    grad=imag_grad,
)
