func.func @main(%x: tensor<2x3xf32>, %v: tensor<f32>) -> tensor<5x7xf32> {
  %r = stablehlo.pad %x, %v, low = [1, 0], high = [2, 2], interior = [0, 1] : (tensor<2x3xf32>, tensor<f32>) -> tensor<5x7xf32>
  return %r : tensor<5x7xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x3xf32>, %v: tensor<f32>) -> tensor<5x7xf32> {
    %r = stablehlo.pad %x, %v, low = [1, 0], high = [2, 2], interior = [0, 1] : (tensor<2x3xf32>, tensor<f32>) -> tensor<5x7xf32>
    return %r : tensor<5x7xf32>
  }
}
// -----
func.func @main(%x: tensor<5xi32>, %v: tensor<i32>) -> tensor<2xi32> {
  %r = stablehlo.pad %x, %v, low = [-1], high = [-2], interior = [0] : (tensor<5xi32>, tensor<i32>) -> tensor<2xi32>
  return %r : tensor<2xi32>
}
// =>
module {
  func.func public @main(%x: tensor<5xi32>, %v: tensor<i32>) -> tensor<2xi32> {
    %r = stablehlo.pad %x, %v, low = [-1], high = [-2], interior = [0] : (tensor<5xi32>, tensor<i32>) -> tensor<2xi32>
    return %r : tensor<2xi32>
  }
}
// -----
func.func @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>, %v: tensor<f32>) -> tensor<?x3xf32, #weft.dims<"N + 3", 3>> {
  %r = stablehlo.pad %x, %v, low = [1, 0], high = [2, 0], interior = [0, 0] : (tensor<?x3xf32, #weft.dims<"N", 3>>, tensor<f32>) -> tensor<?x3xf32, #weft.dims<"N + 3", 3>>
  return %r : tensor<?x3xf32, #weft.dims<"N + 3", 3>>
}
// =>
module {
  func.func public @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>, %v: tensor<f32>) -> tensor<?x3xf32, #weft.dims<"N + 3", 3>> {
    %r = stablehlo.pad %x, %v, low = [1, 0], high = [2, 0], interior = [0, 0] : (tensor<?x3xf32, #weft.dims<"N", 3>>, tensor<f32>) -> tensor<?x3xf32, #weft.dims<"N + 3", 3>>
    return %r : tensor<?x3xf32, #weft.dims<"N + 3", 3>>
  }
}
// -----
func.func @main(%x: tensor<2xf32>, %v: tensor<i32>) -> tensor<2xf32> {
  %r = stablehlo.pad %x, %v, low = [0], high = [0], interior = [0] : (tensor<2xf32>, tensor<i32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: pad.C1
// -----
func.func @main(%x: tensor<2xf32>, %v: tensor<f32>) -> tensor<2xf32> {
  %r = stablehlo.pad %x, %v, low = [0, 0], high = [0], interior = [0] : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: pad.C2
// -----
func.func @main(%x: tensor<2xf32>, %v: tensor<f32>) -> tensor<2xf32> {
  %r = stablehlo.pad %x, %v, low = [0], high = [0], interior = [-1] : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: pad.C3
// -----
func.func @main(%x: tensor<2xf32>, %v: tensor<f32>) -> tensor<2xf32> {
  %r = stablehlo.pad %x, %v, low = [-1], high = [-2], interior = [0] : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: pad.C4
// -----
func.func @main(%x: tensor<2xf32>, %v: tensor<f32>) -> tensor<2xf32> {
  %r = stablehlo.pad %x, %v, low = [1], high = [0], interior = [0] : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: mlir.type
