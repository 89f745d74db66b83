func.func @main(%x: tensor<3x1xf32>, %y: tensor<4xf32>) -> tensor<3x4xcomplex<f32>> {
  %0 = chlo.broadcast_complex %x, %y : (tensor<3x1xf32>, tensor<4xf32>) -> tensor<3x4xcomplex<f32>>
  return %0 : tensor<3x4xcomplex<f32>>
}
// =>
module {
  func.func public @main(%x: tensor<3x1xf32>, %y: tensor<4xf32>) -> tensor<3x4xcomplex<f32>> {
    %0 = "weft.broadcast_complex"(%x, %y) : (tensor<3x1xf32>, tensor<4xf32>) -> tensor<3x4xcomplex<f32>>
    return %0 : tensor<3x4xcomplex<f32>>
  }
}
