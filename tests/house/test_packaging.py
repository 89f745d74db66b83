"""The mapping of folders to packages, and what may be imported where."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP = {"api": "weft"} | {name: f"weft.{name}" for name in ("proto", "compiler", "vm", "frontends", "tools")}


def setuptools_section() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def folders() -> dict[str, str]:
    """Every folder with Python sources, as pyproject should map it."""
    found = {}
    for top, package in TOP.items():
        for path in [ROOT / top, *(ROOT / top).rglob("*/")]:
            if any(path.glob("*.py")):
                parts = path.relative_to(ROOT / top).parts
                found[".".join([package, *parts])] = path.relative_to(ROOT).as_posix()
    return found


def test_every_package_is_mapped() -> None:
    section = setuptools_section()
    assert section["package-dir"] == folders()
    assert sorted(section["packages"]) == sorted(folders())


def test_every_folder_of_sources_is_a_package() -> None:
    for folder in folders().values():
        assert (ROOT / folder / "__init__.py").exists(), folder


def test_help_lists_every_target() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ["demo", "test", "test-full", "golden", "lint", "types", "proto", "format", "clean"]:
        assert f"make {target} " in listed


def run_python(code: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    """Run code from the repository's root, where the folders `proto`, `tools`, … are importable by accident."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True)


HEAVY = ["llvmlite", "onnx", "scipy", "torch", "weft.compiler", "weft.frontends"]


@pytest.mark.parametrize("module", ["weft", "weft.vm", "weft.proto.artifact", "weft.proto.safetensors"])
def test_light_imports_stay_light(module: str) -> None:
    run = run_python(f"import sys, {module}; print([m for m in {HEAVY} if m in sys.modules])")
    assert run.stdout.strip() == "[]", run.stdout + run.stderr


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel built from a copy of the sources, so that nothing stale and no other build gets in."""
    for name in [*TOP, "pyproject.toml", "README.md", "LICENSE"]:
        source, copy = ROOT / name, tmp_path / "source" / name
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(tmp_path / "source")]
    built = subprocess.run(pip, capture_output=True, text=True)
    if built.returncode:
        pytest.skip(f"cannot build a wheel: {built.stderr[-200:]}")
    return next(tmp_path.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_is_complete_and_holds_nothing_else(wheel: Path) -> None:
    """What a service needs of it has a limit of its own (`test_environments`); of the whole, what it is made of counts."""
    with zipfile.ZipFile(wheel) as z:
        names = set(z.namelist())
        assert sum(i.compress_size for i in z.infolist()) < 2 << 20
    ours = {n for n in names if ".dist-info/" not in n}
    assert {Path(n).suffix for n in ours} == {".py", ".pyi", ".proto", ".typed"}
    assert {"weft/py.typed", "weft/proto/graph.proto", "weft/proto/graph_pb2.pyi"} <= names
    for package, folder in folders().items():
        for source in (ROOT / folder).glob("*.py"):
            assert f"{package.replace('.', '/')}/{source.name}" in names


@pytest.mark.slow
def test_a_plain_install_works_from_the_root(wheel: Path, tmp_path: Path) -> None:
    lib = tmp_path / "lib"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(lib), str(wheel)], check=True)
    run = run_python("import weft, weft.proto.graph_pb2, weft.compiler.serde; print(weft.__file__)", lib)
    assert run.stdout.strip() == str(lib / "weft/__init__.py"), run.stdout + run.stderr
    module = [sys.executable, "-m", "weft", "--help"]
    helped = subprocess.run(module, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(lib)}, capture_output=True, text=True)
    assert helped.returncode == 0 and "compile" in helped.stdout, helped.stderr
