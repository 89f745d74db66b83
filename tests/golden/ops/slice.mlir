func.func @main(%x: tensor<4x6xf32>) -> tensor<2x3xf32> {
  %r = stablehlo.slice %x [1:3, 0:6:2] : (tensor<4x6xf32>) -> tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4x6xf32>) -> tensor<2x3xf32> {
    %r = stablehlo.slice %x [1:3, 0:6:2] : (tensor<4x6xf32>) -> tensor<2x3xf32>
    return %r : tensor<2x3xf32>
  }
}
// -----
// All but the first of a named dim: attributes may hold dims.
func.func @main(%x: tensor<?x3xf32, #weft.dims<"N[1:]", 3>>) -> tensor<?x3xf32, #weft.dims<"N[1:] - 1", 3>> {
  %r = "stablehlo.slice"(%x) <{limit_indices = [#weft.dim<"N[1:]">, 3 : i64], start_indices = array<i64: 1, 0>, strides = array<i64: 1, 1>}> : (tensor<?x3xf32, #weft.dims<"N[1:]", 3>>) -> tensor<?x3xf32, #weft.dims<"N[1:] - 1", 3>>
  return %r : tensor<?x3xf32, #weft.dims<"N[1:] - 1", 3>>
}
// =>
module {
  func.func public @main(%x: tensor<?x3xf32, #weft.dims<"N[1:]", 3>>) -> tensor<?x3xf32, #weft.dims<"N[1:] - 1", 3>> {
    %r = "stablehlo.slice"(%x) <{limit_indices = [#weft.dim<"N[1:]">, 3 : i64], start_indices = array<i64: 1, 0>, strides = array<i64: 1, 1>}> : (tensor<?x3xf32, #weft.dims<"N[1:]", 3>>) -> tensor<?x3xf32, #weft.dims<"N[1:] - 1", 3>>
    return %r : tensor<?x3xf32, #weft.dims<"N[1:] - 1", 3>>
  }
}
// -----
func.func @main(%x: tensor<4x6xf32>) -> tensor<2xf32> {
  %r = stablehlo.slice %x [1:3] : (tensor<4x6xf32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: slice.C2
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<2xf32> {
  %r = stablehlo.slice %x [-1:3] : (tensor<4xf32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: slice.C3
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<2xf32> {
  %r = stablehlo.slice %x [3:2] : (tensor<4xf32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: slice.C3
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<2xf32> {
  %r = stablehlo.slice %x [0:5] : (tensor<4xf32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: slice.C3
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<2xf32> {
  %r = stablehlo.slice %x [0:4:0] : (tensor<4xf32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: slice.C4
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<3xf32> {
  %r = stablehlo.slice %x [0:2] : (tensor<4xf32>) -> tensor<3xf32>
  return %r : tensor<3xf32>
}
// error: mlir.type
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<2xf64> {
  %r = stablehlo.slice %x [0:2] : (tensor<4xf32>) -> tensor<2xf64>
  return %r : tensor<2xf64>
}
// error: mlir.type
