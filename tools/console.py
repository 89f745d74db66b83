"""Talking to a person: progress and diagnostics on stderr, colours only on a terminal."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, TextIO

from ..proto.errors import WeftError

if TYPE_CHECKING:
    from rich.status import Status


def coloured(text: str, code: str, stream: TextIO) -> str:
    """`text` in a colour (an SGR code such as `31`), if `stream` is a terminal that wants them."""
    if not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{code}m{text}\x1b[0m"


def print_error(error: WeftError) -> None:
    """Every diagnostic of an error, on stderr."""
    for diagnostic in error.diagnostics:
        head, _, rest = str(diagnostic).partition("\n")
        print(coloured(head, "1;31", sys.stderr) + (f"\n{rest}" if rest else ""), file=sys.stderr)


class Progress:
    """A spinner on a terminal that says what is being done; nothing where stderr is not a terminal, or without `weft[cli]`."""

    def __init__(self, quiet: bool = False) -> None:
        self._status: Status | None = None
        if not quiet and sys.stderr.isatty() and find_spec("rich"):
            from rich.console import Console

            self._status = Console(stderr=True).status("")
            self._status.start()

    def __call__(self, what: str) -> None:
        """Say that `what` has begun."""
        if self._status:
            self._status.update(what)
            self._status.start()

    def clear(self) -> None:
        """Take the line away, until something else begins."""
        if self._status:
            self._status.stop()


@contextmanager
def progress(quiet: bool = False) -> Generator[Progress]:
    """A progress line that is gone at the end, also after an error."""
    line = Progress(quiet)
    try:
        yield line
    finally:
        line.clear()
