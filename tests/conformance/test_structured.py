"""The structured ops, compiled, against the reference interpreter: at the machine's own level and at every level it can run."""

import pytest
from weft.compiler.codegen.target import LEVELS, supported

from .structured import KINDS

RUNNABLE = [name for name, target in LEVELS.items() if supported(target)]


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("kind", KINDS)
def test_structured(kind: str, level: str) -> None:
    KINDS[kind](RUNNABLE.index(level)).check(level)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 22))
@pytest.mark.parametrize("kind", KINDS)
def test_structured_at_length(kind: str, seed: int) -> None:
    KINDS[kind](seed).check(RUNNABLE[seed % len(RUNNABLE)])
