func.func @main(%x: tensor<3x1xi32>, %y: tensor<4xi32>) -> tensor<3x4xi32> {
  %0 = chlo.broadcast_shift_right_arithmetic %x, %y : (tensor<3x1xi32>, tensor<4xi32>) -> tensor<3x4xi32>
  return %0 : tensor<3x4xi32>
}
// =>
module {
  func.func public @main(%x: tensor<3x1xi32>, %y: tensor<4xi32>) -> tensor<3x4xi32> {
    %0 = "weft.broadcast_shift_right_arithmetic"(%x, %y) : (tensor<3x1xi32>, tensor<4xi32>) -> tensor<3x4xi32>
    return %0 : tensor<3x4xi32>
  }
}
// -----
func.func @main(%x: tensor<3x4xi32>, %y: tensor<3xi32>) -> tensor<3x4xi32> {
  %0 = "chlo.broadcast_shift_right_arithmetic"(%x, %y) <{broadcast_dimensions = array<i64: 0>}> : (tensor<3x4xi32>, tensor<3xi32>) -> tensor<3x4xi32>
  return %0 : tensor<3x4xi32>
}
// =>
module {
  func.func public @main(%x: tensor<3x4xi32>, %y: tensor<3xi32>) -> tensor<3x4xi32> {
    %0 = "weft.broadcast_shift_right_arithmetic"(%x, %y) <{broadcast_dimensions = array<i64: 0>}> : (tensor<3x4xi32>, tensor<3xi32>) -> tensor<3x4xi32>
    return %0 : tensor<3x4xi32>
  }
}
// -----
func.func @main(%x: tensor<3xi32>, %y: tensor<4xi32>) -> tensor<4xi32> {
  %0 = chlo.broadcast_shift_right_arithmetic %x, %y : (tensor<3xi32>, tensor<4xi32>) -> tensor<4xi32>
  return %0 : tensor<4xi32>
}
// error: broadcast.dims
