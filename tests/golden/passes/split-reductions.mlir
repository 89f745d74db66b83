// RUN: split-reductions
// one long sum becomes 64 sums and the sum of these
func.func public @main(%x: tensor<1048576xf32>) -> tensor<f32> {
  %c = stablehlo.constant dense<2.0> : tensor<f32>
  %0 = stablehlo.reduce(%x init: %c) applies stablehlo.add across dimensions = [0] : (tensor<1048576xf32>, tensor<f32>) -> tensor<f32>
  return %0 : tensor<f32>
}
// =>
module {
  func.func public @main(%x: tensor<1048576xf32>) -> tensor<f32> {
    %cst = stablehlo.constant dense<2.000000e+00> : tensor<f32>
    %cst_0 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %0 = stablehlo.reshape %x : (tensor<1048576xf32>) -> tensor<64x16384xf32>
    %1 = stablehlo.reduce(%0 init: %cst_0) applies stablehlo.add across dimensions = [1] : (tensor<64x16384xf32>, tensor<f32>) -> tensor<64xf32>
    %2 = stablehlo.reduce(%1 init: %cst) applies stablehlo.add across dimensions = [0] : (tensor<64xf32>, tensor<f32>) -> tensor<f32>
    return %2 : tensor<f32>
  }
}
// -----
// columns too narrow to share are cut along the rows
func.func public @main(%x: tensor<30000x10xf32>) -> tensor<10xf32> {
  %c = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %0 = stablehlo.reduce(%x init: %c) applies stablehlo.maximum across dimensions = [0] : (tensor<30000x10xf32>, tensor<f32>) -> tensor<10xf32>
  return %0 : tensor<10xf32>
}
// =>
module {
  func.func public @main(%x: tensor<30000x10xf32>) -> tensor<10xf32> {
    %cst = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %cst_0 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %0 = stablehlo.reshape %x : (tensor<30000x10xf32>) -> tensor<16x1875x10xf32>
    %1 = stablehlo.reduce(%0 init: %cst_0) applies stablehlo.maximum across dimensions = [1] : (tensor<16x1875x10xf32>, tensor<f32>) -> tensor<16x10xf32>
    %2 = stablehlo.reduce(%1 init: %cst) applies stablehlo.maximum across dimensions = [0] : (tensor<16x10xf32>, tensor<f32>) -> tensor<10xf32>
    return %2 : tensor<10xf32>
  }
}
// -----
// many rows are shared as they are
func.func public @main(%x: tensor<64x30000xf32>) -> tensor<64xf32> {
  %c = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.reduce(%x init: %c) applies stablehlo.add across dimensions = [1] : (tensor<64x30000xf32>, tensor<f32>) -> tensor<64xf32>
  return %0 : tensor<64xf32>
}
// =>
module {
  func.func public @main(%x: tensor<64x30000xf32>) -> tensor<64xf32> {
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %0 = stablehlo.reduce(%x init: %cst) applies stablehlo.add across dimensions = [1] : (tensor<64x30000xf32>, tensor<f32>) -> tensor<64xf32>
    return %0 : tensor<64xf32>
  }
}
// -----
// parts of a sum of narrow floats would be rounded
func.func public @main(%x: tensor<1048576xbf16>) -> tensor<bf16> {
  %c = stablehlo.constant dense<0.0> : tensor<bf16>
  %0 = stablehlo.reduce(%x init: %c) applies stablehlo.add across dimensions = [0] : (tensor<1048576xbf16>, tensor<bf16>) -> tensor<bf16>
  return %0 : tensor<bf16>
}
// =>
module {
  func.func public @main(%x: tensor<1048576xbf16>) -> tensor<bf16> {
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<bf16>
    %0 = stablehlo.reduce(%x init: %cst) applies stablehlo.add across dimensions = [0] : (tensor<1048576xbf16>, tensor<bf16>) -> tensor<bf16>
    return %0 : tensor<bf16>
  }
}
