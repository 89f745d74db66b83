"""What a service that embeds the virtual machine has: a plain install into a fresh environment, the core dependencies and nothing else."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import weft
from weft.compiler.ir.graph import function, module, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import OPS
from weft.proto.artifact import Program
from weft.proto.dtypes import F32
from weft.proto.errors import WeftError
from weft.vm import VM, cpu

ROOT = Path(__file__).parents[2]
SOURCES = ("api", "proto", "compiler", "vm", "frontends", "tools", "pyproject.toml", "README.md", "LICENSE")
CORE = {"weft", "numpy", "ml_dtypes", "protobuf", "pip", "setuptools"}


def call(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """A command in an environment without traces of this one."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV", "WEFT_"))}
    return subprocess.run([str(c) for c in command], cwd=cwd, env=env, capture_output=True, text=True)


def done(run: subprocess.CompletedProcess[str]) -> str:
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with weft installed from a wheel, not editable."""
    folder = tmp_path_factory.mktemp("environment")
    (folder / "source").mkdir()
    for name in SOURCES:
        source, target = ROOT / name, folder / "source" / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    done(call(sys.executable, "-m", "venv", folder / "venv"))
    made = folder / "venv/bin/python"
    pip = (made, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run = call(*pip, "install", folder / "source", cwd=folder)
    if run.returncode:
        pytest.skip(f"cannot install: {run.stderr[-300:]}")
    return made


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A compiled program, main(x) = tanh(x) + x, in a file."""
    x = param(TensorType(F32, (3, 5)), "x")
    path = tmp_path / "model.weftx"
    weft.compile(module(function("main", [x], [OPS["add"](OPS["tanh"](x), x)]))).save(path)
    return path


RUN = """
import sys
import numpy as np
from weft.vm import VM
x = np.linspace(-2, 2, 15, dtype=np.float32).reshape(3, 5)
y = VM().load(sys.argv[1])["main"](x)
assert np.allclose(y, np.tanh(x) + x, rtol=1e-6), y
heavy = ("llvmlite", "onnx", "rich", "weft.compiler", "weft.frontends", "weft.tools")
found = [m for m in sys.modules if m in heavy or m.startswith(tuple(h + "." for h in heavy))]
print("loaded:", found)
"""


@pytest.mark.slow
def test_the_environment_holds_the_core_dependencies_alone(python: Path) -> None:
    listed = done(call(python, "-m", "pip", "list", "--format", "freeze"))
    assert {line.split("==")[0] for line in listed.split() if "==" in line} | {"weft"} <= CORE
    assert "llvmlite" not in listed and "onnx" not in listed


@pytest.mark.slow
@pytest.mark.parametrize("cwd", ["the root", "elsewhere"])
def test_a_program_runs_without_the_compiler(python: Path, program: Path, tmp_path: Path, cwd: str) -> None:
    assert done(call(python, "-c", RUN, program, cwd=ROOT if cwd == "the root" else tmp_path)).strip() == "loaded: []"


@pytest.mark.slow
def test_what_a_service_loads_is_small(python: Path) -> None:
    """The virtual machine and the formats: the compiler lies beside them in the same wheel, unread."""
    where = Path(done(call(python, "-c", "import weft; print(weft.__file__)", cwd=python.parent)).strip()).parent
    assert ROOT not in where.parents
    parts = [*where.glob("*.*"), *(p for name in ("vm", "proto") for p in (where / name).rglob("*"))]
    assert sum(p.stat().st_size for p in parts if p.is_file()) < 2 << 20


@pytest.mark.slow
def test_the_command_works_from_the_root(python: Path, program: Path, tmp_path: Path) -> None:
    """The root has folders called `tools`, `proto`, …: none of them may be taken for the installed package."""
    assert "compile" in done(call(python, "-m", "weft", "--help"))
    np.save(tmp_path / "x.npy", np.ones((3, 5), np.float32))
    for command in ((python, "-m", "weft"), (python.parent / "weft",)):
        out = done(call(*command, "run", program, "--input", f"x={tmp_path / 'x.npy'}", "--output", tmp_path))
        assert "1.76159" in out
    (result,) = [p for p in tmp_path.glob("*.npy") if p.name != "x.npy"]
    np.testing.assert_allclose(np.load(result), np.tanh(1) + 1, rtol=1e-6)


@pytest.mark.slow
def test_compiling_without_the_compiler_names_the_extra(python: Path, tmp_path: Path) -> None:
    (tmp_path / "m.mlir").write_text("func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {\n  return %x : tensor<2xf32>\n}\n")
    run = call(python, "-m", "weft", "compile", tmp_path / "m.mlir", "-o", tmp_path / "m.weftx")
    assert run.returncode == 1 and "weft[compiler]" in run.stderr, run.stderr


def compiled_for(level: str) -> Program:
    x = param(TensorType(F32, (4,)))
    return weft.compile(module(function("main", [x], [OPS["negate"](x)])), level)


@pytest.mark.parametrize(("level", "lacking"), [("x86-64-v3", ("avx2", "fma")), ("x86-64-v4", ("avx512f",)), ("x86-64-v2", ("sse4_2",))])
def test_a_program_says_what_the_machine_lacks(level: str, lacking: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    program = compiled_for(level)
    has = frozenset(program_features(level)) - set(lacking)
    monkeypatch.setattr(cpu, "features", lambda: has)
    monkeypatch.setattr(cpu, "arch", lambda: "x86_64")
    with pytest.raises(WeftError) as e:
        VM(threads=1).load(program)
    assert e.value.code == "cpu.features" and level in str(e.value) and all(f in str(e.value) for f in lacking)
    assert "avx512bw" not in str(e.value), "what the machine has is not named"


def program_features(level: str) -> Sequence[str]:
    from weft.compiler.codegen.target import LEVELS

    return LEVELS[level].cpuinfo


def test_a_level_asked_for_must_be_in_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_CPU", "x86-64-v4")
    with pytest.raises(WeftError) as e:
        VM(threads=1).load(compiled_for("x86-64-v2"))
    assert e.value.code == "cpu.level" and "x86-64-v2" in str(e.value)
