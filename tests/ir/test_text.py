"""The text form: what goes through it unchanged, and how it reads."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from weft.compiler.ir.attrs import Tensor
from weft.compiler.ir.compare import difference, same
from weft.compiler.ir.dims import Dim, floordiv, maximum, minimum, mod, symbol
from weft.compiler.ir.graph import Function, Module, Node, Value, function, module, param, region
from weft.compiler.ir.text import parse, to_text
from weft.compiler.ir.text.dims import dim_text, parse_dim
from weft.compiler.ir.text.names import identifier, source_name
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import OPS
from weft.proto.dtypes import ALL, F32, STRING, DType
from weft.proto.errors import Loc

N = symbol("N", 1, 128)
SCALAR = TensorType(F32, ())


def constant(array: np.ndarray, name: str = "") -> Value:
    value = OPS["constant"](value=Tensor(array, name))
    assert isinstance(value, Value)
    return value


def round_trip(m: Module) -> Module:
    """The module, read back from each of its texts."""
    for options in ({}, {"generic": True}, {"locations": True}):
        text = to_text(m, **options)
        again = parse(text)
        assert difference(m, again, locations="locations" in options) == ""
        assert to_text(again, **options) == text
    return again


def test_names_locations_aliases_and_meta_survive() -> None:
    x = param(TensorType(F32, (N, 4)), "encoder/input:0")
    y = param(TensorType(F32, (N, 4)), "arg1")
    loc = Loc(parts=(Loc("model.onnx", "Add_3", 12, 4), Loc(name="Mul_7"), Loc("a.py", line=3)))
    r = OPS["add"](x, y, names=("résultat/0",), loc=loc)
    s = OPS["multiply"](r, y, names=("résultat/0",), loc=Loc("model.onnx"))
    f = Function((x, y), (r.node, s.node), (r, s), "main", ("out 1", "out 2"), True, {1: 0}, Loc("model.onnx", "graph"))
    m = Module({"main": f}, "a name", {"producer": 'x "1.2"', "opset": "17"})
    again = round_trip(m)
    assert again.meta == m.meta
    assert again.main.aliases == {1: 0}
    assert [v.name for v in again.main.results] == ["résultat/0", "résultat/0"]
    assert again.main.nodes[0].loc == loc


def test_captures_become_explicit() -> None:
    m = parse(
        """
        func.func @main(%p: tensor<i1>, %x: tensor<f32>) -> tensor<f32> {
          %r = "stablehlo.if"(%p) ({
            %s = "stablehlo.if"(%p) ({
              stablehlo.return %x : tensor<f32>
            }, {
              %y = stablehlo.negate %x : tensor<f32>
              stablehlo.return %y : tensor<f32>
            }) : (tensor<i1>) -> tensor<f32>
            stablehlo.return %s : tensor<f32>
          }, {
            stablehlo.return %x : tensor<f32>
          }) : (tensor<i1>) -> tensor<f32>
          return %r : tensor<f32>
        }
        """
    )
    (outer,) = m.main.nodes
    assert [v.name for v in outer.captured] == ["p", "x"]
    assert all(len(r.params) == 2 for r in outer.regions)
    (inner,) = outer.regions[0].nodes
    assert set(inner.operands) <= set(outer.regions[0].params)
    round_trip(m)


def test_order_of_captures_does_not_count() -> None:
    def build(swap: bool) -> Module:
        p, x, y = param(TensorType(OPS["constant"](value=Tensor(np.array(True))).dtype, ())), param(SCALAR), param(SCALAR)
        outer = (y, x) if swap else (x, y)
        branches = []
        for name in ("add", "subtract"):
            a, b = param(SCALAR), param(SCALAR)
            inside = (b, a) if swap else (a, b)
            branches.append(region([a, b], [OPS[name](*inside)]))
        r = OPS["if"](p, true_branch=branches[0], false_branch=branches[1], captures=outer)
        return module(function("main", [p, x, y], [r]))

    assert same(build(False), build(True))
    assert "operands" in difference(build(False), parse(to_text(build(False)).replace("subtract %arg1, %arg2", "subtract %arg2, %arg1")))


def test_explicit_captures_of_weft_ops() -> None:
    x, y = param(SCALAR, "x"), param(SCALAR, "y")
    a, b = param(SCALAR), param(SCALAR)
    body = region([a, b], [OPS["add"](a, b)])
    node = Node("weft.fusion", (x, y), {"kind": "map"}, (body,), (SCALAR,), captures=1)
    m = module(function("main", [x, y], node.results))
    assert '"weft.fusion"(%x, %y) <{kind = "map", weft.captures = 1 : i64}>' in to_text(m)
    assert round_trip(m).main.nodes[0].captures == 1


def arrays() -> st.SearchStrategy[tuple[DType, tuple[int, ...], int]]:
    shapes = st.sampled_from([(), (0,), (1,), (3,), (2, 3), (2, 0, 3), (101,), (11, 11)])
    return st.tuples(st.sampled_from([d for d in ALL if d is not STRING]), shapes, st.integers(0, 2**32 - 1))


@given(arrays())
def test_constants_survive_bit_by_bit(drawn: tuple[DType, tuple[int, ...], int]) -> None:
    dtype, shape, seed = drawn
    rng = np.random.default_rng(seed)
    raw = rng.integers(0, 256, (*shape, dtype.itemsize)).astype(np.uint8)
    if dtype.is_bool:
        raw &= 1
    elif dtype.bits < 8:
        raw &= (1 << dtype.bits) - 1
    array = raw.reshape(-1).view(dtype.numpy).reshape(shape)
    for name in ("", "weights/0"):
        m = module(function("main", [], [constant(array, name)]))
        again = parse(to_text(m)).main.nodes[0].attrs["value"]
        assert isinstance(again, Tensor)
        assert again.array.tobytes() == array.tobytes()
        assert again.array.dtype == array.dtype
        assert again.name == (name if array.size else "")


def test_strings() -> None:
    array = np.array(['a "b"\n\\', "déjà", ""], object)
    m = module(function("main", [], [constant(array)]))
    again = parse(to_text(m)).main.nodes[0].attrs["value"]
    assert isinstance(again, Tensor)
    assert list(again.array) == list(array)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32(0.1), "1.000000e-01"),
        (np.float32(1 / 3), "0.33333334"),
        (np.float64(1 / 3), "0.3333333333333333"),
        (np.float32(-0.0), "-0.000000e+00"),
        (np.float32(np.inf), "0x7F800000"),
        (np.float32(1.1754944e-38), "1.1754944e-38"),
        (np.float64(5e-324), "4.940656e-324"),
        (np.int8(-128), "-128"),
        (np.bool_(True), "true"),
        (np.complex64(1 - 2j), "(1.000000e+00,-2.000000e+00)"),
    ],
)
def test_how_numbers_read(value: np.generic, text: str) -> None:
    assert f"dense<{text}> :" in to_text(module(function("main", [], [constant(np.array(value))])))


def test_elided_constants_do_not_parse_silently() -> None:
    m = module(function("main", [], [constant(np.arange(100)), constant(np.arange(50), "w")]))
    text = to_text(m, elide=10)
    assert text.count("dense<…>") == 2
    with pytest.raises(Exception, match=r"mlir\.elided"):
        parse(text)


def test_splats_take_no_memory() -> None:
    t = "tensor<1000000x1000000xf32>"
    m = parse(f"func.func @main() -> {t} {{ %0 = stablehlo.constant dense<0.5> : {t} return %0 : {t} }}")
    value = m.main.nodes[0].attrs["value"]
    assert isinstance(value, Tensor)
    assert value.array.strides == (0, 0)
    round_trip(m)


def test_portable_text_has_nothing_of_wefts() -> None:
    x = param(TensorType(F32, (N, 4)), "x")
    m = Module({"main": function("main", [x], [OPS["tanh"](x)], result_names=["y"])}, "m", {"producer": "test"})
    assert "weft" in to_text(m)
    assert "weft" not in to_text(m, portable=True)
    assert "tensor<?x4xf32>" in to_text(m, portable=True)


def test_unnamed_dims_get_symbols_of_their_own() -> None:
    t = "tensor<?x?xf32>"
    m = parse(f"func.func @main(%x: {t}) -> {t} {{ %0 = stablehlo.tanh %x : {t} return %0 : {t} }}")
    a, b = m.main.params[0].shape
    assert a != b
    assert m.main.results[0].shape == (a, b)
    round_trip(m)


names = st.text(min_size=1, max_size=12) | st.sampled_from(
    ["arg0", "cst", "cst_1", "0", "a/b", "a//b", "/", "$", "a$$2F", "x$$.1", "-", "a/$b"]
)


@given(names.filter(lambda s: not any(0xD800 <= ord(c) < 0xE000 for c in s)))
def test_identifiers_are_reversible(name: str) -> None:
    assert source_name(identifier(name)) == name


symbols = st.sampled_from([symbol("N"), symbol("M", 1, 64), symbol("a b'c\\", None, None), symbol("min", 0, symbol("N") - 1)])


def _combine(inner: st.SearchStrategy[Dim]) -> st.SearchStrategy[Dim]:
    positive = st.integers(1, 9)
    return st.one_of(
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: a * b, inner, st.integers(-3, 3)),
        st.builds(floordiv, inner, positive),
        st.builds(mod, inner, positive),
        st.builds(minimum, inner, inner),
        st.builds(maximum, inner, inner),
    )


@given(st.recursive(st.integers(-5, 5) | symbols, _combine, max_leaves=5))
def test_dims_are_reversible(d: Dim) -> None:
    assert parse_dim(dim_text(d)) == d


def test_the_example_of_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "ir.md").read_text()
    example = page.split("```mlir\n")[1].split("```")[0]
    assert to_text(parse(example)) == example
