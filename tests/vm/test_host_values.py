"""Host functions on sequences, optionals, maps and sizes: what they give, of the types they promise, and what they refuse."""

from typing import Any

import numpy as np
import pytest
from weft.proto.dtypes import BOOL, F32, I32, I64, STRING
from weft.proto.errors import WeftError
from weft.proto.value_types import ANY, ArrayType, MapType, OptionalType, SequenceType, UnrankedType, ValueType, compatible
from weft.vm import host
from weft.vm.host import Attributes
from weft.vm.values import is_of_kind

A, B, C = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones((1, 3), np.float32), np.zeros((2, 0), np.float32)
MATRIX, SCALAR = ArrayType(F32, (None, None)), ArrayType(I64, ())
MATRICES = SequenceType(MATRIX)
SCORES = MapType(STRING, ArrayType(F32, ()))


def position(at: int) -> np.ndarray:
    return np.array(at, np.int64)


Case = tuple[str, Attributes, list[tuple[ValueType, Any]], list[tuple[ValueType, Any]]]
CASES: list[Case] = [
    (
        "bind_dims",
        {"symbols": ["a", "b"]},
        [(ArrayType(I64, (2,)), np.array([3, 0]))],
        [(ArrayType(BOOL, (None, 0)), np.empty((3, 0), bool)), (ArrayType(BOOL, (None, 0)), np.empty((0, 0), bool))],
    ),
    ("check_shape", {}, [(ArrayType(F32, ("n", 3)), A), (SCALAR, position(1))], [(MATRIX, A), (SCALAR, position(1))]),
    ("identity", {}, [(MATRICES, [A])], [(MATRICES, [A])]),
    ("string_constant", {"values": ["a", "ä"], "shape": [2, 1]}, [], [(ArrayType(STRING, (2, 1)), np.array([["a"], ["ä"]], object))]),
    ("sequence_empty", {}, [], [(SequenceType(ANY), [])]),
    ("sequence_construct", {}, [(MATRIX, A)], [(MATRICES, [A])]),
    ("sequence_construct", {}, [(ArrayType(F32, (2, 3)), A), (ArrayType(F32, (1, 3)), B)], [(MATRICES, [A, B])]),
    ("sequence_construct", {}, [(MATRIX, A), (ArrayType(F32, (3,)), B[0])], [(SequenceType(UnrankedType(F32)), [A, B[0]])]),
    ("sequence_insert", {}, [(SequenceType(ANY), []), (MATRIX, A)], [(MATRICES, [A])]),
    ("sequence_insert", {}, [(MATRICES, [A]), (MATRIX, B)], [(MATRICES, [A, B])]),
    ("sequence_insert", {}, [(MATRICES, [A]), (MATRIX, B), (SCALAR, position(0))], [(MATRICES, [B, A])]),
    ("sequence_insert", {}, [(MATRICES, [A, A]), (MATRIX, B), (SCALAR, position(-1))], [(MATRICES, [A, B, A])]),
    ("sequence_insert", {}, [(MATRICES, [A]), (MATRIX, B), (SCALAR, position(1))], [(MATRICES, [A, B])]),
    ("sequence_erase", {}, [(MATRICES, [A, B])], [(MATRICES, [A])]),
    ("sequence_erase", {}, [(MATRICES, [A, B]), (SCALAR, position(-2))], [(MATRICES, [B])]),
    ("sequence_at", {}, [(MATRICES, [A, B]), (ArrayType(I32, ()), np.array(-1, np.int32))], [(MATRIX, B)]),
    ("sequence_length", {}, [(MATRICES, [A, B])], [(SCALAR, position(2))]),
    ("sequence_concat", {"axis": 0}, [(MATRICES, [A, B])], [(MATRIX, np.concatenate([A, B]))]),
    ("sequence_concat", {"axis": -1, "new_axis": True}, [(MATRICES, [A, A])], [(ArrayType(F32, (None,) * 3), np.stack([A, A], -1))]),
    ("sequence_concat", {"axis": 0}, [(SequenceType(UnrankedType(F32)), [A])], [(UnrankedType(F32), A)]),
    ("sequence_split", {"axis": 0}, [(MATRIX, A)], [(MATRICES, [A[:1], A[1:]])]),
    ("sequence_split", {"axis": 1, "keepdims": False}, [(MATRIX, A)], [(SequenceType(ArrayType(F32, (None,))), [*A.T])]),
    ("sequence_split", {"axis": 1}, [(MATRIX, A), (SCALAR, position(2))], [(MATRICES, [A[:, :2], A[:, 2:]])]),
    ("sequence_split", {"axis": 1}, [(MATRIX, A), (ArrayType(I64, (3,)), np.array([1, 0, 2]))], [(MATRICES, [A[:, :1], C, A[:, 1:]])]),
    ("sequence_split", {"axis": 1}, [(MATRIX, C)], [(MATRICES, [])]),
    ("optional_none", {}, [], [(OptionalType(ANY), None)]),
    ("optional_some", {}, [(MATRIX, A)], [(OptionalType(MATRIX), A)]),
    ("optional_has", {}, [(OptionalType(MATRIX), None)], [(ArrayType(BOOL, ()), np.array(False))]),
    ("optional_has", {}, [(MATRICES, [])], [(ArrayType(BOOL, ()), np.array(True))]),
    ("optional_get", {}, [(OptionalType(MATRICES), [A])], [(MATRICES, [A])]),
    ("map_rows", {"keys": ["x", "y", "z"]}, [(MATRIX, B)], [(SequenceType(SCORES), [{"x": 1, "y": 1, "z": 1}])]),
    ("map_rows", {"keys": [7]}, [(ArrayType(F32, (1,)), B[0, :1])], [(SequenceType(MapType(I64, ArrayType(F32, ()))), [{7: 1}])]),
    (
        "map_values",
        {"keys": ["b", "c", "a"], "dtype": "f32"},
        [(SCORES, {"a": np.float32(1), "b": np.float32(2)})],
        [(ArrayType(F32, (3,)), np.array([2, 0, 1], np.float32))],
    ),
    (
        "map_values",
        {"keys": [1, 2], "dtype": "!weft.string"},
        [(MapType(I64, ArrayType(STRING, ())), {1: "a"})],
        [(ArrayType(STRING, (2,)), np.array(["a", ""], object))],
    ),
    ("map_sorted", {"dtype": "f32"}, [(SCORES, {"b": 2.0, "a": 1.0})], [(ArrayType(F32, (None,)), np.array([1, 2], np.float32))]),
    (
        "map_spread",
        {"dtype": "f32", "length": 4},
        [(MapType(I64, ArrayType(F32, ())), {2: 5.0})],
        [(ArrayType(F32, (4,)), np.array([0, 0, 5, 0], np.float32))],
    ),
]


def same(a: object, b: object) -> bool:
    match a, b:
        case np.ndarray(), np.ndarray():
            return a.dtype == b.dtype and np.array_equal(a, b)
        case list(), list():
            return len(a) == len(b) and all(map(same, a, b))
        case _:
            return a == b


@pytest.mark.parametrize(("name", "attributes", "operands", "wanted"), CASES, ids=[f"{n}-{c[0]}" for n, c in enumerate(CASES)])
def test_calls(name: str, attributes: Attributes, operands: Any, wanted: Any) -> None:
    function = host.lookup(name)
    assert list(function.promise(attributes, [t for t, _ in operands])) == [t for t, _ in wanted]
    found = function.run(attributes, [v for _, v in operands])
    assert len(found) == len(wanted)
    for value, (t, expected) in zip(found, wanted, strict=True):
        assert same(value, expected), value
        assert is_of_kind(t, value)


@pytest.mark.parametrize(
    ("name", "attributes", "types", "match"),
    [
        ("bind_dims", {}, [ArrayType(I32, (2,))], "sizes are a vector of i64"),
        ("bind_dims", {}, [ArrayType(I64, (None,))], "number of sizes must be known"),
        ("check_shape", {}, [MATRICES], "operands are arrays"),
        ("string_constant", {"values": ["a"], "shape": [2]}, [], "1 strings do not fill"),
        ("string_constant", {"values": [1], "shape": [1]}, [], "strings"),
        ("string_constant", {"shape": [1]}, [], "misses 'values'"),
        ("sequence_construct", {}, [], "cannot have these operands"),
        ("sequence_construct", {}, [MATRIX, SCALAR], "are of one type"),
        ("sequence_insert", {}, [MATRICES, SCALAR], "is no element of"),
        ("sequence_insert", {}, [MATRICES, MATRIX, MATRIX], "a position is an integer"),
        ("sequence_insert", {}, [MATRICES, MATRIX, SCALAR, SCALAR], "1 operands too many"),
        ("sequence_at", {}, [MATRICES], "takes 2 operands, not 1"),
        ("sequence_length", {}, [MATRIX], "the operand is a sequence"),
        ("sequence_concat", {}, [MATRICES], "misses 'axis'"),
        ("sequence_concat", {"axis": 0}, [SequenceType(SCORES)], "the sequence holds arrays"),
        ("map_rows", {"keys": ["x", 1]}, [MATRIX], "`keys` are integers or strings"),
        ("map_rows", {"keys": ["x"]}, [ArrayType(F32, (2, 3))], "do not fit 1 keys"),
        ("map_sorted", {"dtype": "f64"}, [SCORES], "the values are f32"),
        ("map_spread", {"dtype": "f32", "length": 2}, [SCORES], "keys that are positions"),
    ],
)
def test_types_that_do_not_suit(name: str, attributes: Attributes, types: list[ValueType], match: str) -> None:
    with pytest.raises(WeftError, match=match) as info:
        host.lookup(name).promise(attributes, types)
    assert info.value.code == "host.operands"


@pytest.mark.parametrize(
    ("name", "attributes", "operands", "code"),
    [
        ("bind_dims", {}, [np.array([-1])], "run.shape"),
        ("sequence_at", {}, [[A], position(1)], "run.index"),
        ("sequence_at", {}, [[A], position(-2)], "run.index"),
        ("sequence_erase", {}, [[]], "run.index"),
        ("sequence_insert", {}, [[A], B, position(2)], "run.index"),
        ("sequence_concat", {"axis": 0}, [[]], "run.value"),
        ("sequence_concat", {"axis": 0}, [[A, A[0]]], "run.host"),
        ("sequence_concat", {"axis": 5}, [[A]], "run.host"),
        ("sequence_split", {"axis": 0}, [A, position(0)], "run.value"),
        ("sequence_split", {"axis": 0}, [A, np.array([1, 2])], "run.value"),
        ("sequence_split", {"axis": 2}, [A], "run.host"),
        ("sequence_split", {"axis": 0}, [np.empty((1 << 40, 0))], "run.memory"),
        ("optional_get", {}, [None], "run.value"),
        ("map_spread", {"dtype": "f32", "length": 1}, [{1: 1.0}], "run.index"),
    ],
)
def test_data_that_does_not_suit(name: str, attributes: Attributes, operands: list[Any], code: str) -> None:
    with pytest.raises(WeftError) as info:
        host.lookup(name).run(attributes, operands)
    assert info.value.code == code


def test_operands_are_not_changed() -> None:
    held = [A, B]
    host.lookup("sequence_insert").run({}, [held, C])
    host.lookup("sequence_erase").run({}, [held])
    assert len(held) == 2
    (pieces,) = host.lookup("sequence_split").run({"axis": 0}, [A])
    pieces[0][...] = 9
    assert A[0, 0] == 0


def test_every_function_on_values_is_tested() -> None:
    modules = (host.values, host.sequences, host.optionals, host.maps)
    names = {name for name, f in host.table().items() if f.results.__module__ in {m.__name__ for m in modules}}
    assert {case[0] for case in CASES} == names


def test_types_that_may_hold_one_value() -> None:
    open_matrix, vector = ArrayType(F32, ("n", 3)), ArrayType(F32, (3,))
    assert compatible(MATRIX, open_matrix) and compatible(UnrankedType(F32), vector) and compatible(SequenceType(ANY), MATRICES)
    assert compatible(OptionalType(vector), OptionalType(UnrankedType(F32))) and compatible(SCORES, MapType(STRING, ANY))
    for a, b in ((MATRIX, vector), (vector, ArrayType(F32, (4,))), (vector, ArrayType(I64, (3,))), (MATRICES, MATRIX)):
        assert not compatible(a, b) and not compatible(b, a)
    assert not compatible(SCORES, MapType(I64, ANY))
