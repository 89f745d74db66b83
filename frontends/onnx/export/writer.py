"""What exporters write with: names, initializers, nodes, and sizes as tensors."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ....compiler.ir import dims
from ....compiler.ir.dims import Call, Dim, Expr, Symbol
from ....compiler.ir.graph import Node, Value
from ....proto.dtypes import DType
from ....proto.errors import WeftError, fail
from ..reader import NUMBERS

OPSET = 21
Names = str | list[str]
Emitter = Callable[["Writer", Node, list[str]], Names]
EMITTERS: dict[str, Emitter] = {}


def exports(*ops: str) -> Callable[[Emitter], Emitter]:
    """Enter an exporter for ops: it writes nodes for the operands of the given names and returns the names of the results."""

    def enter(f: Emitter) -> Emitter:
        EMITTERS.update(dict.fromkeys(ops, f))
        return f

    return enter


class Writer:
    """The model being written. Nested graphs are written by writers that share everything but the nodes."""

    def __init__(self, outer: "Writer | None" = None) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = outer.initializers if outer else []
        self.names: dict[Value, str] = outer.names if outer else {}
        self.errors: list[WeftError] = outer.errors if outer else []
        self.sizes: dict[str, tuple[str, int]] = outer.sizes if outer else {}
        self._taken: set[str] = outer._taken if outer else set()
        self._constants: dict[object, str] = outer._constants if outer else {}

    def fresh(self, stem: str) -> str:
        """A name that is not used yet."""
        name, n = stem, 0
        while name in self._taken:
            n += 1
            name = f"{stem}_{n}"
        self._taken.add(name)
        return name

    def claim(self, name: str) -> str:
        """`name` itself if it is free, else one like it."""
        return self.fresh(name)

    def know(self, params: Sequence[Value]) -> None:
        """Symbols have their values from the dims of these parameters."""
        for p in params:
            for axis, d in enumerate(p.shape):
                match d:
                    case Expr(terms=(((Symbol(name),), 1),)):
                        self.sizes.setdefault(name, (self.names[p], axis))
                    case _:
                        pass

    def node(self, op: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> str:
        """Write a node; the name of its first output."""
        return self.several(op, inputs, outputs, **attributes)[0]

    def several(self, op: str, inputs: Sequence[str], outputs: int, **attributes: Any) -> list[str]:
        """Write a node; the names of its outputs."""
        names = [self.fresh(op.lower()) for _ in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=self.fresh(op), **attributes))
        return names

    def constant(self, array: np.ndarray, name: str = "") -> str:
        """An initializer; equal small ones are written once."""
        array = np.asarray(array)
        key = (array.dtype.str, array.dtype.name, array.shape, array.tobytes()) if array.nbytes <= 4096 else id(array)
        if key not in self._constants:
            tensor = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape))
            tensor.name = self._constants[key] = self.fresh(name or "const")
            self.initializers.append(tensor)
        return self._constants[key]

    def number(self, value: float, dtype: DType) -> str:
        """A scalar initializer."""
        return self.constant(np.asarray(value).astype(dtype.numpy))

    def ints(self, values: Sequence[int]) -> str:
        """An int64 vector."""
        return self.constant(np.asarray(values, np.int64).reshape(-1))

    def cast(self, name: str, dtype: DType) -> str:
        """A node that converts."""
        if dtype.name not in NUMBERS:
            raise fail("export.type", f"ONNX has no elements of type {dtype}")
        return self.node("Cast", [name], to=NUMBERS[dtype.name])

    def vector(self, shape: Sequence[Dim]) -> str:
        """Sizes as an int64 vector: an initializer where they are numbers, else computed from the inputs' shapes."""
        if all(isinstance(d, int) for d in shape):
            return self.ints(shape)  # type: ignore[arg-type]
        return self.node("Concat", [self.size(d) for d in shape], axis=0)

    def size(self, d: Dim) -> str:
        """One size as an int64 vector of one element."""
        if isinstance(d, int):
            return self.ints([d])
        total = ""
        for monomial, factor in dims.terms_of(d):
            term = self.ints([factor]) if factor != 1 or not monomial else ""
            for atom in monomial:
                own = self._atom(atom)
                term = self.node("Mul", [term, own]) if term else own
            total = self.node("Add", [total, term]) if total else term
        return total

    def _atom(self, atom: Symbol | Call) -> str:
        if isinstance(atom, Call):
            op = {"min": "Min", "max": "Max", "floordiv": "Div", "mod": "Mod"}[atom.op]
            return self.node(op, [self.size(a) for a in atom.args])
        if atom.name not in self.sizes:
            raise fail("export.symbol", f"the size `{atom.name}` is not a dim of an input")
        source, axis = self.sizes[atom.name]
        return self.node("Shape", [source], start=axis, end=axis + 1)

    def reshape(self, name: str, shape: Sequence[Dim]) -> str:
        """A node that reshapes; zeros are sizes."""
        return self.node("Reshape", [name, self.vector(shape)], allowzero=1)

    def transpose(self, name: str, permutation: Sequence[int]) -> str:
        """A node that permutes dims, if that changes anything."""
        if list(permutation) == list(range(len(permutation))):
            return name
        return self.node("Transpose", [name], perm=list(permutation))
