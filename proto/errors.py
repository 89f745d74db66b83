"""Diagnostics: what weft says to a person whose model or input is at fault."""

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Loc:
    """Where something came from: a file, a node's name in it, a line; or several such places merged by a pass."""

    file: str = ""
    name: str = ""
    line: int = 0
    column: int = 0
    parts: tuple["Loc", ...] = ()

    def __str__(self) -> str:
        if self.parts:
            return ", ".join(str(part) for part in self.parts)
        place = self.file
        if self.line:
            place += f":{self.line}" + (f":{self.column}" if self.column else "")
        if self.name:
            place += f': node "{self.name}"' if place else f'node "{self.name}"'
        return place

    def __bool__(self) -> bool:
        return bool(self.file or self.name or self.line or self.parts)


UNKNOWN = Loc()


def merge_locs(locs: Iterable[Loc]) -> Loc:
    """The one location that stands for all of `locs`, each source place once, in order."""
    parts: dict[Loc, None] = {}
    for loc in locs:
        for part in loc.parts or (loc,):
            if part:
                parts[part] = None
    match list(parts):
        case []:
            return UNKNOWN
        case [only]:
            return only
        case many:
            return Loc(parts=tuple(many))


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: a stable code, the fact, the place, and the way out.

    `code` is `<op or area>.<constraint>`, e.g. `dot_general.C6`; `snippet` is the IR or input text concerned. `about` holds facts for
    programs: what a frontend was importing (`operator`, `version`, `inputs` …), by name.
    """

    code: str
    message: str
    loc: Loc = UNKNOWN
    help: str = ""
    snippet: str = ""
    context: str = ""
    about: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        lines = [f"error[{self.code}]: {self.message}"]
        if self.loc:
            lines.append(f"  --> {self.loc}")
        lines += [f"   | {line}" for line in self.snippet.splitlines()]
        if self.context:
            lines.append(f"   = while: {self.context}")
        if self.help:
            lines.append(f"   = help: {self.help}")
        return "\n".join(lines)

    def at(self, loc: Loc, snippet: str = "", context: str = "") -> "Diagnostic":
        """The same diagnostic with what was not yet known about its place filled in."""
        return replace(self, loc=self.loc or loc, snippet=self.snippet or snippet, context=self.context or context)


class WeftError(Exception):
    """The model or the input is at fault; carries every problem found, never only the first."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        self.diagnostics = diagnostics
        super().__init__("\n".join(str(d) for d in diagnostics))

    @property
    def code(self) -> str:
        """The code of the first diagnostic."""
        return self.diagnostics[0].code

    def at(self, loc: Loc, snippet: str = "", context: str = "") -> "WeftError":
        """The same error with places filled in where they were missing."""
        return type(self)(*(d.at(loc, snippet, context) for d in self.diagnostics))

    def about(self, **facts: str) -> "WeftError":
        """The same error with these facts in the diagnostics that have none."""
        return type(self)(*(d if d.about else replace(d, about=tuple(facts.items())) for d in self.diagnostics))


class InternalError(Exception):
    """A bug in weft. The command line prints it with the way to reproduce it and exits with 3."""


def fail(code: str, message: str, *, loc: Loc = UNKNOWN, help: str = "", snippet: str = "") -> WeftError:
    """The `WeftError` for one problem: `raise fail("container.magic", "not a zip file", loc=Loc(path))`."""
    return WeftError(Diagnostic(code, message, loc, help, snippet))


def check(condition: bool, code: str, message: str, *, help: str = "") -> None:
    """Raise the diagnostic `code` unless `condition` holds."""
    if not condition:
        raise fail(code, message, help=help)
