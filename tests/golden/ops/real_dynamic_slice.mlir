func.func @main(%x: tensor<8xf32>) -> tensor<3xf32> {
  %a = stablehlo.constant dense<1> : tensor<1xi32>
  %b = stablehlo.constant dense<7> : tensor<1xi32>
  %c = stablehlo.constant dense<2> : tensor<1xi32>
  %0 = stablehlo.real_dynamic_slice %x, %a, %b, %c : (tensor<8xf32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<8xf32>) -> tensor<3xf32> {
    %a = stablehlo.constant dense<1> : tensor<1xi32>
    %b = stablehlo.constant dense<7> : tensor<1xi32>
    %c = stablehlo.constant dense<2> : tensor<1xi32>
    %0 = stablehlo.slice %x [1:7:2] : (tensor<8xf32>) -> tensor<3xf32>
    return %0 : tensor<3xf32>
  }
}
