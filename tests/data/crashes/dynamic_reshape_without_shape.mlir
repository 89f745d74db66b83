func.func @main(%x: tensor<i32>) -> tensor<i32> {
  %r = stablehlo.dynamic_reshape %x : tensor<i32>