func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = chlo.bessel_i1e %x : tensor<4xf32> -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = "weft.bessel_i1e"(%x) : (tensor<4xf32>) -> tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}
// -----
func.func @main(%x: tensor<4xi32>) -> tensor<4xi32> {
  %0 = chlo.bessel_i1e %x : tensor<4xi32> -> tensor<4xi32>
  return %0 : tensor<4xi32>
}
// error: weft.bessel_i1e.I1
