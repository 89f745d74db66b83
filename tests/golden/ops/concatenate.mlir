func.func @main(%x0: tensor<2x3xf32>, %x1: tensor<4x3xf32>) -> tensor<6x3xf32> {
  %r = stablehlo.concatenate %x0, %x1, dim = 0 : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<6x3xf32>
  return %r : tensor<6x3xf32>
}
// =>
module {
  func.func public @main(%x0: tensor<2x3xf32>, %x1: tensor<4x3xf32>) -> tensor<6x3xf32> {
    %r = stablehlo.concatenate %x0, %x1, dim = 0 : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<6x3xf32>
    return %r : tensor<6x3xf32>
  }
}
// -----
func.func @main(%x0: tensor<?x3xf32, #weft.dims<"N", 3>>, %x1: tensor<2x3xf32>, %x2: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"2*N + 2", 3>> {
  %r = stablehlo.concatenate %x0, %x1, %x2, dim = 0 : (tensor<?x3xf32, #weft.dims<"N", 3>>, tensor<2x3xf32>, tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"2*N + 2", 3>>
  return %r : tensor<?x3xf32, #weft.dims<"2*N + 2", 3>>
}
// =>
module {
  func.func public @main(%x0: tensor<?x3xf32, #weft.dims<"N", 3>>, %x1: tensor<2x3xf32>, %x2: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"2*N + 2", 3>> {
    %r = stablehlo.concatenate %x0, %x1, %x2, dim = 0 : (tensor<?x3xf32, #weft.dims<"N", 3>>, tensor<2x3xf32>, tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"2*N + 2", 3>>
    return %r : tensor<?x3xf32, #weft.dims<"2*N + 2", 3>>
  }
}
// -----
func.func @main(%x0: tensor<2x3xf32>, %x1: tensor<4x3xf64>) -> tensor<6x3xf32> {
  %r = stablehlo.concatenate %x0, %x1, dim = 0 : (tensor<2x3xf32>, tensor<4x3xf64>) -> tensor<6x3xf32>
  return %r : tensor<6x3xf32>
}
// error: concatenate.C1
// -----
func.func @main(%x0: tensor<2x3xf32>, %x1: tensor<4x2xf32>) -> tensor<6x3xf32> {
  %r = stablehlo.concatenate %x0, %x1, dim = 0 : (tensor<2x3xf32>, tensor<4x2xf32>) -> tensor<6x3xf32>
  return %r : tensor<6x3xf32>
}
// error: concatenate.C2
// -----
func.func @main(%x0: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %r = stablehlo.concatenate %x0, dim = 2 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// error: concatenate.C4
// -----
func.func @main(%x0: tensor<2x3xf32>) -> tensor<3x3xf32> {
  %r = stablehlo.concatenate %x0, dim = 0 : (tensor<2x3xf32>) -> tensor<3x3xf32>
  return %r : tensor<3x3xf32>
}
// error: mlir.type
// -----
func.func @main() -> tensor<2xf32> {
  %r = "stablehlo.concatenate"() <{dimension = 0 : i64}> : () -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: concatenate.C3
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf64> {
  %r = "stablehlo.concatenate"(%x) <{dimension = 0 : i64}> : (tensor<4xf32>) -> tensor<4xf64>
  return %r : tensor<4xf64>
}
// error: mlir.type
