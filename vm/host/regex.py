"""Regular expressions of RE2's syntax, matched against whole strings in linear time.

Python's `re` backtracks: a short pattern of a stranger's model could keep it busy for years. Here a pattern becomes an automaton (Thompson's construction),
which is run on all its states at once, with its steps remembered. Whether a string matches as a whole does not depend on greediness, so `*?` is `*`.

Syntax: https://github.com/google/re2/wiki/Syntax, in its Perl flavour as `RE2::FullMatch` reads it. Not known are classes by script (`\\p{Greek}`) and `\\C`.
"""

import sys
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from ...proto.errors import WeftError, fail

_MOST_STATES = 20_000
_MOST_REPEATS = 1000  # as in RE2
_MOST_STEPS = 50_000  # remembered, per pattern
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
_BEGIN, _END, _LINE_BEGIN, _LINE_END, _BOUNDARY, _NO_BOUNDARY = 1, 2, 4, 8, 16, 32


@dataclass(slots=True)
class _State:
    """Goes on to `out`: after a character of `chars`, at a place that is `place`, or freely."""

    chars: Chars | None = None
    place: int = 0
    out: list[int] = field(default_factory=list[int])


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of the automaton: where it starts, and the state in which it ends."""

    start: int
    end: int


# A pattern's parts as a tree; each becomes states as often as it is repeated.
@dataclass(frozen=True, slots=True)
class _Sequence:
    parts: "tuple[_Tree, ...]"


@dataclass(frozen=True, slots=True)
class _Choice:
    parts: "tuple[_Tree, ...]"


@dataclass(frozen=True, slots=True)
class _Repeat:
    part: "_Tree"
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class _Place:
    place: int


_Tree = Chars | _Sequence | _Choice | _Repeat | _Place


@dataclass(frozen=True, slots=True)
class _Flags:
    fold: bool = False
    lines: bool = False
    newline: bool = False


class _Parser:
    """Recursive descent over a pattern."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.depth = 0
        self.flags = _Flags()

    def parse(self) -> _Tree:
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

    def _choice(self) -> _Tree:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._error(f"groups are nested more than {_DEEPEST} deep")
        parts = [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())
        self.depth -= 1
        return _Choice(tuple(parts)) if len(parts) > 1 else parts[0]

    def _sequence(self) -> _Tree:
        parts: list[_Tree] = []
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
        return _Sequence(tuple(parts)) if len(parts) != 1 else parts[0]

    def _repeated(self, part: _Tree) -> _Tree:
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
        return _Repeat(part, low, high)

    def _bounds(self) -> tuple[int, int | None, int] | None:
        """Bounds in braces at this place and where they end; other braces are literal."""
        if not self.text.startswith("{", self.at):
            return None
        stop = self.text.find("}", self.at)
        low, comma, high = self.text[self.at + 1 : max(stop, self.at + 1)].partition(",")
        if stop < 0 or not _is_count(low) or (high and not _is_count(high)):
            return None
        return int(low), (int(high) if high else None) if comma else int(low), stop + 1

    def _atom(self) -> _Tree:
        match char := self._next():
            case "(":
                return self._group()
            case "[":
                return self._class()
            case ".":
                return _ANY if self.flags.newline else _ANY_BUT_NEWLINE
            case "^":
                return _Place(_LINE_BEGIN if self.flags.lines else _BEGIN)
            case "$":
                return _Place(_LINE_END if self.flags.lines else _END)
            case "\\":
                return self._escape()
            case _:
                return self._literal(char)

    def _literal(self, char: str) -> Chars:
        return Chars(((ord(char), ord(char)),), fold=self.flags.fold)

    def _group(self) -> _Tree:
        before = self.flags
        if self._take("?"):
            if self._take("P<") or self._take("<"):
                name = self._until(">")
                if not name.isidentifier():
                    raise self._error(f"{name!r} is no name of a group")
            elif not self._set_flags():
                return _Sequence(())
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

    def _escape(self) -> _Tree:
        match self.text[self.at : self.at + 1]:
            case "A":
                self.at += 1
                return _Place(_BEGIN)
            case "z":
                self.at += 1
                return _Place(_END)
            case "b" | "B":
                return _Place(_BOUNDARY if self._next() == "b" else _NO_BOUNDARY)
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


_CATEGORIES = frozenset(
    "C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs".split()
)


class _Builder:
    """States of an automaton from a tree."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.states: list[_State] = []

    def _state(self, chars: Chars | None = None, place: int = 0, out: Iterable[int] = ()) -> int:
        if len(self.states) >= _MOST_STATES:
            raise fail("regex.size", f"the regular expression {self.pattern[:60]!r} is too large: more than {_MOST_STATES} states")
        self.states.append(_State(chars, place, list(out)))
        return len(self.states) - 1

    def build(self, tree: _Tree) -> _Piece:
        match tree:
            case Chars() | _Place():
                end = self._state()
                start = self._state(tree, out=[end]) if isinstance(tree, Chars) else self._state(place=tree.place, out=[end])
                return _Piece(start, end)
            case _Sequence(parts):
                return self._chain(parts)
            case _Choice(parts):
                pieces, end = [self.build(p) for p in parts], self._state()
                for piece in pieces:
                    self.states[piece.end].out.append(end)
                return _Piece(self._state(out=[p.start for p in pieces]), end)
            case _Repeat(part, low, high):
                return self._repeat(part, low, high)

    def _chain(self, parts: Iterable[_Tree]) -> _Piece:
        start = end = self._state()
        for part in parts:
            piece = self.build(part)
            self.states[end].out.append(piece.start)
            end = piece.end
        return _Piece(start, end)

    def _repeat(self, part: _Tree, low: int, high: int | None) -> _Piece:
        start, end = self._chain([part] * low), self._state()
        last = start.end
        if high is None:
            piece, again = self.build(part), self._state()
            self.states[last].out.append(again)
            self.states[again].out += [piece.start, end]
            self.states[piece.end].out.append(again)
            return _Piece(start.start, end)
        for _ in range(high - low):
            piece = self.build(part)
            self.states[last].out += [piece.start, end]
            last = piece.end
        self.states[last].out.append(end)
        return _Piece(start.start, end)


class Regex:
    """A compiled pattern. Raises `WeftError` (`regex.syntax`, `regex.size`)."""

    def __init__(self, pattern: str) -> None:
        builder = _Builder(pattern)
        piece = builder.build(_Parser(pattern).parse())
        self._states, self._accept = builder.states, piece.end
        self._places = any(s.place for s in builder.states)
        self._first = frozenset({piece.start})
        self._closures: dict[tuple[frozenset[int], int], frozenset[int]] = {}
        self._steps: dict[tuple[frozenset[int], int, str], frozenset[int]] = {}

    def fullmatch(self, text: str) -> bool:
        """Whether all of the text matches; in time proportional to its length, at most times the size of the pattern."""
        active = self._first
        for at, char in enumerate(text):
            place = self._place(text, at)
            key = (active, place, char)
            found = self._steps.get(key)
            if found is None:
                found = self._step(active, place, char)
                if len(self._steps) >= _MOST_STEPS:
                    self._steps.clear()
                self._steps[key] = found
            if not found:
                return False
            active = found
        return self._accept in self._closure(active, self._place(text, len(text)))

    def _place(self, text: str, at: int) -> int:
        if not self._places:
            return 0
        before, after = text[at - 1 : at] if at else "", text[at : at + 1]
        place = (_BEGIN | _LINE_BEGIN) * (not before) | (_END | _LINE_END) * (not after)
        place |= _LINE_BEGIN * (before == "\n") | _LINE_END * (after == "\n")
        return place | (_BOUNDARY if _is_word(before) != _is_word(after) else _NO_BOUNDARY)

    def _step(self, active: frozenset[int], place: int, char: str) -> frozenset[int]:
        states = (self._states[i] for i in self._closure(active, place))
        verdicts: dict[Chars, bool] = {}

        def fits(chars: Chars) -> bool:
            if chars not in verdicts:
                verdicts[chars] = char in chars
            return verdicts[chars]

        return frozenset(out for s in states if s.chars is not None and fits(s.chars) for out in s.out)

    def _closure(self, active: frozenset[int], place: int) -> frozenset[int]:
        """The states reached from `active` without a character, at such a place."""
        seen, stack = set(active), list(active)
        while stack:
            state = self._states[stack.pop()]
            if state.chars is None and state.place & place == state.place:
                new = [i for i in state.out if i not in seen]
                seen.update(new)
                stack += new
        return frozenset(seen)


def _is_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


@lru_cache(64)
def compiled(pattern: str) -> Regex:
    """The pattern, compiled once."""
    return Regex(pattern)


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether strings match the pattern as a whole."""
    return compiled(pattern).fullmatch
