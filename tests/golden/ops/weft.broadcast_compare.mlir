func.func @main(%x: tensor<3x1xf32>, %y: tensor<4xf32>) -> tensor<3x4xi1> {
  %0 = chlo.broadcast_compare %x, %y {comparison_direction = #chlo<comparison_direction LT>} : (tensor<3x1xf32>, tensor<4xf32>) -> tensor<3x4xi1>
  return %0 : tensor<3x4xi1>
}
// =>
module {
  func.func public @main(%x: tensor<3x1xf32>, %y: tensor<4xf32>) -> tensor<3x4xi1> {
    %0 = "weft.broadcast_compare"(%x, %y) <{comparison_direction = "LT"}> : (tensor<3x1xf32>, tensor<4xf32>) -> tensor<3x4xi1>
    return %0 : tensor<3x4xi1>
  }
}
