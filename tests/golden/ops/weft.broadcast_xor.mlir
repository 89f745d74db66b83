func.func @main(%x: tensor<3x1xi1>, %y: tensor<4xi1>) -> tensor<3x4xi1> {
  %0 = chlo.broadcast_xor %x, %y : (tensor<3x1xi1>, tensor<4xi1>) -> tensor<3x4xi1>
  return %0 : tensor<3x4xi1>
}
// =>
module {
  func.func public @main(%x: tensor<3x1xi1>, %y: tensor<4xi1>) -> tensor<3x4xi1> {
    %0 = "weft.broadcast_xor"(%x, %y) : (tensor<3x1xi1>, tensor<4xi1>) -> tensor<3x4xi1>
    return %0 : tensor<3x4xi1>
  }
}
// -----
func.func @main(%x: tensor<3x4xi1>, %y: tensor<3xi1>) -> tensor<3x4xi1> {
  %0 = "chlo.broadcast_xor"(%x, %y) <{broadcast_dimensions = array<i64: 0>}> : (tensor<3x4xi1>, tensor<3xi1>) -> tensor<3x4xi1>
  return %0 : tensor<3x4xi1>
}
// =>
module {
  func.func public @main(%x: tensor<3x4xi1>, %y: tensor<3xi1>) -> tensor<3x4xi1> {
    %0 = "weft.broadcast_xor"(%x, %y) <{broadcast_dimensions = array<i64: 0>}> : (tensor<3x4xi1>, tensor<3xi1>) -> tensor<3x4xi1>
    return %0 : tensor<3x4xi1>
  }
}
// -----
func.func @main(%x: tensor<3xi1>, %y: tensor<4xi1>) -> tensor<4xi1> {
  %0 = chlo.broadcast_xor %x, %y : (tensor<3xi1>, tensor<4xi1>) -> tensor<4xi1>
  return %0 : tensor<4xi1>
}
// error: broadcast.dims
