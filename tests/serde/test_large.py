"""Weights are mapped: a model of gigabytes opens at once and in little memory."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from weft.compiler import serde
from weft.compiler.ir.attrs import Tensor
from weft.compiler.ir.graph import Function, Node, module

GIGABYTES = 3
LAYERS = 24

SCRIPT = """
import sys, time
from pathlib import Path
from weft.compiler import serde

def peak():  # of this process alone: getrusage would tell that of the parent if it was larger
    (line,) = [l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("VmHWM")]
    return int(line.split()[1]) / 1024

before = peak()
start = time.perf_counter()
m = serde.load(sys.argv[1])
milliseconds = (time.perf_counter() - start) * 1000
nodes = m.main.nodes
assert sum(n.attrs["value"].array.nbytes for n in nodes) == int(sys.argv[2])
assert nodes[-1].attrs["value"].array[-1] == 0
print(milliseconds, peak(), peak() - before)
"""


@pytest.mark.slow
def test_three_gigabytes_open_in_milliseconds(tmp_path: Path) -> None:
    """On a sparse file, whose zeros take no room on the disk."""
    nbytes = GIGABYTES << 30
    arrays = [np.zeros(nbytes // LAYERS // 4, np.float32) for _ in range(LAYERS)]
    nodes = tuple(Node("constant", (), {"value": Tensor(a, f"w{i}")}, (), ()) for i, a in enumerate(arrays))
    path = tmp_path / "large.weft"
    serde.save(module(Function((), nodes, ())), path)
    assert path.stat().st_size > nbytes and path.stat().st_blocks * 512 < 64 << 20
    run = subprocess.run([sys.executable, "-c", SCRIPT, path, str(nbytes)], capture_output=True, text=True, check=True)
    milliseconds, peak, grown = map(float, run.stdout.split())
    assert milliseconds < 200, run.stdout
    assert peak < 100 and grown < 10, run.stdout
