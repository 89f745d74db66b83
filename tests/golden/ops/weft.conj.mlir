func.func @main(%x: tensor<2x3xcomplex<f32>>) -> tensor<2x3xcomplex<f32>> {
  %0 = chlo.conj %x : tensor<2x3xcomplex<f32>> -> tensor<2x3xcomplex<f32>>
  return %0 : tensor<2x3xcomplex<f32>>
}
// =>
module {
  func.func public @main(%x: tensor<2x3xcomplex<f32>>) -> tensor<2x3xcomplex<f32>> {
    %0 = "weft.conj"(%x) : (tensor<2x3xcomplex<f32>>) -> tensor<2x3xcomplex<f32>>
    return %0 : tensor<2x3xcomplex<f32>>
  }
}
// -----
func.func @main(%x: tensor<4xi32>) -> tensor<4xi32> {
  %0 = chlo.conj %x : tensor<4xi32> -> tensor<4xi32>
  return %0 : tensor<4xi32>
}
// error: weft.conj.I1
