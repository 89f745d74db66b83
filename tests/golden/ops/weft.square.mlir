func.func @main(%x: tensor<4xi32>) -> tensor<4xi32> {
  %0 = chlo.square %x : tensor<4xi32> -> tensor<4xi32>
  return %0 : tensor<4xi32>
}
// =>
module {
  func.func public @main(%x: tensor<4xi32>) -> tensor<4xi32> {
    %0 = "weft.square"(%x) : (tensor<4xi32>) -> tensor<4xi32>
    return %0 : tensor<4xi32>
  }
}
// -----
func.func @main(%x: tensor<4xi1>) -> tensor<4xi1> {
  %0 = chlo.square %x : tensor<4xi1> -> tensor<4xi1>
  return %0 : tensor<4xi1>
}
// error: weft.square.I1
