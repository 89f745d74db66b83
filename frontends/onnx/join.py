"""One type for what several branches give, or for what a loop carries from turn to turn."""

from collections.abc import Sequence

from ...compiler.ir.dims import Dim
from ...compiler.ir.graph import Value
from ...compiler.ir.types import ANY_DIM, MapType, OptionalType, SequenceType, TensorType, Type, UnrankedTensorType, unify
from . import host
from .symbols import fresh


def join(a: Type, b: Type) -> Type | None:
    """A type of the values of both types, `ANY_DIM` where dims differ; None if there is none.

    Tensors of different rank have one as host values. A value that is surely there is also an optional.
    """
    match a, b:
        case TensorType(), TensorType() if a.dtype == b.dtype and a.rank == b.rank:
            return a.with_shape(tuple(d if d == e else ANY_DIM for d, e in zip(a.shape, b.shape, strict=True)))
        case TensorType() | UnrankedTensorType(), TensorType() | UnrankedTensorType() if a.dtype == b.dtype:
            return UnrankedTensorType(a.dtype)
        case SequenceType(x), SequenceType(y):
            element = join(x, y)
            return None if element is None else SequenceType(element)
        case (OptionalType(x), OptionalType(y)) | (OptionalType(x), y) | (x, OptionalType(y)):
            element = join(x, y)
            return None if element is None else OptionalType(element)
        case MapType(), MapType() if a.key == b.key:
            value = join(a.value, b.value)
            return None if value is None else MapType(a.key, value)
        case _:
            return a if a == b else None


def ranked(t: Type, declared: Type) -> Type:
    """The type with ranks, and sizes, from a declaration where it has none.

    A declared rank of 0 says nothing: exporters write an empty shape where they know none.
    """
    match t, declared:
        case UnrankedTensorType(dtype), TensorType(shape=shape) if declared.dtype == dtype and shape:
            return declared
        case SequenceType(element), SequenceType(x):
            return SequenceType(ranked(element, x))
        case OptionalType(element), OptionalType(x):
            return OptionalType(ranked(element, x))
        case _:
            return t


def is_nothing(x: Value) -> bool:
    """Whether the value is a sequence without elements or an optional without a value: its type says little."""
    return host.target(x) in ("sequence_empty", "optional_none")


def common_type(xs: Sequence[Value]) -> Type | None:
    """The type that values have in common; those that hold nothing do not widen it. None if there is none."""
    full = [x for x in xs if not is_nothing(x)]
    found: Type | None = (full or xs)[0].type
    for x in xs:
        wider = None if found is None else join(found, x.type)
        found = found if wider is not None and full and is_nothing(x) else wider
    return found


def opened(t: Type) -> tuple[Type, tuple[Dim, ...]]:
    """The type with new symbols for the dims of a tensor that are `ANY_DIM`, and these symbols."""
    if not isinstance(t, TensorType):
        return t, ()
    shape = tuple(fresh() if d == ANY_DIM else d for d in t.shape)
    return t.with_shape(shape), tuple(new for new, old in zip(shape, t.shape, strict=True) if old == ANY_DIM)


def adapted(x: Value, t: Type) -> Value:
    """The value as one of a wider type, found by `join`; itself where that is one already."""
    if unify(t, x.type, {}):
        return x
    if is_nothing(x) and type(t) is type(x.type):
        return host.declared(host.target(x), [t])[0]
    wraps = isinstance(t, OptionalType) and not isinstance(x.type, OptionalType)
    return host.declared("optional_some" if wraps else "identity", [t], x)[0]
