"""`weft bench`: what is measured, what is refused, and what is said of it. Nothing here depends on how long anything takes."""

import json
import xml.etree.ElementTree as ET
from itertools import product
from pathlib import Path
from statistics import median

import numpy as np
import onnx
import pytest
import weft
from onnx import TensorProto, helper, numpy_helper
from weft.compiler.interpreter import evaluate
from weft.compiler.widen import widen
from weft.frontends.onnx import from_model
from weft.tools.bench.chart import chart
from weft.tools.bench.harness import Measurement, Settings, with_ratios
from weft.tools.bench.reference import expected_results, refuse_constant_weights, relative_error, tolerance_of
from weft.tools.bench.report import Record, mean_ratio, summary
from weft.tools.bench.statistics import geometric_mean, median_interval
from weft.tools.cli import main

from ..models.perceptrons import perceptron


def small(folder: Path, name: str = "small") -> str:
    path = folder / f"{name}.onnx"
    onnx.save(perceptron((8, 16, 4)), path)
    return str(path)


def measured(name: str, ours: list[float], theirs: list[float]) -> Record:
    results = [Measurement("weft", "weft 1", rounds=ours), Measurement("other", "other <2>", rounds=theirs)]
    return Record(f"{name}.onnx", Settings(), 1e-4, with_ratios(results))


def test_models_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = [small(tmp_path), small(tmp_path, "again")]
    report, plot = tmp_path / "report.json", tmp_path / "report.svg"
    options = ["--against", "onnxruntime", "--rounds", "6", "--seconds", "0.001", "--json", str(report), "--plot", str(plot)]
    assert main(["bench", *models, "--threads", "1,2", *options]) == 0
    said = capsys.readouterr().out
    assert "| again | 2 |" in said
    assert said.count("geometric mean") == 2
    whole = json.loads(report.read_text())
    assert [(r["threads"], Path(r["model"]).stem) for r in whole["results"]] == [(1, "small"), (2, "small"), (1, "again"), (2, "again")]
    for weft_, other in (r["runtimes"] for r in whole["results"]):
        assert (weft_["runtime"], other["runtime"]) == ("weft", "onnxruntime")
        assert len(weft_["rounds"]) == len(other["rounds"]) == 6
        assert 0 < other["ratio_low"] <= other["ratio"] <= other["ratio_high"]
        assert max(weft_["error"], other["error"]) < 1e-6
        assert min(weft_["peak_megabytes"], weft_["load_seconds"], weft_["first_seconds"]) > 0
    ET.fromstring(plot.read_text())


def test_ratios_are_of_the_same_round() -> None:
    """A machine that is twice as slow in every other round does not blur a difference of three percent."""
    slow = [1.0 + (n % 2) for n in range(20)]
    record = measured("x", slow, [1.03 * s for s in slow])
    assert record.best
    assert record.best.ratio_low == pytest.approx(1.03) == record.best.ratio_high
    assert mean_ratio([record, record]) == pytest.approx(1.03)


@pytest.mark.parametrize("count", [1, 5, 6, 9, 15, 40])
def test_the_interval_holds_the_median_as_often_as_it_says(count: int) -> None:
    """Among all outcomes of fair coins, by counting where these are few and by drawing where they are many."""
    rng = np.random.default_rng(0)
    outcomes = product((-1, 1), repeat=count) if count <= 9 else rng.choice((-1, 1), (4000, count))
    inside = []
    for signs in outcomes:
        low, high = median_interval([float(s) * (1 + n) for n, s in enumerate(signs)])
        inside.append(low <= 0 <= high)
    assert np.mean(inside) >= (0.95 if count >= 6 else 0.0)


def test_the_geometric_mean() -> None:
    assert geometric_mean([2.0, 0.5]) == pytest.approx(1)
    assert geometric_mean([]) == 1


def test_results_are_held_against_double_precision() -> None:
    module = from_model(perceptron((64, 32, 8)))
    x = np.random.default_rng(0).standard_normal((1, 64), np.float32)
    (wide,) = expected_results(module, {"x": x})
    (narrow,) = evaluate(module, x)
    assert wide.dtype == np.float64
    assert 0 < relative_error(narrow, wide) < 1e-6
    assert tolerance_of(module) == 1e-4
    assert relative_error(narrow + 1, wide) > 0.01
    assert relative_error(narrow * np.nan, wide) != relative_error(narrow * np.nan, wide)  # NaN: never within a tolerance
    assert relative_error(np.arange(4) + 1, np.arange(4)) == 0
    assert relative_error(np.array([5, 1]), np.array([0, 1])) == 0.5


def test_widening_reaches_loops_and_refuses_bits() -> None:
    @weft.function
    def halve(x: weft.Tensor) -> weft.Tensor:
        return weft.fori_loop(0, 3, lambda _, y: y * weft.numpy.asarray(1 / 3, dtype="float32"), x)

    wide = widen(halve.lower(weft.Spec((2,), "float32")))
    (got,) = evaluate(wide, np.ones(2))
    assert got[0] == float(np.float32(1 / 3)) ** 3


def with_weights(weights: np.ndarray) -> weft.Module:
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, (2, d)) for n, d in (("x", weights.shape[0]), ("y", weights.shape[1])))
    node = helper.make_node("MatMul", ["x", "w"], ["y"], name="product")
    graph = helper.make_graph([node], "g", [x], [y], [numpy_helper.from_array(weights, "w")])
    return from_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]))


def test_constant_weights_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refuse_constant_weights(with_weights(np.random.default_rng(0).random((16, 16), np.float32)))
    flat = with_weights(np.full((16, 16), 0.5, np.float32))
    with pytest.raises(weft.WeftError, match="the same number"):
        refuse_constant_weights(flat)
    path = str(tmp_path / "flat.weft")
    weft.save(flat, path)
    quick = ["--rounds", "1", "--seconds", "0.001"]
    assert main(["bench", path, *quick]) == 1
    assert "bench.constant" in capsys.readouterr().err
    assert main(["bench", path, "--allow-constant", *quick]) == 0


def test_a_wrong_result_is_not_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("weft.tools.bench_command.expected_results", lambda _module, _inputs: [np.arange(4.0)[None]])
    assert main(["bench", small(tmp_path)]) == 1
    assert "bench.result" in capsys.readouterr().err


def test_who_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("weft.tools.bench_command.find_spec", lambda name: None)
    assert main(["bench", small(tmp_path), "--against", "openvino"]) == 1
    assert "pip install openvino" in capsys.readouterr().err
    assert main(["bench", small(tmp_path), "--against", "all", "--rounds", "1", "--seconds", "0.001"]) == 0
    assert "not compared with: onnxruntime, openvino" in capsys.readouterr().err


def test_tables_and_charts() -> None:
    records = [measured("a&b", [1.0] * 8, [2.0] * 8), measured("c", [1.0] * 8, [0.5] * 8)]
    text = summary(records)
    assert "| a&b | 1 | 1e+03 | 2e+03 | 2.00 | 2.00 – 2.00 |" in text
    assert "| geometric mean | 1 |  |  | 1.00 |" in text
    root = ET.fromstring(chart(records))
    words = "".join(root.itertext())
    assert "a&b, 1 thread" in words
    assert "2.00×" in words
    alone = [Record(r.model, r.settings, r.tolerance, r.runtimes[:1]) for r in records]
    assert "Milliseconds" in "".join(ET.fromstring(chart(alone)).itertext())
    assert median(records[0].runtimes[0].rounds) == 1
