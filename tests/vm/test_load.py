"""Files: damage is found, code is never writable, programs outlive what they were loaded from."""

import gc
import os
from pathlib import Path

import numpy as np
import pytest
from weft.compiler.codegen.target import LEVELS, Target, supported
from weft.proto import program_pb2
from weft.proto.artifact import Program
from weft.proto.errors import WeftError
from weft.vm import VM

from .builder import add_program, counting_program


@pytest.fixture
def path(tmp_path: Path) -> Path:
    counting_program().build().save(tmp_path / "p.weftx")
    return tmp_path / "p.weftx"


def test_from_file_and_from_memory(path: Path) -> None:
    assert VM().load(path)["main"](7) == 7
    assert VM().load(str(path))["main"](7) == 7
    with Program.open(path) as program:
        main = VM().load(program)["main"]
    assert main(7) == 7


def test_a_program_outlives_its_file(path: Path) -> None:
    main = VM().load(path)["main"]
    path.unlink()
    gc.collect()
    assert main(7) == 7


def test_a_function_outlives_its_program() -> None:
    main = VM(threads=1).load(add_program().build())["main"]
    gc.collect()
    x = np.ones(4, np.float32)
    assert main(x, x).tolist() == [2] * 4


def test_code_is_never_writable_and_executable(path: Path) -> None:
    programs = [VM().load(path), VM().load(add_program().build())]
    maps = [line.split() for line in Path("/proc/self/maps").read_text().splitlines()]
    ours = [fields for fields in maps if fields[-1].endswith(".weftx") or "memfd:weft" in line_of(fields)]
    executable = [fields[1] for fields in ours if "x" in fields[1]]
    assert len(executable) >= 2 and not any("w" in flags for flags in executable)
    assert programs


def line_of(fields: list[str]) -> str:
    return " ".join(fields)


@pytest.mark.parametrize("where", ["program.pb", "code/"])
def test_damage_is_found(path: Path, where: str) -> None:
    whole = path.read_bytes()
    with Program.open(path) as program:
        target = program.pb if where == "program.pb" else bytes(next(iter(program.code.values())).data)
    start = whole.index(target[:64])
    for at in (start, start + len(target) // 2, start + len(target) - 1):
        damaged = bytearray(whole)
        damaged[at] ^= 0x10
        path.write_bytes(damaged)
        with pytest.raises(WeftError, match=r"container\.digest"):
            VM().load(path)


@pytest.mark.parametrize("keep", [0, 10, 1000, -1])
def test_truncated_files(path: Path, keep: int) -> None:
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(WeftError, match=r"container\."):
        VM().load(path)


def test_problems_name_the_file(path: Path) -> None:
    p = add_program()
    p.pb.min_reader = 9
    p.build().save(path)
    with pytest.raises(WeftError, match="upgrade weft; the program was made by tests") as info:
        VM().load(path)
    assert str(path) in str(info.value)


def test_code_that_is_missing() -> None:
    program = add_program().build()
    with pytest.raises(WeftError, match=r"program\.image.*is missing"):
        VM().load(Program(program.pb, {}, program.weights))


def test_threads() -> None:
    assert VM(threads=3).threads == 3
    with pytest.raises(ValueError, match="at least one"):
        VM(threads=0)


def test_memory() -> None:
    assert 1 << 28 < VM().memory < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert VM(memory=5).memory == 5
    with pytest.raises(ValueError, match="cannot use -1 bytes"):
        VM(memory=-1)


def test_damaged_weights_are_found_on_request(path: Path) -> None:
    values = np.arange(12345, 12361)
    p = counting_program()
    p.functions[0].constant(values, "i64")
    p.build().save(path)
    VM().load(path, verify_weights=True)
    damaged = bytearray(path.read_bytes())
    damaged[damaged.index(values.tobytes())] ^= 1
    path.write_bytes(damaged)
    VM().load(path)
    with pytest.raises(WeftError, match=r"container\.digest"):
        VM().load(path, verify_weights=True)


def test_several_levels_in_one_program(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The best level that this machine has is taken; WEFT_CPU takes another."""
    programs = {t.name: add_program((100,), target=t).build() for t in reversed(LEVELS.values())}
    merged = program_pb2.Program()
    for program in programs.values():
        pb = program_pb2.Program.FromString(program.pb)
        images = [*merged.images, *pb.images]
        merged.CopyFrom(pb)
        merged.ClearField("images")
        merged.images.extend(images)
    code = {level: program.code[level] for level, program in programs.items()}
    Program(merged.SerializeToString(), code, programs["x86-64-v3"].weights).save(path)
    x = np.arange(100, dtype=np.float32)
    loaded = VM(threads=2).load(path)
    assert loaded.level == Target.host().name
    for target in filter(supported, LEVELS.values()):
        monkeypatch.setenv("WEFT_CPU", target.name)
        loaded = VM(threads=2).load(path)
        assert loaded.level == target.name
        np.testing.assert_array_equal(loaded["main"](x, x), x + x)


def test_threads_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_THREADS", "5")
    assert VM().threads == 5
    monkeypatch.setenv("WEFT_THREADS", "many")
    assert VM().threads == len(os.sched_getaffinity(0))
