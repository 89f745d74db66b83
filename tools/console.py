"""Talking to a person: progress and diagnostics on stderr, colours only on a terminal."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from ..proto.errors import WeftError

# Work that takes less needs no progress line.
_PATIENCE = 0.5  # seconds


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
    """One line on a terminal that says what is being done; nothing where stderr is not a terminal."""

    def __init__(self, quiet: bool = False) -> None:
        self.stream = sys.stderr
        self.shown = False
        self.enabled = not quiet and self.stream.isatty()
        self.start = time.monotonic()

    def __call__(self, what: str) -> None:
        """Say that `what` has begun."""
        elapsed = time.monotonic() - self.start
        if self.enabled and elapsed > _PATIENCE:
            print(f"\r\x1b[K{elapsed:5.1f} s  {what}", end="", file=self.stream, flush=True)
            self.shown = True

    def clear(self) -> None:
        """Take the line away."""
        if self.shown:
            print("\r\x1b[K", end="", file=self.stream, flush=True)
            self.shown = False


@contextmanager
def progress(quiet: bool = False) -> Iterator[Progress]:
    """A progress line that is gone at the end, also after an error."""
    line = Progress(quiet)
    try:
        yield line
    finally:
        line.clear()
