func.func @main(%x: tensor<4xi32>) -> tensor<4xi32> {
  %0 = stablehlo.real_dynamic_slice %x : tensor<4xi32> -> tensor<4xi32>