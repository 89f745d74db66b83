func.func @main(%p: tensor<i1>, %x: tensor<3x1xf32>, %y: tensor<4xf32>) -> tensor<3x4xf32> {
  %0 = chlo.broadcast_select %p, %x, %y : (tensor<i1>, tensor<3x1xf32>, tensor<4xf32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}
// =>
module {
  func.func public @main(%p: tensor<i1>, %x: tensor<3x1xf32>, %y: tensor<4xf32>) -> tensor<3x4xf32> {
    %0 = "weft.broadcast_select"(%p, %x, %y) : (tensor<i1>, tensor<3x1xf32>, tensor<4xf32>) -> tensor<3x4xf32>
    return %0 : tensor<3x4xf32>
  }
}
// -----
func.func @main(%p: tensor<i1>, %x: tensor<3xf32>, %y: tensor<3xi32>) -> tensor<3xf32> {
  %0 = chlo.broadcast_select %p, %x, %y : (tensor<i1>, tensor<3xf32>, tensor<3xi32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
// error: weft.broadcast_select.C1
