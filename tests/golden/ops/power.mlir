func.func @main(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %r = stablehlo.power %x, %y : tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
    %r = stablehlo.power %x, %y : tensor<2x3xf32>
    return %r : tensor<2x3xf32>
  }
}
// -----
func.func @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>, %y: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"N", 3>> {
  %r = "stablehlo.power"(%x, %y) : (tensor<?x3xf32, #weft.dims<"N", 3>>, tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"N", 3>>
  return %r : tensor<?x3xf32, #weft.dims<"N", 3>>
}
// =>
module {
  func.func public @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>, %y: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"N", 3>> {
    %r = stablehlo.power %x, %y : tensor<?x3xf32, #weft.dims<"N", 3>>
    return %r : tensor<?x3xf32, #weft.dims<"N", 3>>
  }
}
// -----
func.func @main(%x: tensor<4xi32>, %y: tensor<4xi32>) -> tensor<4xi32> {
  %r = "stablehlo.power"(%x, %y) : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  return %r : tensor<4xi32>
}
// =>
module {
  func.func public @main(%x: tensor<4xi32>, %y: tensor<4xi32>) -> tensor<4xi32> {
    %r = stablehlo.power %x, %y : tensor<4xi32>
    return %r : tensor<4xi32>
  }
}
// -----
func.func @main(%x: tensor<4xcomplex<f32>>, %y: tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>> {
  %r = "stablehlo.power"(%x, %y) : (tensor<4xcomplex<f32>>, tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>>
  return %r : tensor<4xcomplex<f32>>
}
// =>
module {
  func.func public @main(%x: tensor<4xcomplex<f32>>, %y: tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>> {
    %r = stablehlo.power %x, %y : tensor<4xcomplex<f32>>
    return %r : tensor<4xcomplex<f32>>
  }
}
// -----
func.func @main(%x: tensor<i1>, %y: tensor<i1>) -> tensor<i1> {
  %r = stablehlo.power %x, %y : tensor<i1>
  return %r : tensor<i1>
}
// error: power.I1
// -----
func.func @main(%x: tensor<4xf32>, %y: tensor<5xf32>) -> tensor<4xf32> {
  %r = "stablehlo.power"(%x, %y) : (tensor<4xf32>, tensor<5xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: power.C1
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<5xf32> {
  %r = "stablehlo.power"(%x, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<5xf32>
  return %r : tensor<5xf32>
}
// error: mlir.type
// -----
func.func @main(%x: tensor<4xf32>, %y: tensor<4xi1>) -> tensor<4xf32> {
  %r = "stablehlo.power"(%x, %y) : (tensor<4xf32>, tensor<4xi1>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: power.I2
