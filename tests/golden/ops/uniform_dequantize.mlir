func.func @main(%x: tensor<4x!quant.uniform<i8:f32, 0.5:3>>, %y: tensor<4x!quant.uniform<i8:f32, 0.25>>) -> tensor<4x!quant.uniform<i8:f32, 1.0:-1>> {
  %0 = stablehlo.add %x, %y : (tensor<4x!quant.uniform<i8:f32, 0.5:3>>, tensor<4x!quant.uniform<i8:f32, 0.25>>) -> tensor<4x!quant.uniform<i8:f32, 1.0:-1>>
  return %0 : tensor<4x!quant.uniform<i8:f32, 1.0:-1>>
}
// =>
module {
  func.func public @main(%x: tensor<4xi8>, %y: tensor<4xi8>) -> tensor<4xi8> {
    %0 = stablehlo.uniform_dequantize %x {scales = [5.000000e-01 : f64], zero_points = array<i64: 3>} : (tensor<4xi8>) -> tensor<4xf32>
    %1 = stablehlo.uniform_dequantize %y {scales = [2.500000e-01 : f64], zero_points = array<i64: 0>} : (tensor<4xi8>) -> tensor<4xf32>
    %2 = stablehlo.add %0, %1 : tensor<4xf32>
    %3 = stablehlo.uniform_quantize %2 {scales = [1.000000e+00 : f64], zero_points = array<i64: -1>} : (tensor<4xf32>) -> tensor<4xi8>
    return %3 : tensor<4xi8>
  }
}
