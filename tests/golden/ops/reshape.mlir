func.func @main(%x: tensor<2x6xf32>) -> tensor<3x4xf32> {
  %r = stablehlo.reshape %x : (tensor<2x6xf32>) -> tensor<3x4xf32>
  return %r : tensor<3x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x6xf32>) -> tensor<3x4xf32> {
    %r = stablehlo.reshape %x : (tensor<2x6xf32>) -> tensor<3x4xf32>
    return %r : tensor<3x4xf32>
  }
}
// -----
func.func @main(%x: tensor<?x6xf32, #weft.dims<"N", 6>>) -> tensor<?xf32, #weft.dims<"6*N">> {
  %r = stablehlo.reshape %x : (tensor<?x6xf32, #weft.dims<"N", 6>>) -> tensor<?xf32, #weft.dims<"6*N">>
  return %r : tensor<?xf32, #weft.dims<"6*N">>
}
// =>
module {
  func.func public @main(%x: tensor<?x6xf32, #weft.dims<"N", 6>>) -> tensor<?xf32, #weft.dims<"6*N">> {
    %r = stablehlo.reshape %x : (tensor<?x6xf32, #weft.dims<"N", 6>>) -> tensor<?xf32, #weft.dims<"6*N">>
    return %r : tensor<?xf32, #weft.dims<"6*N">>
  }
}
// -----
func.func @main(%x: tensor<1xi1>) -> tensor<i1> {
  %r = stablehlo.reshape %x : (tensor<1xi1>) -> tensor<i1>
  return %r : tensor<i1>
}
// =>
module {
  func.func public @main(%x: tensor<1xi1>) -> tensor<i1> {
    %r = stablehlo.reshape %x : (tensor<1xi1>) -> tensor<i1>
    return %r : tensor<i1>
  }
}
// -----
func.func @main(%x: tensor<2x6xf32>) -> tensor<3x4xf64> {
  %r = stablehlo.reshape %x : (tensor<2x6xf32>) -> tensor<3x4xf64>
  return %r : tensor<3x4xf64>
}
// error: reshape.C1
// -----
func.func @main(%x: tensor<2x6xf32>) -> tensor<3x5xf32> {
  %r = stablehlo.reshape %x : (tensor<2x6xf32>) -> tensor<3x5xf32>
  return %r : tensor<3x5xf32>
}
// error: reshape.C2
