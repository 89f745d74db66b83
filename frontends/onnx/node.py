"""What an operator's importer sees of its node: attributes with their defaults, known contents, errors that name the place."""

import builtins
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import AttributeProto

from ...compiler.ir.dims import Dim
from ...compiler.ir.graph import Value
from ...compiler.ops.helpers import cast, reshape_to
from ...proto.dtypes import I64
from ...proto.errors import Loc, WeftError, fail
from ...proto.limits import Limits
from .build import concatenate, slice_axis
from .contents import Unknown
from .symbols import bind

if TYPE_CHECKING:
    from .scope import Scope


class NodeView:
    """One ONNX node in the scope that imports it."""

    def __init__(
        self, proto: onnx.NodeProto, scope: "Scope", opset: int, loc: Loc, attributes: Mapping[str, AttributeProto] | None = None
    ) -> None:
        self.proto = proto
        self.scope = scope
        self.opset = opset
        self.loc = loc
        self.attributes = {a.name: a for a in proto.attribute} if attributes is None else attributes

    @property
    def op_type(self) -> str:
        return self.proto.op_type

    @property
    def domain(self) -> str:
        return "" if self.proto.domain == "ai.onnx" else self.proto.domain

    @property
    def limits(self) -> Limits:
        """What the model may ask for."""
        return self.scope.shared.limits

    @property
    def outputs(self) -> int:
        """How many outputs the node names, absent trailing ones not counted."""
        return len(self.proto.output)

    def has(self, name: str) -> bool:
        """Whether the attribute is given."""
        return name in self.attributes

    def int(self, name: str, default: builtins.int | None = None) -> builtins.int:
        """An integer attribute."""
        return self._get(name, AttributeProto.INT, default)

    def float(self, name: str, default: builtins.float | None = None) -> builtins.float:
        """A float attribute."""
        return self._get(name, AttributeProto.FLOAT, default)

    def string(self, name: str, default: str | None = None) -> str:
        """A string attribute."""
        value = self._get(name, AttributeProto.STRING, default)
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

    def ints(self, name: str, default: Sequence[builtins.int] | None = None) -> tuple[builtins.int, ...]:
        """A list of integers."""
        return tuple(self._get(name, AttributeProto.INTS, default))

    def floats(self, name: str, default: Sequence[builtins.float] | None = None) -> tuple[builtins.float, ...]:
        """A list of floats."""
        return tuple(self._get(name, AttributeProto.FLOATS, default))

    def strings(self, name: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """A list of strings."""
        return tuple(s.decode("utf-8", "replace") if isinstance(s, bytes) else s for s in self._get(name, AttributeProto.STRINGS, default))

    def tensor(self, name: str) -> np.ndarray:
        """A tensor attribute."""
        return self.scope.reader.array(self._get(name, AttributeProto.TENSOR, None), self.loc)

    def sparse_tensor(self, name: str) -> np.ndarray:
        """A sparse tensor attribute, spelled out."""
        return self.scope.reader.sparse(self._get(name, AttributeProto.SPARSE_TENSOR, None), self.loc)

    def type(self, name: str) -> onnx.TypeProto:
        """A type attribute."""
        return self._get(name, AttributeProto.TYPE_PROTO, None)

    def graph(self, name: str) -> onnx.GraphProto:
        """A graph attribute."""
        return self._get(name, AttributeProto.GRAPH, None)

    def _get(self, name: str, kind: builtins.int, default: Any) -> Any:
        attr = self.attributes.get(name)
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
        """The contents of an integer tensor as sizes, flattened; those that depend on data are bound: they must not be negative."""
        items = self.items(value, what)
        unknown = [i for i, d in enumerate(items) if isinstance(d, Unknown)]
        if unknown:
            flat = cast(reshape_to(value, (len(items),)), I64)
            sizes = flat if len(unknown) == len(items) else concatenate([slice_axis(flat, 0, i, i + 1) for i in unknown], 0)
            for i, d in zip(unknown, bind(sizes), strict=True):
                self.scope.contents.bind(items[i], d)
                items[i] = d
        return items

    def items(self, value: Value, what: str) -> list[Any]:
        """The contents of an integer tensor, flattened: numbers, dims, `Unknown` where they depend on data."""
        contents = self.scope.contents.items(value)
        if contents is None:
            raise self.error("dynamic", f"{what} of `{self.op_type}` must have a known, small number of elements, it is {value.type}")
        return list(contents.reshape(-1).tolist())

    def numbers(self, value: Value, what: str) -> list[builtins.int]:
        """Like `dims`, but they must be plain numbers."""
        dims = self.items(value, what)
        if any(isinstance(d, Unknown) for d in dims):
            raise self.error("dynamic", f"{what} of `{self.op_type}` depends on data")
        whole = [d for d in dims if isinstance(d, int) or (isinstance(d, float) and d.is_integer())]
        if len(whole) < len(dims):
            raise self.error("dynamic", f"{what} of `{self.op_type}` must be constant and whole, got {', '.join(map(str, dims))}")
        return [int(d) for d in whole]

    def number(self, value: Value, what: str) -> builtins.int:
        """The one element of a constant."""
        numbers = self.numbers(value, what)
        if len(numbers) != 1:
            raise self.error("shape", f"{what} of `{self.op_type}` must be one number, got {value.type}")
        return numbers[0]

    def axis(self, axis: builtins.int, rank: builtins.int) -> builtins.int:
        """An axis counted from the front, of one that may be counted from the back."""
        if not -rank <= axis < rank:
            raise self.error("axis", f"axis {axis} of `{self.op_type}` must lie in [-{rank}, {rank})")
        return axis % rank

    def axes(self, axes: Sequence[builtins.int], rank: builtins.int) -> tuple[builtins.int, ...]:
        """Axes counted from the front, each at most once."""
        counted = tuple(self.axis(a, rank) for a in axes)
        if len(set(counted)) < len(counted):
            raise self.error("axis", f"the axes {tuple(axes)} of `{self.op_type}` name one twice")
        return counted

    def check(self, condition: bool, code: str, message: str, help: str = "") -> None:
        """Raise the diagnostic unless `condition` holds."""
        if not condition:
            raise self.error(code, message, help)

    def check_limit(self, name: str, amount: builtins.int, what: str) -> None:
        """Raise a diagnostic if `amount` is more than the limit `name`."""
        self.limits.check(name, amount, f"`{self.op_type}` {what}", code="onnx.size", loc=self.loc)

    def check_rank(self, value: Value, rank: builtins.int) -> None:
        """Raise a diagnostic unless `value` has that rank."""
        self.check(len(value.shape) == rank, "shape", f"`{self.op_type}` needs a tensor of rank {rank} here, got {value.type}")

    def check_length(self, values: Sequence[object], length: builtins.int, what: str) -> None:
        """Raise a diagnostic unless there are that many values."""
        self.check(len(values) == length, "attribute", f"{what} of `{self.op_type}` must have {length} entries, got {len(values)}")

    def error(self, code: str, message: str, help: str = "") -> WeftError:
        """A diagnostic at this node: `raise node.error("attribute", "…")`."""
        return fail(f"onnx.{code}", message, loc=self.loc, help=help)
