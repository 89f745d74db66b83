"""`weft.device` and `weft.place`: what the graph says of where it runs, from Python and from the command line."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import weft
import weft.numpy as wnp
from weft.compiler.ir.graph import Module


def devices(module: Module) -> dict[str, str]:
    return {n.op: n.device for f in module.functions.values() for n in f.nodes}


@weft.function
def model(x: weft.Tensor, w: weft.Tensor) -> weft.Tensor:
    with weft.device("sim:1"):
        y = x @ w
        with weft.device("sim:2"):
            z = wnp.tanh(y)
    return wnp.sum(z)


def test_nodes_say_it() -> None:
    x = np.eye(3, dtype=np.float32)
    said = devices(model.lower(x, x))
    assert (said["dot_general"], said["tanh"], said["reduce"]) == ("sim:1", "sim:2", "")
    assert np.allclose(np.asarray(model(x, x)), np.tanh(1) * 3)


def test_a_trace_does_not_depend_on_where_it_is_called() -> None:
    x = np.eye(3, dtype=np.float32)
    with weft.device("sim:3"):
        assert "sim:3" not in devices(model.lower(x, x + 1)).values()


def test_gradients_run_where_the_values_do() -> None:
    def loss(w: weft.Tensor, x: weft.Tensor) -> weft.Tensor:
        with weft.device("sim:1"):
            y = wnp.tanh(x @ w)
        return wnp.sum(y * y)

    step = weft.function(weft.value_and_grad(loss))
    x = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)
    w = np.linspace(1, 2, 6, dtype=np.float32).reshape(3, 2)
    products = [n.device for n in step.lower(w, x).main.nodes if n.op == "dot_general"]
    assert products == ["sim:1", "sim:1"]
    y = np.tanh(x @ w)
    value, gradient = step(w, x)
    assert np.allclose(np.asarray(value), (y * y).sum(), rtol=1e-5)
    assert np.allclose(np.asarray(gradient), x.T @ (2 * y * (1 - y * y)), rtol=1e-4, atol=1e-5)


def test_no_such_device() -> None:
    with pytest.raises(weft.WeftError, match="no device 'gpu'"), weft.device("gpu"):
        pass


def test_rules_by_name() -> None:
    module = model.lower(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32))
    said = devices(weft.place(module, {"stablehlo.*": "sim:4", "stablehlo.tanh": "cpu:0"}))
    assert (said["dot_general"], said["tanh"]) == ("sim:4", "cpu:0")
    with pytest.raises(weft.WeftError, match=r"no node is called 'stablehlo.tan'") as caught:
        weft.place(module, {"stablehlo.tan": "sim:1"})
    assert "stablehlo.tanh" in caught.value.diagnostics[0].help


def test_saved_graphs_keep_it(tmp_path: Path) -> None:
    x = np.eye(3, dtype=np.float32)
    weft.save(tmp_path / "m.weft", model, signatures={"main": (x, x)})
    module = weft.load(tmp_path / "m.weft")
    assert set(devices(module).values()) >= {"sim:1", "sim:2"}


def test_command_line(tmp_path: Path) -> None:
    text = (
        "func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {\n  %y = stablehlo.tanh %x : tensor<4xf32>\n  return %y : tensor<4xf32>\n}\n"
    )
    path = tmp_path / "m.mlir"
    path.write_text(text)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "weft", *arguments], capture_output=True, text=True, check=False)

    dumped = run("dump", str(path), "--stage", "outline", "--place", "y=sim:1")
    assert dumped.stdout.count("weft.transfer") == 2, dumped.stderr
    ran = run("run", str(path), "--random", "0", "--place", "*=sim:2", "--device", "sim:3=1MB", "--profile")
    assert ran.returncode == 0, ran.stderr
    assert "transfer" in ran.stdout
    wrong = run("compile", str(path), "--place", "y")
    assert (wrong.returncode, "PATTERN=DEVICE" in wrong.stderr) == (2, True)
    wrong = run("compile", str(path), "--device", "sim:1=lots")
    assert (wrong.returncode, "no size of the memory" in wrong.stderr) == (1, True)


def test_the_page() -> None:
    page = Path(__file__).parents[2] / "docs" / "devices.md"
    names: dict[str, object] = {"__name__": "page"}
    for code in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        exec(compile(code, str(page), "exec"), names)
    x, a, b = (np.asarray(names[k]) for k in ("x", "a", "b"))
    assert np.allclose(np.asarray(names["y"]), (np.tanh(x @ a) * np.tanh(x @ b)).sum(), rtol=1e-4)
    assert names["program"] is not None
