"""Programs kept on disk: what is found again, what is not, damage, and several processes at once."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import weft
from weft.compiler import driver, program_cache
from weft.compiler.codegen.cache import DiskCache
from weft.compiler.program_cache import ProgramCache
from weft.proto.artifact import Program
from weft.vm import VM


def model(seed: int = 0, width: int = 64) -> weft.Module:
    """A lookup in a table, which stays as it is, then a product, whose weights are packed."""
    rng = np.random.default_rng(seed)
    table, weights = (weft.numpy.asarray(rng.standard_normal((width, width), np.float32)) for _ in range(2))

    @weft.function
    def f(ids: object) -> object:
        return weft.numpy.tanh(table[ids] @ weights)

    return f.lower(weft.Spec((5,), "int64"))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DiskCache:
    """A cache of its own that keeps whatever is compiled."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("WEFT_CACHE", raising=False)
    monkeypatch.setattr(driver, "WORTH_SECONDS", 0.0)
    found = DiskCache(tmp_path / "weft" / "programs", program_cache.LIMIT_BYTES)
    monkeypatch.setattr(driver, "default_programs", lambda: ProgramCache(found))
    return found


def entries(store: DiskCache) -> list[Path]:
    return [p for p in store.folder.glob("*/*") if not p.name.startswith(".new-")]


def results(program: Program) -> np.ndarray:
    return VM(threads=1).load(program)["main"](np.arange(5))


def test_a_program_is_found_again(store: DiskCache, monkeypatch: pytest.MonkeyPatch) -> None:
    first = weft.compile(model())
    monkeypatch.setattr(driver, "run_pipeline", None)  # whoever compiles now fails
    again = weft.compile(model())
    assert again.pb == first.pb
    assert {k: bytes(v.data) for k, v in again.code.items()} == {k: bytes(v.data) for k, v in first.code.items()}
    assert np.array_equal(results(again), results(first))


def test_what_the_module_has_is_not_stored_again(store: DiskCache) -> None:
    weft.compile(model(width=512))
    (entry,) = entries(store)
    assert 1 << 20 < entry.stat().st_size < (1 << 20) + (1 << 19)  # one packed matrix of a mebibyte, and the code


def test_anything_else_is_compiled(store: DiskCache) -> None:
    changed = model()
    weft.compile(changed)
    weft.compile(model(seed=1))
    weft.compile(changed, precision="strict")
    weft.compile(changed, fold=False)
    weft.compile(changed, target="x86-64-v2")
    assert len(entries(store)) == 5


def test_a_changed_compiler_finds_nothing(store: DiskCache, monkeypatch: pytest.MonkeyPatch) -> None:
    weft.compile(model())
    monkeypatch.setattr(program_cache, "_compiler_digest", lambda: "another")
    weft.compile(model())
    assert len(entries(store)) == 2


@pytest.mark.parametrize("at", [0.0, 0.02, 0.2, 0.5, 0.999])
def test_damage_is_a_miss(store: DiskCache, at: float) -> None:
    wanted = results(weft.compile(model()))
    (entry,) = entries(store)
    whole = entry.read_bytes()
    place = int(at * len(whole))
    for damaged in (whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :], whole[:place], b""):
        entry.write_bytes(damaged)
        assert np.array_equal(results(weft.compile(model())), wanted)
        assert entry.read_bytes() == whole  # compiled and stored anew


def test_the_oldest_go_when_there_is_no_room(tmp_path: Path) -> None:
    store = DiskCache(tmp_path, 100_000)
    for seed in range(12):
        module = model(seed)
        entry = ProgramCache(store).entry(module, "")
        assert entry
        entry.store(weft.compile(module))
    sizes = [p.stat().st_size for p in entries(store)]
    assert 0 < sum(sizes) <= store.limit + 2 * max(sizes)
    too_large = ProgramCache(DiskCache(tmp_path / "small", 1000)).entry(model(), "")
    assert too_large
    too_large.store(weft.compile(model()))
    assert too_large.load() is None


_PROCESS = """
import sys
from pathlib import Path
import numpy as np
import weft
from tests.e2e.test_program_cache import DiskCache, ProgramCache, model, results
programs = ProgramCache(DiskCache(Path(sys.argv[1]), 90_000))
modules = [model(seed) for seed in range(3)]
compiled = [weft.compile(m) for m in modules]
wanted = [results(p) for p in compiled]
hits = 0
for turn in range(40):
    n = (turn + int(sys.argv[2])) % 3
    entry = programs.entry(modules[n], "")
    if found := entry.load():
        hits += 1
        assert np.array_equal(results(found), wanted[n])
    else:
        entry.store(compiled[n])
print(hits)
"""


def test_four_processes_at_once(tmp_path: Path) -> None:
    """They write, read and evict the same few entries: a program that is found is right."""
    command = [sys.executable, "-c", _PROCESS, str(tmp_path / "programs")]
    root = Path(__file__).parents[2]
    processes = [subprocess.Popen([*command, str(n)], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for n in range(4)]
    hits = 0
    for process in processes:
        said, problems = process.communicate(timeout=120)
        assert process.returncode == 0, problems.decode()
        hits += int(said)
    assert hits > 0  # how many depends on who evicts whom
    assert not list((tmp_path / "programs").glob("*/.new-*"))
