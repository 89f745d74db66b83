"""Attributes and types as text."""

import re
from collections.abc import Iterable

import numpy as np

from ....proto.dtypes import F64, I64, DType, from_numpy
from ..attrs import Attr, ConvDims, Dict, DotDims, GatherDims, Record, ScatterDims, Symref, Tensor
from ..dims import Expr
from ..types import ANY_DIM, MapType, OptionalType, SequenceType, TensorType, TokenType, TupleType, Type, UnrankedTensorType
from .dense import dense_text, float_text, quote
from .dims import dim_text

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_$.]*")
# StableHLO's enumerations: the attribute's name -> the name of its enumeration. `precision_config` is a list of them.
ENUMS = {
    "comparison_direction": "comparison_direction",
    "compare_type": "comparison_type",
    "fft_type": "fft_type",
    "precision_config": "precision",
    "rng_algorithm": "rng_algorithm",
    "rng_distribution": "rng_distribution",
    "transpose_a": "transpose",
}
# Integers are i64 but for these.
I32_ATTRIBUTES = {"exponent_bits", "mantissa_bits", "api_version", "version", "index", "backend_version"}
F32_ATTRIBUTES = {"epsilon"}
# Tables of integers, written `dense<[[…]]> : tensor<…xi64>`.
TABLES = {"padding", "replica_groups", "source_target_pairs"}
# Lists of permutations, written `[dense<[0, 1]> : tensor<2xindex>]`.
LAYOUTS = {"operand_layouts", "result_layouts"}


def type_text(t: Type, portable: bool = False) -> str:
    """A type; symbolic dims print as `?`, and, unless `portable`, a `#weft.dims` encoding that says what they are."""
    match t:
        case TensorType(dtype, shape):
            dims = "".join(f"{d}x" if isinstance(d, int) else "?x" for d in shape)
            if portable or all(isinstance(d, int) or d == ANY_DIM for d in shape):
                return f"tensor<{dims}{dtype.name}>"
            names = ", ".join("?" if d == ANY_DIM else str(d) if isinstance(d, int) else quote(dim_text(d)) for d in shape)
            return f"tensor<{dims}{dtype.name}, #weft.dims<{names}>>"
        case TupleType(types):
            return f"tuple<{', '.join(type_text(part, portable) for part in types)}>"
        case TokenType():
            return "!stablehlo.token"
        case SequenceType(element):
            return f"!weft.sequence<{type_text(element, portable)}>"
        case OptionalType(element):
            return f"!weft.optional<{type_text(element, portable)}>"
        case MapType(key, TensorType(dtype, ())):
            return f"!weft.map<{key.name}, {dtype.name}>"
        case MapType(key, value):
            return f"!weft.map<{key.name}, {type_text(value, portable)}>"
        case UnrankedTensorType(dtype):
            return f"tensor<*x{dtype.name}>"


def key_text(key: str) -> str:
    """A key of a dictionary, quoted if it is no identifier."""
    return key if _BARE.fullmatch(key) else quote(key)


def symbol_text(name: str) -> str:
    """`@name`, quoted if it is no identifier."""
    return "@" + (name if _BARE.fullmatch(name) else quote(name))


def ints_text(values: Iterable[object]) -> str:
    """`[1, 2]`, as the pretty forms write lists."""
    return "[" + ", ".join(map(str, values)) + "]"


def _fields(names: dict[str, object]) -> str:
    shown = (f"{k} = {ints_text(v)}" if isinstance(v, tuple) else f"{k} = {v}" for k, v in names.items() if v != ())
    return ", ".join(shown)


def conv_text(d: ConvDims) -> str:
    """`[b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]`."""

    def side(a: tuple[int, str], b: tuple[int, str], spatial: tuple[int, ...]) -> str:
        places = {a[0]: a[1], b[0]: b[1], **{dim: str(i) for i, dim in enumerate(spatial)}}
        return "[" + ", ".join(places.get(i, "?") for i in range(len(spatial) + 2)) + "]"

    lhs = side((d.input_batch, "b"), (d.input_feature, "f"), d.input_spatial)
    rhs = side((d.kernel_output_feature, "o"), (d.kernel_input_feature, "i"), d.kernel_spatial)
    out = side((d.output_batch, "b"), (d.output_feature, "f"), d.output_spatial)
    return f"{lhs}x{rhs}->{out}"


def record_text(record: Record) -> str:
    """The `#stablehlo.…<…>` attribute of a dimension-number record."""
    match record:
        case ConvDims():
            return f"#stablehlo.conv<{conv_text(record)}>"
        case DotDims(lb, rb, lc, rc):
            names = ("lhs_batching_dimensions", "rhs_batching_dimensions", "lhs_contracting_dimensions", "rhs_contracting_dimensions")
            return f"#stablehlo.dot<{_fields(dict(zip(names, (lb, rb, lc, rc), strict=True)))}>"
        case GatherDims():
            return f"#stablehlo.gather<{_fields({f: getattr(record, f) for f in GatherDims.__slots__})}>"
        case ScatterDims():
            return f"#stablehlo.scatter<{_fields({f: getattr(record, f) for f in ScatterDims.__slots__})}>"


def _float_attr(value: float, kind: str) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return f"0x{np.float64(value).view(np.uint64):016X} : f64"
    return f"{float_text(value, F64.numpy)} : {kind}"


def _layout_text(layout: Attr) -> str:
    array = layout.array if isinstance(layout, Tensor) else np.array(layout, np.int64)
    return f"{dense_text(array, I64)} : tensor<{array.size}xindex>"


def _is_table(value: Attr) -> bool:
    return isinstance(value, tuple) and all(isinstance(row, tuple) and all(type(x) is int for x in row) for row in value)


def _table_text(rows: tuple[tuple[int, ...], ...]) -> str:
    array = np.array(rows, np.int64).reshape(len(rows), -1) if len({len(r) for r in rows}) == 1 else np.zeros((0, 2), np.int64)
    return f"{dense_text(array, I64)} : tensor<{array.shape[0]}x{array.shape[1]}xi64>"


def _tuple_text(name: str, values: tuple[Attr, ...], stablehlo: bool, tensors: "TensorText | None") -> str:
    if stablehlo and name in TABLES and _is_table(values) and len({len(row) for row in values if isinstance(row, tuple)}) <= 1:
        return _table_text(values)  # type: ignore[arg-type]
    if stablehlo and name in LAYOUTS:
        return "[" + ", ".join(map(_layout_text, values)) + "]"
    if (values and all(type(v) is bool for v in values)) or (not values and name == "window_reversal"):
        return "array<i1" + (": " + ", ".join("true" if v else "false" for v in values) if values else "") + ">"
    if all(type(v) is int for v in values) and not (stablehlo and name in ENUMS):
        return "array<i64" + (": " + ", ".join(map(str, values)) if values else "") + ">"
    return "[" + ", ".join(attr_text(v, name, stablehlo, tensors) for v in values) + "]"


def attr_text(value: Attr, name: str = "", stablehlo: bool = False, tensors: "TensorText | None" = None) -> str:
    """An attribute. `name` and `stablehlo` tell which spelling StableHLO gives it (enumerations, tables, widths of numbers)."""
    match value:
        case None:
            return "#weft.none"
        case bool():
            return "true" if value else "false"
        case int():
            return f"{value} : {'i32' if stablehlo and name in I32_ATTRIBUTES else 'i64'}"
        case float():
            return _float_attr(value, "f32" if stablehlo and name in F32_ATTRIBUTES else "f64")
        case str():
            return f"#stablehlo<{ENUMS[name]} {value}>" if stablehlo and name in ENUMS else quote(value)
        case DType():
            return value.name
        case Expr():
            return f"#weft.dim<{quote(dim_text(value))}>"
        case Tensor():
            return (tensors or TensorText())(value)
        case Symref():
            return symbol_text(value.name)
        case Dict():
            return "{" + ", ".join(f"{key_text(k)} = {attr_text(v, tensors=tensors)}" for k, v in value.items) + "}"
        case DotDims() | ConvDims() | GatherDims() | ScatterDims():
            return record_text(value)
        case TensorType() | TokenType() | TupleType() | SequenceType() | OptionalType() | MapType() | UnrankedTensorType():
            return type_text(value)
        case tuple():
            return _tuple_text(name, value, stablehlo, tensors)


class TensorText:
    """How a printer writes constants: inline, elided, or as named resources collected for the end of the file."""

    def __init__(self, elide: int | None = None) -> None:
        self.elide = elide
        self.resources: dict[str, Tensor] = {}
        self._handles: dict[int, str] = {}

    def __call__(self, tensor: Tensor) -> str:
        dtype = from_numpy(tensor.array.dtype)
        kind = type_text(TensorType(dtype, tuple(tensor.array.shape)))
        elided = self.elide is not None and tensor.array.size > self.elide
        view = tensor.array.nbytes > 4096 and not any(tensor.array.strides)  # one element, broadcast: never spelled out
        if tensor.name and tensor.array.size and dtype.numpy != np.object_ and not elided and not view:
            return f"dense_resource<{key_text(self._handle(tensor))}> : {kind}"
        return f"{dense_text(tensor.array, dtype, self.elide)} : {kind}"

    def _handle(self, tensor: Tensor) -> str:
        if id(tensor) not in self._handles:
            handle, n = tensor.name, 0
            while handle in self.resources:
                n += 1
                handle = f"{tensor.name}#{n}"
            self.resources[handle] = tensor
            self._handles[id(tensor)] = handle
        return self._handles[id(tensor)]

    def trailer(self) -> list[str]:
        """The lines `{-# dialect_resources: … #-}` that hold the named constants."""
        if not self.resources:
            return []
        lines = ["", "{-#", "  dialect_resources: {", "    builtin: {"]
        for i, (handle, tensor) in enumerate(self.resources.items()):
            array = np.ascontiguousarray(tensor.array)
            data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
            # The first four bytes are the alignment.
            blob = array.itemsize.to_bytes(4, "little") + data
            lines.append(f'      {key_text(handle)}: "0x{blob.hex().upper()}"' + ("," if i + 1 < len(self.resources) else ""))
        return [*lines, "    }", "  }", "#-}"]
