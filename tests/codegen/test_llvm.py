"""Compiling modules: errors, cache, child processes."""

import os
import re
import tempfile
from pathlib import Path

import pytest
from weft.compiler.codegen.cache import ObjectCache
from weft.compiler.codegen.link import link
from weft.compiler.codegen.llvm import assembly, compile_module, compile_modules
from weft.compiler.codegen.target import LEVELS
from weft.proto.errors import InternalError

V3 = LEVELS["x86-64-v3"]
ADD = "define float @add(float %a, float %b) nounwind { %c = fadd float %a, %b\n ret float %c }"
REPEATED = """define i64 @twice(ptr %p) nounwind {
  %slot = alloca i64
  store i64 3, ptr %slot
  br label %next
next:
  %a = load i64, ptr %slot
  %b = load i64, ptr %slot
  %c = add i64 %a, %b
  ret i64 %c
}"""
FATAL = "define <vscale x 3 x i7> @f(<vscale x 3 x i7> %a) { %b = mul <vscale x 3 x i7> %a, %a\n ret <vscale x 3 x i7> %b }"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("WEFT_CACHE", raising=False)
    return tmp_path / "weft" / "objects"


@pytest.mark.parametrize("target", LEVELS.values(), ids=str)
def test_every_level_compiles(target) -> None:
    assert link([compile_module(ADD, target)]).symbols == {"add": 0}


def test_no_unwind_tables() -> None:
    assert "cfi" not in assembly(ADD, V3)


def test_light_pipeline_is_optional() -> None:
    assert "$6" in assembly(REPEATED, V3, optimize=True)
    assert "$6" not in assembly(REPEATED, V3)


def test_rejected_ir_is_saved_and_reported() -> None:
    with pytest.raises(InternalError, match="LLVM rejects the IR") as caught:
        compile_module("define nonsense", V3)
    path = Path(re.search(r"saved to (\S+\.ll)", str(caught.value))[1])
    assert path.read_text() == "define nonsense"
    path.unlink()


def test_isolation_survives_a_crash_of_llvm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(InternalError, match="LLVM crashed"):
        compile_modules([FATAL], V3, isolate=True)
    with pytest.raises(InternalError, match="LLVM rejects"):
        compile_modules(["nonsense"], V3, isolate=True)
    assert compile_modules([ADD], V3, isolate=True) == [compile_module(ADD, V3)]


def test_batches_keep_their_order_across_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_CACHE", "0")
    monkeypatch.setattr("weft.compiler.codegen.llvm._CHARS_WORTH_CHILDREN", 0)
    texts = [ADD.replace("@add", f"@add{i}") for i in range(6)]
    objects = compile_modules(texts, V3, jobs=2)
    assert [list(link([o]).symbols) for o in objects] == [[f"add{i}"] for i in range(6)]


def test_cache_serves_the_same_bytes(folder: Path) -> None:
    fresh = compile_module(ADD, V3)
    [entry] = folder.glob("*/*")
    assert compile_module(ADD, V3) == fresh
    assert compile_module(ADD, LEVELS["aarch64"]) != fresh
    entry.write_bytes(entry.read_bytes()[:-1] + b"x")
    assert compile_module(ADD, V3) == fresh


def test_cache_can_be_turned_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_CACHE", "0")
    compile_module(ADD, V3)
    assert not folder.exists()


def test_cache_drops_what_was_not_used(tmp_path: Path) -> None:
    cache = ObjectCache(tmp_path)
    for i, key in enumerate(("aa1", "bb1", "cc1", "dd1")):
        cache.put(key, bytes([i]) * 1000)
        os.utime(tmp_path / key[:2] / key[2:], (i, i))
    assert cache.get("aa1") is not None  # now the most recently used
    ObjectCache(tmp_path, limit=3000).sweep()
    assert cache.get("bb1") is None


def test_an_unwritable_cache_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = ObjectCache(tmp_path / "file")
    cache.put("aa1", b"x")
    assert cache.get("aa1") is None


def test_a_cache_is_swept_once_in_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps: list[int] = []
    sweep = ObjectCache.sweep
    monkeypatch.setattr(ObjectCache, "sweep", lambda self: (sweeps.append(1), sweep(self))[1])
    first = ObjectCache(tmp_path, limit=8000)
    for i in range(5):
        first.put(f"aa{i}", bytes(300))
    assert len(sweeps) == 2  # at the first entry, and when an eighth of the limit was added
    ObjectCache(tmp_path, limit=8000).put("bb", bytes(300))
    assert len(sweeps) == 2  # another process has just done it
