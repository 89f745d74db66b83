"""The graphs of the goldens, compiled: one program per file."""

import zlib
from collections import defaultdict

import numpy as np
import pytest
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.graph import Module
from weft.compiler.ir.text import parse
from weft.compiler.ir.types import TensorType
from weft.compiler.verify import verify
from weft.proto.dtypes import STRING
from weft.proto.errors import WeftError
from weft.vm import VM

from ..golden.test_golden import CASES, Case, _sizes, random_array
from .batch import Batch
from .bounds import BOUNDS, Bound, bound_of, difference

# What passes make for the compiler itself: constants are computed with it, kernels are made of it.
INTERNAL = {"weft.fusion", "weft.pack_rhs", "weft.winograd_weights"}


def graph_of(case: Case) -> Module | None:
    """The module of a case whose main function works on numbers alone, and calls nothing."""
    try:
        m = parse(case.source, case.path.name)
        verify(m)
    except WeftError:
        return None
    if list(m.functions) != ["main"]:
        return None
    nodes = list(m.main.walk())
    types = [t for n in nodes for t in n.types] + [p.type for p in m.main.params]
    numbers = all(isinstance(t, TensorType) and t.dtype is not STRING for t in types)
    return m if numbers and not INTERNAL & {n.op for n in nodes} else None


def bound_for(m: Module) -> Bound:
    """Errors add up: the sum of the bounds of the ops."""
    bounds = [bound_of(n.op, *(v.dtype.numpy for v in n.operands)) for n in m.main.walk() if n.op in BOUNDS]
    return Bound(sum(b.real for b in bounds), sum(b.complex for b in bounds), summed=bool(bounds))


def scale_of(x: np.ndarray) -> np.ndarray:
    """What errors in an array are measured by where graphs have several ops: its largest number, or 1."""
    wide = x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
    return np.full(x.shape, np.abs(wide[np.isfinite(wide)]).max(initial=1))


FILES: dict[str, list[Case]] = defaultdict(list)
for _case in CASES:
    if _case.evaluates and not _case.errors:
        FILES[_case.name.rsplit("-", 1)[0]].append(_case)


@pytest.mark.parametrize("name", FILES)
def test_golden_graphs(name: str) -> None:
    batch = Batch()
    for case in FILES[name]:
        m = graph_of(case)
        if m is None:
            continue
        rng = np.random.default_rng(zlib.crc32(case.name.encode()))
        sizes = _sizes(m, rng)
        arguments = [random_array(p.tensor, sizes, rng) for p in m.main.params]
        try:
            evaluate(m, *arguments)
        except WeftError:
            continue
        batch.add(case.name, m.main, arguments, bound=bound_for(m))
    if not batch:
        return
    program = VM(threads=1).load(batch.compile())
    wrong: list[str] = []
    for t in batch.trials:
        got = program[t.function.name](*t.runs[0])
        for g, w in zip(got if isinstance(got, tuple) else (got,), batch.wanted(t)[0], strict=True):
            wrong += [f"{t.label}: {fact}" for fact in [difference(g, w, t.bound, scale_of(w) if t.bound.summed else None)] if fact]
    assert not wrong, "\n".join(wrong)
