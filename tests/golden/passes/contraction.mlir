// RUN: contraction,dce
// a product with a constant reads packed panels
func.func public @main(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %w = stablehlo.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0], [0.5, 0.25, 0.125]]> : tensor<4x3xf32>
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
    %cst = stablehlo.constant dense<[[[1.000000e+00, 2.000000e+00, 3.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00], [4.000000e+00, 5.000000e+00, 6.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00], [7.000000e+00, 8.000000e+00, 9.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00], [5.000000e-01, 2.500000e-01, 1.250000e-01, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00]]]> : tensor<1x4x16xf32>
    %0 = "weft.matmul"(%x, %cst) <{columns = 3 : i64, spec = "mk,kn->mn"}> : (tensor<2x4xf32>, tensor<1x4x16xf32>) -> tensor<2x3xf32>
    return %0 : tensor<2x3xf32>
  }
}
// -----
// transposes of an operand and of the result become letters of the spec
func.func public @main(%x: tensor<5x2x4xf32>, %y: tensor<5x3x4xf32>) -> tensor<2x5x3xf32> {
  %0 = stablehlo.transpose %y, dims = [0, 2, 1] : (tensor<5x3x4xf32>) -> tensor<5x4x3xf32>
  %1 = stablehlo.dot_general %x, %0, batching_dims = [0] x [0], contracting_dims = [2] x [1]
    : (tensor<5x2x4xf32>, tensor<5x4x3xf32>) -> tensor<5x2x3xf32>
  %2 = stablehlo.transpose %1, dims = [1, 0, 2] : (tensor<5x2x3xf32>) -> tensor<2x5x3xf32>
  return %2 : tensor<2x5x3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<5x2x4xf32>, %y: tensor<5x3x4xf32>) -> tensor<2x5x3xf32> {
    %0 = "weft.matmul"(%x, %y) <{spec = "amk,ank->man"}> : (tensor<5x2x4xf32>, tensor<5x3x4xf32>) -> tensor<2x5x3xf32>
    return %0 : tensor<2x5x3xf32>
  }
}
// -----
// integers have no schedule and stay
func.func public @main(%x: tensor<2x4xi32>, %y: tensor<4x3xi32>) -> tensor<2x3xi32> {
  %0 = stablehlo.dot_general %x, %y, contracting_dims = [1] x [0] : (tensor<2x4xi32>, tensor<4x3xi32>) -> tensor<2x3xi32>
  return %0 : tensor<2x3xi32>
}
// =>
module {
  func.func public @main(%x: tensor<2x4xi32>, %y: tensor<4x3xi32>) -> tensor<2x3xi32> {
    %0 = stablehlo.dot_general %x, %y, contracting_dims = [1] x [0] : (tensor<2x4xi32>, tensor<4x3xi32>) -> tensor<2x3xi32>
    return %0 : tensor<2x3xi32>
  }
}
// -----
// a trailing dim of one element does not make what lies before it contiguous: the operand is transposed
func.func public @main(%x: tensor<4x4x3x1xf32>, %y: tensor<3x4x2xf32>) -> tensor<3x4x1x2xf32> {
  %0 = stablehlo.dot_general %x, %y, batching_dims = [2] x [0], contracting_dims = [0] x [1]
    : (tensor<4x4x3x1xf32>, tensor<3x4x2xf32>) -> tensor<3x4x1x2xf32>
  return %0 : tensor<3x4x1x2xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4x4x3x1xf32>, %y: tensor<3x4x2xf32>) -> tensor<3x4x1x2xf32> {
    %0 = stablehlo.transpose %x, dims = [1, 2, 3, 0] : (tensor<4x4x3x1xf32>) -> tensor<4x3x1x4xf32>
    %1 = "weft.matmul"(%0, %y) <{spec = "bamk,akn->abmn"}> : (tensor<4x3x1x4xf32>, tensor<3x4x2xf32>) -> tensor<3x4x1x2xf32>
    return %1 : tensor<3x4x1x2xf32>
  }
}
