func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %r = stablehlo.tan %x : tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
    %r = stablehlo.tan %x : tensor<2x3xf32>
    return %r : tensor<2x3xf32>
  }
}
// -----
func.func @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"N", 3>> {
  %r = "stablehlo.tan"(%x) : (tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"N", 3>>
  return %r : tensor<?x3xf32, #weft.dims<"N", 3>>
}
// =>
module {
  func.func public @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"N", 3>> {
    %r = stablehlo.tan %x : tensor<?x3xf32, #weft.dims<"N", 3>>
    return %r : tensor<?x3xf32, #weft.dims<"N", 3>>
  }
}
// -----
func.func @main(%x: tensor<4xf64>) -> tensor<4xf64> {
  %r = "stablehlo.tan"(%x) : (tensor<4xf64>) -> tensor<4xf64>
  return %r : tensor<4xf64>
}
// =>
module {
  func.func public @main(%x: tensor<4xf64>) -> tensor<4xf64> {
    %r = stablehlo.tan %x : tensor<4xf64>
    return %r : tensor<4xf64>
  }
}
// -----
func.func @main(%x: tensor<4xf16>) -> tensor<4xf16> {
  %r = "stablehlo.tan"(%x) : (tensor<4xf16>) -> tensor<4xf16>
  return %r : tensor<4xf16>
}
// =>
module {
  func.func public @main(%x: tensor<4xf16>) -> tensor<4xf16> {
    %r = stablehlo.tan %x : tensor<4xf16>
    return %r : tensor<4xf16>
  }
}
// -----
func.func @main(%x: tensor<4xcomplex<f64>>) -> tensor<4xcomplex<f64>> {
  %r = "stablehlo.tan"(%x) : (tensor<4xcomplex<f64>>) -> tensor<4xcomplex<f64>>
  return %r : tensor<4xcomplex<f64>>
}
// =>
module {
  func.func public @main(%x: tensor<4xcomplex<f64>>) -> tensor<4xcomplex<f64>> {
    %r = stablehlo.tan %x : tensor<4xcomplex<f64>>
    return %r : tensor<4xcomplex<f64>>
  }
}
// -----
func.func @main(%x: tensor<i32>) -> tensor<i32> {
  %r = stablehlo.tan %x : tensor<i32>
  return %r : tensor<i32>
}
// error: tan.I1
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<5xf32> {
  %r = "stablehlo.tan"(%x) : (tensor<4xf32>) -> tensor<5xf32>
  return %r : tensor<5xf32>
}
// error: mlir.type
