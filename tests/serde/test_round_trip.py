"""Modules to protobuf and back: nothing is lost, and the same module is always the same bytes."""

import struct
from dataclasses import replace
from math import nan
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from weft.compiler import serde
from weft.compiler.ir.attrs import Attr, ConvDims, Dict, DotDims, GatherDims, ScatterDims, Symref, Tensor
from weft.compiler.ir.compare import difference
from weft.compiler.ir.dims import Dim, floordiv, maximum, minimum, mod, symbol
from weft.compiler.ir.graph import Function, Module, Node, Region, module, param
from weft.compiler.ir.types import (
    ANY_DIM,
    MapType,
    OptionalType,
    SequenceType,
    TensorType,
    TokenType,
    TupleType,
    Type,
    UnrankedTensorType,
)
from weft.proto import dtypes
from weft.proto.dtypes import BF16, F32, I64
from weft.proto.errors import InternalError, Loc, WeftError
from weft.proto.weights import Weights

N = symbol("N", 1)
M = symbol("M", 0, N - 1)


def through(m: Module) -> Module:
    """The module after a trip through bytes; its second trip must give the same bytes as the first."""
    weights = Weights()
    data = serde.to_message(m, weights).SerializeToString(deterministic=True)
    back = serde.from_bytes(data, weights)
    again = serde.to_message(back, Weights()).SerializeToString(deterministic=True)
    assert again == data
    return back


def with_attr(value: Attr) -> Module:
    return module(Function((), (Node("constant", (), {"value": value}, (), ()),), ()))


def attr_through(value: Attr) -> Attr:
    return through(with_attr(value)).main.nodes[0].attrs["value"]


CONV = ConvDims(0, 1, (2, 3), 0, 1, (2, 3), 0, 1, (2, 3))


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, 0, -1, 2**63, 2**64 - 1, -(2**63), 0.5, float("inf"), "", "é\0", BF16, N, N * M + 3, Symref("f")),
        *((), (1, -2), (True, 1), (1, (2, (N, "x"))), (1 << 63, 2), Dict((("a", 1), ("b", ())))),
        *(CONV, DotDims((0,), (0,), (2,), (1,)), GatherDims((1,), (0,), (), (), (0,), 1), ScatterDims((1,), (0,), (), (), (0,), 1)),
        *(TensorType(F32, (N, 3)), TokenType(), TupleType((TokenType(), TupleType(())))),
        *(SequenceType(TensorType(F32, (ANY_DIM, N))), OptionalType(SequenceType(UnrankedTensorType(BF16)))),
        *(MapType(dtypes.STRING, TensorType(F32, ())), MapType(dtypes.BY_NAME["i64"], SequenceType(TensorType(F32, (2,))))),
    ],
    ids=repr,
)
def test_attributes(value: Attr) -> None:
    back = attr_through(value)
    assert back == value and type(back) is type(value)


def test_the_oldest_reader_is_told() -> None:
    def oldest(value: Attr) -> int:
        return serde.to_message(with_attr(value), Weights()).min_reader

    assert oldest(TensorType(F32, (N,))) == 1
    assert oldest(SequenceType(TensorType(F32, (N,)))) == oldest(UnrankedTensorType(F32)) == 2


@pytest.mark.parametrize("bits", [0x7FF8000000000000, 0x7FF0000000000001, 0xFFF8DEADBEEF0001, 1 << 63, 1])
def test_floats_keep_every_bit(bits: int) -> None:
    (value,) = struct.unpack("<d", struct.pack("<Q", bits))
    assert struct.pack("<d", attr_through(value)) == struct.pack("<Q", bits)


@pytest.mark.parametrize("dtype", [d for d in dtypes.ALL if d is not dtypes.STRING], ids=str)
@pytest.mark.parametrize("shape", [(), (3,), (0, 5), (4, 33)])
def test_tensors_of_every_dtype(dtype: dtypes.DType, shape: tuple[int, ...]) -> None:
    high = 2 if dtype.is_bool else 256
    array = (
        np.random.default_rng(0).integers(0, high, (*shape, dtype.itemsize), dtype=np.uint8).reshape(-1).view(dtype.numpy).reshape(shape)
    )
    back = attr_through(Tensor(array, "w"))
    assert isinstance(back, Tensor) and back.name == "w"
    assert back.array.dtype == array.dtype and back.array.shape == shape and back.array.tobytes() == array.tobytes()
    assert not back.array.flags.writeable


def test_nan_payloads_in_tensors() -> None:
    array = np.array([0x7FC00001, 0xFF800123, 0x7F800000, 0x80000000], np.uint32).view(np.float32)
    for many in (1, 100):
        back = attr_through(Tensor(np.tile(array, many)))
        assert isinstance(back, Tensor) and back.array.tobytes() == np.tile(array, many).tobytes()


@pytest.mark.parametrize(
    "array", [np.array([["a", "é"], ["", "\0"]], object), np.array("x", object), np.zeros((0, 2), object), np.array(["a", "b"])]
)
def test_strings(array: np.ndarray) -> None:
    back = attr_through(Tensor(array))
    assert isinstance(back, Tensor)
    assert back.array.dtype == np.object_ and back.array.shape == array.shape and back.array.tolist() == array.tolist()


def test_foreign_layouts() -> None:
    """Byte-swapped, transposed and strided arrays come back native and dense."""
    base = np.arange(200, dtype=np.float32).reshape(10, 20)
    for array in (base.astype(">f4"), base.T, base[::2, ::-3]):
        back = attr_through(Tensor(array))
        assert isinstance(back, Tensor) and back.array.dtype == np.float32 and np.array_equal(back.array, array)


def dims() -> st.SearchStrategy[Dim]:
    leaves = st.integers(-5, 5) | st.sampled_from([N, M, symbol("K", None, None), symbol("B", 2, 64)])
    pairs = lambda d: st.tuples(d, d)  # noqa: E731
    return st.recursive(
        leaves,
        lambda d: (
            pairs(d).map(lambda p: p[0] + p[1])
            | pairs(d).map(lambda p: p[0] * p[1])
            | pairs(d).map(lambda p: minimum(*p))
            | pairs(d).map(lambda p: maximum(*p))
            | st.tuples(d, st.integers(1, 7)).map(lambda p: floordiv(*p))
            | st.tuples(d, st.integers(1, 7)).map(lambda p: mod(*p))
        ),
        max_leaves=6,
    )


@given(dims(), dims())
def test_symbolic_dims(x: Dim, y: Dim) -> None:
    assert attr_through((x, (y,))) == (x, (y,))


def nested() -> Module:
    """A function with a region in a region, captures, several results, aliases and locations."""
    t = TensorType(F32, (N, 4))
    x, inner, outer = param(t, "x"), param(t), param(t, "captured")
    deep = Node("map", (outer,), {}, (Region((inner,), (), (inner,)),), (t,), Loc("f.py", line=3, column=7))
    owner = Node("map", (x, x), {}, (Region((outer,), (deep,), (deep.result,)),), (t, TokenType()), Loc("m.onnx", "a"), 1, ("y", ""))
    merged = Loc(parts=(Loc("m.onnx", "a"), Loc("m.onnx", "b")))
    last = Node("add", (owner.results[0], x), {}, (), (t,), merged)
    main = Function((x,), (owner, last), (last.result, x), "main", ("out", "in"), True, {0: 0}, Loc("m.onnx"))
    helper = Function((), (), (), "helper", (), False)
    return Module({"helper": helper, "main": main}, "net", {"producer": "test", "opset": "17"})


def test_structure() -> None:
    before = nested()
    after = through(before)
    assert difference(before, after, locations=True) == ""
    assert (after.name, after.meta, list(after.functions)) == (before.name, before.meta, ["helper", "main"])
    main, was = after.main, before.main
    assert (main.result_names, main.public, main.aliases, main.loc) == (was.result_names, True, {0: 0}, was.loc)
    assert not after.functions["helper"].public
    assert [p.name for p in main.params] == ["x"] and main.params[0].type == was.params[0].type
    for new, old in zip(main.walk(), was.walk(), strict=True):
        assert (new.op, new.types, new.loc, new.captures, len(new.regions)) == (old.op, old.types, old.loc, old.captures, len(old.regions))
        assert [r.name for r in new.results] == [r.name for r in old.results]
    owner, last = main.nodes
    assert owner.operands == (main.params[0],) * 2 and last.operands == (owner.results[0], main.params[0])
    assert main.results == (last.result, main.params[0])
    (body,) = owner.regions
    assert body.nodes[0].operands == body.params and body.results == body.nodes[0].results


def test_shared_tensors_are_stored_and_loaded_once(tmp_path: Path) -> None:
    big = np.random.default_rng(0).random((100, 100))
    nodes = tuple(Node("constant", (), {"value": Tensor(big, "w"), "other": Tensor(big.view(), "v")}, (), ()) for _ in range(3))
    serde.save(module(Function((), nodes, ())), tmp_path / "m.weft")
    assert (tmp_path / "m.weft").stat().st_size < big.nbytes + 10_000
    loaded = serde.load(tmp_path / "m.weft", verify_weights=True).main.nodes
    assert loaded[0].attrs["value"] is loaded[2].attrs["value"]
    array = loaded[0].attrs["value"].array
    assert np.array_equal(array, big) and array.ctypes.data % 64 == 0
    del loaded
    assert array[99, 99] == big[99, 99]  # the mapping outlives the module


def test_saving_over_the_file_it_was_loaded_from(tmp_path: Path) -> None:
    path = tmp_path / "m.weft"
    big = np.random.default_rng(0).random(10_000)
    serde.save(with_attr(Tensor(big)), path)
    first = path.read_bytes()
    serde.save(serde.load(path), path)
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("value", "code"),
    [(1 << 64, "graph.integer"), (-(1 << 63) - 1, "graph.integer"), (N * (1 << 64), "graph.integer"), ("\ud800", "graph.string")],
)
def test_what_the_format_cannot_hold(value: Attr, code: str) -> None:
    with pytest.raises(WeftError) as e:
        through(with_attr(value))
    assert e.value.code == code


def test_nesting_has_a_limit() -> None:
    value: Attr = ("x",)
    for _ in range(100):
        value = (value,)
    body = Region((), (), ())
    for _ in range(100):
        body = Region((), (Node("map", (), {}, (body,), ()),), ())
    for m in (with_attr(value), module(Function((), body.nodes, ()))):
        with pytest.raises(WeftError) as e:
            through(m)
        assert e.value.code == "graph.depth"


def test_a_value_out_of_scope_is_a_bug() -> None:
    stray: Type = TensorType(I64, ())
    with pytest.raises(InternalError):
        through(module(replace(Function((), (), ()), results=(param(stray),))))


def test_attributes_of_foreign_kinds_are_bugs() -> None:
    for value in (np.int64(3), [1], ml_dtypes.bfloat16(nan)):
        with pytest.raises(InternalError):
            through(with_attr(value))  # type: ignore[arg-type]
