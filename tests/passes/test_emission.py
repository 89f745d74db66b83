"""What programs are made of: instructions, buffers and places in the arena, as the disassembler shows them."""

import re

import pytest
from weft.compiler.driver import compile
from weft.compiler.ir.text import parse
from weft.vm import VM

CHAIN = """
func.func public @main(%x: tensor<32xf32>) -> tensor<4x8xf32> {
  %s = "stablehlo.sort"(%x) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %p = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  }) : (tensor<32xf32>) -> tensor<32xf32>
  %m = stablehlo.reshape %s : (tensor<32xf32>) -> tensor<4x8xf32>
  %t = stablehlo.transpose %m, dims = [1, 0] : (tensor<4x8xf32>) -> tensor<8x4xf32>
  %r = stablehlo.reshape %t : (tensor<8x4xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}
"""
CHAIN_PROGRAM = """
function main(x: float32[32]) -> (r: float32[4, 8])
  arena 128 bytes
  b0 = input 'x', 128 bytes, f32[32]
  b1 = arena at 0, 128 bytes, f32[32]
  b2 = output 'r', 128 bytes, f32[8, 4]
     0  launch kernel=sort args=(b0, b1)
     1  launch kernel=map args=(b1, b2)
     2  return
"""

SAME = """
func.func public @main(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %0 = stablehlo.negate %x : tensor<2xf32>
  return %x, %0, %0 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}
"""
SAME_PROGRAM = """
function main(x: float32[2]) -> (x: float32[2], result1: float32[2], result2: float32[2])
  arena 0 bytes
  b0 = input 'x', 8 bytes, f32[2]
  b1 = output 'result1', 8 bytes, f32[2]
  b2 = output 'x', 8 bytes, f32[2]
  b3 = output 'result2', 8 bytes, f32[2]
     0  launch kernel=map args=(b0, b1)
     1  copy dst=b2 src=b0
     2  copy dst=b3 src=b1
     3  return
"""

SYMBOLIC = """
func.func public @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>) -> (tensor<?xf32, #weft.dims<"N">>) {
  %z = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.transpose %x, dims = [1, 0] : (tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<3x?xf32, #weft.dims<3, "N">>
  %1 = stablehlo.reduce(%0 init: %z) applies stablehlo.add across dimensions = [0]
    : (tensor<3x?xf32, #weft.dims<3, "N">>, tensor<f32>) -> tensor<?xf32, #weft.dims<"N">>
  return %1 : tensor<?xf32, #weft.dims<"N">>
}
"""
SYMBOLIC_PROGRAM = """
function main(x: float32[N, 3]) -> (result0: float32[N])
  symbol N in [0, …]
  arena (64 * floordiv(((12 * N) + 63), 64)) bytes
  b0 = input 'x', 12 * N bytes, f32[N, 3]
  b1 = arena at 0, 12 * N bytes, f32[3, N]
  b2 = output 'result0', 4 * N bytes, f32[N]
     0  launch kernel=map args=(b0, b1, N)
     1  launch kernel=reduce args=(b1, b2, N)
     2  return
"""


def disassembly(text: str) -> str:
    """The program of a module without digests in kernel names and without locations."""
    program = VM(threads=1).load(compile(parse(text), "x86-64-v2"))
    plain = re.sub(r"_[0-9a-f]{16}", "", program.disassemble())
    return "\n" + re.sub(r"  ; .*", "", plain).rstrip() + "\n"


@pytest.mark.parametrize(("text", "expected"), [(CHAIN, CHAIN_PROGRAM), (SAME, SAME_PROGRAM), (SYMBOLIC, SYMBOLIC_PROGRAM)])
def test_program(text: str, expected: str):
    assert disassembly(text) == expected
