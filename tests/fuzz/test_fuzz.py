"""A minute of fuzzing. The seed is printed: `python -m tests.fuzz --seed SEED --number N` gives a victim again."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENV = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # processes are forked: none of them needs threads
SEED = 20


def test_a_minute(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--minutes", "1", "--seed", str(SEED), "--keep", str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, env=ENV, capture_output=True, text=True)
    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_same_seed_gives_the_same_victims() -> None:
    code = "from tests.fuzz.corpus import seeds; import zlib; s = seeds(); print([zlib.crc32(s.victim(3, n)[1]) for n in range(60)])"
    first, second = (subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=ENV, capture_output=True, text=True) for _ in range(2))
    assert first.stdout == second.stdout and first.stdout.count(",") == 59, first.stderr
