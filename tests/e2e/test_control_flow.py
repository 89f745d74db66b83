"""Loops, branches and calls compiled and run: the state of a loop moves as if at once, tokens take no memory, tuples are refused."""

import numpy as np
import pytest
import weft
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.text import parse
from weft.vm import VM

PERMUTED_STATE = """
func.func public @main(%a: tensor<2xf32>, %b: tensor<2xf32>, %c: tensor<2xf32>, %n: tensor<i32>)
    -> (tensor<2xf32>, tensor<2xf32>, tensor<2x1xf32>, tensor<2xf32>) {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %r:4 = stablehlo.while(%i = %zero, %x = %a, %y = %b, %z = %c) : tensor<i32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
   cond {
    %p = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %j = stablehlo.add %i, %one : tensor<i32>
    %s:2 = stablehlo.optimization_barrier %y, %x : tensor<2xf32>, tensor<2xf32>
    %t = stablehlo.add %z, %b : tensor<2xf32>
    stablehlo.return %j, %s#0, %t, %s#1 : tensor<i32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
  }
  %q = stablehlo.reshape %r#1 : (tensor<2xf32>) -> tensor<2x1xf32>
  return %r#1, %r#3, %q, %b : tensor<2xf32>, tensor<2xf32>, tensor<2x1xf32>, tensor<2xf32>
}"""

# Each new value is computed over the buffer of a value that is dead by then, and belongs in another one's place.
OVERWRITTEN_STATE = """
func.func public @main(%a: tensor<2xf32>, %b: tensor<2xf32>, %c: tensor<2xf32>, %n: tensor<i32>)
    -> (tensor<2xf32>, tensor<2xf32>, tensor<5x2xf32>) {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %rows = stablehlo.constant dense<7.0> : tensor<5x2xf32>
  %r:4 = stablehlo.while(%i = %zero, %x = %a, %y = %b, %z = %rows) : tensor<i32>, tensor<2xf32>, tensor<2xf32>, tensor<5x2xf32>
   cond {
    %p = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %k = stablehlo.reshape %i : (tensor<i32>) -> tensor<1xi32>
    %w = "stablehlo.scatter"(%z, %k, %x) <{scatter_dimension_numbers =
      #stablehlo.scatter<update_window_dims = [0], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0]>}> ({
      ^bb0(%old: tensor<f32>, %new: tensor<f32>):
        stablehlo.return %new : tensor<f32>
    }) : (tensor<5x2xf32>, tensor<1xi32>, tensor<2xf32>) -> tensor<5x2xf32>
    %j = stablehlo.add %i, %one : tensor<i32>
    %s = stablehlo.add %y, %c : tensor<2xf32>
    %t = stablehlo.multiply %x, %c : tensor<2xf32>
    stablehlo.return %j, %s, %t, %w : tensor<i32>, tensor<2xf32>, tensor<2xf32>, tensor<5x2xf32>
  }
  return %r#1, %r#2, %r#3 : tensor<2xf32>, tensor<2xf32>, tensor<5x2xf32>
}"""

TOKENS = """
func.func public @main(%a: tensor<2xf32>, %b: tensor<2xf32>, %c: tensor<2xf32>, %n: tensor<i32>) -> tensor<2xf32> {
  %t = stablehlo.after_all : !stablehlo.token
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %r:3 = stablehlo.while(%k = %t, %i = %zero, %x = %a) : !stablehlo.token, tensor<i32>, tensor<2xf32>
   cond {
    %p = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %j = stablehlo.add %i, %one : tensor<i32>
    %u = stablehlo.after_all %k, %t : !stablehlo.token
    %p = stablehlo.compare LT, %j, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    %q:2 = "stablehlo.if"(%p) ({
      %s = stablehlo.add %x, %b : tensor<2xf32>
      stablehlo.return %u, %s : !stablehlo.token, tensor<2xf32>
    }, {
      stablehlo.return %k, %x : !stablehlo.token, tensor<2xf32>
    }) : (tensor<i1>) -> (!stablehlo.token, tensor<2xf32>)
    %o:2 = stablehlo.optimization_barrier %q#0, %q#1 : !stablehlo.token, tensor<2xf32>
    stablehlo.return %o#0, %j, %o#1 : !stablehlo.token, tensor<i32>, tensor<2xf32>
  }
  %e:2 = stablehlo.optimization_barrier %r#0, %r#2 : !stablehlo.token, tensor<2xf32>
  return %e#1 : tensor<2xf32>
}"""


@pytest.mark.parametrize("text", [PERMUTED_STATE, OVERWRITTEN_STATE, TOKENS], ids=["permuted-state", "overwritten-state", "tokens"])
@pytest.mark.parametrize("n", [0, 1, 4])
def test_loops_agree_with_the_interpreter(text: str, n: int):
    module = parse(text)
    arguments = [np.array(v, np.float32) for v in ([1, 2], [3, 4], [5, 6])] + [np.array(n, np.int32)]
    got = VM().load(weft.compile(module))["main"](*arguments)
    for x, y in zip(evaluate(module, *arguments), got if isinstance(got, tuple) else (got,), strict=True):
        np.testing.assert_array_equal(x, y)


def nested_branches(depth: int) -> str:
    """Branches in branches on one constant that each of them captures."""
    text = "%s = stablehlo.add %x, %x : tensor<2xf32>\n"
    inner = "%s"
    for i in range(depth):
        text = (
            f'%q{i} = "stablehlo.if"(%true) ({{\n{text}stablehlo.return {inner} : tensor<2xf32>\n}}, {{\n'
            "stablehlo.return %x : tensor<2xf32>\n}) : (tensor<i1>) -> tensor<2xf32>\n"
        )
        inner = f"%q{i}"
    true = "%true = stablehlo.constant dense<true> : tensor<i1>\n"
    return f"func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> {{\n{true}{text}return {inner} : tensor<2xf32>\n}}"


def test_constant_branches_at_any_depth():
    x = np.array([1, 2], np.float32)
    np.testing.assert_array_equal(VM().load(weft.compile(parse(nested_branches(40))))["main"](x), x + x)


def test_what_has_no_memory_is_a_compile_error():
    text = "func.func public @main(%x: tensor<f32>, %t: !stablehlo.token) -> tensor<f32> { return %x : tensor<f32> }"
    with pytest.raises(weft.WeftError, match=r"emit\.type"):
        weft.compile(parse(text))


@pytest.mark.parametrize("taken", [False, True])
def test_branches_that_return_tuples(taken: bool):
    text = """func.func public @main(%x: tensor<f32>, %y: tensor<f32>, %p: tensor<i1>) -> tensor<f32> {
      %r = "stablehlo.if"(%p) ({
        %t = stablehlo.tuple %x, %y : tuple<tensor<f32>, tensor<f32>>
        stablehlo.return %t : tuple<tensor<f32>, tensor<f32>>
      }, {
        %t = stablehlo.tuple %y, %x : tuple<tensor<f32>, tensor<f32>>
        stablehlo.return %t : tuple<tensor<f32>, tensor<f32>>
      }) : (tensor<i1>) -> tuple<tensor<f32>, tensor<f32>>
      %e = stablehlo.get_tuple_element %r[0] : (tuple<tensor<f32>, tensor<f32>>) -> tensor<f32>
      return %e : tensor<f32>
    }"""
    assert VM().load(weft.compile(parse(text)))["main"](np.float32(1), np.float32(2), taken) == (1 if taken else 2)


DIM = 'tensor<?xf32, #weft.dims<"{}">>'


@pytest.mark.parametrize(
    ("dim", "shape", "code"), [("2*N", (3,), "dim"), ("N[2:4]", (1,), "dim"), ("N", (-1,), "dim"), ("N", (1, 1), "rank")]
)
def test_shapes_that_do_not_fit(dim: str, shape: tuple[int, ...], code: str):
    t = DIM.format(dim)
    module = parse(f"func.func public @main(%x: {t}) -> {t} {{ return %x : {t} }}")
    with pytest.raises(weft.WeftError, match=rf"shapes\.{code}"):
        weft.compile(module, shapes={"x": shape})


def test_shapes_fix_symbols_wherever_they_stand():
    two, one = DIM.format("2*N"), DIM.format("N")
    module = parse(f"func.func public @main(%x: {two}, %y: {one}) -> {one} {{\n%0 = stablehlo.add %y, %y : {one}\nreturn %0 : {one}\n}}")
    main = VM().load(weft.compile(module, shapes={"x": (4,)}))["main"]
    assert [i.shape for i in main.signature.inputs] == [(4,), (2,)]
