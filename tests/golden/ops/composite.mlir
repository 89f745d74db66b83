func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = stablehlo.composite "lib.double" %x {composite_attributes = {axis = 0 : i64, mode = "fast"}, decomposition = @double, version = 1 : i32} : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
func.func private @double(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = stablehlo.add %x, %x : tensor<4xf32>
  return %r : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %r = stablehlo.composite "lib.double" %x {composite_attributes = {axis = 0 : i64, mode = "fast"}, decomposition = @double, version = 1 : i32} : (tensor<4xf32>) -> tensor<4xf32>
    return %r : tensor<4xf32>
  }
  func.func private @double(%x: tensor<4xf32>) -> tensor<4xf32> {
    %r = stablehlo.add %x, %x : tensor<4xf32>
    return %r : tensor<4xf32>
  }
}
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = stablehlo.composite "double" %x {decomposition = @double} : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: composite.C1
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = stablehlo.composite "lib.double" %x {decomposition = @missing} : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: composite.C2
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = stablehlo.composite "lib.double" %x {decomposition = @double} : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
func.func private @double(%x: tensor<5xf32>) -> tensor<5xf32> {
  %r = stablehlo.add %x, %x : tensor<5xf32>
  return %r : tensor<5xf32>
}
// error: composite.C3
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<5xf32> {
  %r = stablehlo.composite "lib.double" %x {decomposition = @double} : (tensor<4xf32>) -> tensor<5xf32>
  return %r : tensor<5xf32>
}
func.func private @double(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
// error: composite.C4
