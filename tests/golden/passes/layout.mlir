// RUN: layout,dce
// between two convolutions the image stays in blocks of 16 channels
func.func public @main(%x: tensor<1x16x4x4xf32>, %w: tensor<16x16x1x1xf32>) -> tensor<1x16x4x4xf32> {
  %zero = stablehlo.constant dense<0.0> : tensor<1x16x4x4xf32>
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x16x4x4xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x4x4xf32>
  %1 = stablehlo.maximum %0, %zero : tensor<1x16x4x4xf32>
  %2 = stablehlo.convolution(%1, %w) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x16x4x4xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x4x4xf32>
  return %2 : tensor<1x16x4x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x16x4x4xf32>, %w: tensor<16x16x1x1xf32>) -> tensor<1x16x4x4xf32> {
    %zero = stablehlo.constant dense<0.000000e+00> : tensor<1x16x4x4xf32>
    %0 = stablehlo.transpose %w, dims = [0, 1, 2, 3] : (tensor<16x16x1x1xf32>) -> tensor<16x16x1x1xf32>
    %1 = stablehlo.reshape %0 : (tensor<16x16x1x1xf32>) -> tensor<1x16x1x16x1x1xf32>
    %2 = stablehlo.transpose %1, dims = [0, 2, 4, 5, 3, 1] : (tensor<1x16x1x16x1x1xf32>) -> tensor<1x1x1x1x16x16xf32>
    %3 = stablehlo.reshape %x : (tensor<1x16x4x4xf32>) -> tensor<1x1x16x4x4xf32>
    %4 = stablehlo.transpose %3, dims = [0, 1, 3, 4, 2] : (tensor<1x1x16x4x4xf32>) -> tensor<1x1x4x4x16xf32>
    %5 = "weft.conv"(%4, %2) : (tensor<1x1x4x4x16xf32>, tensor<1x1x1x1x16x16xf32>) -> tensor<1x1x4x4x16xf32>
    %6 = stablehlo.reshape %zero : (tensor<1x16x4x4xf32>) -> tensor<1x1x16x4x4xf32>
    %7 = stablehlo.transpose %6, dims = [0, 1, 3, 4, 2] : (tensor<1x1x16x4x4xf32>) -> tensor<1x1x4x4x16xf32>
    %8 = stablehlo.maximum %5, %7 : tensor<1x1x4x4x16xf32>
    %9 = stablehlo.transpose %w, dims = [0, 1, 2, 3] : (tensor<16x16x1x1xf32>) -> tensor<16x16x1x1xf32>
    %10 = stablehlo.reshape %9 : (tensor<16x16x1x1xf32>) -> tensor<1x16x1x16x1x1xf32>
    %11 = stablehlo.transpose %10, dims = [0, 2, 4, 5, 3, 1] : (tensor<1x16x1x16x1x1xf32>) -> tensor<1x1x1x1x16x16xf32>
    %12 = "weft.conv"(%8, %11) : (tensor<1x1x4x4x16xf32>, tensor<1x1x1x1x16x16xf32>) -> tensor<1x1x4x4x16xf32>
    %13 = stablehlo.transpose %12, dims = [0, 1, 4, 2, 3] : (tensor<1x1x4x4x16xf32>) -> tensor<1x1x16x4x4xf32>
    %14 = stablehlo.reshape %13 : (tensor<1x1x16x4x4xf32>) -> tensor<1x16x4x4xf32>
    return %14 : tensor<1x16x4x4xf32>
  }
}
// -----
// an image that meets no convolution is left alone
func.func public @main(%x: tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32> {
  %0 = stablehlo.add %x, %x : tensor<1x16x4x4xf32>
  return %0 : tensor<1x16x4x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32> {
    %0 = stablehlo.add %x, %x : tensor<1x16x4x4xf32>
    return %0 : tensor<1x16x4x4xf32>
  }
}
