"""Random graphs: the interpreter, the interpreter after the pipeline, and compiled code agree."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from weft.compiler.codegen.target import Target
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.graph import module
from weft.compiler.passes import Context
from weft.compiler.pipeline import run_pipeline
from weft.compiler.verify import verify
from weft.vm import VM

from .batch import Batch
from .bounds import difference
from .graphs import random_graph

PER_PROGRAM = 12
CONTEXT = Context(Target.host(), "default")
CASES = given(st.integers(0, 2**32 - 1), st.booleans())
# A seed does not shrink: another seed is another graph.
COMMON = settings(deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
QUICK = settings(COMMON, max_examples=8, derandomize=True)
LONG = settings(COMMON, max_examples=150)


def check(seed: int, control: bool) -> None:
    """A program of several random graphs, run twice each."""
    batch, bounds = Batch(), []
    for k in range(PER_PROGRAM):
        made, runs, bound = random_graph(seed + k, control=control)
        batch.add(f"graph {seed + k}", made, *runs)
        bounds.append(bound)
    verify(batch.module)
    after = run_pipeline(batch.module, CONTEXT, check=True)
    program = VM(threads=2).load(batch.compile())
    wrong: list[str] = []
    for t, bound in zip(batch.trials, bounds, strict=True):
        for arrays, wanted in zip(t.runs, batch.wanted(t), strict=True):
            piped = evaluate(module(after.functions[t.function.name]), *arrays)
            got = program[t.function.name](*arrays)
            got = got if isinstance(got, tuple) else (got,)
            for where, results in (("after the pipeline", piped), ("compiled", got)):
                facts = [difference(r, w, b) for r, w, b in zip(results, wanted, bound, strict=True)]
                wrong += [f"{t.label}, result {i} {where}: {fact}" for i, fact in enumerate(facts) if fact]
    assert not wrong, f"control={control}\n" + "\n".join(wrong[:10])


@CASES
@QUICK
def test_random_graphs(seed: int, control: bool) -> None:
    check(seed, control)


@pytest.mark.slow
@CASES
@LONG
def test_many_random_graphs(seed: int, control: bool) -> None:
    check(seed, control)


def rearranged(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same array with other strides, misaligned, or read-only."""
    match int(rng.integers(5)) if x.ndim else 4:
        case 0:
            return np.asfortranarray(x)
        case 1:
            view = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)[..., ::2]
            view[...] = x
            return view
        case 2:
            raw = np.zeros(x.nbytes + 1, np.uint8)
            view = raw[1:].view(x.dtype).reshape(x.shape)
            view[...] = x
            return view
        case 3:
            return x[::-1].copy()[::-1]
        case _:
            y = x.copy()
            y.flags.writeable = False
            return y


@pytest.mark.parametrize("seed", range(2))
def test_arrays_of_any_layout(seed: int) -> None:
    batch, rng = Batch(), np.random.default_rng(seed)
    for k in range(PER_PROGRAM):
        made, runs, _ = random_graph(7000 + 100 * seed + k)
        batch.add(f"graph {k}", made, *runs)
    program = VM(threads=1).load(batch.compile())
    for t in batch.trials:
        for arrays in t.runs:
            plain, strange = program[t.function.name](*arrays), program[t.function.name](*(rearranged(a, rng) for a in arrays))
            for x, y in zip(*(r if isinstance(r, tuple) else (r,) for r in (plain, strange)), strict=True):
                assert difference(y, x) == "", t.label
