"""Host functions on strings."""

import numpy as np
import pytest
from weft.proto.dtypes import BY_NAME, I64, STRING
from weft.proto.errors import WeftError
from weft.vm.host import ArrayType, lookup


def strings(*items: object) -> np.ndarray:
    return np.array(items, object)


def call(name: str, *operands: np.ndarray, **attributes: object) -> tuple[np.ndarray, ...]:
    """The results, which must be of the types that the function promises."""
    function = lookup(name)
    types = [ArrayType(STRING if x.dtype == object else BY_NAME[str(x.dtype).replace("int", "i")], x.shape) for x in operands]
    promised = function.results(attributes, *types)
    results = function.call(attributes, *operands)
    for result, t in zip(results, promised, strict=True):
        assert isinstance(t, ArrayType) and result.dtype == t.dtype.numpy
        assert len(result.shape) == len(t.shape) and all(d in (None, n) for d, n in zip(t.shape, result.shape, strict=True))
    return results


def test_codes_are_ranks_that_decode() -> None:
    x, y = strings(["b", "a", "ü"], ["a", "𝄞", "b"]), np.array("ﬀ", object)
    first, second, pool = call("string_encode", x, y)
    assert pool.tolist() == ["", "a", "b", "ü", "ﬀ", "𝄞"]
    assert first.tolist() == [[2, 1, 3], [1, 5, 2]] and second.tolist() == 4
    assert (call("string_decode", first, pool)[0] == x).all()
    assert call("string_decode", np.zeros((0, 3), np.int64), pool)[0].shape == (0, 3)
    with pytest.raises(WeftError, match=r"run\.index"):
        call("string_decode", np.array([6]), pool)


def test_witness() -> None:
    (witness,) = call("string_witness", np.empty((2, 3), object), axis=1)
    assert witness.shape == (3, 0) and witness.dtype == bool


def test_find_takes_the_last_of_equal_keys() -> None:
    (found,) = call("string_find", strings("x", "y", "z"), strings("x", "z", "x"))
    assert found.tolist() == [2, -1, 1]


def test_split() -> None:
    parts, counts = call("string_split", strings("a,,b", "", "c"), delimiter=",")
    assert parts.tolist() == [["a", "", "b"], ["", "", ""], ["c", "", ""]] and counts.tolist() == [3, 1, 1]
    parts, counts = call("string_split", strings("  a \t b\n", " ", "c d e"), maxsplit=1)
    assert parts.tolist() == [["a", "b\n"], ["", ""], ["c", "d e"]] and counts.tolist() == [2, 0, 2]
    parts, counts = call("string_split", np.empty((2, 0), object))
    assert parts.shape == (2, 0, 0) and counts.shape == (2, 0)


def test_slices_are_stored_and_appended() -> None:
    x = strings(["a", "b"], ["c", "d"])
    (stored,) = call("string_store", x, strings("x", "y"), np.array([1]), axes=[1])
    assert stored.tolist() == [["a", "x"], ["c", "y"]] and x[0, 1] == "b"
    assert call("string_append", x, strings("e", "f"))[0].tolist() == [["a", "b"], ["c", "d"], ["e", "f"]]
    assert call("string_append", np.empty((0, 0), object), strings("e", "f"))[0].tolist() == [["e", "f"]]
    with pytest.raises(WeftError, match=r"run\.value"):
        call("string_append", x, strings("e"))
    with pytest.raises(WeftError, match=r"run\.index"):
        call("string_store", x, strings("x", "y"), np.array([2]), axes=[1])
    (stored,) = call("string_store", strings("a", "b"), np.array("x", object), np.array([1]), axes=[0])
    assert [type(s) for s in stored] == [str, str] and stored.tolist() == ["a", "x"]


def test_normalize() -> None:
    words = strings("The", "quick", "THE", "fox")
    assert call("string_normalize", words, case="UPPER", stopwords=["the"])[0].tolist() == ["QUICK", "FOX"]
    exact = call("string_normalize", words[None], case="LOWER", stopwords=["The", "fox"], case_sensitive=True)
    assert exact[0].tolist() == [["quick", "the"]]
    assert call("string_normalize", words[:1], case="NONE", stopwords=["THE"])[0].tolist() == [""]
    with pytest.raises(ValueError, match=r"\[1, C\]"):
        call("string_normalize", strings(["a"], ["b"]), case="NONE", stopwords=[])


@pytest.mark.parametrize(
    ("dtype", "text", "number"),
    [
        ("f64", "1e-5", 1e-5),
        ("f64", "+INF", np.inf),
        ("f64", " -inf", -np.inf),
        ("i64", "-9223372036854775808", -(2**63)),
        ("ui64", "18446744073709551615", 2**64 - 1),
        ("i64", "2.9e3", 2900),
        ("i1", "TRUE", True),
        ("i1", "0.0", False),
    ],
)
def test_numbers_from_strings(dtype: str, text: str, number: object) -> None:
    assert call("string_parse", strings(text), dtype=dtype)[0].tolist() == [number]


def test_nan_from_string() -> None:
    assert np.isnan(call("string_parse", strings("NaN"), dtype="f64")[0]).all()


@pytest.mark.parametrize(("dtype", "text"), [("i64", "9223372036854775808"), ("ui64", "-1"), ("i64", "inf"), ("f64", "Hello"), ("i1", "")])
def test_no_numbers(dtype: str, text: str) -> None:
    with pytest.raises(WeftError, match=r"run\.value"):
        call("string_parse", strings(text), dtype=dtype)


def test_strings_from_numbers() -> None:
    (text,) = lookup("string_format").call({}, np.array([[0.1, 1e-7, np.nan]], np.float32))
    assert text.tolist() == [["0.1", "1e-07", "nan"]]
    assert lookup("string_format").call({}, np.array([True, False]))[0].tolist() == ["True", "False"]


def test_match() -> None:
    assert call("string_match", strings("ab", "abb", "a"), pattern="ab+")[0].tolist() == [True, True, False]
    with pytest.raises(WeftError, match=r"regex\.syntax"):
        lookup("string_match").results({"pattern": "a("}, ArrayType(STRING, ()))


@pytest.mark.parametrize(("name", "more"), [("string_encode", 0), ("string_split", 0), ("string_find", 1)])
def test_strings_are_needed(name: str, more: int) -> None:
    with pytest.raises(TypeError, match="strings"):
        lookup(name).results({}, ArrayType(I64, (2,)), *[ArrayType(STRING, (None,))] * more)
