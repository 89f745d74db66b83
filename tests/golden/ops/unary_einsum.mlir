func.func @main(%x: tensor<2x3x5xf32>) -> tensor<5x2xf32> {
  %0 = "stablehlo.unary_einsum"(%x) <{einsum_config = "abc->ca"}> : (tensor<2x3x5xf32>) -> tensor<5x2xf32>
  return %0 : tensor<5x2xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x3x5xf32>) -> tensor<5x2xf32> {
    %0 = "stablehlo.unary_einsum"(%x) <{einsum_config = "abc->ca"}> : (tensor<2x3x5xf32>) -> tensor<5x2xf32>
    return %0 : tensor<5x2xf32>
  }
}
