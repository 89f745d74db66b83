"""Texts of StableHLO that other tools than JAX write: checks, quantized types, shapes from data, shardings, what is refused."""

from pathlib import Path

import numpy as np
import pytest
import weft
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.text import parse
from weft.vm import VM


def both(text: str, *arrays: np.ndarray) -> list[np.ndarray]:
    """Results of the interpreter, which are those of the compiled program."""
    module = parse(text)
    want = evaluate(module, *arrays)
    got = VM(threads=1).load(weft.compile(module))["main"](*arrays)
    for g, w in zip(got if isinstance(got, tuple) else (got,), want, strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-5, atol=1e-6)
    return want


def failure(text: str, *arrays: np.ndarray) -> weft.WeftError:
    """The error that interpreter and compiled program give."""
    module = parse(text)
    with pytest.raises(weft.WeftError) as interpreted:
        evaluate(module, *arrays)
    with pytest.raises(weft.WeftError) as compiled:
        VM(threads=1).load(weft.compile(module))["main"](*arrays)
    assert interpreted.value.code == compiled.value.code
    return compiled.value


CHECKS = """
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = stablehlo.add %x, %x : tensor<2xf32>
  check.expect_almost_eq_const %0, dense<[2.0, 4.00001]> : tensor<2xf32>
  check.expect_eq %0, %0 : tensor<2xf32>
  check.expect_close %0, %0, max_ulp_difference = 1 : tensor<2xf32>, tensor<2xf32>
  %1 = stablehlo.constant dense<[1, 2]> : tensor<2xi64>
  "check.expect_eq_const"(%1) <{value = dense<[1, 2]> : tensor<2xi64>}> : (tensor<2xi64>) -> ()
  func.return %0 : tensor<2xf32>
}
"""


def test_checks_hold_or_fail() -> None:
    both(CHECKS, np.array([1, 2], np.float32))
    error = failure(CHECKS, np.array([1, 3], np.float32))
    assert error.code == "run.expectation" and "1 of 2 elements differ, at [1] 6.0 is not 4.00001" in str(error)


def test_quantized_arithmetic() -> None:
    q = "tensor<3x!quant.uniform<i8:f32, 0.5:-2>>"
    text = f"""
!r = !quant.uniform<i8:f32, 0.25>
func.func @main(%x: tensor<3xf32>, %y: {q}) -> (tensor<3xf32>, tensor<1x3x!r>) {{
  %0 = stablehlo.uniform_quantize %x : (tensor<3xf32>) -> {q}
  %1 = stablehlo.multiply %0, %y : ({q}, {q}) -> tensor<3x!r>
  %2 = stablehlo.reshape %1 : (tensor<3x!r>) -> tensor<1x3x!r>
  %3 = stablehlo.uniform_dequantize %1 : (tensor<3x!r>) -> tensor<3xf32>
  return %3, %2 : tensor<3xf32>, tensor<1x3x!r>
}}
"""
    x, y = np.array([1.3, -0.4, 100], np.float32), np.array([2, -2, 0], np.int8)
    floats, stored = both(text, x, y)
    quantized = np.clip(np.rint(x / 0.5 - 2), -128, 127)
    product = (quantized + 2) * 0.5 * ((y + 2) * 0.5)
    np.testing.assert_array_equal(stored[0], np.clip(np.rint(product / 0.25), -128, 127))
    np.testing.assert_array_equal(floats, stored[0] * np.float32(0.25))


@pytest.mark.parametrize(("size", "wanted"), [(3, 3), (300, 44)])
def test_a_size_in_a_narrow_integer_wraps(size: int, wanted: int) -> None:
    text = """
func.func @main(%x: tensor<?xf32>) -> tensor<?xi64> {
  %0 = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?xf32>) -> tensor<i32>
  %1 = stablehlo.convert %0 : (tensor<i32>) -> tensor<i8>
  %2 = stablehlo.reshape %1 : (tensor<i8>) -> tensor<1xi8>
  %3 = stablehlo.convert %2 : (tensor<1xi8>) -> tensor<1xi64>
  %4 = stablehlo.dynamic_iota %3, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>
  return %4 : tensor<?xi64>
}
"""
    assert both(text, np.zeros(size, np.float32))[0].shape == (wanted,)


def test_shapes_from_data() -> None:
    text = """
func.func @main(%x: tensor<12xf32>, %s: tensor<2xi32>, %n: tensor<i32>) -> (tensor<?x?xf32>, tensor<?xf32>, tensor<?xi64>) {
  %0 = stablehlo.dynamic_reshape %x, %s : (tensor<12xf32>, tensor<2xi32>) -> tensor<?x?xf32>
  %1 = stablehlo.negate %0 : tensor<?x?xf32>
  %2 = stablehlo.add %0, %1 : tensor<?x?xf32>
  %3 = stablehlo.set_dimension_size %x, %n, dim = 0 : (tensor<12xf32>, tensor<i32>) -> tensor<?xf32, #stablehlo.bounds<12>>
  %4 = stablehlo.reshape %n : (tensor<i32>) -> tensor<1xi32>
  %5 = stablehlo.dynamic_iota %4, dim = 0 : (tensor<1xi32>) -> tensor<?xi64>
  return %2, %3, %5 : tensor<?x?xf32>, tensor<?xf32, #stablehlo.bounds<12>>, tensor<?xi64>
}
"""
    x = np.arange(12, dtype=np.float32)
    for shape, n in (((3, 4), 5), ((12, 1), 0)):
        zeros, cut, counted = both(text, x, np.array(shape, np.int32), np.array(n, np.int32))
        assert zeros.shape == shape and not zeros.any()
        np.testing.assert_array_equal(cut, x[:n])
        np.testing.assert_array_equal(counted, np.arange(n))


def test_random_numbers_are_others_each_time() -> None:
    text = """
func.func @main(%a: tensor<f32>, %b: tensor<f32>) -> (tensor<4096xf32>, tensor<4096xf32>) {
  %c = stablehlo.constant dense<4096> : tensor<1xi64>
  %0 = stablehlo.rng %a, %b, %c, distribution = UNIFORM : (tensor<f32>, tensor<f32>, tensor<1xi64>) -> tensor<4096xf32>
  %1 = stablehlo.rng %a, %b, %c, distribution = NORMAL : (tensor<f32>, tensor<f32>, tensor<1xi64>) -> tensor<4096xf32>
  return %0, %1 : tensor<4096xf32>, tensor<4096xf32>
}
"""
    main = VM(threads=1).load(weft.compile(parse(text)))["main"]
    uniform, normal = main(np.float32(2), np.float32(4))
    assert uniform.min() >= 2 and uniform.max() < 4 and abs(uniform.mean() - 3) < 0.1
    assert abs(normal.mean() - 2) < 0.4 and abs(normal.std() - 4) < 0.4
    assert (main(np.float32(2), np.float32(4))[0] != uniform).any()


def test_one_device_is_a_group_of_one() -> None:
    text = """
module @sharded attributes {mhlo.num_partitions = 1 : i32} {
  sdy.mesh @mesh = <["x"=1]>
  func.func public @main(%x: tensor<4xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"x"}]>}) -> tensor<4xf32> {
    %0 = sdy.sharding_constraint %x <@mesh, [{"x"}]> : tensor<4xf32>
    %1 = stablehlo.custom_call @Sharding(%0) {mhlo.sharding = "{replicated}"} : (tensor<4xf32>) -> tensor<4xf32>
    %2 = "stablehlo.all_reduce"(%1) <{
      channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<0> : tensor<1x1xi64>
    }> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %3 = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %3 : tensor<f32>
    }) : (tensor<4xf32>) -> tensor<4xf32>
    return %2 : tensor<4xf32>
  }
}
"""
    x = np.arange(4, dtype=np.float32)
    np.testing.assert_array_equal(both(text, x)[0], x)
    two = text.replace("dense<0> : tensor<1x1xi64>", "dense<[[0, 1]]> : tensor<1x2xi64>")
    with pytest.raises(weft.WeftError, match="a program runs on one") as e:
        weft.compile(parse(two))
    assert e.value.code == "collective.devices" and e.value.diagnostics[0].loc.line


def test_channels_are_refused() -> None:
    text = """
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = stablehlo.create_token : !stablehlo.token
  %1 = "stablehlo.outfeed"(%x, %0) <{outfeed_config = ""}> : (tensor<4xf32>, !stablehlo.token) -> !stablehlo.token
  return %x : tensor<4xf32>
}
"""
    with pytest.raises(weft.WeftError, match="make what is sent a result") as e:
        weft.compile(parse(text))
    assert e.value.code == "channel.devices"


@pytest.mark.parametrize("extension", ["mlir", "mlirbc"])
def test_bytecode_and_vhlo_are_told_apart(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"model.{extension}"
    path.write_bytes(b"ML\xefR\r\x00")
    with pytest.raises(weft.WeftError, match="stablehlo-translate --deserialize") as e:
        weft.load(path)
    assert e.value.code == "mlir.bytecode"
    with pytest.raises(weft.WeftError) as vhlo:
        parse('func.func @main(%x: tensor<f32>) -> tensor<f32> { %0 = "vhlo.abs_v1"(%x) : (tensor<f32>) -> tensor<f32> }')
    assert vhlo.value.code == "mlir.vhlo"


def test_tuples_of_a_signature_are_its_parts() -> None:
    text = """
func.func @main(%t: tuple<tensor<2xf32>, tuple<tensor<i32>>>) -> tuple<tensor<2xf32>, tensor<i32>> {
  %0 = stablehlo.get_tuple_element %t[0] : (tuple<tensor<2xf32>, tuple<tensor<i32>>>) -> tensor<2xf32>
  %1 = stablehlo.get_tuple_element %t[1] : (tuple<tensor<2xf32>, tuple<tensor<i32>>>) -> tuple<tensor<i32>>
  %2 = stablehlo.get_tuple_element %1[0] : (tuple<tensor<i32>>) -> tensor<i32>
  %3 = stablehlo.add %0, %0 : tensor<2xf32>
  %4 = stablehlo.tuple %3, %2 : tuple<tensor<2xf32>, tensor<i32>>
  return %4 : tuple<tensor<2xf32>, tensor<i32>>
}
"""
    main = VM(threads=1).load(weft.compile(parse(text)))["main"]
    doubled, count = main(np.array([1, 2], np.float32), np.array(7, np.int32))
    np.testing.assert_array_equal(doubled, np.array([2, 4], np.float32))
    assert count == 7


def test_a_host_function_whose_result_has_another_shape_than_declared() -> None:
    n, u = '#weft.dims<"n", 4>', '#weft.dims<"n", "n">'
    text = f"""
func.func @main(%x: tensor<?x4xf32, {n}>) -> tensor<?x?xf32, {u}> {{
  %0:5 = stablehlo.custom_call @lapack_gesdd(%x) {{backend_config = "{{}}"}}
    : (tensor<?x4xf32, {n}>) -> (tensor<?x4xf32, {n}>, tensor<4xf32>, tensor<?x?xf32, {u}>, tensor<4x4xf32>, tensor<i32>)
  return %0#2 : tensor<?x?xf32, {u}>
}}
"""
    main = VM(threads=1).load(weft.compile(parse(text)))["main"]
    np.testing.assert_allclose(np.abs(main(np.eye(4, dtype=np.float32))), np.eye(4))
    with pytest.raises(weft.WeftError, match=r"(?s)run\.host.*gives \[5, 4\] where \[5, 5\] was declared"):
        main(np.eye(5, 4, dtype=np.float32))
