"""safetensors: round trips, the layout others expect, and files that lie."""

import json
import struct
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from weft.proto import safetensors
from weft.proto.errors import WeftError

DTYPES = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "c8"]
DTYPES += [ml_dtypes.bfloat16, ml_dtypes.float8_e5m2, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e8m0fnu]


def test_every_dtype_comes_back_bit_by_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {str(np.dtype(d)): rng.integers(0, 2, (3, 5, 16)).astype(np.uint8).view(d) for d in DTYPES}
    arrays |= {"scalar": np.array(1.5), "empty": np.zeros((0, 3), np.float32), "transposed": np.arange(6).reshape(2, 3).T}
    safetensors.save(arrays, tmp_path / "x", {"made": "here"})
    back = safetensors.load(tmp_path / "x")
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype and back[name].shape == array.shape and back[name].tobytes() == array.tobytes()
        assert back[name].flags.aligned and not back[name].flags.writeable


def test_the_layout_is_the_published_one(tmp_path: Path) -> None:
    safetensors.save({"w": np.arange(3, dtype=np.float32)}, tmp_path / "x")
    data = (tmp_path / "x").read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    assert json.loads(data[8 : 8 + length]) == {"w": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}}
    assert data[8 + length :] == np.arange(3, dtype=np.float32).tobytes()


def test_what_the_format_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(WeftError) as e:
        safetensors.save({"w": np.zeros(3, np.complex128)}, tmp_path / "x")
    assert e.value.code == "safetensors.dtype"


F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (b"", "truncated"),
        (b"[" * 100_000, "header"),
        (b"[]", "header"),
        (b'{"a": 1, "a": 1}', "header"),
        ({"a": 1}, "header"),
        ({"a": {**F32, "shape": [-2]}}, "header"),
        ({"a": {**F32, "shape": [1.5]}}, "header"),
        ({"a": {**F32, "shape": [0, 1 << 62]}}, "header"),
        ({"a": {**F32, "dtype": "F4"}}, "dtype"),
        ({"a": {**F32, "shape": [3]}}, "range"),
        ({"a": {**F32, "shape": [1 << 38], "data_offsets": [0, 1 << 40]}}, "range"),
        ({"a": {**F32, "data_offsets": [8, 0]}}, "range"),
        ({"a": F32, "b": {**F32, "data_offsets": [4, 12]}}, "overlap"),
    ],
)
def test_headers_that_lie(tmp_path: Path, header: object, code: str) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    (tmp_path / "x").write_bytes(struct.pack("<Q", len(text)) + text + bytes(16))
    with pytest.raises(WeftError) as e:
        safetensors.load(tmp_path / "x")
    assert e.value.code == f"safetensors.{code}"


@pytest.mark.parametrize("data", [b"", b"1234567", struct.pack("<Q", 1 << 60) + bytes(100)])
def test_files_that_end_early(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(WeftError) as e:
        safetensors.load(tmp_path / "x")
    assert e.value.code == "safetensors.truncated"
