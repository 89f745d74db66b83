func.func @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<2x3x3x16xf32>) -> tensor<1x2x3x3x16xf32> {
  %r = "weft.depthwise"(%x, %w) <{padding = [array<i64: 1, 1>, array<i64: 1, 1>], strides = array<i64: 2, 2>}> : (tensor<1x2x5x5x16xf32>, tensor<2x3x3x16xf32>) -> tensor<1x2x3x3x16xf32>
  return %r : tensor<1x2x3x3x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<2x3x3x16xf32>) -> tensor<1x2x3x3x16xf32> {
    %r = "weft.depthwise"(%x, %w) <{padding = [array<i64: 1, 1>, array<i64: 1, 1>], strides = array<i64: 2, 2>}> : (tensor<1x2x5x5x16xf32>, tensor<2x3x3x16xf32>) -> tensor<1x2x3x3x16xf32>
    return %r : tensor<1x2x3x3x16xf32>
  }
}
// -----
func.func @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<2x3x3x16xf64>) -> tensor<1x2x3x3x16xf32> {
  %r = "weft.depthwise"(%x, %w) : (tensor<1x2x5x5x16xf32>, tensor<2x3x3x16xf64>) -> tensor<1x2x3x3x16xf32>
  return %r : tensor<1x2x3x3x16xf32>
}
// error: weft.depthwise.C1
// -----
func.func @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<3x3x3x16xf32>) -> tensor<1x2x3x3x16xf32> {
  %r = "weft.depthwise"(%x, %w) : (tensor<1x2x5x5x16xf32>, tensor<3x3x3x16xf32>) -> tensor<1x2x3x3x16xf32>
  return %r : tensor<1x2x3x3x16xf32>
}
// error: weft.depthwise.C2
// -----
func.func @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<2x3x3x16xf32>) -> tensor<1x2x3x3x16xf32> {
  %r = "weft.depthwise"(%x, %w) <{strides = array<i64: 0, 1>}> : (tensor<1x2x5x5x16xf32>, tensor<2x3x3x16xf32>) -> tensor<1x2x3x3x16xf32>
  return %r : tensor<1x2x3x3x16xf32>
}
// error: weft.depthwise.C3
