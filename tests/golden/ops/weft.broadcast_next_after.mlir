func.func @main(%x: tensor<3x1xf32>, %y: tensor<4xf32>) -> tensor<3x4xf32> {
  %0 = chlo.broadcast_next_after %x, %y : (tensor<3x1xf32>, tensor<4xf32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<3x1xf32>, %y: tensor<4xf32>) -> tensor<3x4xf32> {
    %0 = "weft.broadcast_next_after"(%x, %y) : (tensor<3x1xf32>, tensor<4xf32>) -> tensor<3x4xf32>
    return %0 : tensor<3x4xf32>
  }
}
// -----
func.func @main(%x: tensor<3x4xf32>, %y: tensor<3xf32>) -> tensor<3x4xf32> {
  %0 = "chlo.broadcast_next_after"(%x, %y) <{broadcast_dimensions = array<i64: 0>}> : (tensor<3x4xf32>, tensor<3xf32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<3x4xf32>, %y: tensor<3xf32>) -> tensor<3x4xf32> {
    %0 = "weft.broadcast_next_after"(%x, %y) <{broadcast_dimensions = array<i64: 0>}> : (tensor<3x4xf32>, tensor<3xf32>) -> tensor<3x4xf32>
    return %0 : tensor<3x4xf32>
  }
}
// -----
func.func @main(%x: tensor<3xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %0 = chlo.broadcast_next_after %x, %y : (tensor<3xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
// error: broadcast.dims
