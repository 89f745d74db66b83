func.func @main(%x: tensor<4xcomplex<f64>>) -> tensor<4xf64> {
  %r = stablehlo.imag %x : (tensor<4xcomplex<f64>>) -> tensor<4xf64>
  return %r : tensor<4xf64>
}
// =>
module {
  func.func public @main(%x: tensor<4xcomplex<f64>>) -> tensor<4xf64> {
    %r = stablehlo.imag %x : (tensor<4xcomplex<f64>>) -> tensor<4xf64>
    return %r : tensor<4xf64>
  }
}
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = "stablehlo.imag"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %r = stablehlo.imag %x : (tensor<4xf32>) -> tensor<4xf32>
    return %r : tensor<4xf32>
  }
}
// -----
func.func @main(%x: tensor<4xi32>) -> tensor<4xi32> {
  %r = "stablehlo.imag"(%x) : (tensor<4xi32>) -> tensor<4xi32>
  return %r : tensor<4xi32>
}
// error: imag.I1
// -----
func.func @main(%x: tensor<4xcomplex<f64>>) -> tensor<4xf32> {
  %r = stablehlo.imag %x : (tensor<4xcomplex<f64>>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: mlir.type
