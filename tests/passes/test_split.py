"""Long reductions in parts: the same results, in as many pieces as threads can share, and the same bits for any number of threads."""

import numpy as np
import pytest
import weft
from weft import numpy as wnp
from weft.compiler.codegen.target import Target
from weft.compiler.emit.program import generate_kernels
from weft.compiler.passes import Context
from weft.compiler.pipeline import run_pipeline
from weft.vm import VM

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("shape", [(1 << 18,), (3 * 50000, 2), (2, 1 << 17), (999983,)], ids=str)
def test_parts_give_the_whole(shape: tuple[int, ...]) -> None:
    x = RNG.standard_normal(shape).astype(np.float32)

    def compute(x):
        return wnp.sum(x), wnp.max(x, axis=0), wnp.argmin(x), wnp.sum(wnp.astype(x > 0, wnp.int64), axis=-1)

    program = weft.function(compute).compile(x)
    results = [VM(threads=n).load(program)["main"](x) for n in (1, 2, 8)]
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert a.tobytes() == b.tobytes()
    total, top, place, count = results[0]
    np.testing.assert_allclose(total, x.astype(np.float64).sum(), rtol=1e-6, atol=1e-5 * x.size**0.5)
    np.testing.assert_array_equal(top, x.max(axis=0))
    assert place == x.argmin()
    np.testing.assert_array_equal(count, (x > 0).sum(axis=-1))


def test_a_full_reduction_has_work_for_all_threads() -> None:
    x = np.zeros(1 << 20, np.float32)
    target = Target.host()
    module = run_pipeline(weft.function(lambda x: wnp.sum(x * x)).lower(x), Context(target))
    first, last = generate_kernels(module, target)
    assert first.chunks >= 8  # type: ignore[operator]
    assert last.chunks == 1
