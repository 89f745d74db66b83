"""Compiling in a process of its own: the same program, the same errors, and crashes, hangs and hunger that stay there."""

import numpy as np
import pytest
import weft
from weft.compiler.ir.text import parse
from weft.proto.errors import InternalError, WeftError
from weft.vm import VM

TEXT = """func.func @main(%x: tensor<?x4xf32, #weft.dims<"N", 4>>) -> tensor<?x4xf32, #weft.dims<"N", 4>> {
  %0 = stablehlo.tanh %x : tensor<?x4xf32, #weft.dims<"N", 4>>
  return %0 : tensor<?x4xf32, #weft.dims<"N", 4>>
}"""


def test_the_same_program() -> None:
    module = parse(TEXT)
    program = weft.compile(module, "x86-64-v2", isolate=True)
    assert program.pb == weft.compile(module, "x86-64-v2").pb
    x = np.ones((3, 4), np.float32)
    np.testing.assert_allclose(VM(threads=1).load(program)["main"](x), np.tanh(x), rtol=1e-6)


def test_the_same_errors() -> None:
    module = parse(TEXT, "model.mlir")
    with pytest.raises(WeftError) as here:
        weft.compile(module, shapes={"z": (1, 4)})
    with pytest.raises(WeftError) as there:
        weft.compile(module, shapes={"z": (1, 4)}, isolate=True)
    assert here.value.diagnostics == there.value.diagnostics


def stand_in(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Other code in place of what the process runs."""
    start = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); import weft.compiler.isolated as i\n" + code
    monkeypatch.setattr("weft.compiler.isolation._START", start.replace("{", "{{").replace("}", "}}"))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "isolate.crash"),
        ("import os; os._exit(70)", "isolate.crash"),
        ("print('{\"problems\": 3}'); sys.exit(1)", "isolate.crash"),
        ("import time; time.sleep(60)", "isolate.timeout"),
        ("i.compile = lambda *a, **k: bytearray(8 << 30)\ni.main(sys.argv[2])", "isolate.memory"),
    ],
)
def test_what_happens_there_is_told_here(monkeypatch: pytest.MonkeyPatch, code: str, expected: str) -> None:
    stand_in(monkeypatch, code)
    seconds = 3.0 if "sleep" in code else 60.0
    with pytest.raises(WeftError) as e:
        weft.compile(parse(TEXT), isolate=weft.Isolation(seconds=seconds, memory=6 << 30))
    assert e.value.code == expected and "report" in e.value.diagnostics[0].help
    if "SIGSEGV" in code:
        assert "SIGSEGV" in e.value.diagnostics[0].message


def test_a_bug_there_is_a_bug_here(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "def broken(*a, **k): raise IndexError('oh')\ni.compile = broken\ni.main(sys.argv[2])")
    with pytest.raises(InternalError, match="oh"):
        weft.compile(parse(TEXT), isolate=True)
