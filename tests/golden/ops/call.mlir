func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r:2 = call @helper(%x) : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  %s = stablehlo.add %r#0, %r#1 : tensor<4xf32>
  return %s : tensor<4xf32>
}
func.func private @helper(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %r = stablehlo.negate %x : tensor<4xf32>
  return %r, %x : tensor<4xf32>, tensor<4xf32>
}
// =>
module @module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0:2 = func.call @helper(%x) : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
    %s = stablehlo.add %0#0, %0#1 : tensor<4xf32>
    return %s : tensor<4xf32>
  }
  func.func private @helper(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
    %r = stablehlo.negate %x : tensor<4xf32>
    return %r, %x : tensor<4xf32>, tensor<4xf32>
  }
}
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = "func.call"(%x) <{callee = "helper"}> : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: call.attributes
