func.func @main(%x: tensor<2xf32>, %y: tensor<i32>) -> (tensor<2xf32>, tensor<i32>) {
  %r:2 = stablehlo.optimization_barrier %x, %y : tensor<2xf32>, tensor<i32>
  return %r#0, %r#1 : tensor<2xf32>, tensor<i32>
}
// =>
module {
  func.func public @main(%x: tensor<2xf32>, %y: tensor<i32>) -> (tensor<2xf32>, tensor<i32>) {
    %0:2 = stablehlo.optimization_barrier %x, %y : tensor<2xf32>, tensor<i32>
    return %0#0, %0#1 : tensor<2xf32>, tensor<i32>
  }
}
// -----
func.func @main(%x: tensor<2xf32>) -> tensor<3xf32> {
  %r = stablehlo.optimization_barrier %x : tensor<3xf32>
  return %r : tensor<3xf32>
}
// error: mlir.type
