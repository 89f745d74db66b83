// RUN: sink-reshapes
// a bias over the last dim is added before the reshape
func.func public @main(%x: tensor<6x4xf32>, %b: tensor<4xf32>) -> tensor<2x3x4xf32> {
  %0 = stablehlo.reshape %x : (tensor<6x4xf32>) -> tensor<2x3x4xf32>
  %1 = stablehlo.broadcast_in_dim %b, dims = [2] : (tensor<4xf32>) -> tensor<2x3x4xf32>
  %2 = stablehlo.add %0, %1 : tensor<2x3x4xf32>
  return %2 : tensor<2x3x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<6x4xf32>, %b: tensor<4xf32>) -> tensor<2x3x4xf32> {
    %0 = stablehlo.broadcast_in_dim %b, dims = [1] : (tensor<4xf32>) -> tensor<6x4xf32>
    %1 = stablehlo.add %x, %0 : tensor<6x4xf32>
    %2 = stablehlo.reshape %1 : (tensor<6x4xf32>) -> tensor<2x3x4xf32>
    return %2 : tensor<2x3x4xf32>
  }
}
// -----
// one over a dim that the reshape makes cannot
func.func public @main(%x: tensor<6x4xf32>, %b: tensor<3xf32>) -> tensor<2x3x4xf32> {
  %0 = stablehlo.reshape %x : (tensor<6x4xf32>) -> tensor<2x3x4xf32>
  %1 = stablehlo.broadcast_in_dim %b, dims = [1] : (tensor<3xf32>) -> tensor<2x3x4xf32>
  %2 = stablehlo.add %0, %1 : tensor<2x3x4xf32>
  return %2 : tensor<2x3x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<6x4xf32>, %b: tensor<3xf32>) -> tensor<2x3x4xf32> {
    %0 = stablehlo.reshape %x : (tensor<6x4xf32>) -> tensor<2x3x4xf32>
    %1 = stablehlo.broadcast_in_dim %b, dims = [1] : (tensor<3xf32>) -> tensor<2x3x4xf32>
    %2 = stablehlo.add %0, %1 : tensor<2x3x4xf32>
    return %2 : tensor<2x3x4xf32>
  }
}
// -----
// two reshapes of one shape, and a splat
func.func public @main(%x: tensor<6xf32>, %y: tensor<6xf32>) -> tensor<2x3xf32> {
  %c = stablehlo.constant dense<2.0> : tensor<f32>
  %s = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<f32>) -> tensor<2x3xf32>
  %0 = stablehlo.reshape %x : (tensor<6xf32>) -> tensor<2x3xf32>
  %1 = stablehlo.reshape %y : (tensor<6xf32>) -> tensor<2x3xf32>
  %2 = stablehlo.multiply %0, %s : tensor<2x3xf32>
  %3 = stablehlo.add %2, %1 : tensor<2x3xf32>
  return %3 : tensor<2x3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<6xf32>, %y: tensor<6xf32>) -> tensor<2x3xf32> {
    %cst = stablehlo.constant dense<2.000000e+00> : tensor<f32>
    %0 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<6xf32>
    %1 = stablehlo.multiply %x, %0 : tensor<6xf32>
    %2 = stablehlo.add %1, %y : tensor<6xf32>
    %3 = stablehlo.reshape %2 : (tensor<6xf32>) -> tensor<2x3xf32>
    return %3 : tensor<2x3xf32>
  }
}
// -----
// Dims of size 1 are common to both ends of the shapes: none may be named twice.
func.func @main(%x: tensor<2x1x3xf32>, %y: tensor<2x1x1x3xf32>, %z: tensor<1x1x3xf32>) -> tensor<2x1x1x3xf32> {
  %a = stablehlo.reshape %x : (tensor<2x1x3xf32>) -> tensor<2x1x1x3xf32>
  %b = stablehlo.broadcast_in_dim %z, dims = [1, 2, 3] : (tensor<1x1x3xf32>) -> tensor<2x1x1x3xf32>
  %s = stablehlo.add %a, %b : tensor<2x1x1x3xf32>
  return %s : tensor<2x1x1x3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x1x3xf32>, %y: tensor<2x1x1x3xf32>, %z: tensor<1x1x3xf32>) -> tensor<2x1x1x3xf32> {
    %a = stablehlo.reshape %x : (tensor<2x1x3xf32>) -> tensor<2x1x1x3xf32>
    %b = stablehlo.broadcast_in_dim %z, dims = [1, 2, 3] : (tensor<1x1x3xf32>) -> tensor<2x1x1x3xf32>
    %s = stablehlo.add %a, %b : tensor<2x1x1x3xf32>
    return %s : tensor<2x1x1x3xf32>
  }
}
