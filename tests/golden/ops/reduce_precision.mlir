func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = stablehlo.reduce_precision %x, format = e5m10 : tensor<4xf32>
  return %r : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %r = stablehlo.reduce_precision %x, format = e5m10 : tensor<4xf32>
    return %r : tensor<4xf32>
  }
}
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = "stablehlo.reduce_precision"(%x) <{exponent_bits = 8 : i32, mantissa_bits = 0 : i32}> : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %r = stablehlo.reduce_precision %x, format = e8m0 : tensor<4xf32>
    return %r : tensor<4xf32>
  }
}
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = stablehlo.reduce_precision %x, format = e0m10 : tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: reduce_precision.C2
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = "stablehlo.reduce_precision"(%x) <{exponent_bits = 8 : i32, mantissa_bits = -1 : i32}> : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: reduce_precision.C3
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf16> {
  %r = "stablehlo.reduce_precision"(%x) <{exponent_bits = 5 : i32, mantissa_bits = 10 : i32}> : (tensor<4xf32>) -> tensor<4xf16>
  return %r : tensor<4xf16>
}
// error: mlir.type
