func.func @main(%a: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %0 = stablehlo.cholesky %a, lower = true : tensor<3x3xf32>
  return %0 : tensor<3x3xf32>
}
// =>
module {
  func.func public @main(%a: tensor<3x3xf32>) -> tensor<3x3xf32> {
    %0 = stablehlo.cholesky %a, lower = true : tensor<3x3xf32>
    return %0 : tensor<3x3xf32>
  }
}
// -----
func.func @main(%a: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %0 = stablehlo.cholesky %a, lower = true : tensor<3x2xf32>
  return %0 : tensor<3x2xf32>
}
// error: cholesky.C3
