"""Reading MLIR text: types."""

import re

from ....proto.dtypes import BY_NAME, I64, DType
from ....proto.limits import DEFAULT, Limits
from ..bounds import fixed_bytes
from ..dims import Dim, Expr, Symbol, symbol
from ..types import ANY_DIM, MapType, OptionalType, SequenceType, TensorType, TokenType, TupleType, Type, UnrankedTensorType
from .dims import parse_dim
from .lexer import Lexer
from .quantization import Quantization, QuantizedElement, QuantizedTensor

_TENSOR = re.compile(r"tensor<((?:[0-9?]++x)*+)([A-Za-z0-9]++(?:<f32>|<f64>)?|!weft\.string)>")
_DIM = re.compile(r"(?:[0-9]++|\?)x")
_ELEMENT = re.compile(r"complex\s*<\s*f(?:32|64)\s*>|!weft\.string|[A-Za-z][A-Za-z0-9]*+")
MAX_DIM = (1 << 63) - 1
ANY_NAME = "?"  # of the symbol `ANY_DIM`
MAX_LEAVES = 4096


class TypeReader(Lexer):
    """Adds types."""

    def __init__(self, text: str, file: str, limits: Limits = DEFAULT) -> None:
        super().__init__(text, file, limits)
        self._known: dict[str, TensorType | UnrankedTensorType] = {}
        self._depth = 0
        self.type_aliases: dict[str, int] = {}
        self._aliased: dict[str, Type] = {}

    def deeper(self) -> None:
        """Enter a nested construct; every `deeper` needs its `shallower`."""
        self._depth += 1
        self.limit("nesting", self._depth, "nested too deeply", "mlir.depth")

    def shallower(self) -> None:
        self._depth -= 1

    def element_type(self) -> DType:
        """`f32`, `i8`, `complex<f32>`, …; `index` reads as i64."""
        start = self.pos
        m = _ELEMENT.match(self.text, self.pos)
        if m is None:
            raise self.expected("an element type")
        name = re.sub(r"\s", "", m[0])
        if name == "index":
            name = I64.name
        elif name.startswith("si") and name[2:].isdigit():
            name = name[1:]
        if name not in BY_NAME:
            raise self.error("mlir.type", f"weft has no element type `{name}`", start)
        self.pos = m.end()
        self.skip_space()
        return BY_NAME[name]

    def at_element_type(self) -> bool:
        """Whether an element type stands here, as an attribute may."""
        name = self.peek_ident()
        return name in BY_NAME or name in ("index", "complex") or (name[:2] == "si" and name[2:].isdigit()) or self.at("!weft.string")

    def quantized(self) -> QuantizedElement:
        """`!quant.uniform<i8<-127:127>:f32:1, {0.5:3, 0.25}>`: storage, expressed type, dim; scales and zero points."""
        start = self.pos
        if self.suffix_id("!") != "quant.uniform":
            raise self.error("mlir.quantized", "of quantized types, `!quant.uniform` is known", start, help="dequantize the model")
        self.expect("<")
        storage, lo, hi = self._storage()
        self.expect(":")
        expressed = self.element_type()
        dimension = self.integer() if self.take(":") else -1
        self.expect(",")
        pairs: list[tuple[float, int]] = []
        if dimension >= 0:
            self.expect("{")
            while not self.take("}"):
                if pairs:
                    self.expect(",")
                pairs.append(self._scale())
        else:
            pairs.append(self._scale())
        self.expect(">")
        if not storage.is_int or not expressed.is_float or not pairs:
            raise self.error("mlir.quantized", "a quantized type stores integers and expresses floats", start)
        scales, zeros = zip(*pairs, strict=True)
        return QuantizedElement(storage, Quantization(expressed, scales, zeros, dimension, lo, hi))

    def _storage(self) -> tuple[DType, int | None, int | None]:
        start = self.pos
        # The dialect of quantized types writes `u8` for what others write `ui8`.
        name = self.ident("a storage type")
        name = f"ui{name[1:]}" if name[:1] == "u" and name[1:].isdigit() else name
        if name not in BY_NAME:
            raise self.error("mlir.quantized", f"weft has no integers `{name}`", start)
        if not self.take("<"):
            return BY_NAME[name], None, None
        lo = self.integer()
        self.expect(":")
        hi = self.integer()
        self.expect(">")
        return BY_NAME[name], lo, hi

    def _scale(self) -> tuple[float, int]:
        start = self.pos
        literal = self.number()
        if "x" in literal:
            raise self.error("mlir.number", "a scale is a decimal number", start)
        scale = float(literal)
        return scale, self.integer() if self.take(":") else 0

    def type(self) -> Type:
        """A tensor, token or tuple type, or one of weft's host types.

        A dim written `?` of which nothing more is said is `ANY_DIM`; outside of host types it never leaves the parser.
        """
        m = _TENSOR.match(self.text, self.pos)
        if m is not None:
            if m[0] not in self._known:
                self._known[m[0]] = self._tensor()
            self.pos = m.end()
            self.skip_space()
            return self._known[m[0]]
        if self.at("!"):
            return self._dialect_type()
        match self.peek_ident():
            case "tensor":
                return self._tensor()
            case "tuple":
                return self._tuple()
            case "none" | "memref" | "vector":
                raise self.error("mlir.type", f"`{self.peek_ident()}` is not a type of a graph's value")
            case _ if self.at_element_type():
                raise self.error("mlir.type", "values are tensors: write `tensor<…>`")
            case _:
                raise self.expected("a type")

    def _dialect_type(self) -> Type:
        start = self.pos
        name = self.suffix_id("!")
        if name in ("stablehlo.token", "mhlo.token"):
            return TokenType()
        if name == "stablehlo.future":
            return self._types_between()
        if name in ("weft.sequence", "weft.optional", "weft.map"):
            return self._host_type(name)
        if name not in self.type_aliases:
            raise self.error("mlir.type", f"weft has no type `!{name}`", start)
        if name not in self._aliased:
            back, self.pos = self.pos, self.type_aliases[name]
            self.deeper()
            self._aliased[name] = self.type()
            self.shallower()
            self.pos = back
        return self._aliased[name]

    def _host_type(self, name: str) -> Type:
        """What follows `!weft.sequence`, `!weft.optional` or `!weft.map`."""
        self.expect("<")
        self.deeper()
        key = self.element_type() if name == "weft.map" else None
        if key:
            self.expect(",")
        element = TensorType(self.element_type(), ()) if key and self.at_element_type() else self.type()
        self.shallower()
        self.expect(">")
        if key:
            return MapType(key, element)
        return SequenceType(element) if name == "weft.sequence" else OptionalType(element)

    def _tuple(self) -> TupleType:
        self.keyword("tuple")
        return self._types_between()

    def _types_between(self) -> TupleType:
        self.expect("<")
        self.deeper()
        types: list[Type] = []
        while not self.take(">"):
            if types:
                self.expect(",")
            types.append(self.type())
        self.shallower()
        if sum(map(_leaves, types)) > MAX_LEAVES:
            raise self.error("mlir.type", f"a tuple has at most {MAX_LEAVES} values")
        return TupleType(tuple(types))

    def _tensor(self) -> TensorType | UnrankedTensorType:
        self.keyword("tensor")
        self.expect("<")
        if self.take("*x"):
            unranked = UnrankedTensorType(self.element_type())
            self.expect(">")
            return unranked
        start = self.pos
        dims: list[Dim] = []
        while (m := _DIM.match(self.text, self.pos)) is not None:
            dims.append(self._dim(m[0][:-1]))
            self.pos = m.end()
        self.limit("rank", len(dims), f"a tensor of rank {len(dims)}", "mlir.type", start)
        element = self._tensor_element()
        if self.take(","):
            dims = self._encoding(dims)
        self.expect(">")
        quantized = isinstance(element, QuantizedElement)
        t = QuantizedTensor(element.storage, tuple(dims), element.meaning) if quantized else TensorType(element, tuple(dims))
        self.limit("tensor_bytes", fixed_bytes(t), f"{t} has {fixed_bytes(t)} bytes", "mlir.type", start)
        return t

    def _tensor_element(self) -> DType | QuantizedElement:
        """An element type of tensors, or the alias of a quantized one."""
        if self.at("!quant"):
            return self.quantized()
        if not self.at("!") or self.at("!weft"):
            return self.element_type()
        start = self.pos
        name = self.suffix_id("!")
        if name not in self.type_aliases or not self.text.startswith("!quant", self.type_aliases[name]):
            raise self.error("mlir.type", f"weft has no element type `!{name}`", start)
        back, self.pos = self.pos, self.type_aliases[name]
        element = self.quantized()
        self.pos = back
        return element

    def _dim(self, digits: str) -> Dim:
        if digits == "?":
            return ANY_DIM
        if len(digits) > 20 or int(digits) > MAX_DIM:
            raise self.error("mlir.type", "a dim must be less than 2^63")
        return int(digits)

    def _encoding(self, dims: list[Dim]) -> list[Dim]:
        """`#weft.dims<"N", 4>` says what each dim is, `#stablehlo.bounds<?, 8>` how large; other encodings are not understood."""
        start = self.pos
        name = self.suffix_id("#")
        if name in ("stablehlo.bounds", "stablehlo.type_extensions", "mhlo.type_extensions") and self.at("<"):
            return self._bounds(dims, start)
        if name != "weft.dims":
            raise self.error("mlir.type", f"weft does not know the encoding `#{name}`", start)
        self.expect("<")
        said: list[Dim] = []
        while not self.take(">"):
            if said:
                self.expect(",")
            said.append(self.dim_string() if self.at('"') else ANY_DIM if self.take("?") else self.integer())
        agree = len(said) == len(dims) and all(
            a == b if isinstance(a, int) else not isinstance(b, int) for a, b in zip(dims, said, strict=True)
        )
        if not agree:
            raise self.error("mlir.type", "the dims and their encoding differ", start)
        return said

    def _bounds(self, dims: list[Dim], start: int) -> list[Dim]:
        """`<?, 8>` or `<bounds = [?, 8]>`: a `?` of the type with a bound is one that is at most that."""
        self.expect("<")
        listed = bool(self.word("bounds"))
        if listed:
            self.expect("=")
            self.expect("[")
        found: list[int | None] = []
        while not self.take("]" if listed else ">"):
            if found:
                self.expect(",")
            found.append(None if self.take("?") else self.integer())
        if listed:
            self.expect(">")
        if len(found) != len(dims):
            raise self.error("mlir.type", "as many bounds as dims are needed", start)
        return [d if hi is None or d != ANY_DIM else symbol(ANY_NAME, 0, hi) for d, hi in zip(dims, found, strict=True)]

    def dim_string(self) -> Dim:
        """A symbolic dim, as a string."""
        start = self.pos
        text = self.string()
        try:
            return parse_dim(text, self.limits)
        except ValueError as e:
            raise self.error("mlir.dim", f"{text[:80]!r} is not a dimension: {e}", start) from e

    def types(self) -> list[Type]:
        """Types separated by commas."""
        found = [self.type()]
        while self.take(","):
            found.append(self.type())
        return found

    def result_types(self) -> list[Type]:
        """After `->`: one type, or several in parentheses."""
        if not self.take("("):
            return [self.type()]
        found = [] if self.at(")") else self.types()
        self.expect(")")
        return found


def is_any(d: Dim) -> bool:
    """Whether a dim is one of which nothing is said, or only a bound."""
    match d:
        case Expr(terms=(((Symbol(name=name),), 1),)):
            return name == ANY_NAME
        case _:
            return False


def _leaves(t: Type) -> int:
    return sum(map(_leaves, t.types)) + 1 if isinstance(t, TupleType) else 1
