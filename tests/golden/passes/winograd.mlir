// RUN: winograd
// F(4×4): many tiles.
func.func @main(%x: tensor<1x4x28x28x16xf32>) -> tensor<1x4x28x28x16xf32> {
  %w = stablehlo.constant dense<288.0> : tensor<4x4x3x3x16x16xf32>
  %r = "weft.conv"(%x, %w) <{padding = [array<i64: 1, 1>, array<i64: 1, 1>]}> : (tensor<1x4x28x28x16xf32>, tensor<4x4x3x3x16x16xf32>) -> tensor<1x4x28x28x16xf32>
  return %r : tensor<1x4x28x28x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x4x28x28x16xf32>) -> tensor<1x4x28x28x16xf32> {
    %w = stablehlo.constant dense<2.880000e+02> : tensor<4x4x3x3x16x16xf32>
    %0 = "weft.winograd_weights"(%w) <{m = 4 : i64}> : (tensor<4x4x3x3x16x16xf32>) -> tensor<4x6x6x4x16x16xf32>
    %r = "weft.winograd"(%x, %0) <{m = 4 : i64, padding = [array<i64: 1, 1>, array<i64: 1, 1>]}> : (tensor<1x4x28x28x16xf32>, tensor<4x6x6x4x16x16xf32>) -> tensor<1x4x28x28x16xf32>
    return %r : tensor<1x4x28x28x16xf32>
  }
}
// -----
// F(2×2): F(4×4) would compute as much and read more weights.
func.func @main(%x: tensor<1x16x6x6x16xf32>) -> tensor<1x16x6x6x16xf32> {
  %w = stablehlo.constant dense<288.0> : tensor<16x16x3x3x16x16xf32>
  %r = "weft.conv"(%x, %w) <{padding = [array<i64: 1, 1>, array<i64: 1, 1>]}> : (tensor<1x16x6x6x16xf32>, tensor<16x16x3x3x16x16xf32>) -> tensor<1x16x6x6x16xf32>
  return %r : tensor<1x16x6x6x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x16x6x6x16xf32>) -> tensor<1x16x6x6x16xf32> {
    %w = stablehlo.constant dense<2.880000e+02> : tensor<16x16x3x3x16x16xf32>
    %0 = "weft.winograd_weights"(%w) <{m = 2 : i64}> : (tensor<16x16x3x3x16x16xf32>) -> tensor<16x4x4x16x16x16xf32>
    %r = "weft.winograd"(%x, %0) <{m = 2 : i64, padding = [array<i64: 1, 1>, array<i64: 1, 1>]}> : (tensor<1x16x6x6x16xf32>, tensor<16x4x4x16x16x16xf32>) -> tensor<1x16x6x6x16xf32>
    return %r : tensor<1x16x6x6x16xf32>
  }
}
// -----
// So few pixels that most of a tile would be thrown away.
func.func @main(%x: tensor<1x4x1x1x16xf32>) -> tensor<1x4x1x1x16xf32> {
  %w = stablehlo.constant dense<0.5> : tensor<4x4x3x3x16x16xf32>
  %r = "weft.conv"(%x, %w) <{padding = [array<i64: 1, 1>, array<i64: 1, 1>]}> : (tensor<1x4x1x1x16xf32>, tensor<4x4x3x3x16x16xf32>) -> tensor<1x4x1x1x16xf32>
  return %r : tensor<1x4x1x1x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x4x1x1x16xf32>) -> tensor<1x4x1x1x16xf32> {
    %w = stablehlo.constant dense<5.000000e-01> : tensor<4x4x3x3x16x16xf32>
    %r = "weft.conv"(%x, %w) <{padding = [array<i64: 1, 1>, array<i64: 1, 1>]}> : (tensor<1x4x1x1x16xf32>, tensor<4x4x3x3x16x16xf32>) -> tensor<1x4x1x1x16xf32>
    return %r : tensor<1x4x1x1x16xf32>
  }
}
// -----
// Weights that are not constant.
func.func @main(%x: tensor<1x4x28x28x16xf32>, %w: tensor<4x4x3x3x16x16xf32>) -> tensor<1x4x28x28x16xf32> {
  %r = "weft.conv"(%x, %w) <{padding = [array<i64: 1, 1>, array<i64: 1, 1>]}> : (tensor<1x4x28x28x16xf32>, tensor<4x4x3x3x16x16xf32>) -> tensor<1x4x28x28x16xf32>
  return %r : tensor<1x4x28x28x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x4x28x28x16xf32>, %w: tensor<4x4x3x3x16x16xf32>) -> tensor<1x4x28x28x16xf32> {
    %r = "weft.conv"(%x, %w) <{padding = [array<i64: 1, 1>, array<i64: 1, 1>]}> : (tensor<1x4x28x28x16xf32>, tensor<4x4x3x3x16x16xf32>) -> tensor<1x4x28x28x16xf32>
    return %r : tensor<1x4x28x28x16xf32>
  }
}
// -----
// Stride 2.
func.func @main(%x: tensor<1x4x28x28x16xf32>) -> tensor<1x4x14x14x16xf32> {
  %w = stablehlo.constant dense<0.5> : tensor<4x4x3x3x16x16xf32>
  %r = "weft.conv"(%x, %w) <{padding = [array<i64: 1, 1>, array<i64: 1, 1>], strides = array<i64: 2, 2>}> : (tensor<1x4x28x28x16xf32>, tensor<4x4x3x3x16x16xf32>) -> tensor<1x4x14x14x16xf32>
  return %r : tensor<1x4x14x14x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x4x28x28x16xf32>) -> tensor<1x4x14x14x16xf32> {
    %w = stablehlo.constant dense<5.000000e-01> : tensor<4x4x3x3x16x16xf32>
    %r = "weft.conv"(%x, %w) <{padding = [array<i64: 1, 1>, array<i64: 1, 1>], strides = array<i64: 2, 2>}> : (tensor<1x4x28x28x16xf32>, tensor<4x4x3x3x16x16xf32>) -> tensor<1x4x14x14x16xf32>
    return %r : tensor<1x4x14x14x16xf32>
  }
}
// -----
// Another kernel.
func.func @main(%x: tensor<1x4x28x28x16xf32>) -> tensor<1x4x28x28x16xf32> {
  %w = stablehlo.constant dense<0.5> : tensor<4x4x1x3x16x16xf32>
  %r = "weft.conv"(%x, %w) <{padding = [array<i64: 0, 0>, array<i64: 1, 1>]}> : (tensor<1x4x28x28x16xf32>, tensor<4x4x1x3x16x16xf32>) -> tensor<1x4x28x28x16xf32>
  return %r : tensor<1x4x28x28x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x4x28x28x16xf32>) -> tensor<1x4x28x28x16xf32> {
    %w = stablehlo.constant dense<5.000000e-01> : tensor<4x4x1x3x16x16xf32>
    %r = "weft.conv"(%x, %w) <{padding = [array<i64: 0, 0>, array<i64: 1, 1>]}> : (tensor<1x4x28x28x16xf32>, tensor<4x4x1x3x16x16xf32>) -> tensor<1x4x28x28x16xf32>
    return %r : tensor<1x4x28x28x16xf32>
  }
}
// -----
// Dilated.
func.func @main(%x: tensor<1x4x28x28x16xf32>) -> tensor<1x4x26x26x16xf32> {
  %w = stablehlo.constant dense<0.5> : tensor<4x4x3x3x16x16xf32>
  %r = "weft.conv"(%x, %w) <{dilation = array<i64: 2, 2>, padding = [array<i64: 1, 1>, array<i64: 1, 1>]}> : (tensor<1x4x28x28x16xf32>, tensor<4x4x3x3x16x16xf32>) -> tensor<1x4x26x26x16xf32>
  return %r : tensor<1x4x26x26x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x4x28x28x16xf32>) -> tensor<1x4x26x26x16xf32> {
    %w = stablehlo.constant dense<5.000000e-01> : tensor<4x4x3x3x16x16xf32>
    %r = "weft.conv"(%x, %w) <{dilation = array<i64: 2, 2>, padding = [array<i64: 1, 1>, array<i64: 1, 1>]}> : (tensor<1x4x28x28x16xf32>, tensor<4x4x3x3x16x16xf32>) -> tensor<1x4x26x26x16xf32>
    return %r : tensor<1x4x26x26x16xf32>
  }
}
// -----
// Groups.
func.func @main(%x: tensor<1x4x28x28x16xf32>) -> tensor<1x4x28x28x16xf32> {
  %w = stablehlo.constant dense<0.5> : tensor<4x2x3x3x16x16xf32>
  %r = "weft.conv"(%x, %w) <{first = array<i64: 0, 0, 2, 2>, padding = [array<i64: 1, 1>, array<i64: 1, 1>]}> : (tensor<1x4x28x28x16xf32>, tensor<4x2x3x3x16x16xf32>) -> tensor<1x4x28x28x16xf32>
  return %r : tensor<1x4x28x28x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x4x28x28x16xf32>) -> tensor<1x4x28x28x16xf32> {
    %w = stablehlo.constant dense<5.000000e-01> : tensor<4x2x3x3x16x16xf32>
    %r = "weft.conv"(%x, %w) <{first = array<i64: 0, 0, 2, 2>, padding = [array<i64: 1, 1>, array<i64: 1, 1>]}> : (tensor<1x4x28x28x16xf32>, tensor<4x2x3x3x16x16xf32>) -> tensor<1x4x28x28x16xf32>
    return %r : tensor<1x4x28x28x16xf32>
  }
}
// -----
// Padding that crops.
func.func @main(%x: tensor<1x4x28x28x16xf32>) -> tensor<1x4x25x26x16xf32> {
  %w = stablehlo.constant dense<0.5> : tensor<4x4x3x3x16x16xf32>
  %r = "weft.conv"(%x, %w) <{padding = [array<i64: -1, 0>, array<i64: 0, 0>]}> : (tensor<1x4x28x28x16xf32>, tensor<4x4x3x3x16x16xf32>) -> tensor<1x4x25x26x16xf32>
  return %r : tensor<1x4x25x26x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x4x28x28x16xf32>) -> tensor<1x4x25x26x16xf32> {
    %w = stablehlo.constant dense<5.000000e-01> : tensor<4x4x3x3x16x16xf32>
    %r = "weft.conv"(%x, %w) <{padding = [array<i64: -1, 0>, array<i64: 0, 0>]}> : (tensor<1x4x28x28x16xf32>, tensor<4x4x3x3x16x16xf32>) -> tensor<1x4x25x26x16xf32>
    return %r : tensor<1x4x25x26x16xf32>
  }
}
