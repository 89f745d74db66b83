func.func @main(%x: tensor<4x6xf32>, %i0: tensor<i32>, %i1: tensor<i32>) -> tensor<2x3xf32> {
  %r = stablehlo.dynamic_slice %x, %i0, %i1, sizes = [2, 3] : (tensor<4x6xf32>, tensor<i32>, tensor<i32>) -> tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4x6xf32>, %i0: tensor<i32>, %i1: tensor<i32>) -> tensor<2x3xf32> {
    %r = stablehlo.dynamic_slice %x, %i0, %i1, sizes = [2, 3] : (tensor<4x6xf32>, tensor<i32>, tensor<i32>) -> tensor<2x3xf32>
    return %r : tensor<2x3xf32>
  }
}
// -----
func.func @main(%x: tensor<4x6xf32>, %i0: tensor<i32>, %i1: tensor<i32>) -> tensor<2x3xf64> {
  %r = stablehlo.dynamic_slice %x, %i0, %i1, sizes = [2, 3] : (tensor<4x6xf32>, tensor<i32>, tensor<i32>) -> tensor<2x3xf64>
  return %r : tensor<2x3xf64>
}
// error: mlir.type
// -----
func.func @main(%x: tensor<4x6xf32>, %i0: tensor<i32>) -> tensor<2x3xf32> {
  %r = stablehlo.dynamic_slice %x, %i0, sizes = [2, 3] : (tensor<4x6xf32>, tensor<i32>) -> tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// error: dynamic_slice.C2
// -----
func.func @main(%x: tensor<4x6xf32>, %i0: tensor<i32>, %i1: tensor<i32>) -> tensor<2x3xf32> {
  %r = stablehlo.dynamic_slice %x, %i0, %i1, sizes = [2] : (tensor<4x6xf32>, tensor<i32>, tensor<i32>) -> tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// error: dynamic_slice.C2
// -----
func.func @main(%x: tensor<4x6xf32>, %i0: tensor<i32>, %i1: tensor<i64>) -> tensor<2x3xf32> {
  %r = stablehlo.dynamic_slice %x, %i0, %i1, sizes = [2, 3] : (tensor<4x6xf32>, tensor<i32>, tensor<i64>) -> tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// error: dynamic_slice.C3
// -----
func.func @main(%x: tensor<4x6xf32>, %i0: tensor<f32>, %i1: tensor<f32>) -> tensor<2x3xf32> {
  %r = stablehlo.dynamic_slice %x, %i0, %i1, sizes = [2, 3] : (tensor<4x6xf32>, tensor<f32>, tensor<f32>) -> tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// error: dynamic_slice.C3
// -----
func.func @main(%x: tensor<4x6xf32>, %i0: tensor<i32>, %i1: tensor<i32>) -> tensor<5x3xf32> {
  %r = stablehlo.dynamic_slice %x, %i0, %i1, sizes = [5, 3] : (tensor<4x6xf32>, tensor<i32>, tensor<i32>) -> tensor<5x3xf32>
  return %r : tensor<5x3xf32>
}
// error: dynamic_slice.C4
// -----
func.func @main(%x: tensor<4x6xf32>, %i0: tensor<i32>, %i1: tensor<i32>) -> tensor<2x4xf32> {
  %r = stablehlo.dynamic_slice %x, %i0, %i1, sizes = [2, 3] : (tensor<4x6xf32>, tensor<i32>, tensor<i32>) -> tensor<2x4xf32>
  return %r : tensor<2x4xf32>
}
// error: mlir.type
// -----
func.func @main(%x: tensor<4xf32>, %i: tensor<2xi32>) -> tensor<2xf32> {
  %r = stablehlo.dynamic_slice %x, %i, sizes = [2] : (tensor<4xf32>, tensor<2xi32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: dynamic_slice.C3
