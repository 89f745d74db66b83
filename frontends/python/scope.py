"""Where tensors are made: the functions, branches and loop bodies that are being traced, one inside the other.

A tensor may become another (`x[i] = v`) in the scope it was made in. Elsewhere that would carry a value out of the graph it belongs
to, or happen when a function is traced and not when it runs.
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from ...compiler.ir.graph import Value


@dataclass(eq=False, slots=True)
class Scope:
    """One body being traced."""

    places: dict[Value, tuple[Value, ...]] = field(default_factory=dict)
    """Masks, and the indices of the elements where they hold: one mask gives tensors of one size."""


_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)
scope = _scope.get
"""The innermost scope; None in eager code."""


@contextmanager
def entered() -> Generator[None]:
    """A scope of its own inside."""
    here = Scope()
    token = _scope.set(here)
    try:
        yield
    finally:
        _scope.reset(token)
        here.places.clear()  # tensors made here may live on, graphs need not
