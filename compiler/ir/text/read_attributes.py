"""Reading MLIR text: attributes and locations."""

import re
from math import isfinite

import numpy as np

from ....proto.dtypes import DType
from ....proto.errors import Loc, merge_locs
from ....proto.limits import DEFAULT, Limits
from ..attrs import Attr, ConvDims, Dict, DotDims, GatherDims, ScatterDims, Symref, Tensor
from ..types import TensorType, Type
from .read_dense import Literal, from_bytes, read_literal, to_array
from .read_types import TypeReader

_ALIAS = re.compile(r"^[ \t]*([#!])([A-Za-z_][A-Za-z0-9_$\-]*+)[ \t]*=[ \t\r\n]*", re.MULTILINE)
_RESOURCES = re.compile(r"^[ \t]*\{-#", re.MULTILINE)
_REPEATED = re.compile(r"#\d+$")
_DOT_FIELDS = {
    "lhs_batching_dimensions": "lhs_batch",
    "rhs_batching_dimensions": "rhs_batch",
    "lhs_contracting_dimensions": "lhs_contracting",
    "rhs_contracting_dimensions": "rhs_contracting",
}
_RECORDS = {
    "stablehlo.dot": (DotDims, _DOT_FIELDS),
    "stablehlo.gather": (GatherDims, {}),
    "stablehlo.scatter": (ScatterDims, {}),
}
_UNSUPPORTED = {"sparse", "affine_map", "affine_set", "strided", "opaque", "distinct", "dense_array"}
# How many attributes a text may expand to through aliases of aliases, beyond what stands in it.
_ALIAS_BUDGET = 1 << 20
_MAX_LOC_CHAIN = 200


class AttributeReader(TypeReader):
    """Adds attributes, their aliases, named constants, and locations."""

    def __init__(self, text: str, file: str, limits: Limits = DEFAULT) -> None:
        super().__init__(text, file, limits)
        self.aliases: dict[str, int] = {}
        for m in _ALIAS.finditer(text):
            (self.aliases if m[1] == "#" else self.type_aliases).setdefault(m[2], m.end())
        self._locs: dict[str, Loc] = {}
        self._loc_chain = 0
        self._attributes: dict[str, tuple[Attr, int]] = {}
        self._count = 0
        self._budget = _ALIAS_BUDGET + len(text)
        self.resources: dict[str, tuple[int, str]] = {}
        m = _RESOURCES.search(text)
        if m is not None:
            self._read_resources(m.end())

    # Attributes

    def attribute(self) -> Attr:
        """Any attribute."""
        self._count += 1
        if self._count > self._budget:
            raise self.error("mlir.size", "attribute aliases expand to too much")
        self.deeper()
        value = self._attribute()
        self.shallower()
        return value

    def _attribute(self) -> Attr:
        match self.text[self.pos : self.pos + 1]:
            case '"':
                return self._typed_string()
            case "[":
                return self.list()
            case "{":
                return self.dictionary()
            case "@":
                return Symref(self.symbol_name())
            case "#":
                return self._hash()
            case "!" if not self.at_element_type():
                return self.type()
            case _ if self.at_number():
                return self._number()
            case _:
                return self._word()

    def _typed_string(self) -> str:
        text = self.string()
        if self.take(":"):
            self.type()
        return text

    def list(self) -> tuple[Attr, ...]:
        """`[a, b]`."""
        self.expect("[")
        found: list[Attr] = []
        while not self.take("]"):
            if found:
                self.expect(",")
            found.append(self.attribute())
        return tuple(found)

    def dictionary(self, close: str = "}", opened: bool = False) -> Dict:
        """`{a = 1, b}`; a key without a value is `true` (a unit attribute). `opened`: the bracket has been read."""
        if not opened:
            self.expect("{")
        items: dict[str, Attr] = {}
        while not self.take(close):
            if items:
                self.expect(",")
            start = self.pos
            key = self.string() if self.at('"') else self.ident("a key")
            if key in items:
                raise self.error("mlir.syntax", f"the key `{key}` is given twice", start)
            items[key] = self.attribute() if self.take("=") else True
        return Dict(tuple(sorted(items.items())))

    def _number(self) -> int | float:
        start = self.pos
        literal = self.number()
        kind: DType | None = None
        if self.take(":"):
            if self.at("tensor") or self.at("!"):
                raise self.error("mlir.attribute", "a number has a scalar type")
            kind = self.element_type()
        try:
            if "x" in literal:
                bits = int(literal, 16)
                return float(np.array([bits], f"u{kind.itemsize}").view(kind.numpy)[0]) if kind and kind.is_float else bits
            if "." in literal or "e" in literal or (kind is not None and kind.is_float):
                value = float(literal)
                if not isfinite(value):
                    raise OverflowError
                return value
            value = int(literal)
        except (ValueError, OverflowError) as e:
            raise self.error("mlir.number", f"`{literal[:40]}` is not a number of its type", start) from e
        if not -(1 << 63) <= value < 1 << 64:
            raise self.error("mlir.number", "the number does not fit in 64 bits", start)
        return bool(value) if kind is not None and kind.is_bool else value

    def _word(self) -> Attr:
        word = self.peek_ident()
        match word:
            case "true" | "false" | "unit":
                self.keyword(word)
                return word != "false"
            case "dense" | "dense_resource":
                return self.tensor()
            case "array":
                return self._array()
            case "loc":
                self.location()
                return None
            case "tensor" | "tuple":
                return self.type()
            case _ if word in _UNSUPPORTED:
                raise self.error("mlir.attribute", f"`{word}` attributes are not supported")
            case _ if self.at("("):
                return self.function_type()
            case _ if self.at_element_type():
                return self.element_type()
            case _:
                raise self.expected("an attribute")

    def function_type(self) -> tuple[tuple[Type, ...], tuple[Type, ...]]:
        self.expect("(")
        inputs: list[Type] = [] if self.at(")") else self.types()
        self.expect(")")
        self.expect("->")
        return tuple(inputs), tuple(self.result_types())

    def _array(self) -> tuple[Attr, ...]:
        self.keyword("array")
        self.expect("<")
        kind = self.element_type()
        values: list[Attr] = []
        if self.take(":"):
            while True:
                value: Attr = self._number() if self.at_number() else self.word("true", "false") == "true"
                values.append(bool(value) if kind.is_bool else float(value) if kind.is_float else value)  # type: ignore[arg-type]
                if not self.take(","):
                    break
        self.expect(">")
        return tuple(values)

    def tensor(self) -> Tensor:
        """`dense<…> : type` or `dense_resource<name> : type`."""
        word = self.ident()
        if word not in ("dense", "dense_resource"):
            raise self.expected("`dense<…>`")
        self.expect("<")
        literal: Literal | str
        start = self.pos
        if word == "dense":
            literal = read_literal(self)
        else:
            literal = self.string() if self.at('"') else self.ident("the name of a resource")
            self.expect(">")
        self.expect(":")
        at = self.pos
        t = self.type()
        if not isinstance(t, TensorType) or not t.is_static:
            raise self.error("mlir.dense", "a constant is a tensor with static dims", at)
        if isinstance(literal, Literal):
            return Tensor(to_array(self, literal, t.dtype, t.static_shape))
        return self._resource(literal, start, t)

    def _resource(self, key: str, start: int, t: TensorType) -> Tensor:
        if key not in self.resources:
            elided = key == "__elided__"
            message = "the contents of this constant were left out when the text was printed" if elided else f"there is no resource `{key}`"
            raise self.error("mlir.elided" if elided else "mlir.resource", message, start)
        at, blob = self.resources[key]
        try:
            data = bytes.fromhex(blob[3:-1])
        except ValueError as e:
            raise self.error("mlir.resource", f"the bytes of `{key}` are not hexadecimal", at) from e
        if len(data) < 4:
            raise self.error("mlir.resource", f"`{key}` is too short: four bytes of alignment come first", at)
        return Tensor(from_bytes(self, at, data[4:], t.dtype, t.static_shape), _REPEATED.sub("", key))

    def _hash(self) -> Attr:
        start = self.pos
        name = self.suffix_id("#")
        if name in self.aliases:
            return self._alias(name)
        if not self.at("<"):
            raise self.error("mlir.attribute", f"the alias `#{name}` is not defined", start)
        return self._dialect(name)

    def _alias(self, name: str) -> Attr:
        if name not in self._attributes:
            back, self.pos = self.pos, self.aliases[name]
            before = self._count
            value = self.attribute()
            self._attributes[name] = value, self._count - before
            self.pos = back
            return value
        value, count = self._attributes[name]
        self._count += count
        return value

    def _dialect(self, name: str) -> Attr:
        if name in _RECORDS:
            return self._record(name)
        if name == "stablehlo.conv":
            self.expect("<")
            dims = self.conv_dims()
            self.expect(">")
            return dims
        if name == "weft.dim":
            self.expect("<")
            dim = self.dim_string()
            self.expect(">")
            return dim
        if name == "weft.none":
            self.skip_balanced()
            return None
        if name.split(".")[0] in ("stablehlo", "chlo", "mhlo"):
            return self._stablehlo()
        # Of a dialect that weft does not know: kept as text.
        return f"#{name}{self.skip_balanced()}"

    def _stablehlo(self) -> Attr:
        """`<enum VALUE>` and `<VALUE>` read as the value's name, `<key = value, …>` as a dictionary."""
        self.expect("<")
        if self.take(">"):
            return Dict(())
        start = self.pos
        first = self.ident("a name")
        if self.at("="):
            self.pos = start
            return self.dictionary(">", opened=True)
        value = self.ident("a value") if not self.at(">") else first
        self.expect(">")
        return value

    def _record(self, name: str) -> Attr:
        cls, rename = _RECORDS[name]
        self.expect("<")
        start = self.pos
        fields: dict[str, object] = dict.fromkeys(cls.__slots__, ())
        if "index_vector_dim" in fields:
            fields["index_vector_dim"] = 0
        seen: set[str] = set()
        while not self.take(">"):
            if seen:
                self.expect(",")
            key = self.ident("a field")
            key = rename.get(key, key)
            if key not in fields or key in seen:
                raise self.error("mlir.attribute", f"`#{name}` has no field `{key}`, or has it twice", start)
            seen.add(key)
            self.expect("=")
            fields[key] = self.integer() if key == "index_vector_dim" else self.integers()
        return cls(**fields)  # type: ignore[arg-type]

    def integers(self) -> tuple[int, ...]:
        """`[1, 2]`."""
        self.expect("[")
        found: list[int] = []
        while not self.take("]"):
            if found:
                self.expect(",")
            found.append(self.integer())
        return tuple(found)

    def conv_dims(self) -> ConvDims:
        """`[b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]`."""
        ib, i_f, spatial_in = self._conv_side("b", "f")
        self.keyword("x")
        ko, ki, spatial_k = self._conv_side("o", "i")
        self.expect("->")
        ob, of, spatial_out = self._conv_side("b", "f")
        return ConvDims(ib, i_f, spatial_in, ki, ko, spatial_k, ob, of, spatial_out)

    def _conv_side(self, first: str, second: str) -> tuple[int, int, tuple[int, ...]]:
        start = self.pos
        self.expect("[")
        places: dict[str, int] = {}
        n = 0
        while not self.take("]"):
            if n:
                self.expect(",")
            name = str(self.integer()) if self.at_number() else self.word(first, second)
            if not name or name in places:
                raise self.error("mlir.attribute", f"each of `{first}`, `{second}` and the spatial dims stands once", start)
            places[name] = n
            n += 1
        spatial = [places.get(str(i), -1) for i in range(n - 2)]
        if first not in places or second not in places or -1 in spatial:
            raise self.error("mlir.attribute", f"each of `{first}`, `{second}` and the spatial dims stands once", start)
        return places[first], places[second], tuple(spatial)

    # Named constants

    def _read_resources(self, at: int) -> None:
        """`dialect_resources: { builtin: { name: "0x…", … } }`; where each named constant's bytes are."""
        back, self.pos = self.pos, at
        self.skip_space()
        while not self.take("#-}"):
            section = self.ident("a section")
            self.expect(":")
            self.expect("{")
            while not self.take("}"):
                self.ident("a dialect")
                self.expect(":")
                self._read_blobs(section == "dialect_resources")
                self.take(",")
            self.take(",")
        self.pos = back

    def _read_blobs(self, wanted: bool) -> None:
        self.expect("{")
        while not self.take("}"):
            key = self.string() if self.at('"') else self.ident("a name")
            self.expect(":")
            at = self.pos
            if self.at('"'):
                text = self.raw_string()
                if wanted:
                    self.resources[key] = (at, text)
            elif not self.word("true", "false"):
                self.number()
            if not self.take(",") and not self.at("}"):
                raise self.expected("`,` or `}`")

    # Locations

    def location(self) -> Loc:
        """`loc(…)`."""
        self.keyword("loc")
        self.expect("(")
        loc = self._loc_body()
        self.expect(")")
        return loc

    def _loc_body(self) -> Loc:
        self.deeper()
        if self.at("#"):
            loc = self._loc_alias()
        elif self.at('"'):
            loc = self._loc_string()
        elif self.word("unknown"):
            loc = Loc()
        elif self.word("callsite"):
            self.expect("(")
            loc = self._loc_body()
            self.keyword("at")
            self._loc_caller()
            self.expect(")")
        elif self.word("fused"):
            loc = self._loc_fused()
        else:
            raise self.expected("a location")
        self.shallower()
        return loc

    def _loc_caller(self) -> None:
        """The caller of a call site is not kept."""
        if self.at("#"):
            self.suffix_id("#")
        else:
            self._loc_body()

    def _loc_alias(self) -> Loc:
        start = self.pos
        name = self.suffix_id("#")
        if name not in self._locs:
            if name not in self.aliases:
                raise self.error("mlir.location", f"the alias `#{name}` is not defined", start)
            self._loc_chain += 1
            if self._loc_chain > _MAX_LOC_CHAIN:
                raise self.error("mlir.depth", "locations are nested too deeply", start)
            back, depth = self.pos, self._depth
            self.pos, self._depth = self.aliases[name], 0
            self._locs[name] = self.location()
            self.pos, self._depth = back, depth
            self._loc_chain -= 1
        return self._locs[name]

    def _loc_string(self) -> Loc:
        text = self.string()
        if self.take(":"):
            line = self.integer()
            self.expect(":")
            column = self.integer()
            if self.word("to"):
                if self.at_number():
                    self.integer()
                self.expect(":")
                self.integer()
            return Loc(text, line=line, column=column)
        if not self.take("("):
            return Loc(name=text)
        inner = self._loc_body()
        self.expect(")")
        inner = inner.parts[0] if inner.parts else inner
        return Loc(inner.file, text or inner.name, inner.line, inner.column)

    def _loc_fused(self) -> Loc:
        if self.take("<"):
            self.attribute()
            self.expect(">")
        self.expect("[")
        parts: list[Loc] = []
        while not self.take("]"):
            if parts:
                self.expect(",")
            parts.append(self._loc_body())
        return merge_locs(parts)
