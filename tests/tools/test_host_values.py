"""Sequences, maps, optionals and strings at the command line: read from files, shown, written."""

import json
from pathlib import Path

import numpy as np
import pytest
from weft.proto.dtypes import F32, I64, STRING
from weft.proto.value_types import ArrayType, MapType, OptionalType, SequenceType
from weft.tools.cli import DONE, FAULT, main
from weft.vm import isa

from ..vm.builder import ProgramBuilder
from ..vm.drivers import collecting_program

VECTORS = SequenceType(ArrayType(F32, ("N",)))


@pytest.fixture
def program(tmp_path: Path) -> str:
    """main(xs, words, scores, maybe) gives back what it gets."""
    p = ProgramBuilder()
    d = p.driver(symbols=("N", "M"))
    types = {
        "xs": VECTORS,
        "words": ArrayType(STRING, ("M",)),
        "scores": MapType(I64, ArrayType(F32, ())),
        "maybe": OptionalType(ArrayType(F32, ())),
    }
    for name, t in types.items():
        d.output(f"{name}_too", d.input(name, t))
    d.emit(isa.Return())
    path = tmp_path / "values.weftx"
    p.build().save(path)
    return str(path)


@pytest.fixture
def inputs(tmp_path: Path) -> list[str]:
    np.savez(tmp_path / "elements.npz", np.zeros(2, np.float32), np.ones(3, np.float32))
    np.savez(tmp_path / "named.npz", **{f"xs.{n}": np.full(n, n, np.float32) for n in (10, 2)})
    np.save(tmp_path / "words.npy", np.array(["a", "äö"]))
    (tmp_path / "scores.json").write_text('{"1": 0.5, "7": 2}')
    (tmp_path / "maybe.json").write_text("null")
    files = {"words": "words.npy", "scores": "scores.json", "maybe": "maybe.json"}
    return [word for name, file in files.items() for word in ("--input", f"{name}={tmp_path / file}")]


def test_values_from_files_and_back(program: str, inputs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "out"
    assert main(["run", program, *inputs, "--input", f"xs={tmp_path / 'elements.npz'}", "--output", str(folder)]) == DONE
    printed = capsys.readouterr().out
    assert "xs_too: a sequence of 2" in printed and "xs_too.1: float32[3]" in printed
    assert "words_too: string[2]" in printed and "scores_too: a map of 2" in printed and "maybe_too: nothing" in printed
    written = np.load(folder / "xs_too.npz")
    assert [written[f"xs_too.{n}"].tolist() for n in range(2)] == [[0, 0], [1, 1, 1]]
    assert np.load(folder / "words_too.npy").tolist() == ["a", "äö"]
    assert json.loads((folder / "scores_too.json").read_text()) == {"1": 0.5, "7": 2.0}
    assert json.loads((folder / "maybe_too.json").read_text()) is None


def test_elements_by_name_are_in_order_of_their_numbers(
    program: str, inputs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", program, *inputs, "--input", str(tmp_path / "named.npz")]) == DONE
    printed = capsys.readouterr().out
    assert printed.index("xs_too.0: float32[2]") < printed.index("xs_too.1: float32[10]")


def test_random_values_and_what_is_no_file(program: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", program, "--random", "0", "--shape", "xs=5"]) == DONE
    assert "xs_too.1: float32[5]" in capsys.readouterr().out
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    assert main(["run", program, "--random", "0", "--input", f"scores={bad}"]) == FAULT
    assert "the file is no JSON" in capsys.readouterr().err
    bad.write_text('{"x": 1}')
    assert main(["run", program, "--random", "0", "--input", f"scores={bad}"]) == FAULT
    assert "a key of a map is no integer" in capsys.readouterr().err


def test_memory_is_limited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "collect.weftx")
    collecting_program().build().save(path)
    np.save(tmp_path / "n.npy", np.array(3))
    assert main(["run", path, "--random", "0", "--input", f"n={tmp_path / 'n.npy'}", "--shape", "x=1000", "--memory", "9000"]) == FAULT
    printed = capsys.readouterr().err
    assert "error[run.memory]" in printed and "--memory" in printed


def test_profile_and_dump_of_a_driver(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "collect.weftx")
    collecting_program().build().save(path)
    np.save(tmp_path / "n.npy", np.array(3))
    assert main(["run", path, "--random", "0", "--input", f"n={tmp_path / 'n.npy'}", "--profile"]) == DONE
    printed = capsys.readouterr().out
    assert "invoke" in printed and "add_n" in printed and "sequence_insert" in printed
    assert main(["dump", path]) == DONE
    assert "driver main(x: float32[N], n: int64[]) -> (found: sequence<float32[M]>)" in capsys.readouterr().out
