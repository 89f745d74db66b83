func.func @main(%x: tensor<2x3x5xf32>, %y: tensor<3x4x2xf32>) -> tensor<4x2xf32> {
  %0 = "stablehlo.einsum"(%x, %y) <{einsum_config = "bik,ijb->jb"}> : (tensor<2x3x5xf32>, tensor<3x4x2xf32>) -> tensor<4x2xf32>
  return %0 : tensor<4x2xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x3x5xf32>, %y: tensor<3x4x2xf32>) -> tensor<4x2xf32> {
    %0 = "stablehlo.einsum"(%x, %y) <{einsum_config = "bik,ijb->jb"}> : (tensor<2x3x5xf32>, tensor<3x4x2xf32>) -> tensor<4x2xf32>
    return %0 : tensor<4x2xf32>
  }
}
// -----
func.func @main(%x: tensor<2x3xf32>, %y: tensor<3x4xf32>) -> tensor<4xf32> {
  %0 = "stablehlo.einsum"(%x, %y) <{einsum_config = "ii,jk->k"}> : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
// error: einsum.C2
