func.func @main(%x: tensor<3xf32>) -> tensor<2x3xf32> {
  %r = stablehlo.broadcast_in_dim %x, dims = [1] : (tensor<3xf32>) -> tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<3xf32>) -> tensor<2x3xf32> {
    %r = stablehlo.broadcast_in_dim %x, dims = [1] : (tensor<3xf32>) -> tensor<2x3xf32>
    return %r : tensor<2x3xf32>
  }
}
// -----
// A scalar to the shape of another value with a named dim.
func.func @main(%x: tensor<f32>, %y: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"N", 3>> {
  %b = "stablehlo.broadcast_in_dim"(%x) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<?x3xf32, #weft.dims<"N", 3>>
  %r = stablehlo.add %b, %y : tensor<?x3xf32, #weft.dims<"N", 3>>
  return %r : tensor<?x3xf32, #weft.dims<"N", 3>>
}
// =>
module {
  func.func public @main(%x: tensor<f32>, %y: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"N", 3>> {
    %b = stablehlo.broadcast_in_dim %x, dims = [] : (tensor<f32>) -> tensor<?x3xf32, #weft.dims<"N", 3>>
    %r = stablehlo.add %b, %y : tensor<?x3xf32, #weft.dims<"N", 3>>
    return %r : tensor<?x3xf32, #weft.dims<"N", 3>>
  }
}
// -----
func.func @main(%x: tensor<1x3xi32>) -> tensor<2x3xi32> {
  %r = stablehlo.broadcast_in_dim %x, dims = [0, 1] : (tensor<1x3xi32>) -> tensor<2x3xi32>
  return %r : tensor<2x3xi32>
}
// =>
module {
  func.func public @main(%x: tensor<1x3xi32>) -> tensor<2x3xi32> {
    %r = stablehlo.broadcast_in_dim %x, dims = [0, 1] : (tensor<1x3xi32>) -> tensor<2x3xi32>
    return %r : tensor<2x3xi32>
  }
}
// -----
func.func @main(%x: tensor<3xf32>) -> tensor<2x3xi32> {
  %r = stablehlo.broadcast_in_dim %x, dims = [1] : (tensor<3xf32>) -> tensor<2x3xi32>
  return %r : tensor<2x3xi32>
}
// error: broadcast_in_dim.C1
// -----
func.func @main(%x: tensor<3xf32>) -> tensor<2x3xf32> {
  %r = stablehlo.broadcast_in_dim %x, dims = [0, 1] : (tensor<3xf32>) -> tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// error: broadcast_in_dim.C2
// -----
func.func @main(%x: tensor<3xf32>) -> tensor<2x3xf32> {
  %r = stablehlo.broadcast_in_dim %x, dims = [2] : (tensor<3xf32>) -> tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// error: broadcast_in_dim.C3
// -----
func.func @main(%x: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %r = stablehlo.broadcast_in_dim %x, dims = [1, 1] : (tensor<3x3xf32>) -> tensor<3x3xf32>
  return %r : tensor<3x3xf32>
}
// error: broadcast_in_dim.C4
// -----
func.func @main(%x: tensor<3xf32>) -> tensor<2x4xf32> {
  %r = stablehlo.broadcast_in_dim %x, dims = [1] : (tensor<3xf32>) -> tensor<2x4xf32>
  return %r : tensor<2x4xf32>
}
// error: broadcast_in_dim.C5
