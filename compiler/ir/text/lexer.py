"""Reading MLIR text, bottom layer: a cursor with tokens and located errors. Linear in the length of the text."""

import re
from bisect import bisect_right

from ....proto.errors import Loc, WeftError, fail
from ....proto.limits import DEFAULT, Limits

_SPACE = re.compile(r"(?:[ \t\r\n]++|//[^\n]*+)*+")
_IDENT = re.compile(r"[A-Za-z_][A-Za-z0-9_$.]*+")
_SUFFIX_ID = re.compile(r"(?:[0-9]++|[A-Za-z$._\-][A-Za-z0-9$._\-]*+)")
_INT = re.compile(r"-?(?:0x[0-9A-Fa-f]++|[0-9]++)")
_NUMBER = re.compile(r"[-+]?(?:0x[0-9A-Fa-f]++|[0-9]++(?:\.[0-9]*+(?:[eE][-+]?[0-9]++)?)?+)")
_STRING = re.compile(r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"')
_ESCAPE = re.compile(r"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)
_NAMED_ESCAPES = {"n": b"\n", "t": b"\t", "r": b"\r", '"': b'"', "\\": b"\\"}
# Longer numbers than any type holds; Python's int() is quadratic in their length.
MAX_DIGITS = 40
_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">"}


def unescape(literal: str) -> str:
    """The text of a string literal (with its quotes)."""
    body = literal[1:-1]
    if "\\" not in body:
        return body
    raw = bytearray()
    pos = 0
    for m in _ESCAPE.finditer(body):
        raw += body[pos : m.start()].encode("utf-8", "surrogatepass")
        code = m[1]
        raw += bytes.fromhex(code) if len(code) == 2 else _NAMED_ESCAPES.get(code, code.encode("utf-8", "surrogatepass"))
        pos = m.end()
    raw += body[pos:].encode("utf-8", "surrogatepass")
    return raw.decode("utf-8", "replace")


class Lexer:
    """A cursor over the text; it always stands on the first character of a token."""

    def __init__(self, text: str, file: str, limits: Limits = DEFAULT) -> None:
        self.text = text
        self.limits = limits
        self.file = file
        self.pos = 0
        self._lines: list[int] | None = None
        self.skip_space()

    # Errors

    def place(self, pos: int) -> Loc:
        """File, line and column of a position."""
        if self._lines is None:
            self._lines = [0, *(m.end() for m in re.finditer("\n", self.text))]
        line = bisect_right(self._lines, pos)
        return Loc(self.file, line=line, column=pos - self._lines[line - 1] + 1)

    def snippet(self, pos: int) -> str:
        """The line of a position, and a caret under it."""
        start = self.text.rfind("\n", 0, pos) + 1
        end = self.text.find("\n", pos)
        line = self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")
        column = pos - start
        if len(line) > 160:
            cut = max(0, column - 60)
            line, column = line[cut : cut + 160], column - cut
        return f"{line}\n{' ' * column}^"

    def error(self, code: str, message: str, pos: int | None = None, help: str = "") -> WeftError:
        """The error at a position, the cursor's unless given."""
        at = self.pos if pos is None else pos
        return fail(code, message, loc=self.place(at), help=help, snippet=self.snippet(at))

    def limit(self, name: str, amount: int, what: str, code: str, pos: int | None = None) -> None:
        """The error at a position if `amount` is more than the limit `name`."""
        try:
            self.limits.check(name, amount, what, code=code)
        except WeftError as e:
            at = self.pos if pos is None else pos
            raise e.at(self.place(at), self.snippet(at)) from None

    def expected(self, what: str) -> WeftError:
        """The error that something else was found."""
        if self.pos >= len(self.text):
            return self.error("mlir.syntax", f"expected {what}, found the end of the text")
        found = self.text[self.pos : self.pos + 20].split("\n")[0]
        return self.error("mlir.syntax", f"expected {what}, found `{found}`")

    # Tokens

    def skip_space(self) -> None:
        m = _SPACE.match(self.text, self.pos)
        self.pos = m.end() if m else self.pos

    def at_end(self) -> bool:
        return self.pos >= len(self.text)

    def at(self, punct: str) -> bool:
        """Whether the cursor stands on this punctuation."""
        return self.text.startswith(punct, self.pos)

    def take(self, punct: str) -> bool:
        """Step over this punctuation if it is there."""
        if not self.text.startswith(punct, self.pos):
            return False
        self.pos += len(punct)
        self.skip_space()
        return True

    def expect(self, punct: str) -> None:
        """Step over this punctuation, an error if it is not there."""
        if not self.take(punct):
            raise self.expected(f"`{punct}`")

    def _match(self, pattern: re.Pattern[str], what: str) -> str:
        m = pattern.match(self.text, self.pos)
        if m is None:
            raise self.expected(what)
        self.pos = m.end()
        self.skip_space()
        return m[0]

    def peek_ident(self) -> str:
        """The identifier under the cursor, "" if there is none."""
        m = _IDENT.match(self.text, self.pos)
        return m[0] if m else ""

    def ident(self, what: str = "a name") -> str:
        return self._match(_IDENT, what)

    def word(self, *words: str) -> str:
        """Step over one of these words and return it, "" if none is there."""
        found = self.peek_ident()
        if found not in words:
            return ""
        self.pos += len(found)
        self.skip_space()
        return found

    def keyword(self, word: str) -> None:
        if not self.word(word):
            raise self.expected(f"`{word}`")

    def suffix_id(self, sigil: str) -> str:
        """The name after `%`, `#`, `^` or `!`."""
        if not self.text.startswith(sigil, self.pos):
            raise self.expected(f"a name with `{sigil}`")
        m = _SUFFIX_ID.match(self.text, self.pos + len(sigil))
        if m is None:
            raise self.expected(f"a name with `{sigil}`")
        self.pos = m.end()
        self.skip_space()
        return m[0]

    def integer(self, what: str = "a number") -> int:
        start = self.pos
        literal = self._match(_INT, what)
        if len(literal) > MAX_DIGITS:
            raise self.error("mlir.number", "the number is too large", start)
        return int(literal, 0 if "x" in literal else 10)

    def number(self) -> str:
        """The literal of an integer or a float."""
        start = self.pos
        literal = self._match(_NUMBER, "a number")
        if len(literal) > 400:
            raise self.error("mlir.number", "the number is too long", start)
        return literal

    def at_number(self) -> bool:
        return _NUMBER.match(self.text, self.pos) is not None

    def raw_string(self) -> str:
        """A string literal with its quotes and escapes."""
        return self._match(_STRING, "a string")

    def string(self) -> str:
        return unescape(self.raw_string())

    def symbol_name(self) -> str:
        """`@name` or `@"name"`."""
        self.expect("@")
        name = self.string() if self.at('"') else self.suffix_id("")
        if self.at("::"):
            raise self.error("mlir.symbol", "nested symbols are not supported")
        return name

    def skip_balanced(self) -> str:
        """Step over a bracketed group, whatever is inside, and return it."""
        start = end = self.pos
        stack = [_CLOSING[self.text[self.pos]]]
        self.pos += 1
        self.skip_space()
        while stack:
            char = self.text[self.pos : self.pos + 1]
            if char == "":
                raise self.error("mlir.syntax", "the bracket is never closed", start)
            if char == '"':
                self.raw_string()
                continue
            if self.at("->"):
                self.pos += 1
            elif char in _CLOSING:
                stack.append(_CLOSING[char])
            elif char == stack[-1]:
                stack.pop()
            elif char in ")]}>":
                raise self.expected(f"`{stack[-1]}`")
            if len(stack) > 1000:
                raise self.error("mlir.depth", "brackets are nested too deeply")
            self.pos += 1
            end = self.pos
            self.skip_space()
        return self.text[start:end]
