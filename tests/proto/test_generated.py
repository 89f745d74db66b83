"""The generated protobuf modules: fresh, and good for every runtime that weft accepts."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OLDEST = (6, 31, 0)
SCHEMAS = ["graph", "program"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_generated_modules_are_fresh(name: str) -> None:
    digest = hashlib.sha256((ROOT / f"proto/{name}.proto").read_bytes()).hexdigest()
    assert (ROOT / f"proto/{name}_pb2.py").read_text().endswith(f"# sha256 of {name}.proto: {digest}\n"), "run `make proto`"


@pytest.mark.parametrize("name", SCHEMAS)
def test_generated_code_asks_for_no_newer_runtime(name: str) -> None:
    text = (ROOT / f"proto/{name}_pb2.py").read_text()
    version = re.search(r"# Protobuf Python Version: (\d+)\.(\d+)\.(\d+)", text)
    assert version and tuple(map(int, version.groups())) <= OLDEST


SCRIPT = """
import google.protobuf
from weft.proto import graph_pb2, program_pb2
message = graph_pb2.Graph(version=1, symbols=[graph_pb2.Symbol(name="N", lo=graph_pb2.Dim(size=-3))])
message.tensors.add(data=b"1234")
assert graph_pb2.Graph.FromString(message.SerializeToString()) == message
program_pb2.Program().SerializeToString()
print(google.protobuf.__version__)
"""


@pytest.mark.slow
@pytest.mark.parametrize("requirement", ["protobuf==6.31.0", "protobuf>=7,<8"])
def test_both_ends_of_the_accepted_runtimes(requirement: str, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path), requirement]
    installed = subprocess.run(pip, capture_output=True, text=True)
    if installed.returncode:
        pytest.skip(f"cannot install {requirement}: {installed.stderr[-200:]}")
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT], env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("6.31.0" if "==" in requirement else "7.")
