func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = "weft.stop_gradient"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = "weft.stop_gradient"(%x) : (tensor<4xf32>) -> tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}
// -----
// RUN: canonicalize
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = "weft.stop_gradient"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}
