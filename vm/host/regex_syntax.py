"""The syntax of regular expressions: RE2's, in its Perl flavour, as trees.

https://github.com/google/re2/wiki/Syntax. Not known are classes by script (`\\p{Greek}`) and `\\C`. Whether a string matches as a whole
does not depend on greediness, so `*?` is read as `*`.
"""

import sys
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from ...proto.errors import WeftError, fail

_MOST_REPEATS = 1000  # as in RE2
_DEEPEST = 50  # groups; what reads and builds them is recursive
_LAST = sys.maxunicode

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Chars:
    """A set of characters: code points in `ranges` or of a general category in `categories`; unless `negated`. `fold` ignores case."""

    ranges: tuple[Range, ...]
    categories: tuple[str, ...] = ()
    parts: "tuple[Chars, ...]" = ()
    negated: bool = False
    fold: bool = False

    def __contains__(self, char: str) -> bool:
        forms = _forms(char) if self.fold else (char,)
        return any(map(self._has, forms)) != self.negated

    def _has(self, char: str) -> bool:
        code = ord(char)
        if any(low <= code <= high for low, high in self.ranges) or any(char in part for part in self.parts):
            return True
        return bool(self.categories) and unicodedata.category(char).startswith(self.categories)


@lru_cache(4096)
def _forms(char: str) -> tuple[str, ...]:
    """What a character is when case does not matter."""
    forms = {char}
    for _ in range(2):
        forms |= {v for c in forms for v in (c.lower(), c.upper(), c.casefold()) if len(v) == 1}
    return tuple(sorted(forms | {v for c in forms for v in _ODD_FORMS.get(c, "")}))


_ODD_FORMS = {"k": "\u212a", "s": "\u017f", "\u00e5": "\u212b"}  # larger orbits that `upper` and `lower` do not lead back to


_DIGIT: tuple[Range, ...] = ((0x30, 0x39),)
_WORD: tuple[Range, ...] = (*_DIGIT, (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: tuple[Range, ...] = ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20))
_PERL = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_POSIX: dict[str, tuple[Range, ...]] = {
    "alnum": (*_DIGIT, (0x41, 0x5A), (0x61, 0x7A)),
    "alpha": ((0x41, 0x5A), (0x61, 0x7A)),
    "ascii": ((0, 0x7F),),
    "blank": ((0x09, 0x09), (0x20, 0x20)),
    "cntrl": ((0, 0x1F), (0x7F, 0x7F)),
    "digit": _DIGIT,
    "graph": ((0x21, 0x7E),),
    "lower": ((0x61, 0x7A),),
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((0x09, 0x0D), (0x20, 0x20)),
    "upper": ((0x41, 0x5A),),
    "word": _WORD,
    "xdigit": (*_DIGIT, (0x41, 0x46), (0x61, 0x66)),
}
_ESCAPES = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_ANY = Chars(((0, _LAST),))
_ANY_BUT_NEWLINE = Chars(((10, 10),), negated=True)

# What a place between two characters is.
BEGIN, END, LINE_BEGIN, LINE_END, BOUNDARY, NO_BOUNDARY = 1, 2, 4, 8, 16, 32


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    parts: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class Choice:
    """Any of them."""

    parts: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """From `low` to `high` times, without a bound where that is None."""

    part: "Tree"
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """No character, but a place that is all of these."""

    place: int


Tree = Chars | Sequence | Choice | Repeat | Place


@dataclass(frozen=True, slots=True)
class _Flags:
    fold: bool = False
    lines: bool = False
    newline: bool = False


def parse(pattern: str) -> Tree:
    """The tree of a pattern. Raises `WeftError` (`regex.syntax`)."""
    return _Parser(pattern).parse()


class _Parser:
    """Recursive descent over a pattern."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.depth = 0
        self.flags = _Flags()

    def parse(self) -> Tree:
        tree = self._choice()
        if self.at < len(self.text):
            raise self._error("unexpected `)`")
        return tree

    def _error(self, why: str) -> WeftError:
        return fail("regex.syntax", f"{why} at position {self.at} of the regular expression {self.text!r}", help="the syntax is RE2's")

    def _take(self, text: str) -> bool:
        found = self.text.startswith(text, self.at)
        self.at += len(text) if found else 0
        return found

    def _next(self) -> str:
        if self.at >= len(self.text):
            raise self._error("something is missing")
        self.at += 1
        return self.text[self.at - 1]

    def _until(self, end: str) -> str:
        stop = self.text.find(end, self.at)
        if stop < 0:
            raise self._error(f"`{end}` is missing")
        found, self.at = self.text[self.at : stop], stop + len(end)
        return found

    def _choice(self) -> Tree:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._error(f"groups are nested more than {_DEEPEST} deep")
        parts = [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())
        self.depth -= 1
        return Choice(tuple(parts)) if len(parts) > 1 else parts[0]

    def _sequence(self) -> Tree:
        parts: list[Tree] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            if self._take("\\Q"):
                stop = self.text.find("\\E", self.at)
                quoted = self.text[self.at : stop if stop >= 0 else len(self.text)]
                self.at = stop + 2 if stop >= 0 else len(self.text)
                parts += [self._literal(c) for c in quoted]
            elif self._take("\\E"):
                continue
            elif self.text[self.at] in "*+?" or self._bounds() is not None:
                if not parts:
                    raise self._error("nothing to repeat")
                parts[-1] = self._repeated(parts[-1])
            else:
                parts.append(self._atom())
        return Sequence(tuple(parts)) if len(parts) != 1 else parts[0]

    def _repeated(self, part: Tree) -> Tree:
        bounds, start = self._bounds(), self.at
        if bounds is None:
            low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}[self._next()]
        else:
            low, high, self.at = bounds
        if low > _MOST_REPEATS or (high is not None and (high > _MOST_REPEATS or high < low)):
            raise self._error(f"a count of repetitions is out of order, or more than {_MOST_REPEATS},")
        self._take("?")
        if (self.at < len(self.text) and self.text[self.at] in "*+?") or self._bounds() is not None:
            self.at = start
            raise self._error("a repetition of a repetition")
        return Repeat(part, low, high)

    def _bounds(self) -> tuple[int, int | None, int] | None:
        """Bounds in braces at this place and where they end; other braces are literal."""
        if not self.text.startswith("{", self.at):
            return None
        stop = self.text.find("}", self.at)
        low, comma, high = self.text[self.at + 1 : max(stop, self.at + 1)].partition(",")
        if stop < 0 or not _is_count(low) or (high and not _is_count(high)):
            return None
        return int(low), (int(high) if high else None) if comma else int(low), stop + 1

    def _atom(self) -> Tree:
        match char := self._next():
            case "(":
                return self._group()
            case "[":
                return self._class()
            case ".":
                return _ANY if self.flags.newline else _ANY_BUT_NEWLINE
            case "^":
                return Place(LINE_BEGIN if self.flags.lines else BEGIN)
            case "$":
                return Place(LINE_END if self.flags.lines else END)
            case "\\":
                return self._escape()
            case _:
                return self._literal(char)

    def _literal(self, char: str) -> Chars:
        return Chars(((ord(char), ord(char)),), fold=self.flags.fold)

    def _group(self) -> Tree:
        before = self.flags
        if self._take("?"):
            if self._take("P<") or self._take("<"):
                name = self._until(">")
                if not name.isidentifier():
                    raise self._error(f"{name!r} is no name of a group")
            elif not self._set_flags():
                return Sequence(())
        tree = self._choice()
        if not self._take(")"):
            raise self._error("`)` is missing")
        self.flags = before
        return tree

    def _set_flags(self) -> bool:
        """Read `i-s:` or `i-s)`; whether a group follows."""
        on, values = True, {"i": self.flags.fold, "m": self.flags.lines, "s": self.flags.newline}
        while True:
            match char := self._next():
                case "i" | "m" | "s":
                    values[char] = on
                case "U":
                    pass
                case "-" if on:
                    on = False
                case ":" | ")":
                    self.flags = _Flags(values["i"], values["m"], values["s"])
                    return char == ":"
                case _:
                    raise self._error(f"`(?{char}` is not known")

    def _escape(self) -> Tree:
        match self.text[self.at : self.at + 1]:
            case "A":
                self.at += 1
                return Place(BEGIN)
            case "z":
                self.at += 1
                return Place(END)
            case "b" | "B":
                return Place(BOUNDARY if self._next() == "b" else NO_BOUNDARY)
            case _:
                chars = self._escaped_class()
                return self._literal(chr(self._code())) if chars is None else chars

    def _escaped_class(self) -> Chars | None:
        """The class after a backslash, None if it is no class."""
        name = self.text[self.at : self.at + 1]
        if name.lower() in _PERL:
            self.at += 1
            return Chars(_PERL[name.lower()], negated=name.isupper(), fold=self.flags.fold)
        if name not in {"p", "P"}:
            return None
        self.at += 1
        category = self._until("}") if self._take("{") else self._next()
        negated = (name == "P") != category.startswith("^")
        category = category.removeprefix("^")
        if category == "Any":
            return Chars(((0, _LAST),), negated=negated)
        if category not in _CATEGORIES:
            raise self._error(f"the class {category!r}, which is no general category of Unicode, is not supported,")
        return Chars((), (category,), negated=negated, fold=self.flags.fold)

    def _code(self) -> int:
        """The character after a backslash."""
        char = self._next()
        if char in _ESCAPES:
            return _ESCAPES[char]
        if char == "x":
            digits = self._until("}") if self._take("{") else self._next() + self._next()
            if not all(d in "0123456789abcdefABCDEF" for d in digits) or not digits or int(digits, 16) > _LAST:
                raise self._error(f"{digits!r} is no code point")
            return int(digits, 16)
        if char in "01234567":
            return self._octal(char)
        if char.isalnum() or ord(char) > 0x7F:
            raise self._error(f"the escape `\\{char}` is not known")
        return ord(char)

    def _octal(self, first: str) -> int:
        digits = first
        while len(digits) < 3 and self.at < len(self.text) and self.text[self.at] in "01234567":
            digits += self._next()
        if first != "0" and len(digits) == 1:
            raise self._error("references to groups are not supported")
        return int(digits, 8)

    def _class(self) -> Chars:
        """What is between brackets, the first of which is read."""
        negated, ranges, parts = self._take("^"), list[Range](), list[Chars]()
        while True:
            if self.text.startswith("]", self.at) and (ranges or parts):
                self.at += 1
                return Chars(tuple(ranges), (), tuple(parts), negated, self.flags.fold)
            if (part := self._inner_class()) is not None:
                parts.append(part)
                continue
            low = high = self._class_char()
            if self.text.startswith("-", self.at) and self.text[self.at + 1 : self.at + 2] not in {"]", ""}:
                self.at += 1
                high = self._class_char()
                if high < low:
                    raise self._error("a range of characters is out of order")
            ranges.append((low, high))

    def _inner_class(self) -> Chars | None:
        if self._take("[:"):
            name = self._until(":]")
            if name.removeprefix("^") not in _POSIX:
                raise self._error(f"the class [:{name}:] is not known")
            return Chars(_POSIX[name.removeprefix("^")], negated=name.startswith("^"), fold=self.flags.fold)
        if not self._take("\\"):
            return None
        found = self._escaped_class()
        self.at -= found is None
        return found

    def _class_char(self) -> int:
        char = self._next()
        return self._code() if char == "\\" else ord(char)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9


_SUBCATEGORIES = {"C": "cfos", "L": "lmotu", "M": "cen", "N": "dlo", "P": "cdefios", "S": "ckmo", "Z": "lps"}
_CATEGORIES = frozenset(major + minor for major, minors in _SUBCATEGORIES.items() for minor in ("", *minors))
