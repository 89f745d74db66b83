"""Every file that was ever a fault, as small as it could be made: each is a graph now, or a `WeftError`.

They go the whole way in processes of their own, as in the fuzzer; `python -m tests.fuzz tests/data/crashes/*` does the same.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENV = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # processes are forked: none of them needs threads


def test_files_that_were_faults_once() -> None:
    files = sorted(p for p in (ROOT / "tests" / "data" / "crashes").iterdir() if p.suffix != ".txt")
    run = subprocess.run([sys.executable, "-m", "tests.fuzz", *map(str, files)], cwd=ROOT, env=ENV, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
