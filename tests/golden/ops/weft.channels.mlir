func.func @main(%x: tensor<1x1x2x2x16xf32>, %y: tensor<1x1x2x2x16xf32>) -> tensor<1x1x2x2x16xf32> {
  %r = "weft.channels"(%x, %y) <{source = array<i64: 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 31, -1, -1, -1>}> : (tensor<1x1x2x2x16xf32>, tensor<1x1x2x2x16xf32>) -> tensor<1x1x2x2x16xf32>
  return %r : tensor<1x1x2x2x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x1x2x2x16xf32>, %y: tensor<1x1x2x2x16xf32>) -> tensor<1x1x2x2x16xf32> {
    %r = "weft.channels"(%x, %y) <{source = array<i64: 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 31, -1, -1, -1>}> : (tensor<1x1x2x2x16xf32>, tensor<1x1x2x2x16xf32>) -> tensor<1x1x2x2x16xf32>
    return %r : tensor<1x1x2x2x16xf32>
  }
}
// -----
func.func @main() -> tensor<1x1x2x2x16xf32> {
  %r = "weft.channels"() <{source = array<i64: 0>}> : () -> tensor<1x1x2x2x16xf32>
  return %r : tensor<1x1x2x2x16xf32>
}
// error: weft.channels.C1
// -----
func.func @main(%x: tensor<1x1x2x2x8xf32>) -> tensor<1x1x2x2x16xf32> {
  %r = "weft.channels"(%x) <{source = array<i64: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0>}> : (tensor<1x1x2x2x8xf32>) -> tensor<1x1x2x2x16xf32>
  return %r : tensor<1x1x2x2x16xf32>
}
// error: weft.channels.C2
// -----
func.func @main(%x: tensor<1x1x2x2x16xf32>, %y: tensor<1x1x2x3x16xf32>) -> tensor<1x1x2x2x16xf32> {
  %r = "weft.channels"(%x, %y) <{source = array<i64: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0>}> : (tensor<1x1x2x2x16xf32>, tensor<1x1x2x3x16xf32>) -> tensor<1x1x2x2x16xf32>
  return %r : tensor<1x1x2x2x16xf32>
}
// error: weft.channels.C3
// -----
func.func @main(%x: tensor<1x1x2x2x16xf32>) -> tensor<1x1x2x2x16xf32> {
  %r = "weft.channels"(%x) <{source = array<i64: 0, 1, 2>}> : (tensor<1x1x2x2x16xf32>) -> tensor<1x1x2x2x16xf32>
  return %r : tensor<1x1x2x2x16xf32>
}
// error: weft.channels.C4
// -----
func.func @main(%x: tensor<1x1x2x2x16xf32>) -> tensor<1x1x2x2x16xf32> {
  %r = "weft.channels"(%x) <{source = array<i64: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16>}> : (tensor<1x1x2x2x16xf32>) -> tensor<1x1x2x2x16xf32>
  return %r : tensor<1x1x2x2x16xf32>
}
// error: weft.channels.C5
