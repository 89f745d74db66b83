func.func @main(%x: tensor<4xf32>) -> tensor<4xi1> {
  %0 = chlo.is_pos_inf %x : tensor<4xf32> -> tensor<4xi1>
  return %0 : tensor<4xi1>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xi1> {
    %0 = "weft.is_pos_inf"(%x) : (tensor<4xf32>) -> tensor<4xi1>
    return %0 : tensor<4xi1>
  }
}
// -----
func.func @main(%x: tensor<4xi32>) -> tensor<4xi1> {
  %0 = chlo.is_pos_inf %x : tensor<4xi32> -> tensor<4xi1>
  return %0 : tensor<4xi1>
}
// error: weft.is_pos_inf.I1
