func.func @main(%w: tensor<3x2x3x3x16x16xf32>) -> tensor<3x6x6x2x16x16xf32> {
  %r = "weft.winograd_weights"(%w) <{m = 4 : i64}> : (tensor<3x2x3x3x16x16xf32>) -> tensor<3x6x6x2x16x16xf32>
  return %r : tensor<3x6x6x2x16x16xf32>
}
// =>
module {
  func.func public @main(%w: tensor<3x2x3x3x16x16xf32>) -> tensor<3x6x6x2x16x16xf32> {
    %r = "weft.winograd_weights"(%w) <{m = 4 : i64}> : (tensor<3x2x3x3x16x16xf32>) -> tensor<3x6x6x2x16x16xf32>
    return %r : tensor<3x6x6x2x16x16xf32>
  }
}
// -----
func.func @main(%w: tensor<1x2x3x3x16x16xf32>) -> tensor<1x3x3x2x16x16xf32> {
  %r = "weft.winograd_weights"(%w) <{m = 1 : i64}> : (tensor<1x2x3x3x16x16xf32>) -> tensor<1x3x3x2x16x16xf32>
  return %r : tensor<1x3x3x2x16x16xf32>
}
// error: weft.winograd_weights.C1
// -----
func.func @main(%w: tensor<1x2x5x5x16x16xf32>) -> tensor<1x4x4x2x16x16xf32> {
  %r = "weft.winograd_weights"(%w) <{m = 2 : i64}> : (tensor<1x2x5x5x16x16xf32>) -> tensor<1x4x4x2x16x16xf32>
  return %r : tensor<1x4x4x2x16x16xf32>
}
// error: weft.winograd_weights.C2
