"""The parser: MLIR text to a module. Recursive descent, a class for each layer of the language."""

from dataclasses import replace

from ....proto.errors import WeftError
from ....proto.limits import DEFAULT, Limits
from ..attrs import Attr, Dict
from ..graph import Function, Module
from ..types import Type, type_symbols
from .forms import FormReader
from .resolve import Learned
from .scope import Body, Scope
from .statements import agree, device_of, is_known, listed


def parse(text: str, file: str = "<text>", limits: Limits = DEFAULT) -> Module:
    """The module a text in MLIR syntax describes.

    `file` names the text in errors and locations; `limits` bounds what it may ask for. WeftError: `mlir.…` for what cannot be read,
    `op.unknown` for every op weft does not have, `<op>.C…` for every constraint that does not hold, each with its place.
    """
    return Parser(text, file, limits).module()


class Parser(FormReader):
    """Adds functions and the module."""

    # The module

    def module(self) -> Module:
        """The whole text."""
        self._skip_aliases()
        if self.at('"builtin.module"'):
            name, meta, functions = self._generic_module()
        elif self.peek_ident() in ("module", "builtin.module"):
            name, meta, functions = self._pretty_module()
        else:
            name, meta, functions = "module", {}, self._functions()
        self._skip_aliases()
        if not self.at_end() and not self.at("{-#"):
            raise self.expected("the end of the text")
        if self.problems:
            raise WeftError(*self.problems)
        return Module(functions, name, meta)

    def _skip_aliases(self) -> None:
        while self.at("#") or (self.at("!") and not self.at("!stablehlo")):
            sigil = self.text[self.pos]
            self.suffix_id(sigil)
            self.expect("=")
            if sigil == "!" and self.at("!quant"):
                self.quantized()
            elif sigil == "!":
                self.type()
            elif self.peek_ident() == "loc":
                self.keyword("loc")
                if not self.at("("):
                    raise self.expected("`(`")
                self.skip_balanced()
            else:
                self.attribute()

    def _pretty_module(self) -> tuple[str, dict[str, str], dict[str, Function]]:
        self.ident()
        name = self.symbol_name() if self.at("@") else "module"
        meta = _meta(self.dictionary()) if self.word("attributes") else {}
        self.expect("{")
        functions = self._functions()
        self.expect("}")
        if self.peek_ident() == "loc":
            self.location()
        return name, meta, functions

    def _generic_module(self) -> tuple[str, dict[str, str], dict[str, Function]]:
        self.string()
        self.expect("(")
        self.expect(")")
        attrs = self.properties()
        self.expect("(")
        self.expect("{")
        if self.at("^"):
            self.block_params()
        functions = self._functions()
        self.expect("}")
        self.expect(")")
        attrs |= self.attr_dict()
        self.expect(":")
        self.function_type()
        if self.peek_ident() == "loc":
            self.location()
        name = attrs.get("sym_name")
        return name if isinstance(name, str) else "module", _meta(Dict(tuple(attrs.items()))), functions

    def _functions(self) -> dict[str, Function]:
        functions: dict[str, Function] = {}
        while True:
            self._skip_aliases()
            start = self.pos
            if self.at('"func.func"'):
                f = self._generic_function()
            elif self.word("func.func"):
                if self._skip_private():
                    continue
                f = self._pretty_function()
            elif self.at("}") or self.at_end() or self.at("{-#"):
                return functions
            elif self.word("sdy.mesh"):  # where devices are: nothing that one of them need know
                self.symbol_name()
                self.expect("=")
                self.skip_balanced()
                if self.peek_ident() == "loc":
                    self.location()
                continue
            elif self.at('"') or self.peek_ident():
                spelled = self.string() if self.at('"') else self.ident()
                if not is_known(spelled):
                    raise self.unknown(spelled, start)
                raise self.error("mlir.syntax", f"`{spelled}` outside a function", start)
            else:
                raise self.expected("a function")
            if f.name in functions:
                raise self.error("mlir.symbol", f"there are two functions `{f.name}`", start)
            functions[f.name] = f

    # Functions

    def _skip_private(self) -> bool:
        """Whether the function at hand is one that is read where it is called; then it is stepped over here."""
        start = self.pos
        self.word("private", "public", "nested")
        if self.symbol_name() in self.private:
            while not self.at("{"):
                if self.at("(") or self.at("<") or self.at("["):
                    self.skip_balanced()
                elif self.word("attributes"):
                    self.dictionary()
                elif not self.take("->"):
                    self.type()
            self.skip_balanced()
            if self.peek_ident() == "loc":
                self.location()
            return True
        self.pos = start
        return False

    def _pretty_function(self) -> Function:
        """A function, read again whenever more has been learned of its inputs' sizes."""
        start, depth, problems = self.pos, self._depth, len(self.problems)
        self.learned = {}
        while True:
            try:
                return self._function_once()
            except Learned as found:
                self.learn(found.dims)
                self.restart(start, depth, problems)

    def _function_once(self) -> Function:
        public = self.word("public", "private", "nested") in ("public", "")
        start = self.pos
        name = self.symbol_name()
        scope = Scope(shapes=self.shapes())
        params, donated = self.params(scope, public)
        self.open_symbols = {s for p in params for s in type_symbols(p.type)}
        names: list[str] = []
        declared: list[Type] = []
        if self.take("->"):
            for t, attrs in self.result_list():
                declared.append(t)
                names.append(_result_name(attrs))
        device = device_of(dict(self.dictionary().items)) if self.word("attributes") else ""
        if not self.at("{"):
            raise self.error("mlir.function", f"the function `{name}` has no body", start)
        body = self.body(Body(params, scope))
        return replace(self._function(name, body, declared, names, donated, public, start), device=device)

    def _function(
        self, name: str, body: Body, declared: list[Type], names: list[str], donated: dict[int, int], public: bool, start: int
    ) -> Function:
        loc = self.location() if self.peek_ident() == "loc" else self.place(start)
        returned = [v.type for v in body.results]
        if len(returned) != len(declared) or not all(map(agree, declared, returned)):
            said, got = listed(declared), listed(returned)
            self.report(self.error("mlir.function", f"the function `{name}` returns {got}, but says {said}", start))
        good = all(0 <= r < len(returned) for r in donated)
        if not good:
            raise self.error("mlir.function", "an argument is aliased to a result that does not exist", start)
        result_names = tuple(names) if any(names) else ()
        return Function(tuple(body.params), tuple(body.nodes), tuple(body.results), name, result_names, public, donated, loc)

    def _generic_function(self) -> Function:
        start = self.pos
        self.string()
        self.expect("(")
        self.expect(")")
        attrs = self.properties()
        self.expect("(")
        scope = Scope(shapes=self.shapes())
        body = self.body(Body([], scope), named=attrs.get("sym_visibility") != "private")
        self.expect(")")
        attrs |= self.attr_dict()
        self.expect(":")
        self.function_type()
        name, kind = attrs.get("sym_name"), attrs.get("function_type")
        if not isinstance(name, str) or not isinstance(kind, tuple) or len(kind) != 2:
            raise self.error("mlir.function", "a function needs `sym_name` and `function_type`", start)
        donated: dict[int, int] = {}
        for i, entry in enumerate(_dicts(attrs.get("arg_attrs"))):
            target = entry.get("tf.aliasing_output")
            if type(target) is int:
                donated[target] = i
        names = [_result_name(entry) for entry in _dicts(attrs.get("res_attrs"))]
        inputs, outputs = kind
        if len(inputs) != len(body.params) or not all(agree(t, v.type) for t, v in zip(inputs, body.params, strict=True)):  # type: ignore[arg-type]
            raise self.error("mlir.function", f"the parameters of `{name}` are not those of its type", start)
        return self._function(name, body, list(outputs), names, donated, attrs.get("sym_visibility") != "private", start)  # type: ignore[arg-type]


def _meta(attrs: Dict) -> dict[str, str]:
    meta = attrs.get("weft.meta")
    return {k: v for k, v in meta.items if isinstance(v, str)} if isinstance(meta, Dict) else {}


def _dicts(value: Attr) -> list[dict[str, Attr]]:
    return [dict(d.items) for d in value if isinstance(d, Dict)] if isinstance(value, tuple) else []


def _result_name(attrs: dict[str, Attr]) -> str:
    name = attrs.get("weft.name", attrs.get("jax.result_info", ""))
    return name if isinstance(name, str) else ""
