"""`rng`: random numbers without a state of the program's own."""

from typing import Literal

from ...proto.dtypes import BF16, F16, F32, F64, U32, U64, DType
from ...proto.errors import check
from ..ir.graph import Value
from ..ir.types import TensorType, Type
from . import helpers, rules
from .formula import Term, apply, cast
from .registry import define, op_of

Distribution = Literal["UNIFORM", "NORMAL"]
# The bits of a number in [0, 1) that the type holds exactly.
_MANTISSA = {F16: 11, BF16: 8, F32: 24, F64: 53}


def _infer(a: Type, b: Type, shape: TensorType, *, rng_distribution: Distribution, result: TensorType) -> TensorType:
    allowed = rules.FLOAT if rng_distribution == "NORMAL" else rules.REAL
    lo = rules.scalar(a, "rng.I1", "a", allowed)
    hi = rules.scalar(b, "rng.I2", "b", allowed)
    check(lo.dtype == hi.dtype == result.dtype, "rng.C1", f"`a`, `b` and the result must have one element type, got {lo}, {hi}, {result}")
    good = shape.dtype.is_int and shape.shape == (result.rank,)
    check(good, "rng.C2", f"`shape` must be {result.rank} integers, got {shape}")
    return result


def _bits(result: TensorType, dtype: DType) -> Term:
    """Random bits from a state that the host draws."""
    state = op_of("custom_call")(call_target_name="entropy", has_side_effect=True, result=(TensorType(U64, (2,)),))
    first = state[0] if isinstance(state, tuple) else state
    built = op_of("rng_bit_generator")(first, rng_algorithm="THREE_FRY", result=(first.type, result.with_dtype(dtype)))
    assert isinstance(built, tuple)
    return Term(built[1])


def _fraction(result: TensorType, dtype: DType) -> Term:
    """Numbers of [0, 1), evenly spread."""
    kept = _MANTISSA[dtype]
    bits = _bits(result, U64 if dtype == F64 else U32)
    return cast(apply("shift_right_logical", bits, bits.dtype.bits - kept), dtype) * 2.0**-kept


def _decompose(a: Value, b: Value, shape: Value, *, rng_distribution: Distribution, result: TensorType) -> Value:
    low, high = (Term(helpers.broadcast(v, result.shape, ())) for v in (a, b))
    if not result.dtype.is_float:
        bits = _bits(result, U64)
        width = cast(high - low, U64)
        return (low + cast(apply("remainder", bits, width), result.dtype)).value
    dtype = result.dtype if result.dtype in _MANTISSA else F32
    fraction = _fraction(result, dtype)
    if rng_distribution == "UNIFORM":
        return (low + cast(fraction, result.dtype) * (high - low)).value
    # The inverse of the distribution function, at the middle of each step so that neither end is met.
    centred = fraction * 2.0 - (1.0 - 2.0 ** -_MANTISSA[dtype])
    return (low + high * cast(apply("weft.erf_inv", centred) * 2.0**0.5, result.dtype)).value


rng = define(
    "rng",
    doc="""Random numbers of UNIFORM (in [a, b)) or NORMAL (mean a, deviation b) distribution, others in every run.

    I1, I2: real scalars, floats for NORMAL. C1: one element type. C2: `shape` has a number for each dim of the result.""",
    infer=_infer,
    decompose=_decompose,
)
