func.func @main(%x: tensor<3x20xf32>) -> tensor<2x3x16xf32> {
  %r = "weft.pack_rhs"(%x) : (tensor<3x20xf32>) -> tensor<2x3x16xf32>
  return %r : tensor<2x3x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<3x20xf32>) -> tensor<2x3x16xf32> {
    %r = "weft.pack_rhs"(%x) : (tensor<3x20xf32>) -> tensor<2x3x16xf32>
    return %r : tensor<2x3x16xf32>
  }
}
// -----
func.func @main(%x: tensor<20xf32>) -> tensor<2x16xf32> {
  %r = "weft.pack_rhs"(%x) : (tensor<20xf32>) -> tensor<2x16xf32>
  return %r : tensor<2x16xf32>
}
// error: weft.pack_rhs.C1
