"""The memory plan: no two living blocks overlap, and little is wasted."""

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from weft.compiler.codegen.target import LEVELS
from weft.compiler.emit import buffers
from weft.compiler.emit.program import generate_kernels
from weft.compiler.ir.dims import Dim, evaluate, symbol
from weft.compiler.memory import ALIGN, Block, lower_bound, plan_memory
from weft.compiler.passes import Context
from weft.compiler.pipeline import run_pipeline
from weft.frontends.onnx import from_model

from ..models.networks import NETWORKS
from ..models.zoo import with_batch, zoo_model


@st.composite
def blocks(draw: st.DrawFn) -> list[Block]:
    made: list[Block] = []
    for _ in range(draw(st.integers(0, 12))):
        first = draw(st.integers(0, 20))
        n, m, count = symbol("N", 1), symbol("M", 0), draw(st.integers(0, 5000))
        size: Dim = draw(st.sampled_from([count, n * count, n * m * (count % 64), n * count + 12]))
        made.append(Block(size, first, first + draw(st.integers(0, 10))))
    return made


@settings(deadline=None)
@given(blocks(), st.integers(1, 100), st.integers(0, 9))
def test_living_blocks_do_not_overlap(plan: list[Block], n: int, m: int):
    offsets, total = plan_memory(plan)
    values = {"N": n, "M": m}
    numbers = [(evaluate(o, values), evaluate(b.size, values)) for o, b in zip(offsets, plan, strict=True)]
    for i, (start, size) in enumerate(numbers):
        assert start % ALIGN == 0
        assert start + size <= evaluate(total, values)
        for j in range(i):
            other, length = numbers[j]
            if plan[i].meets(plan[j]):
                assert start + size <= other or other + length <= start


def test_a_chain_reuses_two_places():
    chain = [Block(1024, i, i + 1) for i in range(100)]
    _, total = plan_memory(chain)
    assert total == 2048 == lower_bound(chain)


@pytest.mark.parametrize("seed", range(5))
def test_the_arena_is_near_the_lower_bound(seed: int):
    rng = np.random.default_rng(seed)
    plan = [Block(int(rng.integers(1, 1 << 20)), i, i + int(rng.integers(1, 6))) for i in range(200)]
    _, total = plan_memory(plan)
    assert isinstance(total, int)
    assert lower_bound(plan) <= total <= 1.1 * lower_bound(plan)


@pytest.mark.parametrize("seed", range(5))
def test_symbolic_sizes_share_memory_like_known_ones(seed: int):
    rng, n = np.random.default_rng(seed), symbol("N", 1)
    plan = [Block(n * int(rng.integers(1, 1 << 20)), i, i + int(rng.integers(1, 6))) for i in range(200)]
    _, total = plan_memory(plan)
    for batch in (1, 3, 16):
        bound = lower_bound(plan, {"N": batch})
        assert bound <= evaluate(total, {"N": batch}) <= 1.1 * bound


_QUICK = ("densenet121", "inception_v2", "shufflenet", "squeezenet", "mobilenet_v3", "efficientnet_b0", "lstm", "mlp_small")


def plans_of(model: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[Block], Dim]]:
    """The blocks and the arena of every function."""
    found: list[tuple[list[Block], Dim]] = []

    def plan(blocks: list[Block]) -> tuple[list[Dim], Dim]:
        offsets, total = plan_memory(blocks)
        found.append((blocks, total))
        return offsets, total

    monkeypatch.setattr(buffers, "plan_memory", plan)
    target = LEVELS["x86-64-v4"]
    generate_kernels(run_pipeline(from_model(model), Context(target)), target)
    return found


@pytest.mark.parametrize("name", [n if n in _QUICK else pytest.param(n, marks=pytest.mark.slow) for n in NETWORKS])
def test_arenas_of_networks(name: str, monkeypatch: pytest.MonkeyPatch):
    for plan, total in plans_of(NETWORKS[name](), monkeypatch):
        assert isinstance(total, int)
        assert total <= 1.1 * lower_bound(plan)


def test_the_arena_of_any_batch(monkeypatch: pytest.MonkeyPatch):
    ((plan, total),) = plans_of(with_batch(zoo_model("squeezenet"), "N"), monkeypatch)
    for batch in (1, 7):
        assert evaluate(total, {"N": batch}) <= 1.1 * lower_bound(plan, {"N": batch})
