"""`weft bench train`: the jobs, and what is measured."""

import json
from pathlib import Path

import numpy as np
import pytest
from weft.tools.bench.train_jobs import JOBS
from weft.tools.bench.train_weft import Session, reference
from weft.tools.cli import main


@pytest.mark.parametrize("job", ["mlp", "conv"])
def test_losses_are_those_of_float64(job: str) -> None:
    expected, session = reference(job), Session(job)
    for n in range(JOBS[job].steps):
        session.advance()
        assert abs(session.losses()[0] / expected[n] - 1) <= JOBS[job].tolerance
    assert expected[-1] < expected[0]


def test_a_measurement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = tmp_path / "figures.json"
    assert main(["bench", "train", "--job", "mlp", "--rounds", "2", "--seconds", "0.01", "--threads", "1", "--json", str(figures)]) == 0
    assert "784-64-10" in capsys.readouterr().out
    (record,) = json.loads(figures.read_text())
    (weft,) = record["runtimes"]
    assert record["job"] == "mlp"
    assert weft["ratio"] == 1
    assert weft["milliseconds"] > 0
    assert len(weft["rounds"]) == 2


def test_unknown_jobs_and_runtimes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "train", "--job", "nothing"]) != 0
    assert main(["bench", "train", "--against", "openvino"]) != 0
    said = capsys.readouterr().err
    assert "choose from mlp" in said
    assert "choose from weft, jax, torch" in said


def test_jobs_are_the_same_every_time() -> None:
    for job in JOBS.values():
        (_, a), (_, b) = job.make(), job.make()
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
