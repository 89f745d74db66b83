"""What a process holds does not grow with the calls it has made."""

import gc
from pathlib import Path

import numpy as np
import pytest
import weft
from weft.vm import VM


def resident_bytes() -> int:
    """What this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_ten_thousand_calls_of_random_shapes() -> None:
    """Plans, frames, and what was allocated for results: a few shapes are remembered, the others leave nothing."""

    @weft.function
    def layer(x: weft.Tensor, w: weft.Tensor) -> weft.Tensor:
        y = weft.numpy.tanh(x @ w)
        return y - weft.numpy.mean(y, axis=1, keepdims=True)

    main = VM(threads=2).load(weft.compile(layer.lower(weft.Spec(("N", 16), "float32"), weft.Spec((16, "M"), "float32"))))["main"]
    rng = np.random.default_rng(0)

    def call(times: int) -> None:
        for n, m in rng.integers(1, 400, (times, 2)):
            main(np.ones((n, 16), np.float32), np.ones((16, m), np.float32))

    call(2000)
    gc.collect()
    before = resident_bytes()
    call(10_000)
    gc.collect()
    assert resident_bytes() - before < 8 << 20
