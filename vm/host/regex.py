"""Regular expressions matched against whole strings in linear time.

Python's `re` backtracks: a short pattern of a stranger's model could keep it busy for years. Here a pattern becomes an automaton
(Thompson's construction), which is run on all its states at once, with its steps remembered.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from ...proto.errors import fail
from .regex_syntax import BEGIN, BOUNDARY, END, LINE_BEGIN, LINE_END, NO_BOUNDARY, Chars, Choice, Place, Repeat, Sequence, Tree, parse

_MOST_STATES = 10_000
_MOST_REMEMBERED = 1_000_000  # states in all remembered steps of a pattern


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

    def build(self, tree: Tree) -> _Piece:
        match tree:
            case Chars() | Place():
                end = self._state()
                start = self._state(tree, out=[end]) if isinstance(tree, Chars) else self._state(place=tree.place, out=[end])
                return _Piece(start, end)
            case Sequence(parts):
                return self._chain(parts)
            case Choice(parts):
                pieces, end = [self.build(p) for p in parts], self._state()
                for piece in pieces:
                    self.states[piece.end].out.append(end)
                return _Piece(self._state(out=[p.start for p in pieces]), end)
            case Repeat(part, low, high):
                return self._repeat(part, low, high)

    def _chain(self, parts: Iterable[Tree]) -> _Piece:
        start = end = self._state()
        for part in parts:
            piece = self.build(part)
            self.states[end].out.append(piece.start)
            end = piece.end
        return _Piece(start, end)

    def _repeat(self, part: Tree, low: int, high: int | None) -> _Piece:
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
        piece = builder.build(parse(pattern))
        self._states, self._accept = builder.states, piece.end
        self._places = any(s.place for s in builder.states)
        self._first = frozenset({piece.start})
        self._steps: dict[tuple[frozenset[int], int, str], frozenset[int]] = {}
        self._remembered = 0

    def fullmatch(self, text: str) -> bool:
        """Whether all of the text matches. Takes time proportional to its length, and at worst to the automaton's size."""
        active = self._first
        for at, char in enumerate(text):
            place = self._place(text, at)
            key = (active, place, char)
            found = self._steps.get(key)
            if found is None:
                found = self._step(active, place, char)
                self._remember(key, found)
            if not found:
                return False
            active = found
        return self._accept in self._closure(active, self._place(text, len(text)))

    def _remember(self, key: tuple[frozenset[int], int, str], found: frozenset[int]) -> None:
        if self._remembered > _MOST_REMEMBERED:
            self._steps.clear()
            self._remembered = 0
        self._steps[key] = found
        self._remembered += len(found) + 1

    def _place(self, text: str, at: int) -> int:
        if not self._places:
            return 0
        before, after = text[at - 1 : at] if at else "", text[at : at + 1]
        place = (BEGIN | LINE_BEGIN) * (not before) | (END | LINE_END) * (not after)
        place |= LINE_BEGIN * (before == "\n") | LINE_END * (after == "\n")
        return place | (BOUNDARY if _is_word(before) != _is_word(after) else NO_BOUNDARY)

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
