"""The memory plan: no two living blocks overlap, and little is wasted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from weft.compiler.ir.dims import evaluate, symbol
from weft.compiler.memory import ALIGN, Block, lower_bound, plan_memory


@st.composite
def blocks(draw: st.DrawFn) -> list[Block]:
    made: list[Block] = []
    for _ in range(draw(st.integers(0, 12))):
        first = draw(st.integers(0, 20))
        size = draw(st.integers(0, 5000)) if draw(st.booleans()) else symbol("N", 1) * draw(st.integers(1, 64))
        made.append(Block(size, first, first + draw(st.integers(0, 10))))
    return made


@settings(deadline=None)
@given(blocks(), st.integers(1, 100))
def test_living_blocks_do_not_overlap(plan: list[Block], n: int):
    offsets, total = plan_memory(plan)
    numbers = [(evaluate(o, {"N": n}), evaluate(b.size, {"N": n})) for o, b in zip(offsets, plan, strict=True)]
    for i, (start, size) in enumerate(numbers):
        assert start % ALIGN == 0
        assert start + size <= evaluate(total, {"N": n})
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
    assert total <= 1.1 * lower_bound(plan)
