"""`GradientTape`: derivatives of what is computed eagerly, in the order it is written.

with weft.GradientTape() as tape:
    tape.watch(w)
    loss = weft.numpy.mean((x @ w - y) ** 2)
(dw,) = tape.gradient(loss, [w])
"""

from contextvars import ContextVar, Token
from typing import Any

import numpy as np

from ...compiler.autodiff import pullback
from ...compiler.interpreter import evaluate
from ...compiler.ir.graph import Value, param, tensor_type_of
from ...proto.errors import check
from .close import close
from .pytree import flatten, unflatten
from .tensor import Tensor

_tapes: ContextVar[tuple["GradientTape", ...]] = ContextVar("tapes", default=())


def recording() -> bool:
    """Whether a tape is open: what is computed from watched tensors is then kept as a graph too."""
    return bool(_tapes.get())


def record(value: Value, data: np.ndarray) -> None:
    """Tell the open tapes what a value of their graph is."""
    for tape in _tapes.get():
        tape.known[value] = data


class GradientTape:
    """Records what is computed from watched tensors while it is open; `gradient` may be called any number of times."""

    def __init__(self) -> None:
        self.known: dict[Value, np.ndarray] = {}
        self._token: Token[tuple[GradientTape, ...]] | None = None

    def __enter__(self) -> "GradientTape":
        self._token = _tapes.set((*_tapes.get(), self))
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._token is not None
        _tapes.reset(self._token)

    def watch(self, tensors: Any) -> None:
        """Record what is computed from these tensors (a tree of them)."""
        for t in flatten(tensors)[0]:
            check(isinstance(t, Tensor) and not t.is_traced, "tape.watch", f"only eager tensors can be watched, got {t!r}", help=_TRACED)
            assert t.array is not None
            if t.recorded is None:
                t.recorded = param(tensor_type_of(t.array))
            self.known[t.recorded] = t.array

    def gradient(self, target: Tensor, sources: Any, seed: Any = None) -> Any:
        """The gradients of `target` (the sum of its elements, or weighted by `seed`) by the tensors of a tree; zeros where it does not
        depend on one."""
        leaves, tree = flatten(sources)
        check(target.recorded is not None, "tape.target", "the target was not computed from watched tensors while the tape was open")
        for t in leaves:
            check(t.recorded in self.known, "tape.source", "a source was not watched by this tape", help="call tape.watch(x) first")
        ones = np.ones_like(target.array) if seed is None else np.asarray(seed, target.dtype)
        start = param(tensor_type_of(ones))
        cts = pullback([target.value], [start], [t.value for t in leaves])
        wanted = [ct for ct in cts if ct is not None]
        body, captured = close([start], wanted, known=self.known)
        with_seed = [ones, *(self.known[v] for v in captured)]
        found = iter(evaluate(body, *with_seed)) if wanted else iter(())
        return unflatten(
            tree, [Tensor(np.zeros_like(t.array)) if ct is None else Tensor(next(found)) for t, ct in zip(leaves, cts, strict=True)]
        )


_TRACED = "in a traced function use weft.grad"
