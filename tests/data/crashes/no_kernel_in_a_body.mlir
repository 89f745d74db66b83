func.func @main(%x: tensor<3x20xf32>) -> tensor<2x3x16xf32> {
  %r = "weft.pack_rhs"(%x) : (tensor<3x20xf32>) -> tensor<2x3x16xf32>
  return %r : tensor<2x3x16xf32>
}