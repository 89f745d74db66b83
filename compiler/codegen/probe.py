"""Probing a fused region: the same walk as emission, but all it leaves is a record of what would be read, asked and computed.

Plans are made from it: which dims behave as one, where conditions change, how memory is walked, how much work an element is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product as cartesian

from ...proto.dtypes import BOOL, BY_NAME, DType
from ..ir.dims import Dim, symbol
from ..ir.graph import Node, Region, Value
from ..ops.builder import Index
from ..ops.registry import Op
from .elemental import undecided, unrolled_extents
from .index import simplify
from .memory import row_major
from .scalar import part_type
from .walk import Walk

Bound = tuple[Dim, Dim, Dim]

# Relative to an addition, of vectors of f32; what is not here is 1.
_COST = {
    **dict.fromkeys(("exp", "expm1", "tanh", "logistic", "erf", "log", "log1p", "sin", "cos"), 12.0),
    **dict.fromkeys(("tan", "cbrt", "atan2"), 20.0),
    **dict.fromkeys(("div", "sqrt", "rsqrt", "rem"), 4.0),
    "pow": 30.0,
}
_READ_COST = 2.0
_UNKNOWN_EXTENT = 64


@dataclass(frozen=True, slots=True)
class Mark:
    """Stands for an element."""

    dtype: DType


@dataclass(frozen=True, slots=True)
class Access:
    """One read of a parameter: where, in the symbols of the probe."""

    value: Value
    index: Index
    offset: Dim


@dataclass(eq=False)
class Record:
    """What evaluating a region at one index takes. `others` are index expressions whose value matters in another way than as an offset."""

    accesses: list[Access] = field(default_factory=list)
    bounds: list[Bound] = field(default_factory=list)
    others: list[Dim] = field(default_factory=list)
    dtypes: set[DType] = field(default_factory=set)
    cost: float = 0.0
    loops: int = 0


class Probe(Walk[Mark]):
    """An element builder that builds nothing. Read results, then look at `record`."""

    def __init__(self, region: Region) -> None:
        super().__init__()
        self.record = Record()
        self._params = set(region.params)
        self._known: dict[tuple[Value, Index], Mark] = {}
        self._times = 1.0
        self._fresh = 0

    def _recall(self, value: Value, index: Index) -> Mark | None:
        return self._known.get((value, index))

    def _remember(self, value: Value, index: Index, elem: Mark) -> None:
        self._known[value, index] = elem
        self.record.dtypes.add(elem.dtype)

    def _is_parameter(self, value: Value) -> bool:
        return value in self._params

    def _parameter(self, value: Value, index: Index) -> Mark | None:
        if value not in self._params:
            return None
        offset = row_major(value.shape, index)
        self.record.accesses.append(Access(value, index, offset))
        self.record.cost += self._times * _READ_COST
        return Mark(value.dtype)

    def _constant(self, node: Node, index: Index) -> Mark:
        # One that has the same value everywhere is no access, but treating it as one costs nothing but a loop.
        self.record.accesses.append(Access(node.result, index, row_major(node.result.shape, index)))
        return Mark(node.result.dtype)

    def _call_element(self, op: Op, node: Node, index: Index, inlined: bool) -> object:
        assert op.element is not None
        return op.element(self, node, index)

    # -- the builder ----------------------------------------------------------------------------------------------------------

    def const(self, dtype: DType, value: bool | int | float | complex) -> Mark:
        return Mark(dtype)

    def position(self, d: Dim, dtype: DType) -> Mark:
        self.record.others.append(simplify(d))
        return Mark(dtype)

    def index(self, x: Mark, lo: Dim, hi: Dim) -> Dim:
        self._fresh += 1
        self.record.cost += self._times * 4
        return symbol(f"%i{self._fresh}", lo, hi)

    def within(self, bounds: Sequence[Bound], then: Callable[[], Mark], otherwise: Callable[[], Mark]) -> Mark:
        self.record.bounds += bounds
        left = undecided(bounds)
        if left is None:
            return otherwise()
        result = then()
        if left:
            self.record.cost += self._times
            otherwise()
        return result

    def loop(
        self, extents: Sequence[Dim], init: tuple[Mark, ...], body: Callable[[Index, tuple[Mark, ...]], tuple[Mark, ...]]
    ) -> tuple[Mark, ...]:
        if any(isinstance(n, int) and n <= 0 for n in extents):
            return init
        unrolled = unrolled_extents(extents)
        outer: list[Dim] = []
        times = self._times
        for n in extents[: len(extents) - len(unrolled)]:
            self._fresh += 1
            outer.append(symbol(f"%k{self._fresh}", 0, n - 1))
            self._times *= n if isinstance(n, int) else _UNKNOWN_EXTENT
            self.record.loops += 1
        state = init
        for inner in cartesian(*map(range, unrolled)):
            state = body((*outer, *inner), state)
        self._times = times
        return state

    def convert(self, x: Mark, dtype: DType) -> Mark:
        return self._count("convert", dtype, x)

    def bitcast(self, x: Mark, dtype: DType) -> Mark:
        return self._count("bitcast", dtype, x)

    def reduce_precision(self, x: Mark, exponent_bits: int, mantissa_bits: int) -> Mark:
        return self._count("reduce_precision", x.dtype, x)

    def compare(self, direction: str, x: Mark, y: Mark, compare_type: str = "") -> Mark:
        return self._count("compare", BOOL, x)

    def select(self, pred: Mark, on_true: Mark, on_false: Mark) -> Mark:
        return self._count("select", on_true.dtype, on_true)

    def is_finite(self, x: Mark) -> Mark:
        return self._count("is_finite", BOOL, x)

    def real(self, x: Mark) -> Mark:
        return Mark(part_type(x.dtype))

    def imag(self, x: Mark) -> Mark:
        return Mark(part_type(x.dtype))

    def complex(self, re: Mark, im: Mark) -> Mark:
        return Mark(BY_NAME["complex<f32>" if re.dtype.bits == 32 else "complex<f64>"])

    def abs(self, x: Mark) -> Mark:
        return self._count("abs", part_type(x.dtype), x)

    def __getattr__(self, name: str) -> Callable[..., Mark]:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda x, *more: self._count(name, x.dtype, x)

    def _count(self, name: str, dtype: DType, x: Mark) -> Mark:
        cost = _COST.get(name, 1.0)
        self.record.cost += self._times * cost * (2 if x.dtype.bits > 32 else 1)
        self.record.dtypes.add(dtype)
        return Mark(dtype)


def probe(region: Region, index: Index, known: Sequence[Value] = ()) -> Record:
    """The record of computing all results of a region at `index`, given the elements of `known` values."""
    walk = Probe(region)
    for v in known:
        walk.bind(v, lambda _, v=v: Mark(v.dtype))
    for v in region.results:
        walk.read(v, index)
    return walk.record


def axis_symbols(shape: Sequence[Dim]) -> tuple[Dim, ...]:
    """One symbol per dim of a shape, ranging over it; 0 for dims of size 1."""
    return tuple(0 if n == 1 else symbol(f"%d{k}", 0, n - 1) for k, n in enumerate(shape))
