func.func @main(%x: tensor<4x8xf32>, %y: tensor<8x16xf32>) -> tensor<4x16xf32> {
  %r = stablehlo.dot_general %x, %y, contracting_dims = [1] x [0] : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  return %r : tensor<4x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4x8xf32>, %y: tensor<8x16xf32>) -> tensor<4x16xf32> {
    %r = stablehlo.dot_general %x, %y, contracting_dims = [1] x [0] : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
    return %r : tensor<4x16xf32>
  }
}
// -----
func.func @main(%x: tensor<2x4x8xbf16>, %y: tensor<2x8x5xbf16>) -> tensor<2x4x5xf32> {
  %r = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [2] x [1], precision = [HIGHEST, DEFAULT] : (tensor<2x4x8xbf16>, tensor<2x8x5xbf16>) -> tensor<2x4x5xf32>
  return %r : tensor<2x4x5xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x4x8xbf16>, %y: tensor<2x8x5xbf16>) -> tensor<2x4x5xf32> {
    %r = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [2] x [1], precision = [HIGHEST, DEFAULT] : (tensor<2x4x8xbf16>, tensor<2x8x5xbf16>) -> tensor<2x4x5xf32>
    return %r : tensor<2x4x5xf32>
  }
}
// -----
func.func @main(%x: tensor<?x8xf32, #weft.dims<"N", 8>>, %y: tensor<8x4xf32>) -> tensor<?x4xf32, #weft.dims<"N", 4>> {
  %r = "stablehlo.dot_general"(%x, %y) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision HIGH>, #stablehlo<precision HIGH>]}> : (tensor<?x8xf32, #weft.dims<"N", 8>>, tensor<8x4xf32>) -> tensor<?x4xf32, #weft.dims<"N", 4>>
  return %r : tensor<?x4xf32, #weft.dims<"N", 4>>
}
// =>
module {
  func.func public @main(%x: tensor<?x8xf32, #weft.dims<"N", 8>>, %y: tensor<8x4xf32>) -> tensor<?x4xf32, #weft.dims<"N", 4>> {
    %r = stablehlo.dot_general %x, %y, contracting_dims = [1] x [0], precision = [HIGH, HIGH] : (tensor<?x8xf32, #weft.dims<"N", 8>>, tensor<8x4xf32>) -> tensor<?x4xf32, #weft.dims<"N", 4>>
    return %r : tensor<?x4xf32, #weft.dims<"N", 4>>
  }
}
// -----
func.func @main(%x: tensor<2x4x8xf32>, %y: tensor<2x8x5xf32>) -> tensor<2x4x5xf32> {
  %r = stablehlo.dot_general %x, %y, batching_dims = [0] x [], contracting_dims = [2] x [1] : (tensor<2x4x8xf32>, tensor<2x8x5xf32>) -> tensor<2x4x5xf32>
  return %r : tensor<2x4x5xf32>
}
// error: dot_general.C1
// -----
func.func @main(%x: tensor<2x4x8xf32>, %y: tensor<2x8x5xf32>) -> tensor<2x4x5xf32> {
  %r = stablehlo.dot_general %x, %y, contracting_dims = [2] x [] : (tensor<2x4x8xf32>, tensor<2x8x5xf32>) -> tensor<2x4x5xf32>
  return %r : tensor<2x4x5xf32>
}
// error: dot_general.C2
// -----
func.func @main(%x: tensor<2x4x8xf32>, %y: tensor<2x8x5xf32>) -> tensor<2x4x5xf32> {
  %r = stablehlo.dot_general %x, %y, contracting_dims = [2, 2] x [1, 1] : (tensor<2x4x8xf32>, tensor<2x8x5xf32>) -> tensor<2x4x5xf32>
  return %r : tensor<2x4x5xf32>
}
// error: dot_general.C3
// -----
func.func @main(%x: tensor<2x4x8xf32>, %y: tensor<2x8x5xf32>) -> tensor<2x4x5xf32> {
  %r = stablehlo.dot_general %x, %y, contracting_dims = [1, 2] x [1, 1] : (tensor<2x4x8xf32>, tensor<2x8x5xf32>) -> tensor<2x4x5xf32>
  return %r : tensor<2x4x5xf32>
}
// error: dot_general.C4
// -----
func.func @main(%x: tensor<2x4x8xf32>, %y: tensor<2x8x5xf32>) -> tensor<2x4x5xf32> {
  %r = stablehlo.dot_general %x, %y, batching_dims = [3] x [0], contracting_dims = [2] x [1] : (tensor<2x4x8xf32>, tensor<2x8x5xf32>) -> tensor<2x4x5xf32>
  return %r : tensor<2x4x5xf32>
}
// error: dot_general.C5
// -----
func.func @main(%x: tensor<2x4x8xf32>, %y: tensor<2x8x5xf32>) -> tensor<2x4x5xf32> {
  %r = stablehlo.dot_general %x, %y, batching_dims = [0] x [3], contracting_dims = [2] x [1] : (tensor<2x4x8xf32>, tensor<2x8x5xf32>) -> tensor<2x4x5xf32>
  return %r : tensor<2x4x5xf32>
}
// error: dot_general.C7
// -----
func.func @main(%x: tensor<2x4x8xf32>, %y: tensor<2x8x5xf32>) -> tensor<2x4x5xf32> {
  %r = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [3] x [1] : (tensor<2x4x8xf32>, tensor<2x8x5xf32>) -> tensor<2x4x5xf32>
  return %r : tensor<2x4x5xf32>
}
// error: dot_general.C6
// -----
func.func @main(%x: tensor<2x4x8xf32>, %y: tensor<2x8x5xf32>) -> tensor<2x4x5xf32> {
  %r = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [2] x [3] : (tensor<2x4x8xf32>, tensor<2x8x5xf32>) -> tensor<2x4x5xf32>
  return %r : tensor<2x4x5xf32>
}
// error: dot_general.C8
// -----
func.func @main(%x: tensor<2x4x8xf32>, %y: tensor<2x8x5xf32>) -> tensor<2x4x5xf32> {
  %r = stablehlo.dot_general %x, %y, batching_dims = [1] x [0], contracting_dims = [2] x [1] : (tensor<2x4x8xf32>, tensor<2x8x5xf32>) -> tensor<2x4x5xf32>
  return %r : tensor<2x4x5xf32>
}
// error: dot_general.C9
// -----
func.func @main(%x: tensor<2x4x8xf32>, %y: tensor<2x8x5xf32>) -> tensor<2x4x5xf32> {
  %r = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [1] x [1] : (tensor<2x4x8xf32>, tensor<2x8x5xf32>) -> tensor<2x4x5xf32>
  return %r : tensor<2x4x5xf32>
}
// error: dot_general.C10
// -----
func.func @main(%x: tensor<2x4x8xf32>, %y: tensor<2x8x5xf32>) -> tensor<2x4x5xf32> {
  %r = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [2] x [1], precision = [DEFAULT] : (tensor<2x4x8xf32>, tensor<2x8x5xf32>) -> tensor<2x4x5xf32>
  return %r : tensor<2x4x5xf32>
}
// error: dot_general.C11
// -----
func.func @main(%x: tensor<2x4x8xf32>, %y: tensor<2x8x5xf32>) -> tensor<2x5x4xf32> {
  %r = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<2x4x8xf32>, tensor<2x8x5xf32>) -> tensor<2x5x4xf32>
  return %r : tensor<2x5x4xf32>
}
// error: dot_general.C12
// -----
func.func @main(%x: tensor<2x4x8xf32>, %y: tensor<2x8x5xi32>) -> tensor<2x4x5xf32> {
  %r = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<2x4x8xf32>, tensor<2x8x5xi32>) -> tensor<2x4x5xf32>
  return %r : tensor<2x4x5xf32>
}
// error: dot_general.C13
