"""Sizes that are not known while a function is traced, as numbers of the graph: `x.sum() / x.shape[0]`, `arange(x.shape[0])`."""

from ...compiler.ir.dims import Atom, Dim, Expr, terms_of
from ...compiler.ir.graph import Value
from ...compiler.ir.types import TensorType
from ...compiler.ops.helpers import broadcast, cast, const
from ...compiler.ops.nodes import node
from ...proto.dtypes import I64, DType


def size_value(n: Dim, dtype: DType = I64) -> Value:
    """A size as a number of rank 0."""
    total = const(0, I64)
    for atoms, factor in terms_of(n):
        term = const(factor, I64)
        for atom in atoms:
            term = node("multiply", term, _atom(atom))
        total = node("add", total, term)
    return cast(total, dtype)


def _atom(atom: Atom) -> Value:
    """The size of a vector that is never made: the op asks for the dim alone."""
    return cast(node("get_dimension_size", broadcast(const(False), (Expr((((atom,), 1),)),), ()), dimension=0), I64)


def positions(shape: tuple[Dim, ...], dim: int = 0) -> Value:
    """Every element's index in one dim, int64."""
    return node("iota", iota_dimension=dim, result=TensorType(I64, shape))


def has_sizes(x: object) -> bool:
    """Whether an argument of a call is, or holds, a size that is not known."""
    if isinstance(x, (tuple, list)):
        return any(map(has_sizes, x))
    if isinstance(x, dict):
        return any(map(has_sizes, x.values()))
    return isinstance(x, Expr) or (isinstance(x, slice) and has_sizes((x.start, x.stop, x.step)))
