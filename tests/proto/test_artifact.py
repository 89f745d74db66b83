"""Programs as files, and the weights in them."""

import mmap
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from weft.proto.artifact import CodeImage, Program
from weft.proto.container import PAGE, Container, write_container
from weft.proto.errors import Loc, WeftError
from weft.proto.weights import ALIGN, Weights

ARRAYS = [
    np.arange(6, dtype=np.float32).reshape(2, 3),
    np.ones((3, 5), ml_dtypes.bfloat16),
    np.zeros((0, 4), np.int64),
    np.array(7, np.uint8),
    np.arange(12, dtype=np.int16).reshape(3, 4).T,
    np.array([1, -2], ml_dtypes.int4),
    np.array([True, False]),
]


@pytest.fixture
def program() -> tuple[Program, list[int]]:
    weights = Weights()
    offsets = [weights.add(a) for a in ARRAYS]
    return Program(b"message", {"x86-64-v2": CodeImage(b"\xc3" * 5000), "x86-64-v3": CodeImage(b"\x90\xc3")}, weights), offsets


def check_weights(weights: Weights, offsets: list[int]) -> None:
    for offset, array in zip(offsets, ARRAYS, strict=True):
        view = weights.view(offset, array.dtype, array.shape)
        assert view.dtype == array.dtype and view.tobytes() == array.tobytes()
        assert (view.ctypes.data % ALIGN == 0 or not view.size) and not view.flags.writeable


def test_a_program_comes_back(program: tuple[Program, list[int]], tmp_path: Path) -> None:
    made, offsets = program
    check_weights(made.weights, offsets)  # straight from memory
    made.save(tmp_path / "p.weftx")
    with Program.open(tmp_path / "p.weftx") as opened:
        assert opened.pb == b"message"
        assert {level: bytes(image.data) for level, image in opened.code.items()} == {
            level: image.data for level, image in made.code.items()
        }
        check_weights(opened.weights, offsets)
        opened.verify()
        opened.save(tmp_path / "again.weftx")
    check_weights(opened.weights, offsets)  # after closing, too
    assert (tmp_path / "again.weftx").read_bytes() == (tmp_path / "p.weftx").read_bytes()


def test_code_can_be_mapped_executable(program: tuple[Program, list[int]], tmp_path: Path) -> None:
    program[0].save(tmp_path / "p.weftx")
    with Program.open(tmp_path / "p.weftx") as opened:
        image = opened.code["x86-64-v2"]
        assert image.file is not None
        fd, offset = image.file
        with mmap.mmap(fd, len(image.data), flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC, offset=offset) as code:
            assert code[:] == b"\xc3" * 5000


def test_the_same_array_is_stored_once() -> None:
    weights, array = Weights(), np.arange(100)
    assert weights.add(array) == weights.add(array[:]) == 0
    assert weights.add(array.copy()) != 0
    assert weights.add(array[::2]) not in (0, weights.add(array.reshape(10, 10)))


@pytest.mark.parametrize("where", ["message", "code", "weights"])
def test_damage_is_found(program: tuple[Program, list[int]], tmp_path: Path, where: str) -> None:
    path = tmp_path / "p.weftx"
    program[0].save(path)
    data = bytearray(path.read_bytes())
    place = {"message": data.index(b"message"), "code": data.index(b"\xc3" * 5000) + 4000, "weights": data.index(ARRAYS[0].tobytes())}
    data[place[where]] ^= 64
    path.write_bytes(data)
    with pytest.raises(WeftError) as e, Program.open(path) as opened:
        opened.verify()  # weights are checked on request alone
    assert e.value.code == "container.digest"


def test_a_graph_is_no_program(tmp_path: Path) -> None:
    with write_container(tmp_path / "g.weft", "weft") as w:
        w.add("graph.pb", [b""])
    with pytest.raises(WeftError) as e:
        Program.open(tmp_path / "g.weft")
    assert e.value.code == "container.format"


@pytest.mark.parametrize(
    ("offset", "dtype", "shape"),
    [
        (0, "f4", (1 << 40,)),
        (64, "f4", (17,)),
        (128, "f4", (1,)),
        (1 << 63, "f4", (1,)),
        (-64, "f4", (1,)),
        (4, "f4", (1,)),
        (0, "O", (1,)),
    ],
)
def test_tensors_that_are_not_there(offset: int, dtype: str, shape: tuple[int, ...]) -> None:
    for weights in (Weights.mapped(memoryview(mmap.mmap(-1, 128)), Loc()), _two_arrays()):
        with pytest.raises(WeftError) as e:
            weights.view(offset, np.dtype(dtype), shape)
        assert e.value.code == "weights.range"


def _two_arrays() -> Weights:
    weights = Weights()
    weights.add(np.zeros(16, np.float32))
    weights.add(np.zeros(16, np.float32))
    return weights


def test_misaligned_weights_are_refused(tmp_path: Path) -> None:
    with write_container(tmp_path / "p.weftx", "weftx") as w:
        w.add("program.pb", [b""])
        w.add("weights.bin", [bytes(64)], align=2)
    with Container(tmp_path / "p.weftx", "weftx") as c:
        misplaced = c.place("weights.bin")[1] % PAGE % ALIGN
    if misplaced:
        with pytest.raises(WeftError) as e:
            Program.open(tmp_path / "p.weftx")
        assert e.value.code == "weights.alignment"
