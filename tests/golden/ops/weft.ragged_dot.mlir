func.func @main(%x: tensor<5x3xf32>, %w: tensor<2x3x4xf32>, %n: tensor<2xi32>) -> tensor<5x4xf32> {
  %0 = "chlo.ragged_dot"(%x, %w, %n) : (tensor<5x3xf32>, tensor<2x3x4xf32>, tensor<2xi32>) -> tensor<5x4xf32>
  return %0 : tensor<5x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<5x3xf32>, %w: tensor<2x3x4xf32>, %n: tensor<2xi32>) -> tensor<5x4xf32> {
    %0 = "weft.ragged_dot"(%x, %w, %n) : (tensor<5x3xf32>, tensor<2x3x4xf32>, tensor<2xi32>) -> tensor<5x4xf32>
    return %0 : tensor<5x4xf32>
  }
}
// -----
func.func @main(%x: tensor<5x3xf32>, %w: tensor<2x2x4xf32>, %n: tensor<2xi32>) -> tensor<5x4xf32> {
  %0 = "chlo.ragged_dot"(%x, %w, %n) : (tensor<5x3xf32>, tensor<2x2x4xf32>, tensor<2xi32>) -> tensor<5x4xf32>
  return %0 : tensor<5x4xf32>
}
// error: weft.ragged_dot.C2
