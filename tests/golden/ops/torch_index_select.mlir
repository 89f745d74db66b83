func.func @main(%x: tensor<2x5x3xf32>, %i: tensor<2x4xi32>) -> tensor<2x5x4xf32> {
  %0 = "stablehlo.torch_index_select"(%x, %i) <{batch_dims = 1 : i64, dim = 2 : i64}> : (tensor<2x5x3xf32>, tensor<2x4xi32>) -> tensor<2x5x4xf32>
  return %0 : tensor<2x5x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x5x3xf32>, %i: tensor<2x4xi32>) -> tensor<2x5x4xf32> {
    %0 = "stablehlo.torch_index_select"(%x, %i) <{batch_dims = 1 : i64, dim = 2 : i64}> : (tensor<2x5x3xf32>, tensor<2x4xi32>) -> tensor<2x5x4xf32>
    return %0 : tensor<2x5x4xf32>
  }
}
// -----
func.func @main(%x: tensor<2x5xf32>, %i: tensor<4xf32>) -> tensor<4x5xf32> {
  %0 = "stablehlo.torch_index_select"(%x, %i) <{batch_dims = 0 : i64, dim = 0 : i64}> : (tensor<2x5xf32>, tensor<4xf32>) -> tensor<4x5xf32>
  return %0 : tensor<4x5xf32>
}
// error: torch_index_select.I2
