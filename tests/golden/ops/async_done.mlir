func.func @main(%x: tuple<tensor<2xf32>>) -> tensor<2xf32> {
  %1 = "stablehlo.async_done"(%x) : (tuple<tensor<2xf32>>) -> tensor<2xf32>
  return %1 : tensor<2xf32>
}
// =>
module {
  func.func public @main(%x: tuple<tensor<2xf32>>) -> tensor<2xf32> {
    %0 = "stablehlo.async_done"(%x) : (tuple<tensor<2xf32>>) -> tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}
