func.func @main(%x: tensor<4xf32>) -> tensor<4xi1> {
  %r = stablehlo.is_finite %x : (tensor<4xf32>) -> tensor<4xi1>
  return %r : tensor<4xi1>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xi1> {
    %r = stablehlo.is_finite %x : (tensor<4xf32>) -> tensor<4xi1>
    return %r : tensor<4xi1>
  }
}
// -----
func.func @main(%x: tensor<4xi32>) -> tensor<4xi1> {
  %r = stablehlo.is_finite %x : (tensor<4xi32>) -> tensor<4xi1>
  return %r : tensor<4xi1>
}
// error: is_finite.I1
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<5xi1> {
  %r = "stablehlo.is_finite"(%x) : (tensor<4xf32>) -> tensor<5xi1>
  return %r : tensor<5xi1>
}
// error: mlir.type
