func.func @main(%x: tensor<2x3x4xf32>) -> tensor<4x2x3xf32> {
  %r = stablehlo.transpose %x, dims = [2, 0, 1] : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  return %r : tensor<4x2x3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x3x4xf32>) -> tensor<4x2x3xf32> {
    %r = stablehlo.transpose %x, dims = [2, 0, 1] : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
    return %r : tensor<4x2x3xf32>
  }
}
// -----
func.func @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<3x?xf32, #weft.dims<3, "N">> {
  %r = stablehlo.transpose %x, dims = [1, 0] : (tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<3x?xf32, #weft.dims<3, "N">>
  return %r : tensor<3x?xf32, #weft.dims<3, "N">>
}
// =>
module {
  func.func public @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<3x?xf32, #weft.dims<3, "N">> {
    %r = stablehlo.transpose %x, dims = [1, 0] : (tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<3x?xf32, #weft.dims<3, "N">>
    return %r : tensor<3x?xf32, #weft.dims<3, "N">>
  }
}
// -----
func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %r = stablehlo.transpose %x, dims = [0, 0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// error: transpose.C2
// -----
func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %r = stablehlo.transpose %x, dims = [0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// error: transpose.C2
// -----
func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %r = stablehlo.transpose %x, dims = [1, 0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// error: mlir.type
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf64> {
  %r = "stablehlo.transpose"(%x) <{permutation = array<i64: 0>}> : (tensor<4xf32>) -> tensor<4xf64>
  return %r : tensor<4xf64>
}
// error: mlir.type
