func.func @main(%x: tensor<2x2x5x7x16xf32>, %w: tensor<3x6x6x2x16x16xf32>) -> tensor<2x3x5x7x16xf32> {
  %r = "weft.winograd"(%x, %w) <{m = 4 : i64, padding = [array<i64: 1, 1>, array<i64: 1, 1>]}> : (tensor<2x2x5x7x16xf32>, tensor<3x6x6x2x16x16xf32>) -> tensor<2x3x5x7x16xf32>
  return %r : tensor<2x3x5x7x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x2x5x7x16xf32>, %w: tensor<3x6x6x2x16x16xf32>) -> tensor<2x3x5x7x16xf32> {
    %r = "weft.winograd"(%x, %w) <{m = 4 : i64, padding = [array<i64: 1, 1>, array<i64: 1, 1>]}> : (tensor<2x2x5x7x16xf32>, tensor<3x6x6x2x16x16xf32>) -> tensor<2x3x5x7x16xf32>
    return %r : tensor<2x3x5x7x16xf32>
  }
}
// -----
func.func @main(%x: tensor<?x1x5x5x16xf32, #weft.dims<"N", 1, 5, 5, 16>>, %w: tensor<1x4x4x1x16x16xf32>) -> tensor<?x1x5x6x16xf32, #weft.dims<"N", 1, 5, 6, 16>> {
  %r = "weft.winograd"(%x, %w) <{m = 2 : i64, padding = [array<i64: 2, 0>, array<i64: 0, 3>]}> : (tensor<?x1x5x5x16xf32, #weft.dims<"N", 1, 5, 5, 16>>, tensor<1x4x4x1x16x16xf32>) -> tensor<?x1x5x6x16xf32, #weft.dims<"N", 1, 5, 6, 16>>
  return %r : tensor<?x1x5x6x16xf32, #weft.dims<"N", 1, 5, 6, 16>>
}
// =>
module {
  func.func public @main(%x: tensor<?x1x5x5x16xf32, #weft.dims<"N", 1, 5, 5, 16>>, %w: tensor<1x4x4x1x16x16xf32>) -> tensor<?x1x5x6x16xf32, #weft.dims<"N", 1, 5, 6, 16>> {
    %r = "weft.winograd"(%x, %w) <{m = 2 : i64, padding = [array<i64: 2, 0>, array<i64: 0, 3>]}> : (tensor<?x1x5x5x16xf32, #weft.dims<"N", 1, 5, 5, 16>>, tensor<1x4x4x1x16x16xf32>) -> tensor<?x1x5x6x16xf32, #weft.dims<"N", 1, 5, 6, 16>>
    return %r : tensor<?x1x5x6x16xf32, #weft.dims<"N", 1, 5, 6, 16>>
  }
}
// -----
func.func @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<3x5x5x2x16x16xf32>) -> tensor<1x3x3x3x16xf32> {
  %r = "weft.winograd"(%x, %w) <{m = 3 : i64}> : (tensor<1x2x5x5x16xf32>, tensor<3x5x5x2x16x16xf32>) -> tensor<1x3x3x3x16xf32>
  return %r : tensor<1x3x3x3x16xf32>
}
// error: weft.winograd.C1
// -----
func.func @main(%x: tensor<1x2x5x5x8xf32>, %w: tensor<3x4x4x2x16x16xf32>) -> tensor<1x3x3x3x16xf32> {
  %r = "weft.winograd"(%x, %w) <{m = 2 : i64}> : (tensor<1x2x5x5x8xf32>, tensor<3x4x4x2x16x16xf32>) -> tensor<1x3x3x3x16xf32>
  return %r : tensor<1x3x3x3x16xf32>
}
// error: weft.winograd.C2
// -----
func.func @main(%x: tensor<1x2x?x5x16xf32, #weft.dims<1, 2, "H", 5, 16>>, %w: tensor<3x4x4x2x16x16xf32>) -> tensor<1x3x3x3x16xf32> {
  %r = "weft.winograd"(%x, %w) <{m = 2 : i64}> : (tensor<1x2x?x5x16xf32, #weft.dims<1, 2, "H", 5, 16>>, tensor<3x4x4x2x16x16xf32>) -> tensor<1x3x3x3x16xf32>
  return %r : tensor<1x3x3x3x16xf32>
}
// error: weft.winograd.C3
// -----
func.func @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<3x4x4x2x16x16xf64>) -> tensor<1x3x3x3x16xf32> {
  %r = "weft.winograd"(%x, %w) <{m = 2 : i64}> : (tensor<1x2x5x5x16xf32>, tensor<3x4x4x2x16x16xf64>) -> tensor<1x3x3x3x16xf32>
  return %r : tensor<1x3x3x3x16xf32>
}
// error: weft.winograd.C4
// -----
func.func @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<3x4x4x1x16x16xf32>) -> tensor<1x3x3x3x16xf32> {
  %r = "weft.winograd"(%x, %w) <{m = 2 : i64}> : (tensor<1x2x5x5x16xf32>, tensor<3x4x4x1x16x16xf32>) -> tensor<1x3x3x3x16xf32>
  return %r : tensor<1x3x3x3x16xf32>
}
// error: weft.winograd.C5
// -----
func.func @main(%x: tensor<1x2x5x5x16xf32>, %w: tensor<3x4x4x2x16x16xf32>) -> tensor<1x3x2x3x16xf32> {
  %r = "weft.winograd"(%x, %w) <{m = 2 : i64, padding = [array<i64: -1, 0>, array<i64: 0, 0>]}> : (tensor<1x2x5x5x16xf32>, tensor<3x4x4x2x16x16xf32>) -> tensor<1x3x2x3x16xf32>
  return %r : tensor<1x3x2x3x16xf32>
}
// error: weft.winograd.C6
