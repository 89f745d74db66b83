"""The tutorial runs as it is printed, and so do the examples."""

import re
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/training.md"
TRAIN = ROOT / "examples/train"


def test_the_tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    digits = ROOT / "examples/digits"
    names = {"digits_onnx": digits / "digits.onnx", "digits_images": digits / "images.npz", "digits_labels": digits / "labels.npy"}
    text = PAGE.read_text()
    blocks = list(re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    assert len(blocks) >= 8
    for block in blocks:
        line = text[: block.start()].count("\n") + 1
        exec(compile("\n" * line + block[1], PAGE, "exec"), names)


def test_transfer_learning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["finetune", str(tmp_path)])
    runpy.run_path(str(TRAIN / "finetune.py"))
    said = capsys.readouterr().out
    assert float(said.split("accuracy on 5 to 9:")[1]) > 0.93
    assert "weight   weight1: tensor<3x3x16x16xf32>" in said
    assert {p.name for p in tmp_path.iterdir()} == {"low.weft", "low.onnx", "tuned.ckpt", "high.weft", "high.onnx"}


@pytest.mark.parametrize(("name", "steps", "said"), [("convnet", "1", "unseen digits 0."), ("transformer", "3", "step    2: loss")])
def test_examples(name: str, steps: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", [name, steps])
    monkeypatch.syspath_prepend(TRAIN)
    runpy.run_path(str(TRAIN / f"{name}.py"))
    assert said in capsys.readouterr().out
    assert len((TRAIN / f"{name}.py").read_text().splitlines()) <= 60
