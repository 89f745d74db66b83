"""Bounds on types: what no machine can hold, and what a reader's limits allow."""

from math import prod

from ...proto.errors import UNKNOWN, Loc, fail
from ...proto.limits import Limits
from .dims import Call, Dim, Expr, terms_of
from .types import TensorType, Type

# Below it, so that sums of two sizes and every offset into a tensor fit in 64 bits.
MOST_BYTES = 1 << 62


def fixed_bytes(t: TensorType) -> int:
    """Bytes of the tensor as far as they are known: symbolic and empty dims count as 1."""
    return prod([d for d in t.shape if isinstance(d, int) and d > 1], start=t.dtype.itemsize)


def check_representable(t: Type) -> None:
    """A size in bytes must fit in 64 bits and no dim may be negative; WeftError `shape.overflow`, `shape.negative`."""
    if isinstance(t, TensorType):
        if any(isinstance(d, int) and d < 0 for d in t.shape):
            raise fail("shape.negative", f"{t} has a negative dim")
        if fixed_bytes(t) >= MOST_BYTES:
            raise fail("shape.overflow", f"the size of {t} in bytes overflows 64 bits")


def check_type(t: TensorType, limits: Limits, code: str, loc: Loc = UNKNOWN) -> None:
    """A type that a file asks for must keep within the limits; WeftError `code`."""
    limits.check("rank", t.rank, f"a tensor of rank {t.rank}", code=code, loc=loc)
    nbytes = fixed_bytes(t)
    limits.check("tensor_bytes", nbytes, f"{t} has {nbytes} bytes", code=code, loc=loc)
    for d in t.shape:
        if isinstance(d, Expr):
            limits.check("dim_terms", len(d.terms), f"the dim `{d}` has {len(d.terms)} terms", code=code, loc=loc)
            limits.check("dim_depth", call_depth(d), f"the dim `{d}` is nested too deeply", code=code, loc=loc)


def call_depth(x: Dim) -> int:
    """How deep `floordiv`, `mod`, `min` and `max` stand inside each other in a dim."""
    atoms = {atom for monomial, _ in terms_of(x) for atom in monomial}
    return max((1 + max(map(call_depth, a.args)) for a in atoms if isinstance(a, Call)), default=0)
