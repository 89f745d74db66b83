"""An element builder that computes: one element at a time, on numpy scalars, with every index checked."""

import inspect
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from weft.compiler.ir.dims import Dim, evaluate
from weft.compiler.ir.graph import Node, Region, Value
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import op_of
from weft.proto.dtypes import DType, from_numpy

# Builder methods that compute an op's reference, where they have another name than the op.
_RENAMED = {
    "sub": "subtract", "mul": "multiply", "div": "divide", "rem": "remainder", "max": "maximum", "min": "minimum", "pow": "power",
    "and_": "and", "or_": "or", "not_": "not", "neg": "negate", "shl": "shift_left", "shr_arithmetic": "shift_right_arithmetic",
    "shr_logical": "shift_right_logical", "exp": "exponential", "expm1": "exponential_minus_one", "log1p": "log_plus_one",
    "sin": "sine", "cos": "cosine", "erf": "weft.erf", "clz": "count_leading_zeros",
}  # fmt: skip


class Scalar:
    """An element: a numpy array of rank 0 with weft's dtype."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = np.asarray(array)

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        return self.array

    @property
    def dtype(self) -> DType:
        return from_numpy(self.array.dtype)


class ScalarBuilder:
    """`ElementBuilder` on arrays. `env` gives the numbers of symbols, among them those of the index."""

    def __init__(self, values: Mapping[Value, np.ndarray]) -> None:
        self.values = dict(values)
        self.env: dict[str, int] = {}

    def __getattr__(self, name: str) -> Callable[..., Scalar]:
        reference = op_of(_RENAMED.get(name, name)).reference
        assert reference is not None
        return lambda *xs: Scalar(np.asarray(reference(*(x.array for x in xs))))

    def node(self, node: Node, index: tuple[Dim, ...]) -> Scalar:
        """The element of a node's result."""
        op = op_of(node)
        if op.element is not None:
            return op.element(self, node, index)
        assert op.lower is not None
        wants_result = "result" in inspect.signature(op.lower).parameters
        keywords = {**node.attrs, "result": node.types[0]} if wants_result else dict(node.attrs)
        return op.lower(self, *(self.read(v, index) for v in node.operands), **keywords)

    def number(self, d: Dim) -> int:
        return evaluate(d, self.env)

    def const(self, dtype: DType, value: complex) -> Scalar:
        return Scalar(np.asarray(value).astype(dtype.numpy))

    def read(self, value: Value, index: tuple[Dim, ...]) -> Scalar:
        if value not in self.values and value.node is not None:
            return self.node(value.node, index)
        array = self.values[value]
        at = tuple(map(self.number, index))
        assert len(at) == array.ndim and all(0 <= i < n for i, n in zip(at, array.shape, strict=True)), f"read at {at} of {array.shape}"
        return Scalar(array[at])

    def position(self, d: Dim, dtype: DType) -> Scalar:
        return self.convert(Scalar(np.asarray(self.number(d), np.int64)), dtype)

    def index(self, x: Scalar, lo: Dim, hi: Dim) -> Dim:
        return min(max(int(x.array), self.number(lo)), self.number(hi))

    def within(self, bounds: Sequence[tuple[Dim, Dim, Dim]], then: Callable[[], Scalar], otherwise: Callable[[], Scalar]) -> Scalar:
        return then() if all(self.number(lo) <= self.number(x) < self.number(hi) for lo, x, hi in bounds) else otherwise()

    def loop(
        self,
        extents: Sequence[Dim],
        init: tuple[Scalar, ...],
        body: Callable[[tuple[Dim, ...], tuple[Scalar, ...]], tuple[Scalar, ...]],
    ) -> tuple[Scalar, ...]:
        state = init
        for at in np.ndindex(*map(self.number, extents)):
            state = body(at, state)
        return state

    def inline(self, region: Region, args: Sequence[Scalar]) -> tuple[Scalar, ...]:
        inner = ScalarBuilder(dict(zip(region.params, (a.array for a in args), strict=True)))
        return tuple(inner.read(v, ()) for v in region.results)

    def convert(self, x: Scalar, dtype: DType) -> Scalar:
        return Scalar(op_of("convert").reference(x.array, result=TensorType(dtype, ())))

    def bitcast(self, x: Scalar, dtype: DType) -> Scalar:
        return Scalar(op_of("bitcast_convert").reference(x.array, result=TensorType(dtype, ())))

    def reduce_precision(self, x: Scalar, exponent_bits: int, mantissa_bits: int) -> Scalar:
        return Scalar(op_of("reduce_precision").reference(x.array, exponent_bits=exponent_bits, mantissa_bits=mantissa_bits))

    def compare(self, direction: str, x: Scalar, y: Scalar, compare_type: str) -> Scalar:
        return Scalar(op_of("compare").reference(x.array, y.array, comparison_direction=direction, compare_type=compare_type))
