func.func @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<3x2x3x3x16x16xf32>) -> tensor<1x3x3x3x16xf32> {
  %r = "weft.conv"(%x, %w) : (tensor<1x2x5x5x16xf32>, tensor<3x2x3x3x16x16xf32>) -> tensor<1x3x3x3x16xf32>
  return %r : tensor<1x3x3x3x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<3x2x3x3x16x16xf32>) -> tensor<1x3x3x3x16xf32> {
    %r = "weft.conv"(%x, %w) : (tensor<1x2x5x5x16xf32>, tensor<3x2x3x3x16x16xf32>) -> tensor<1x3x3x3x16xf32>
    return %r : tensor<1x3x3x3x16xf32>
  }
}
// -----
func.func @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<2x1x3x3x16x16xf32>) -> tensor<1x2x2x4x16xf32> {
  %r = "weft.conv"(%x, %w) <{dilation = array<i64: 1, 2>, first = array<i64: 0, 1>, padding = [array<i64: 1, 0>, array<i64: 2, 1>], strides = array<i64: 2, 1>}> : (tensor<1x2x5x5x16xf32>, tensor<2x1x3x3x16x16xf32>) -> tensor<1x2x2x4x16xf32>
  return %r : tensor<1x2x2x4x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<2x1x3x3x16x16xf32>) -> tensor<1x2x2x4x16xf32> {
    %r = "weft.conv"(%x, %w) <{dilation = array<i64: 1, 2>, first = array<i64: 0, 1>, padding = [array<i64: 1, 0>, array<i64: 2, 1>], strides = array<i64: 2, 1>}> : (tensor<1x2x5x5x16xf32>, tensor<2x1x3x3x16x16xf32>) -> tensor<1x2x2x4x16xf32>
    return %r : tensor<1x2x2x4x16xf32>
  }
}
// -----
func.func @main(%x: tensor<1x3x5x5xf32>, %w: tensor<2x3x3x3x16xf32>) -> tensor<1x2x3x3x16xf32> {
  %r = "weft.conv"(%x, %w) <{layout = "nchw"}> : (tensor<1x3x5x5xf32>, tensor<2x3x3x3x16xf32>) -> tensor<1x2x3x3x16xf32>
  return %r : tensor<1x2x3x3x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x3x5x5xf32>, %w: tensor<2x3x3x3x16xf32>) -> tensor<1x2x3x3x16xf32> {
    %r = "weft.conv"(%x, %w) <{layout = "nchw"}> : (tensor<1x3x5x5xf32>, tensor<2x3x3x3x16xf32>) -> tensor<1x2x3x3x16xf32>
    return %r : tensor<1x2x3x3x16xf32>
  }
}
// -----
func.func @main(%x: tensor<1x5x5x3xf32>, %w: tensor<2x3x3x3x16xf32>) -> tensor<1x2x3x3x16xf32> {
  %r = "weft.conv"(%x, %w) <{layout = "nhwc"}> : (tensor<1x5x5x3xf32>, tensor<2x3x3x3x16xf32>) -> tensor<1x2x3x3x16xf32>
  return %r : tensor<1x2x3x3x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x5x5x3xf32>, %w: tensor<2x3x3x3x16xf32>) -> tensor<1x2x3x3x16xf32> {
    %r = "weft.conv"(%x, %w) <{layout = "nhwc"}> : (tensor<1x5x5x3xf32>, tensor<2x3x3x3x16xf32>) -> tensor<1x2x3x3x16xf32>
    return %r : tensor<1x2x3x3x16xf32>
  }
}
// -----
func.func @main(%x: tensor<1x2x5x5x8xf32>, %w: tensor<3x2x3x3x16x16xf32>) -> tensor<1x3x3x3x16xf32> {
  %r = "weft.conv"(%x, %w) : (tensor<1x2x5x5x8xf32>, tensor<3x2x3x3x16x16xf32>) -> tensor<1x3x3x3x16xf32>
  return %r : tensor<1x3x3x3x16xf32>
}
// error: weft.conv.C1
// -----
func.func @main(%x: tensor<1x2x?x5x16xf32, #weft.dims<1, 2, "H", 5, 16>>, %w: tensor<3x2x3x3x16x16xf32>) -> tensor<1x3x3x3x16xf32> {
  %r = "weft.conv"(%x, %w) <{input_dilation = array<i64: 4, 1>}> : (tensor<1x2x?x5x16xf32, #weft.dims<1, 2, "H", 5, 16>>, tensor<3x2x3x3x16x16xf32>) -> tensor<1x3x3x3x16xf32>
  return %r : tensor<1x3x3x3x16xf32>
}
// error: weft.conv.C2
// -----
func.func @main(%x: tensor<1x3x5x5xf32>, %w: tensor<2x3x3x3x16xf32>) -> tensor<1x2x3x3x16xf32> {
  %r = "weft.conv"(%x, %w) <{layout = "chwn"}> : (tensor<1x3x5x5xf32>, tensor<2x3x3x3x16xf32>) -> tensor<1x2x3x3x16xf32>
  return %r : tensor<1x2x3x3x16xf32>
}
// error: weft.conv.C3
// -----
func.func @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<3x2x3x3x16x16xf64>) -> tensor<1x3x3x3x16xf32> {
  %r = "weft.conv"(%x, %w) : (tensor<1x2x5x5x16xf32>, tensor<3x2x3x3x16x16xf64>) -> tensor<1x3x3x3x16xf32>
  return %r : tensor<1x3x3x3x16xf32>
}
// error: weft.conv.C4
// -----
func.func @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<3x2x3x3x16x8xf32>) -> tensor<1x3x3x3x16xf32> {
  %r = "weft.conv"(%x, %w) : (tensor<1x2x5x5x16xf32>, tensor<3x2x3x3x16x8xf32>) -> tensor<1x3x3x3x16xf32>
  return %r : tensor<1x3x3x3x16xf32>
}
// error: weft.conv.C5
// -----
func.func @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<3x3x3x3x16x16xf32>) -> tensor<1x3x3x3x16xf32> {
  %r = "weft.conv"(%x, %w) : (tensor<1x2x5x5x16xf32>, tensor<3x3x3x3x16x16xf32>) -> tensor<1x3x3x3x16xf32>
  return %r : tensor<1x3x3x3x16xf32>
}
// error: weft.conv.C6
// -----
func.func @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<3x1x3x3x16x16xf32>) -> tensor<1x3x3x3x16xf32> {
  %r = "weft.conv"(%x, %w) <{first = array<i64: 0>}> : (tensor<1x2x5x5x16xf32>, tensor<3x1x3x3x16x16xf32>) -> tensor<1x3x3x3x16xf32>
  return %r : tensor<1x3x3x3x16xf32>
}
// error: weft.conv.C7
// -----
func.func @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<3x2x3x3x16x16xf32>) -> tensor<1x2x3x3x16xf32> {
  %r = "weft.conv"(%x, %w) <{strides = array<i64: 0, 1>}> : (tensor<1x2x5x5x16xf32>, tensor<3x2x3x3x16x16xf32>) -> tensor<1x2x3x3x16xf32>
  return %r : tensor<1x2x3x3x16xf32>
}
// error: weft.conv.C8
