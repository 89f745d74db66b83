"""External data of ONNX models: plain files of the model's folder and nothing else, whatever the model says or changes meanwhile."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import weft
from onnx import TensorProto, helper
from weft.compiler.interpreter import evaluate
from weft.proto.errors import WeftError

DATA = np.arange(6, dtype=np.float32)


def model(**entries: str) -> onnx.ModelProto:
    """y = x + w, where the file says what `entries` do about the six floats of w."""
    w = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[6], data_location=TensorProto.EXTERNAL)
    for key, value in entries.items():
        w.external_data.add(key=key, value=value)
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [6]) for n in "xy")
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", [x], [y], initializer=[w])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def loaded(folder: Path, **entries: str) -> weft.Module:
    onnx.save(model(**entries), folder / "m.onnx")
    return weft.load(folder / "m.onnx")


def refused(folder: Path, **entries: str) -> str:
    with pytest.raises(WeftError) as e:
        loaded(folder, **entries)
    assert e.value.code == "onnx.external"
    return str(e.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.bin").write_bytes(DATA.tobytes())
    inside = tmp_path / "model"
    (inside / "sub").mkdir(parents=True)
    for name in ("w.bin", "sub/w.bin"):
        (inside / name).write_bytes(b"head" + DATA.tobytes())
    return inside


@pytest.mark.parametrize("location", ["w.bin", "./w.bin", "sub/w.bin", "sub//w.bin"])
def test_plain_files(folder: Path, location: str) -> None:
    module = loaded(folder, location=location, offset="4", length="24")
    np.testing.assert_array_equal(evaluate(module, np.ones(6, np.float32))[0], DATA + 1)


OBSTACLES: dict[str, Callable[[Path], object]] = {
    "a symbolic link to a file": lambda p: os.symlink("../../secret.bin", p),
    "a symbolic link inside": lambda p: os.symlink("../w.bin", p),
    "a hard link": lambda p: os.link(p.parents[2] / "secret.bin", p),
    "a pipe": os.mkfifo,
    "a folder": os.mkdir,
}


@pytest.mark.parametrize("what", OBSTACLES)
def test_other_than_plain_files(folder: Path, what: str) -> None:
    OBSTACLES[what](folder / "sub" / "x.bin")
    assert "x.bin" in refused(folder, location="sub/x.bin")


def test_folders_behind_links(folder: Path) -> None:
    os.symlink("..", folder / "up")
    os.symlink("sub", folder / "same")
    for location in ("up/secret.bin", "same/w.bin"):
        assert "symbolic link" in refused(folder, location=location)


@pytest.mark.parametrize(
    "location",
    ["", ".", "/", "..", "../secret.bin", "sub/../../secret.bin", "/etc/passwd", "/proc/self/environ", "w.bin\0", "w.bin/x"],
)
def test_locations_that_lead_out(folder: Path, location: str) -> None:
    refused(folder, location=location)


def test_a_file_that_becomes_a_link_after_the_look(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, stat = os.stat(folder / "w.bin"), os.stat
    os.symlink("../secret.bin", folder / "x.bin")
    monkeypatch.setattr(os, "stat", lambda path, **k: plain if path == "x.bin" else stat(path, **k))
    refused(folder, location="x.bin")


@pytest.mark.parametrize(
    "entries",
    [
        {"offset": "-4"},
        {"offset": "5"},
        {"offset": "0x4"},
        {"offset": " 4"},
        {"offset": "٤"},
        {"offset": "1" * 400},
        {"offset": "4", "length": "25"},
        {"offset": "4", "length": "8"},
        {"offset": str((1 << 63) - 1)},
        {"length": str(1 << 62)},
    ],
)
def test_places_outside_the_file(folder: Path, entries: dict[str, str]) -> None:
    refused(folder, location="w.bin", **entries)


def test_checksums(folder: Path) -> None:
    digest = hashlib.sha1((folder / "w.bin").read_bytes()).hexdigest()
    assert loaded(folder, location="w.bin", offset="4", checksum=digest.upper())
    assert "SHA-1" in refused(folder, location="w.bin", offset="4", checksum="0" + digest[1:])


def test_two_answers(folder: Path) -> None:
    m = model(location="w.bin", offset="4")
    m.graph.initializer[0].external_data.add(key="location", value="sub/w.bin")
    onnx.save(m, folder / "m.onnx")
    with pytest.raises(WeftError, match="two different entries"):
        weft.load(folder / "m.onnx")


def test_no_folder() -> None:
    from weft.frontends.onnx import from_model

    with pytest.raises(WeftError, match="not read from a file"):
        from_model(model(location="w.bin"))
