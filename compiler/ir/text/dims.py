"""Symbolic dims as text: `N`, `2*N + 1`, `floordiv(N, 8)`, `N[1:128]` (a symbol with bounds), `'any name'`."""

import re

from ....proto.limits import DEFAULT, Limits
from ..dims import Dim, Expr, Symbol, floordiv, maximum, minimum, mod, symbol, terms_of

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_TOKEN = re.compile(r"\s*(?:(?P<int>\d+)|(?P<name>[A-Za-z_][A-Za-z0-9_.]*)|'(?P<quoted>(?:[^'\\]|\\.)*)'|(?P<punct>[-+*(),\[\]:]))")
_CALLS = {"floordiv": floordiv, "mod": mod, "min": minimum, "max": maximum}
MAX_DEGREE = 16
MAX_DIGITS = 19


def dim_text(d: Dim) -> str:
    """The text form of a dim; `parse_dim` reads it back."""
    if isinstance(d, int):
        return str(d)
    text = ""
    for monomial, coef in d.terms:
        factors = [_atom_text(a) for a in monomial]
        if abs(coef) != 1 or not factors:
            factors.insert(0, str(abs(coef)))
        sign = "-" if coef < 0 else "+"
        text += (f" {sign} " if text else sign.strip("+")) + "*".join(factors)
    return text


def _atom_text(atom: object) -> str:
    if isinstance(atom, Symbol):
        plain = _NAME.fullmatch(atom.name)
        name = atom.name if plain else "'" + atom.name.replace("\\", "\\\\").replace("'", "\\'") + "'"
        if (atom.lo, atom.hi) == (0, None):
            return name
        lo, hi = ("" if b is None else dim_text(b) for b in (atom.lo, atom.hi))
        return f"{name}[{lo}:{hi}]"
    return f"{atom.op}({', '.join(map(dim_text, atom.args))})"  # type: ignore[attr-defined]


class _Reader:
    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.tokens: list[tuple[str, str]] = []
        pos, end = 0, len(text.rstrip())
        while pos < end:
            m = _TOKEN.match(text, pos)
            if m is None or len(self.tokens) > 32 * limits.dim_terms:
                raise self.error()
            self.tokens.append((m.lastgroup or "", m[m.lastgroup or 0]))
            pos = m.end()
        self.at = 0
        self.depth = 0

    def error(self) -> ValueError:
        return ValueError("write e.g. `2*N + 1`, `floordiv(N, 8)` or `N[1:128]`")

    def peek(self) -> str:
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        return text if kind == "punct" else ""

    def take(self, punct: str) -> bool:
        if self.peek() != punct:
            return False
        self.at += 1
        return True

    def expect(self, punct: str) -> None:
        if not self.take(punct):
            raise self.error()

    def sum(self) -> Dim:
        self.depth += 1
        if self.depth > self.limits.dim_depth:
            raise self.error()
        total: Dim = 0
        sign = -1 if self.take("-") else 1
        for _ in range(self.limits.dim_terms):
            total = total + self.term() * sign
            if self.take("+"):
                sign = 1
            elif self.take("-"):
                sign = -1
            else:
                self.depth -= 1
                return total
        raise self.error()

    def term(self) -> Dim:
        value = self.factor()
        for _ in range(MAX_DEGREE):
            if not self.take("*"):
                return value
            value = value * self.factor()
        raise self.error()

    def factor(self) -> Dim:
        if self.at >= len(self.tokens):
            raise self.error()
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "int":
            if len(text) > MAX_DIGITS:
                raise self.error()
            return int(text)
        if kind == "name" and text in _CALLS and self.take("("):
            x = self.sum()
            self.expect(",")
            y = self.sum()
            self.expect(")")
            if text in ("floordiv", "mod") and y == 0:
                raise self.error()
            return _CALLS[text](x, y)
        if kind == "quoted":
            text = re.sub(r"\\(.)", r"\1", text)
        elif kind != "name":
            raise self.error()
        if not self.take("["):
            return symbol(text)
        lo = None if self.peek() == ":" else self.sum()
        self.expect(":")
        hi = None if self.peek() == "]" else self.sum()
        self.expect("]")
        return symbol(text, lo, hi)


def parse_dim(text: str, limits: Limits = DEFAULT) -> Dim:
    """Read what `dim_text` wrote; ValueError if it is not a dimension."""
    reader = _Reader(text, limits)
    value = reader.sum()
    if reader.at != len(reader.tokens):
        raise reader.error()
    if isinstance(value, Expr) and len(terms_of(value)) > limits.dim_terms:
        raise reader.error()
    return value
