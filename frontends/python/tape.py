"""`GradientTape`: derivatives of what is computed eagerly, in the order it is written.

with weft.GradientTape() as tape:
    tape.watch(w)
    loss = weft.numpy.mean((x @ w - y) ** 2)
(dw,) = tape.gradient(loss, [w])
"""

from collections.abc import Sequence
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any

import numpy as np

from ...compiler.autodiff import pullback
from ...compiler.interpreter import evaluate
from ...compiler.ir.graph import Value, param, tensor_type_of
from ...proto.errors import check
from .close import close
from .pytree import flatten, unflatten
from .tensor import Tensor

if TYPE_CHECKING:
    from .state import Variable

_tapes: ContextVar[tuple["GradientTape", ...]] = ContextVar("tapes", default=())


def recording() -> bool:
    """Whether a tape is open: what is computed from watched tensors is then kept as a graph too."""
    return bool(_tapes.get())


def read(variable: "Variable") -> Tensor | None:
    """The value of a variable, the same watched value for all open tapes until it is assigned; None if no tape is open."""
    tapes = _tapes.get()
    if not tapes:
        return None
    found = tapes[0].variables.get(variable)
    if found is None:
        found = Tensor(variable.array.copy(), param(variable.type, variable.name))
    for tape in tapes:
        tape.variables[variable] = found
        tape.known[found.value] = found.numpy()
    return Tensor(found.array, found.value)  # the reader's own, which may be assigned to


def forget(variable: "Variable") -> None:
    """Tell the open tapes that a variable is another tensor from now on."""
    for tape in _tapes.get():
        tape.variables.pop(variable, None)


def seen(value: Value | None) -> np.ndarray | None:
    """What a value of the graph of an open tape is; None for any other."""
    return next((tape.known[value] for tape in _tapes.get() if value in tape.known), None)


def record(value: Value, data: np.ndarray) -> None:
    """Tell the open tapes what a value of their graph is."""
    for tape in _tapes.get():
        tape.known[value] = data


class GradientTape:
    """Records what is computed from watched tensors, and from variables, while it is open; `gradient` may be called any number of times.

    A `weft.function` called meanwhile runs as plain Python.
    """

    def __init__(self) -> None:
        self.known: dict[Value, np.ndarray] = {}
        self.variables: dict[Variable, Tensor] = {}
        self._token: Token[tuple[GradientTape, ...]] | None = None

    def __enter__(self) -> "GradientTape":
        self._token = _tapes.set((*_tapes.get(), self))
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._token is not None
        _tapes.reset(self._token)

    def watch(self, tensors: Any) -> None:
        """Record what is computed from these tensors (a tree of them). Variables need no watching."""
        for t in flatten(tensors)[0]:
            if _is_variable(t):
                continue
            check(isinstance(t, Tensor) and not t.is_traced, "tape.watch", f"only eager tensors can be watched, got {t!r}", help=_TRACED)
            assert t.array is not None
            if t.recorded is None:
                t.recorded = param(tensor_type_of(t.array))
            self.known[t.recorded] = t.array

    def gradient(self, target: Tensor, sources: Any, seed: Any = None) -> Any:
        """The gradients of `target` (the sum of its elements, or weighted by `seed`) by the tensors of a tree; zeros where it does not
        depend on one. Inside another tape they are recorded by that: its gradients of them are second derivatives."""
        given, tree = flatten(sources)
        leaves = [self.variables.get(t) if _is_variable(t) else t for t in given]
        check(target.recorded is not None, "tape.target", "the target was not computed from watched tensors while the tape was open")
        for t in leaves:
            help = "call tape.watch(x) first; variables are watched when they are read"
            check(t is None or t.recorded in self.known, "tape.source", "a source was not watched by this tape", help=help)
        ones = np.ones_like(target.array) if seed is None else np.asarray(seed, target.dtype)
        start = param(tensor_type_of(ones))
        read = [t.value for t in leaves if t is not None]
        cts = iter(pullback([target.value], [start], read))
        found = self._evaluated(start, ones, [None if t is None else next(cts) for t in leaves])
        return unflatten(tree, [Tensor(np.zeros_like(t.array)) if g is None else g for t, g in zip(given, found, strict=True)])

    def _evaluated(self, start: Value, seed: np.ndarray, cts: Sequence[Value | None]) -> list[Tensor | None]:
        """Cotangents as tensors, which open tapes know the graph of."""
        wanted = [ct for ct in cts if ct is not None]
        if not wanted:
            return [None] * len(cts)
        body, captured = close([start], wanted, known=self.known)
        record(start, seed)
        found = iter(evaluate(body, seed, *(self.known[v] for v in captured)))
        results: list[Tensor | None] = []
        for ct in cts:
            data = None if ct is None else next(found)
            if ct is not None and data is not None:
                record(ct, data)
            results.append(None if data is None else Tensor(data, ct if recording() else None))
        return results


def _is_variable(x: object) -> bool:
    from .state import Variable

    return isinstance(x, Variable)


_TRACED = "in a traced function use weft.grad"
