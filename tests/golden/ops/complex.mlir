func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xcomplex<f32>> {
  %r = stablehlo.complex %x, %y : tensor<4xcomplex<f32>>
  return %r : tensor<4xcomplex<f32>>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xcomplex<f32>> {
    %r = stablehlo.complex %x, %y : tensor<4xcomplex<f32>>
    return %r : tensor<4xcomplex<f32>>
  }
}
// -----
func.func @main(%x: tensor<4xi32>, %y: tensor<4xi32>) -> tensor<4xcomplex<f32>> {
  %r = "stablehlo.complex"(%x, %y) : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xcomplex<f32>>
  return %r : tensor<4xcomplex<f32>>
}
// error: complex.I1
// -----
func.func @main(%x: tensor<4xf32>, %y: tensor<4xf64>) -> tensor<4xcomplex<f32>> {
  %r = "stablehlo.complex"(%x, %y) : (tensor<4xf32>, tensor<4xf64>) -> tensor<4xcomplex<f32>>
  return %r : tensor<4xcomplex<f32>>
}
// error: complex.C1
// -----
func.func @main(%x: tensor<4xf32>, %y: tensor<4xi32>) -> tensor<4xcomplex<f32>> {
  %r = "stablehlo.complex"(%x, %y) : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xcomplex<f32>>
  return %r : tensor<4xcomplex<f32>>
}
// error: complex.I2
// -----
func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<5xcomplex<f32>> {
  %r = "stablehlo.complex"(%x, %y) : (tensor<4xf32>, tensor<4xf32>) -> tensor<5xcomplex<f32>>
  return %r : tensor<5xcomplex<f32>>
}
// error: mlir.type
// -----
func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xcomplex<f64>> {
  %r = "stablehlo.complex"(%x, %y) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xcomplex<f64>>
  return %r : tensor<4xcomplex<f64>>
}
// error: mlir.type
