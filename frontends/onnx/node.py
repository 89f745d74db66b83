"""What an operator's importer sees of its node: attributes with their defaults, known contents, errors that name the place."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import AttributeProto

from ...compiler.ir.dims import Dim
from ...compiler.ir.graph import Value
from ...proto.errors import Loc, WeftError, fail

if TYPE_CHECKING:
    from .scope import Scope


class NodeView:
    """One ONNX node in the scope that imports it."""

    def __init__(self, proto: onnx.NodeProto, scope: "Scope", opset: int, loc: Loc) -> None:
        self.proto = proto
        self.scope = scope
        self.opset = opset
        self.loc = loc
        self._attrs = {a.name: a for a in proto.attribute}

    @property
    def op_type(self) -> str:
        return self.proto.op_type

    @property
    def domain(self) -> str:
        return "" if self.proto.domain == "ai.onnx" else self.proto.domain

    @property
    def outputs(self) -> int:
        """How many outputs the node names, absent trailing ones not counted."""
        return len(self.proto.output)

    def has(self, name: str) -> bool:
        """Whether the attribute is given."""
        return name in self._attrs

    def int(self, name: str, default: int | None = None) -> int:
        """An integer attribute."""
        return self._get(name, AttributeProto.INT, default)

    def float(self, name: str, default: float | None = None) -> float:
        """A float attribute."""
        return self._get(name, AttributeProto.FLOAT, default)

    def string(self, name: str, default: str | None = None) -> str:
        """A string attribute."""
        value = self._get(name, AttributeProto.STRING, default)
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

    def ints(self, name: str, default: Sequence[int] | None = None) -> tuple[int, ...]:
        """A list of integers."""
        return tuple(self._get(name, AttributeProto.INTS, default))

    def floats(self, name: str, default: Sequence[float] | None = None) -> tuple[float, ...]:
        """A list of floats."""
        return tuple(self._get(name, AttributeProto.FLOATS, default))

    def strings(self, name: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """A list of strings."""
        return tuple(s.decode("utf-8", "replace") if isinstance(s, bytes) else s for s in self._get(name, AttributeProto.STRINGS, default))

    def tensor(self, name: str) -> np.ndarray:
        """A tensor attribute."""
        return self.scope.reader.array(self._get(name, AttributeProto.TENSOR, None), self.loc)

    def graph(self, name: str) -> onnx.GraphProto:
        """A graph attribute."""
        return self._get(name, AttributeProto.GRAPH, None)

    def _get(self, name: str, kind: int, default):
        attr = self._attrs.get(name)
        if attr is None:
            if default is None:
                raise self.error("attribute", f"`{self.op_type}` needs the attribute `{name}`")
            return default
        if attr.type != kind:
            wanted = AttributeProto.AttributeType.Name(kind)
            raise self.error("attribute", f"attribute `{name}` of `{self.op_type}` must be of type {wanted}")
        return onnx.helper.get_attribute_value(attr)

    def known(self, value: Value | None) -> np.ndarray | None:
        """The contents of a value as an object array of ints, floats and symbolic dims, where the graph determines them; else None."""
        return None if value is None else self.scope.contents.of(value)

    def dims(self, value: Value, what: str) -> list[Dim]:
        """The contents of an integer tensor that must be known while importing, flattened; a `WeftError` if they depend on data."""
        contents = self.known(value)
        if contents is None:
            raise self.error(
                "dynamic",
                f"{what} of `{self.op_type}` depends on data",
                help="weft compiles shapes that follow from the shapes of the inputs",
            )
        return list(contents.reshape(-1).tolist())

    def numbers(self, value: Value, what: str) -> list[int]:
        """Like `dims`, but they must be plain numbers."""
        dims = self.dims(value, what)
        if not all(isinstance(d, int) for d in dims):
            raise self.error("dynamic", f"{what} of `{self.op_type}` must be constant, got {', '.join(map(str, dims))}")
        return [int(d) for d in dims]  # type: ignore[arg-type]

    def error(self, code: str, message: str, help: str = "") -> WeftError:
        """A diagnostic at this node: `raise node.error("attribute", "…")`."""
        return fail(f"onnx.{code}", message, loc=self.loc, help=help)
