"""Shapes that depend on data, and host values: compiled programs agree with the reference interpreter, and refuse what data makes impossible."""

from collections.abc import Sequence

import numpy as np
import pytest
import weft
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.graph import Module
from weft.compiler.ir.text import parse
from weft.proto.errors import WeftError
from weft.vm import VM


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


# The elements of x that are positive, and their number once more as the size of a matrix: `k` is shared by two segments and bounded by N.
COMPACT = """
func.func @main(%x: tensor<?xf32, #weft.dims<"N">>, %w: tensor<2xf32>) -> (tensor<?x2xf32, #weft.dims<"k[0:N]", 2>>, tensor<?x?xf32, #weft.dims<"k[0:N]", "N">>) {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %none = stablehlo.constant dense<0> : tensor<i64>
  %zeros = stablehlo.broadcast_in_dim %zero, dims = [] : (tensor<f32>) -> tensor<?xf32, #weft.dims<"N">>
  %p = stablehlo.compare GT, %x, %zeros : (tensor<?xf32, #weft.dims<"N">>, tensor<?xf32, #weft.dims<"N">>) -> tensor<?xi1, #weft.dims<"N">>
  %ones = stablehlo.convert %p : (tensor<?xi1, #weft.dims<"N">>) -> tensor<?xi64, #weft.dims<"N">>
  %count = stablehlo.reduce(%ones init: %none) applies stablehlo.add across dimensions = [0] : (tensor<?xi64, #weft.dims<"N">>, tensor<i64>) -> tensor<i64>
  %last = stablehlo.not %p : tensor<?xi1, #weft.dims<"N">>
  %key = stablehlo.convert %last : (tensor<?xi1, #weft.dims<"N">>) -> tensor<?xi64, #weft.dims<"N">>
  %s:2 = "stablehlo.sort"(%key, %x) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<i64>, %b: tensor<i64>, %c: tensor<f32>, %d: tensor<f32>):
    %q = stablehlo.compare LT, %a, %b : (tensor<i64>, tensor<i64>) -> tensor<i1>
    stablehlo.return %q : tensor<i1>
  }) : (tensor<?xi64, #weft.dims<"N">>, tensor<?xf32, #weft.dims<"N">>) -> (tensor<?xi64, #weft.dims<"N">>, tensor<?xf32, #weft.dims<"N">>)
  %size = stablehlo.reshape %count : (tensor<i64>) -> tensor<1xi64>
  %k = "weft.bind_dims"(%size) <{symbols = [#weft.dim<"k[0:N]">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"k[0:N]", 0>>
  %kept = "stablehlo.slice"(%s#1) <{start_indices = array<i64: 0>, limit_indices = [#weft.dim<"k[0:N]">], strides = array<i64: 1>}> : (tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"k[0:N]">>
  %wide = stablehlo.broadcast_in_dim %kept, dims = [0] : (tensor<?xf32, #weft.dims<"k[0:N]">>) -> tensor<?x2xf32, #weft.dims<"k[0:N]", 2>>
  %scale = stablehlo.broadcast_in_dim %w, dims = [1] : (tensor<2xf32>) -> tensor<?x2xf32, #weft.dims<"k[0:N]", 2>>
  %r = stablehlo.multiply %wide, %scale : tensor<?x2xf32, #weft.dims<"k[0:N]", 2>>
  %grid = stablehlo.broadcast_in_dim %kept, dims = [0] : (tensor<?xf32, #weft.dims<"k[0:N]">>) -> tensor<?x?xf32, #weft.dims<"k[0:N]", "N">>
  return %r, %grid : tensor<?x2xf32, #weft.dims<"k[0:N]", 2>>, tensor<?x?xf32, #weft.dims<"k[0:N]", "N">>
}"""


@pytest.mark.parametrize("x", [[], [-1], [1, -2, 3, -4, 5], [1, 2, 3]])
def test_the_number_of_results_is_counted(x: list[float]):
    wanted = [v for v in x if v > 0]
    rows, grid = check(parse(COMPACT), np.array(x, np.float32), np.array([1, 10], np.float32))
    assert rows.tolist() == [[v, 10 * v] for v in wanted]
    assert grid.shape == (len(wanted), len(x))


# The state doubles while it is short; two of its values change places in every turn; a loop inside appends, an `if` inside chooses.
GROWING = """
func.func @main(%x: tensor<?xf32, #weft.dims<"N">>, %y: tensor<?xf32, #weft.dims<"M">>, %limit: tensor<i64>) -> (tensor<?xf32, #weft.dims<"P">>, tensor<?xf32, #weft.dims<"Q">>, tensor<i64>) {
  %zero = stablehlo.constant dense<0> : tensor<i64>
  %tail = stablehlo.constant dense<[0.5, 0.25, 0.125]> : tensor<3xf32>
  %r:3 = "weft.while"(%x, %y, %zero, %limit, %tail) <{symbols = [#weft.dim<"P">, #weft.dim<"Q">], weft.captures = 2 : i64}> ({
  ^bb0(%a: tensor<?xf32, #weft.dims<"p">>, %b: tensor<?xf32, #weft.dims<"q">>, %i: tensor<i64>, %n: tensor<i64>, %t: tensor<3xf32>):
    %c = stablehlo.compare LT, %i, %n : (tensor<i64>, tensor<i64>) -> tensor<i1>
    stablehlo.return %c : tensor<i1>
  }, {
  ^bb0(%a: tensor<?xf32, #weft.dims<"p">>, %b: tensor<?xf32, #weft.dims<"q">>, %i: tensor<i64>, %n: tensor<i64>, %t: tensor<3xf32>):
    %one = stablehlo.constant dense<1> : tensor<i64>
    %j = stablehlo.add %i, %one : tensor<i64>
    %two = stablehlo.constant dense<2> : tensor<i64>
    %half = stablehlo.remainder %i, %two : tensor<i64>
    %odd = stablehlo.compare EQ, %half, %one : (tensor<i64>, tensor<i64>) -> tensor<i1>
    %chosen = "weft.case"(%odd, %a, %t) <{symbols = [#weft.dim<"s">], weft.captures = 2 : i64}> ({
    ^bb0(%u: tensor<?xf32, #weft.dims<"p">>, %v: tensor<3xf32>):
      %d = stablehlo.concatenate %u, %v, dim = 0 : (tensor<?xf32, #weft.dims<"p">>, tensor<3xf32>) -> tensor<?xf32, #weft.dims<"p + 3">>
      stablehlo.return %d : tensor<?xf32, #weft.dims<"p + 3">>
    }, {
    ^bb0(%u: tensor<?xf32, #weft.dims<"p">>, %v: tensor<3xf32>):
      %l:2 = "weft.while"(%u, %one) <{symbols = [#weft.dim<"m">]}> ({
      ^bb0(%e: tensor<?xf32, #weft.dims<"e">>, %k: tensor<i64>):
        %three = stablehlo.constant dense<3> : tensor<i64>
        %g = stablehlo.compare LT, %k, %three : (tensor<i64>, tensor<i64>) -> tensor<i1>
        stablehlo.return %g : tensor<i1>
      }, {
      ^bb0(%e: tensor<?xf32, #weft.dims<"e">>, %k: tensor<i64>):
        %up = stablehlo.constant dense<1> : tensor<i64>
        %h = stablehlo.add %k, %up : tensor<i64>
        %o = stablehlo.convert %k : (tensor<i64>) -> tensor<f32>
        %o1 = stablehlo.reshape %o : (tensor<f32>) -> tensor<1xf32>
        %w = stablehlo.concatenate %e, %o1, dim = 0 : (tensor<?xf32, #weft.dims<"e">>, tensor<1xf32>) -> tensor<?xf32, #weft.dims<"e + 1">>
        stablehlo.return %w, %h : tensor<?xf32, #weft.dims<"e + 1">>, tensor<i64>
      }) : (tensor<?xf32, #weft.dims<"p">>, tensor<i64>) -> (tensor<?xf32, #weft.dims<"m">>, tensor<i64>)
      stablehlo.return %l#0 : tensor<?xf32, #weft.dims<"m">>
    }) : (tensor<i1>, tensor<?xf32, #weft.dims<"p">>, tensor<3xf32>) -> tensor<?xf32, #weft.dims<"s">>
    stablehlo.return %b, %chosen, %j : tensor<?xf32, #weft.dims<"q">>, tensor<?xf32, #weft.dims<"s">>, tensor<i64>
  }) : (tensor<?xf32, #weft.dims<"N">>, tensor<?xf32, #weft.dims<"M">>, tensor<i64>, tensor<i64>, tensor<3xf32>) -> (tensor<?xf32, #weft.dims<"P">>, tensor<?xf32, #weft.dims<"Q">>, tensor<i64>)
  return %r#0, %r#1, %r#2 : tensor<?xf32, #weft.dims<"P">>, tensor<?xf32, #weft.dims<"Q">>, tensor<i64>
}"""


@pytest.mark.parametrize("turns", [0, 1, 2, 5])
def test_nested_control_flow_over_growing_values(turns: int):
    results = check(parse(GROWING), np.array([1, 2], np.float32), np.zeros(0, np.float32), np.array(turns))
    assert len(results[0]) + len(results[1]) == 2 + 3 * ((turns + 1) // 2) + 2 * (turns // 2)


# Rows of a batch into a sequence (weights inside the loop), then the sequence concatenated again.
ROWS = """
func.func @main(%x: tensor<?x3xf32, #weft.dims<"N[1:]", 3>>, %n: tensor<i64>) -> (!weft.sequence<tensor<?xf32>>, tensor<?xf32, #weft.dims<"T">>, tensor<i64>) {
  %w = stablehlo.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %zero = stablehlo.constant dense<0> : tensor<i64>
  %empty = stablehlo.custom_call @sequence_empty() : () -> !weft.sequence<tensor<?xf32>>
  %r:2 = "weft.while"(%empty, %zero, %x, %w, %n, %zero) <{weft.captures = 4 : i64}> ({
  ^bb0(%q: !weft.sequence<tensor<?xf32>>, %i: tensor<i64>, %v: tensor<?x3xf32, #weft.dims<"N[1:]", 3>>, %m: tensor<3x2xf32>, %l: tensor<i64>, %z: tensor<i64>):
    %c = stablehlo.compare LT, %i, %l : (tensor<i64>, tensor<i64>) -> tensor<i1>
    stablehlo.return %c : tensor<i1>
  }, {
  ^bb0(%q: !weft.sequence<tensor<?xf32>>, %i: tensor<i64>, %v: tensor<?x3xf32, #weft.dims<"N[1:]", 3>>, %m: tensor<3x2xf32>, %l: tensor<i64>, %z: tensor<i64>):
    %one = stablehlo.constant dense<1> : tensor<i64>
    %j = stablehlo.add %i, %one : tensor<i64>
    %row = stablehlo.dynamic_slice %v, %i, %z, sizes = [1, 3] : (tensor<?x3xf32, #weft.dims<"N[1:]", 3>>, tensor<i64>, tensor<i64>) -> tensor<1x3xf32>
    %dot = stablehlo.dot_general %row, %m, contracting_dims = [1] x [0] : (tensor<1x3xf32>, tensor<3x2xf32>) -> tensor<1x2xf32>
    %flat = stablehlo.reshape %dot : (tensor<1x2xf32>) -> tensor<2xf32>
    %size = stablehlo.reshape %j : (tensor<i64>) -> tensor<1xi64>
    %wit = "weft.bind_dims"(%size) <{symbols = [#weft.dim<"k">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"k", 0>>
    %many = stablehlo.broadcast_in_dim %flat, dims = [1] : (tensor<2xf32>) -> tensor<?x2xf32, #weft.dims<"k", 2>>
    %line = stablehlo.reshape %many : (tensor<?x2xf32, #weft.dims<"k", 2>>) -> tensor<?xf32, #weft.dims<"2*k">>
    %next = stablehlo.custom_call @sequence_insert(%q, %line) : (!weft.sequence<tensor<?xf32>>, tensor<?xf32, #weft.dims<"2*k">>) -> !weft.sequence<tensor<?xf32>>
    stablehlo.return %next, %j : !weft.sequence<tensor<?xf32>>, tensor<i64>
  }) : (!weft.sequence<tensor<?xf32>>, tensor<i64>, tensor<?x3xf32, #weft.dims<"N[1:]", 3>>, tensor<3x2xf32>, tensor<i64>, tensor<i64>) -> (!weft.sequence<tensor<?xf32>>, tensor<i64>)
  %all = stablehlo.custom_call @sequence_concat(%r#0) {backend_config = "{\\"axis\\": 0}", symbols = [#weft.dim<"T">]} : (!weft.sequence<tensor<?xf32>>) -> tensor<?xf32, #weft.dims<"T">>
  %out = stablehlo.negate %all : tensor<?xf32, #weft.dims<"T">>
  %length = stablehlo.custom_call @sequence_length(%r#0) : (!weft.sequence<tensor<?xf32>>) -> tensor<i64>
  return %r#0, %out, %length : !weft.sequence<tensor<?xf32>>, tensor<?xf32, #weft.dims<"T">>, tensor<i64>
}"""


def test_sequences_filled_by_a_loop():
    sequence, total, length = check(parse(ROWS), np.arange(12, dtype=np.float32).reshape(4, 3), np.array(4))
    assert [len(v) for v in sequence] == [2, 4, 6, 8] and len(total) == 20 and length == 4


def test_an_error_of_data_has_its_place():
    vm = VM(threads=1)
    with pytest.raises(WeftError, match=r"run\.value"):
        vm.load(weft.compile(parse(ROWS)))["main"](np.zeros((1, 3), np.float32), 0)
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


BRANCHES = """
func.func @main(%i: tensor<i32>, %s: tensor<?x!weft.string, #weft.dims<"N">>) -> !weft.optional<tensor<?x!weft.string>> {
  %r = "weft.case"(%i, %s) <{weft.captures = 1 : i64}> ({
  ^bb0(%a: tensor<?x!weft.string, #weft.dims<"N">>):
    %n = stablehlo.custom_call @optional_none() : () -> !weft.optional<tensor<?x!weft.string>>
    stablehlo.return %n : !weft.optional<tensor<?x!weft.string>>
  }, {
  ^bb0(%a: tensor<?x!weft.string, #weft.dims<"N">>):
    %c = stablehlo.constant dense<"b"> : tensor<1x!weft.string>
    %v = stablehlo.custom_call @optional_some(%c) : (tensor<1x!weft.string>) -> !weft.optional<tensor<?x!weft.string>>
    stablehlo.return %v : !weft.optional<tensor<?x!weft.string>>
  }, {
  ^bb0(%a: tensor<?x!weft.string, #weft.dims<"N">>):
    %v = stablehlo.custom_call @optional_some(%a) : (tensor<?x!weft.string, #weft.dims<"N">>) -> !weft.optional<tensor<?x!weft.string>>
    stablehlo.return %v : !weft.optional<tensor<?x!weft.string>>
  }) : (tensor<i32>, tensor<?x!weft.string, #weft.dims<"N">>) -> !weft.optional<tensor<?x!weft.string>>
  return %r : !weft.optional<tensor<?x!weft.string>>
}"""


@pytest.mark.parametrize(("index", "expected"), [(0, None), (1, ["b"]), (2, ["x", "yz"]), (7, ["x", "yz"])])
def test_branches_of_strings_and_nothing(index: int, expected: Sequence[str] | None):
    (got,) = check(parse(BRANCHES), np.array(index, np.int32), np.array(["x", "yz"], np.object_))
    assert got is None if expected is None else got.tolist() == expected


def test_shapes_given_at_compile_time():
    program = weft.compile(parse(COMPACT), shapes={"x": (5,)})
    main = VM(threads=1).load(program)["main"]
    rows, grid = main(np.array([1, -2, 3, -4, 5], np.float32), np.array([1, 10], np.float32))
    assert rows.shape == (3, 2) and grid.shape == (3, 5)
    with pytest.raises(WeftError, match=r"call\.shape"):
        main(np.ones(4, np.float32), np.ones(2, np.float32))
