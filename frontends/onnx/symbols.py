"""Sizes that are computed in the graph become symbols: fresh names, and the op that binds them."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from ...compiler.ir.dims import Dim, Expr, symbol, symbols
from ...compiler.ir.graph import Value
from ...compiler.ops.registry import op_of


class Names:
    """The names of an import's symbols: those of its inputs, and those made for sizes that depend on data."""

    def __init__(self) -> None:
        self.inputs: set[str] = set()
        self.computed: set[str] = set()
        self._next: dict[str, int] = {}  # numbers below it are taken

    def fresh(self, hint: str) -> str:
        """A name that no symbol has yet, like `hint`."""
        stem = re.sub(r"\W+", "_", hint).strip("_") or "size"
        stem = f"_{stem}" if stem[0].isdigit() else stem
        k = self._next.get(stem, 0)
        while (name := f"{stem}_{k}") in self.inputs or name in self.computed:
            k += 1
        self._next[stem] = k + 1
        self.computed.add(name)
        return name


_current: ContextVar[tuple[Names, str]] = ContextVar("symbols")


@contextmanager
def naming(names: Names, hint: str) -> Generator[None]:
    """Sizes bound inside get names of `names`, like `hint`."""
    token = _current.set((names, hint))
    try:
        yield
    finally:
        _current.reset(token)


def fresh(lo: int = 0) -> Expr:
    """A new symbol of at least `lo`; something must define it: `bind`, or a dim of a region's parameter."""
    names, hint = _current.get()
    return symbol(names.fresh(hint), lo)


def is_computed(name: str) -> bool:
    """Whether the symbol stands for a size that depends on data, not for one of an input."""
    return name in _current.get()[0].computed


def depends_on_data(size: Dim) -> bool:
    """Whether a symbol in the dim stands for a size that depends on data."""
    return any(map(is_computed, symbols(size)))


def bind(sizes: Value) -> tuple[Dim, ...]:
    """The numbers of an i64 vector as dims. A negative one is an error when the program meets it."""
    made = tuple(fresh() for _ in range(sizes.shape[0]))
    op_of("weft.bind_dims")(sizes, symbols=made)
    return made
