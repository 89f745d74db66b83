func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %r = stablehlo.floor %x : tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
    %r = stablehlo.floor %x : tensor<2x3xf32>
    return %r : tensor<2x3xf32>
  }
}
// -----
func.func @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"N", 3>> {
  %r = "stablehlo.floor"(%x) : (tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"N", 3>>
  return %r : tensor<?x3xf32, #weft.dims<"N", 3>>
}
// =>
module {
  func.func public @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"N", 3>> {
    %r = stablehlo.floor %x : tensor<?x3xf32, #weft.dims<"N", 3>>
    return %r : tensor<?x3xf32, #weft.dims<"N", 3>>
  }
}
// -----
func.func @main(%x: tensor<4xf64>) -> tensor<4xf64> {
  %r = "stablehlo.floor"(%x) : (tensor<4xf64>) -> tensor<4xf64>
  return %r : tensor<4xf64>
}
// =>
module {
  func.func public @main(%x: tensor<4xf64>) -> tensor<4xf64> {
    %r = stablehlo.floor %x : tensor<4xf64>
    return %r : tensor<4xf64>
  }
}
// -----
func.func @main(%x: tensor<4xbf16>) -> tensor<4xbf16> {
  %r = "stablehlo.floor"(%x) : (tensor<4xbf16>) -> tensor<4xbf16>
  return %r : tensor<4xbf16>
}
// =>
module {
  func.func public @main(%x: tensor<4xbf16>) -> tensor<4xbf16> {
    %r = stablehlo.floor %x : tensor<4xbf16>
    return %r : tensor<4xbf16>
  }
}
// -----
func.func @main(%x: tensor<i32>) -> tensor<i32> {
  %r = stablehlo.floor %x : tensor<i32>
  return %r : tensor<i32>
}
// error: floor.I1
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<5xf32> {
  %r = "stablehlo.floor"(%x) : (tensor<4xf32>) -> tensor<5xf32>
  return %r : tensor<5xf32>
}
// error: mlir.type
