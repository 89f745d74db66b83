func.func @main(%lo: tensor<4xf32>, %x: tensor<4xf32>, %hi: tensor<4xf32>) -> tensor<4xf32> {
  %r = stablehlo.clamp %lo, %x, %hi : tensor<4xf32>
  return %r : tensor<4xf32>
}
// =>
module {
  func.func public @main(%lo: tensor<4xf32>, %x: tensor<4xf32>, %hi: tensor<4xf32>) -> tensor<4xf32> {
    %r = stablehlo.clamp %lo, %x, %hi : tensor<4xf32>
    return %r : tensor<4xf32>
  }
}
// -----
func.func @main(%lo: tensor<i32>, %x: tensor<4xi32>, %hi: tensor<i32>) -> tensor<4xi32> {
  %r = stablehlo.clamp %lo, %x, %hi : (tensor<i32>, tensor<4xi32>, tensor<i32>) -> tensor<4xi32>
  return %r : tensor<4xi32>
}
// =>
module {
  func.func public @main(%lo: tensor<i32>, %x: tensor<4xi32>, %hi: tensor<i32>) -> tensor<4xi32> {
    %r = stablehlo.clamp %lo, %x, %hi : (tensor<i32>, tensor<4xi32>, tensor<i32>) -> tensor<4xi32>
    return %r : tensor<4xi32>
  }
}
// -----
func.func @main(%lo: tensor<3xf32>, %x: tensor<4xf32>, %hi: tensor<4xf32>) -> tensor<4xf32> {
  %r = stablehlo.clamp %lo, %x, %hi : (tensor<3xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: clamp.C1
// -----
func.func @main(%lo: tensor<4xf32>, %x: tensor<4xf32>, %hi: tensor<3xf32>) -> tensor<4xf32> {
  %r = stablehlo.clamp %lo, %x, %hi : (tensor<4xf32>, tensor<4xf32>, tensor<3xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: clamp.C2
// -----
func.func @main(%lo: tensor<4xi32>, %x: tensor<4xf32>, %hi: tensor<4xi32>) -> tensor<4xf32> {
  %r = stablehlo.clamp %lo, %x, %hi : (tensor<4xi32>, tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: clamp.C3
// -----
func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>, %z: tensor<4xf32>) -> tensor<4xf64> {
  %r = "stablehlo.clamp"(%x, %y, %z) : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf64>
  return %r : tensor<4xf64>
}
// error: mlir.type
