func.func @main(%x: tensor<4x6xf32>, %u: tensor<2x3xf32>, %i0: tensor<i64>, %i1: tensor<i64>) -> tensor<4x6xf32> {
  %r = stablehlo.dynamic_update_slice %x, %u, %i0, %i1 : (tensor<4x6xf32>, tensor<2x3xf32>, tensor<i64>, tensor<i64>) -> tensor<4x6xf32>
  return %r : tensor<4x6xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4x6xf32>, %u: tensor<2x3xf32>, %i0: tensor<i64>, %i1: tensor<i64>) -> tensor<4x6xf32> {
    %r = stablehlo.dynamic_update_slice %x, %u, %i0, %i1 : (tensor<4x6xf32>, tensor<2x3xf32>, tensor<i64>, tensor<i64>) -> tensor<4x6xf32>
    return %r : tensor<4x6xf32>
  }
}
// -----
func.func @main(%x: tensor<4x6xf32>, %u: tensor<2x3xf32>, %i0: tensor<i64>, %i1: tensor<i64>) -> tensor<4x5xf32> {
  %r = stablehlo.dynamic_update_slice %x, %u, %i0, %i1 : (tensor<4x6xf32>, tensor<2x3xf32>, tensor<i64>, tensor<i64>) -> tensor<4x5xf32>
  return %r : tensor<4x5xf32>
}
// error: mlir.type
// -----
func.func @main(%x: tensor<4x6xf32>, %u: tensor<2x3xf64>, %i0: tensor<i64>, %i1: tensor<i64>) -> tensor<4x6xf32> {
  %r = stablehlo.dynamic_update_slice %x, %u, %i0, %i1 : (tensor<4x6xf32>, tensor<2x3xf64>, tensor<i64>, tensor<i64>) -> tensor<4x6xf32>
  return %r : tensor<4x6xf32>
}
// error: dynamic_update_slice.C2
// -----
func.func @main(%x: tensor<4x6xf32>, %u: tensor<3xf32>, %i0: tensor<i64>, %i1: tensor<i64>) -> tensor<4x6xf32> {
  %r = stablehlo.dynamic_update_slice %x, %u, %i0, %i1 : (tensor<4x6xf32>, tensor<3xf32>, tensor<i64>, tensor<i64>) -> tensor<4x6xf32>
  return %r : tensor<4x6xf32>
}
// error: dynamic_update_slice.C3
// -----
func.func @main(%x: tensor<4x6xf32>, %u: tensor<2x3xf32>, %i0: tensor<i64>) -> tensor<4x6xf32> {
  %r = stablehlo.dynamic_update_slice %x, %u, %i0 : (tensor<4x6xf32>, tensor<2x3xf32>, tensor<i64>) -> tensor<4x6xf32>
  return %r : tensor<4x6xf32>
}
// error: dynamic_update_slice.C4
// -----
func.func @main(%x: tensor<4x6xf32>, %u: tensor<2x3xf32>, %i0: tensor<i64>, %i1: tensor<i32>) -> tensor<4x6xf32> {
  %r = stablehlo.dynamic_update_slice %x, %u, %i0, %i1 : (tensor<4x6xf32>, tensor<2x3xf32>, tensor<i64>, tensor<i32>) -> tensor<4x6xf32>
  return %r : tensor<4x6xf32>
}
// error: dynamic_update_slice.C5
// -----
func.func @main(%x: tensor<4x6xf32>, %u: tensor<2x3xf32>, %i0: tensor<2xi64>, %i1: tensor<2xi64>) -> tensor<4x6xf32> {
  %r = stablehlo.dynamic_update_slice %x, %u, %i0, %i1 : (tensor<4x6xf32>, tensor<2x3xf32>, tensor<2xi64>, tensor<2xi64>) -> tensor<4x6xf32>
  return %r : tensor<4x6xf32>
}
// error: dynamic_update_slice.C5
// -----
func.func @main(%x: tensor<4x6xf32>, %u: tensor<5x3xf32>, %i0: tensor<i64>, %i1: tensor<i64>) -> tensor<4x6xf32> {
  %r = stablehlo.dynamic_update_slice %x, %u, %i0, %i1 : (tensor<4x6xf32>, tensor<5x3xf32>, tensor<i64>, tensor<i64>) -> tensor<4x6xf32>
  return %r : tensor<4x6xf32>
}
// error: dynamic_update_slice.C6
// -----
func.func @main(%x: tensor<4xf32>, %u: tensor<2xf32>, %i: tensor<f32>) -> tensor<4xf32> {
  %r = stablehlo.dynamic_update_slice %x, %u, %i : (tensor<4xf32>, tensor<2xf32>, tensor<f32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: dynamic_update_slice.C5
