func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = stablehlo.uniform_quantize %x : (tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 0.5:3>>
  %1 = stablehlo.uniform_dequantize %0 : (tensor<4x!quant.uniform<i8:f32, 0.5:3>>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = stablehlo.uniform_quantize %x {scales = [5.000000e-01 : f64], zero_points = array<i64: 3>} : (tensor<4xf32>) -> tensor<4xi8>
    %1 = stablehlo.uniform_dequantize %0 {scales = [5.000000e-01 : f64], zero_points = array<i64: 3>} : (tensor<4xi8>) -> tensor<4xf32>
    return %1 : tensor<4xf32>
  }
}
// -----
func.func @main(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %0 = stablehlo.uniform_quantize %x : (tensor<2x4xf32>) -> tensor<2x4x!quant.uniform<u4<1:14>:f32:0, {0.5:3, 0.25}>>
  %1 = stablehlo.uniform_dequantize %0 : (tensor<2x4x!quant.uniform<u4<1:14>:f32:0, {0.5:3, 0.25}>>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
    %0 = stablehlo.uniform_quantize %x {quantization_dimension = 0 : i64, scales = [5.000000e-01 : f64, 2.500000e-01 : f64], storage_max = 14 : i64, storage_min = 1 : i64, zero_points = array<i64: 3, 0>} : (tensor<2x4xf32>) -> tensor<2x4xui4>
    %1 = stablehlo.uniform_dequantize %0 {quantization_dimension = 0 : i64, scales = [5.000000e-01 : f64, 2.500000e-01 : f64], zero_points = array<i64: 3, 0>} : (tensor<2x4xui4>) -> tensor<2x4xf32>
    return %1 : tensor<2x4xf32>
  }
}
