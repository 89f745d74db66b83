func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %r = stablehlo.abs %x : tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
    %r = stablehlo.abs %x : tensor<2x3xf32>
    return %r : tensor<2x3xf32>
  }
}
// -----
func.func @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"N", 3>> {
  %r = "stablehlo.abs"(%x) : (tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"N", 3>>
  return %r : tensor<?x3xf32, #weft.dims<"N", 3>>
}
// =>
module {
  func.func public @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"N", 3>> {
    %r = stablehlo.abs %x : tensor<?x3xf32, #weft.dims<"N", 3>>
    return %r : tensor<?x3xf32, #weft.dims<"N", 3>>
  }
}
// -----
func.func @main(%x: tensor<4xi32>) -> tensor<4xi32> {
  %r = "stablehlo.abs"(%x) : (tensor<4xi32>) -> tensor<4xi32>
  return %r : tensor<4xi32>
}
// =>
module {
  func.func public @main(%x: tensor<4xi32>) -> tensor<4xi32> {
    %r = stablehlo.abs %x : tensor<4xi32>
    return %r : tensor<4xi32>
  }
}
// -----
func.func @main(%x: tensor<ui8>) -> tensor<ui8> {
  %r = stablehlo.abs %x : tensor<ui8>
  return %r : tensor<ui8>
}
// error: abs.I1
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<5xf32> {
  %r = "stablehlo.abs"(%x) : (tensor<4xf32>) -> tensor<5xf32>
  return %r : tensor<5xf32>
}
// error: mlir.type
// -----
func.func @main(%x: tensor<4xcomplex<f32>>) -> tensor<4xf32> {
  %r = stablehlo.abs %x : (tensor<4xcomplex<f32>>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xcomplex<f32>>) -> tensor<4xf32> {
    %r = stablehlo.abs %x : (tensor<4xcomplex<f32>>) -> tensor<4xf32>
    return %r : tensor<4xf32>
  }
}
