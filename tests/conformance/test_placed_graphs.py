"""Random graphs over several devices: whatever runs where, results are those of one device."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from weft.compiler.driver import compile
from weft.compiler.ir.graph import Function, Module, Node, Region
from weft.compiler.passes.base import with_body
from weft.compiler.passes.rewrite import with_each
from weft.vm import VM

from .batch import Batch
from .bounds import difference
from .graphs import random_graph

DEVICES = ("cpu:0", "sim:1", "sim:2", "sim:3")
CASES = given(st.integers(0, 2**32 - 1), st.sampled_from(["annotated", "partly", "estimated"]))
COMMON = settings(deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])


def annotated(body: Region, rng: np.random.Generator, share: float) -> Region:
    """Each node of a graph, those of control flow included, on some device with a probability."""

    def change(node: Node) -> Node:
        control = node.op in ("while", "if", "case")
        regions = tuple(annotated(r, rng, share) for r in node.regions) if control else node.regions
        device = DEVICES[int(rng.integers(len(DEVICES)))] if not control and rng.random() < share else ""
        return replace(node, regions=regions, device=device)

    return with_each(body, change)


def place(module: Module, how: str, rng: np.random.Generator) -> Module:
    share = {"annotated": 1.0, "partly": 0.3, "estimated": 0.0}[how]

    def placed(f: Function) -> Function:
        return with_body(f, annotated(f, rng, share))

    return replace(module, functions={name: placed(f) for name, f in module.functions.items()})


def check(seed: int, how: str) -> None:
    batch, bounds = Batch(), []
    for k in range(6):
        made, runs, bound = random_graph(seed + k, control=bool(k % 2))
        batch.add(f"graph {seed + k}", made, *runs)
        bounds.append(bound)
    placed = place(batch.module, how, np.random.default_rng(seed))
    # Transfers cost little where nodes take ever so long: the estimates then spread them.
    program = VM(threads=2).load(compile(placed, devices=DEVICES[1:]))
    wrong: list[str] = []
    for t, bound in zip(batch.trials, bounds, strict=True):
        for arrays, wanted in zip(t.runs, batch.wanted(t), strict=True):
            got = program[t.function.name](*arrays)
            got = got if isinstance(got, tuple) else (got,)
            facts = [difference(r, w, b) for r, w, b in zip(got, wanted, bound, strict=True)]
            wrong += [f"{t.label}, result {i}, {how}: {fact}" for i, fact in enumerate(facts) if fact]
    assert not wrong, "\n".join(wrong[:10])


@CASES
@settings(COMMON, max_examples=6, derandomize=True)
def test_placed_graphs(seed: int, how: str) -> None:
    check(seed, how)


@pytest.mark.slow
@CASES
@settings(COMMON, max_examples=100)
def test_many_placed_graphs(seed: int, how: str) -> None:
    check(seed, how)
