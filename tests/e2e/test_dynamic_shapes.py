"""Shapes that depend on data, and host values: compiled programs agree with the reference interpreter, and refuse what cannot be."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import weft
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.graph import Module
from weft.compiler.ir.text import parse
from weft.proto.errors import WeftError
from weft.vm import VM

GRAPHS = Path(__file__).parents[1] / "data" / "dynamic"


def graph(name: str) -> Module:
    path = GRAPHS / f"{name}.mlir"
    return parse(path.read_text(), path.name)


def check(module: Module, *arguments: object) -> list[object]:
    """The results, which compiled and interpreted must be the same."""
    expected = evaluate(module, *arguments)
    got = VM(threads=1).load(weft.compile(module))["main"](*arguments)
    same(expected, list(got) if len(expected) > 1 else [got])
    return list(expected)


def same(a: object, b: object) -> None:
    if isinstance(a, (list, tuple)):
        assert isinstance(b, (list, tuple)) and len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif isinstance(a, dict):
        assert isinstance(b, dict) and a.keys() == b.keys()
        for k in a:
            same(a[k], b[k])
    elif a is None or b is None:
        assert a is b
    else:
        x, y = np.asarray(a), np.asarray(b)
        assert x.dtype == y.dtype and x.shape == y.shape
        if x.dtype == np.object_:
            assert x.tolist() == y.tolist()
        else:
            np.testing.assert_allclose(x.astype(np.float64), y.astype(np.float64), rtol=1e-6)


@pytest.mark.parametrize("x", [[], [-1], [1, -2, 3, -4, 5], [1, 2, 3]])
def test_the_number_of_results_is_counted(x: list[float]):
    wanted = [v for v in x if v > 0]
    rows, grid = check(graph("compact"), np.array(x, np.float32), np.array([1, 10], np.float32))
    assert rows.tolist() == [[v, 10 * v] for v in wanted]
    assert grid.shape == (len(wanted), len(x))


@pytest.mark.parametrize("turns", [0, 1, 2, 5])
def test_nested_control_flow_over_growing_values(turns: int):
    results = check(graph("growing"), np.array([1, 2], np.float32), np.zeros(0, np.float32), np.array(turns))
    assert len(results[0]) + len(results[1]) == 2 + 3 * ((turns + 1) // 2) + 2 * (turns // 2)


def test_sequences_filled_by_a_loop():
    sequence, total, length = check(graph("rows"), np.arange(12, dtype=np.float32).reshape(4, 3), np.array(4))
    assert [len(v) for v in sequence] == [2, 4, 6, 8] and len(total) == 20 and length == 4


def test_an_error_of_data_has_its_place():
    vm = VM(threads=1)
    with pytest.raises(WeftError, match=r"run\.value"):
        vm.load(weft.compile(graph("rows")))["main"](np.zeros((1, 3), np.float32), 0)
    text = """func.func @main(%n: tensor<1xi64>) -> tensor<?xf32, #weft.dims<"k[0:8]">> {
      %w = "weft.bind_dims"(%n) <{symbols = [#weft.dim<"k[0:8]">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"k[0:8]", 0>>
      %i = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"k[0:8]">>
      return %i : tensor<?xf32, #weft.dims<"k[0:8]">>
    }"""
    module = parse(text)
    main = vm.load(weft.compile(module))["main"]
    assert check(module, [8])[0].shape == (8,)
    for size in (-1, 9, 1 << 40):
        with pytest.raises(WeftError):
            evaluate(module, np.array([size]))
        with pytest.raises(WeftError):
            main(np.array([size]))


CHECKED = """
func.func @main(%x: tensor<?x?xf32, #weft.dims<"N", "M">>, %s: tensor<2xi64>)
    -> (tensor<3x?xf32, #weft.dims<3, "M">>, tensor<f32>) {
  %w:2 = "weft.bind_dims"(%s) <{symbols = [#weft.dim<"a">, #weft.dim<"b">]}>
    : (tensor<2xi64>) -> (tensor<?x0xi1, #weft.dims<"a", 0>>, tensor<?x0xi1, #weft.dims<"b", 0>>)
  %t = stablehlo.tanh %x : tensor<?x?xf32, #weft.dims<"N", "M">>
  %n = "weft.check_shape"(%t) : (tensor<?x?xf32, #weft.dims<"N", "M">>) -> tensor<3x?xf32, #weft.dims<3, "M">>
  %f = stablehlo.reshape %t : (tensor<?x?xf32, #weft.dims<"N", "M">>) -> tensor<?xf32, #weft.dims<"M*N">>
  %g = "weft.check_shape"(%f) : (tensor<?xf32, #weft.dims<"M*N">>) -> tensor<?xf32, #weft.dims<"a*b">>
  %r = stablehlo.reshape %g : (tensor<?xf32, #weft.dims<"a*b">>) -> tensor<?x?xf32, #weft.dims<"a", "b">>
  %z = stablehlo.constant dense<0.0> : tensor<f32>
  %q = stablehlo.reduce(%r init: %z) applies stablehlo.add across dimensions = [0, 1]
    : (tensor<?x?xf32, #weft.dims<"a", "b">>, tensor<f32>) -> tensor<f32>
  return %n, %q : tensor<3x?xf32, #weft.dims<3, "M">>, tensor<f32>
}"""


def test_shapes_are_held_against_data():
    module, x = parse(CHECKED), np.linspace(-1, 1, 12, dtype=np.float32)
    for sizes in ((6, 2), (1, 12)):
        n, total = check(module, x.reshape(3, 4), np.array(sizes))
        assert np.shape(n) == (3, 4) and total == pytest.approx(0, abs=1e-5)
    assert check(module, np.zeros((3, 0), np.float32), np.array([5, 0]))[1] == 0
    main = VM(threads=1).load(weft.compile(module))["main"]
    for rows, sizes in ((4, (6, 2)), (3, (2, 5)), (3, (12, 2)), (3, (0, 12))):
        with pytest.raises(WeftError, match=r"run\.shape"):
            evaluate(module, x.reshape(rows, -1), np.array(sizes))
        with pytest.raises(WeftError, match=r"run\.shape"):
            main(x.reshape(rows, -1), np.array(sizes))


def test_the_interpreter_refuses_what_no_memory_holds():
    text = """func.func @main(%n: tensor<1xi64>) -> tensor<?xf32, #weft.dims<"k">> {
      %w = "weft.bind_dims"(%n) <{symbols = [#weft.dim<"k">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"k", 0>>
      %i = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"k">>
      return %i : tensor<?xf32, #weft.dims<"k">>
    }"""
    with pytest.raises(WeftError, match=r"evaluate\.memory"):
        evaluate(parse(text), np.array([1 << 40]))
    with pytest.raises(WeftError, match=r"evaluate\.memory"):
        evaluate(parse(text), np.array([1 << 10]), max_bytes=1 << 11)


@pytest.mark.parametrize("turns", [0, 2, 5])
def test_native_control_flow_around_sizes_of_data(turns: int):
    x = np.array([1, 2], np.float32)
    (got,) = check(graph("native_control"), x, np.array(turns))
    assert got == sum(3.0 * (i + 1) for i in range(turns))


@pytest.mark.parametrize(("index", "expected"), [(0, None), (1, ["b"]), (2, ["x", "yz"]), (7, ["x", "yz"])])
def test_branches_of_strings_and_nothing(index: int, expected: Sequence[str] | None):
    (got,) = check(graph("branches"), np.array(index, np.int32), np.array(["x", "yz"], np.object_))
    assert got is None if expected is None else got.tolist() == expected


def test_shapes_given_at_compile_time():
    program = weft.compile(graph("compact"), shapes={"x": (5,)})
    main = VM(threads=1).load(program)["main"]
    rows, grid = main(np.array([1, -2, 3, -4, 5], np.float32), np.array([1, 10], np.float32))
    assert rows.shape == (3, 2) and grid.shape == (3, 5)
    with pytest.raises(WeftError, match=r"call\.shape"):
        main(np.ones(4, np.float32), np.ones(2, np.float32))


def test_the_rank_of_an_element_is_held_against_what_the_graph_says():
    module = parse("""func.func @main(%q: !weft.sequence<tensor<*xf32>>, %i: tensor<i64>) -> tensor<?x2xf32, #weft.dims<"d", 2>> {
      %a = stablehlo.custom_call @sequence_at(%q, %i) {symbols = [#weft.dim<"d">]}
        : (!weft.sequence<tensor<*xf32>>, tensor<i64>) -> tensor<?x2xf32, #weft.dims<"d", 2>>
      %b = stablehlo.negate %a : tensor<?x2xf32, #weft.dims<"d", 2>>
      return %b : tensor<?x2xf32, #weft.dims<"d", 2>>
    }""")
    elements = [np.ones((3, 2), np.float32), np.ones(2, np.float32), np.ones((3, 4), np.float32)]
    assert check(module, elements, np.array(0))[0].shape == (3, 2)
    main = VM(threads=1).load(weft.compile(module))["main"]
    for i in (1, 2):
        with pytest.raises(WeftError, match=r"run\.(type|shape)"):
            evaluate(module, elements, np.array(i))
        with pytest.raises(WeftError, match=r"run\.(type|shape)"):
            main(elements, np.array(i))
