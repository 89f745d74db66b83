"""The `weft` command: what it prints, what it writes, how it exits."""

import json
from pathlib import Path

import numpy as np
import pytest
from weft.tools.cli import BUG, COMMANDS, DONE, FAULT, USAGE, main

GRAPH = """
module {
  func.func public @main(%x: tensor<?x4xf32, #weft.dims<"N", 4>>, %w: tensor<4x3xf32>) -> tensor<?x3xf32, #weft.dims<"N", 3>> {
    %product = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0]
      : (tensor<?x4xf32, #weft.dims<"N", 4>>, tensor<4x3xf32>) -> tensor<?x3xf32, #weft.dims<"N", 3>>
    %y = stablehlo.tanh %product : tensor<?x3xf32, #weft.dims<"N", 3>>
    return %y : tensor<?x3xf32, #weft.dims<"N", 3>>
  }
}
"""


@pytest.fixture
def graph(tmp_path: Path) -> str:
    path = tmp_path / "model.mlir"
    path.write_text(GRAPH)
    return str(path)


@pytest.fixture
def arrays(tmp_path: Path) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    made = {"x": rng.standard_normal((5, 4)).astype(np.float32), "w": rng.standard_normal((4, 3)).astype(np.float32)}
    for name, array in made.items():
        np.save(tmp_path / f"{name}.npy", array)
    np.savez(tmp_path / "both.npz", **made)
    return made


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]):
    assert main([]) == USAGE
    printed = capsys.readouterr().out
    assert all(name in printed for name in COMMANDS)


ENDLESS = """
func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = stablehlo.while(%v = %x) : tensor<4xf32>
    cond { %c = stablehlo.constant dense<true> : tensor<i1>
      stablehlo.return %c : tensor<i1> }
    do { %s = stablehlo.sine %v : tensor<4xf32>
      stablehlo.return %s : tensor<4xf32> }
  return %y : tensor<4xf32>
}
"""


def test_a_run_ends_in_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "endless.mlir").write_text(ENDLESS)
    assert main(["run", str(tmp_path / "endless.mlir"), "--random", "0", "--timeout", "1"]) == FAULT
    assert "error[run.timeout]: main did not end within 1 s" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as exit:
        main([command, "--help"])
    assert exit.value.code == DONE
    assert f"weft {command} " in capsys.readouterr().out


def test_wrong_usage_exits_with_2():
    with pytest.raises(SystemExit) as exit:
        main(["compile"])
    assert exit.value.code == USAGE


def test_compile_then_run(graph: str, arrays: dict[str, np.ndarray], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    program, folder = str(tmp_path / "model.weftx"), tmp_path / "results"
    assert main(["compile", graph, "-o", program]) == DONE
    assert "model.weftx" in capsys.readouterr().out
    inputs = ["--input", f"x={tmp_path / 'x.npy'}", "--input", f"w={tmp_path / 'w.npy'}"]
    assert main(["run", program, *inputs, "--output", str(folder)]) == DONE
    (written,) = folder.glob("*.npy")
    np.testing.assert_allclose(np.load(written), np.tanh(arrays["x"] @ arrays["w"]), rtol=1e-5, atol=1e-6)


def test_run_a_graph_from_an_npz(graph: str, arrays: dict[str, np.ndarray], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["run", graph, "--input", str(tmp_path / "both.npz")]) == DONE
    assert "float32[5, 3]" in capsys.readouterr().out


def test_fetch_a_tensor_that_is_no_result(graph: str, tmp_path: Path, arrays: dict[str, np.ndarray]):
    folder = tmp_path / "fetched"
    arguments = ["run", graph, "--input", str(tmp_path / "both.npz"), "--fetch", "product", "--output", str(folder)]
    assert main(arguments) == DONE
    np.testing.assert_allclose(np.load(folder / "product.npy"), arrays["x"] @ arrays["w"], rtol=1e-5, atol=1e-6)


def test_random_inputs_take_the_shapes_given(graph: str, capsys: pytest.CaptureFixture[str]):
    assert main(["run", graph, "--random", "0", "--shape", "x=7,4"]) == DONE
    assert "float32[7, 3]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--input", "nowhere.npz"], "run.file"),
        (["--random", "0", "--fetch", "nothing"], "run.fetch"),
        ([], "run.input"),
        (["--random", "0", "--shape", "x=7"], "shapes.rank"),
        (["--random", "0", "--shape", "x=7,9"], "shapes.dim"),
    ],
)
def test_mistakes_exit_with_1_and_say_why(graph: str, arguments: list[str], code: str, capsys: pytest.CaptureFixture[str]):
    assert main(["run", graph, *arguments]) == FAULT
    assert f"error[{code}]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["run", "GRAPH", "--random", "0", "--shape", "x"], "usage.shape"),
        (["run", "GRAPH", "--input", "X.npy"], "usage.input"),
        (["compile", "GRAPH", "-o", "model.onnx"], "usage.output"),
        (["dump", "GRAPH", "--stage", "nowhere"], "usage.stage"),
        (["dump", "GRAPH", "--stage", "asm", "--format", "json"], "usage.format"),
        (["dump"], "usage.model"),
        (["bench", "GRAPH", "--against", "nobody"], "usage.against"),
    ],
)
def test_wrong_usage_says_so(
    graph: str, arrays: dict[str, np.ndarray], tmp_path: Path, arguments: list[str], code: str, capsys: pytest.CaptureFixture[str]
):
    places = {"GRAPH": graph, "X.npy": str(tmp_path / "x.npy")}
    assert main([places.get(a, a) for a in arguments]) == USAGE
    assert f"error[{code}]" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--random", "-1"], ["--threads", "0"], ["--cpu", "z80"], ["--precision", "fast"], ["--random", "x"]]
)
def test_impossible_options_exit_with_2(graph: str, arguments: list[str]):
    with pytest.raises(SystemExit) as exit:
        main(["run", graph, *arguments])
    assert exit.value.code == USAGE


def test_files_that_cannot_be_written_are_no_bug(graph: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    taken = tmp_path / "taken"
    taken.write_text("")
    assert main(["run", graph, "--random", "0", "--output", str(taken)]) == FAULT
    assert main(["bench", graph, "--json", str(tmp_path / "nowhere" / "figures.json")]) == FAULT
    assert "bug" not in capsys.readouterr().err


def test_a_module_without_functions(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    empty = tmp_path / "empty.mlir"
    empty.write_text("")
    assert main(["run", str(empty), "--random", "0"]) == FAULT
    assert "error[compile.module]" in capsys.readouterr().err


def test_a_fused_graph_can_be_run(graph: str, arrays: dict[str, np.ndarray], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["dump", graph, "--stage", "fuse", "--full"]) == DONE
    fused = tmp_path / "fused.mlir"
    fused.write_text(capsys.readouterr().out)
    assert main(["run", str(fused), "--input", str(tmp_path / "both.npz")]) == DONE


def test_unknown_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["dump", str(tmp_path / "none.onnx")]) == FAULT
    assert main(["dump", str(tmp_path / "model.xyz")]) == FAULT
    assert "error[load.format]" in capsys.readouterr().err


@pytest.mark.parametrize("stage", ["import", "canonicalize", "fuse", "program", "llvm", "asm"])
def test_dump_every_stage(graph: str, stage: str, capsys: pytest.CaptureFixture[str]):
    assert main(["dump", graph, "--stage", stage]) == DONE
    assert capsys.readouterr().out.strip()


def test_dump_formats(graph: str, capsys: pytest.CaptureFixture[str]):
    assert main(["dump", graph, "--format", "json"]) == DONE
    assert json.loads(capsys.readouterr().out)["functions"]
    assert main(["dump", graph, "--format", "dot"]) == DONE
    assert capsys.readouterr().out.startswith("digraph")


def test_a_dump_can_be_read_back(graph: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["dump", graph, "--full"]) == DONE
    again = tmp_path / "again.mlir"
    again.write_text(capsys.readouterr().out)
    assert main(["run", str(again), "--random", "1"]) == DONE


def test_a_bug_says_so(graph: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("weft.tools.dump_command.to_text", lambda *_, **__: 1 / 0)
    assert main(["dump", graph]) == BUG
    printed = capsys.readouterr().err
    assert "bug in weft" in printed
    assert f"weft dump {graph}" in printed


def test_limits_and_isolation(graph: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for command in ("compile", "run", "dump", "check"):
        assert main([command, graph, "--limit", "rank=1"]) == FAULT
        assert "--limit rank=" in "".join(capsys.readouterr())
    assert main(["compile", graph, "--limit", "rank=many"]) == main(["compile", graph, "--limit", "size=3"]) == USAGE
    program = str(tmp_path / "isolated.weftx")
    assert main(["compile", graph, "-o", program, "--limit", "rank=2", "--isolate"]) == DONE
