func.func @main(%x: tensor<4xf32>, %y: tensor<f32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %r:2 = "weft.fusion"(%x, %y) <{kind = "map"}> ({
  ^bb0(%a: tensor<4xf32>, %b: tensor<f32>):
    %c = stablehlo.broadcast_in_dim %b, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %d = stablehlo.multiply %a, %c : tensor<4xf32>
    %e = stablehlo.tanh %d : tensor<4xf32>
    stablehlo.return %d, %e : tensor<4xf32>, tensor<4xf32>
  }) : (tensor<4xf32>, tensor<f32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %r#0, %r#1 : tensor<4xf32>, tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>, %y: tensor<f32>) -> (tensor<4xf32>, tensor<4xf32>) {
    %0:2 = "weft.fusion"(%x, %y) <{kind = "map"}> ({
    ^bb0(%a: tensor<4xf32>, %b: tensor<f32>):
      %1 = stablehlo.broadcast_in_dim %b, dims = [] : (tensor<f32>) -> tensor<4xf32>
      %d = stablehlo.multiply %a, %1 : tensor<4xf32>
      %e = stablehlo.tanh %d : tensor<4xf32>
      stablehlo.return %d, %e : tensor<4xf32>, tensor<4xf32>
    }) : (tensor<4xf32>, tensor<f32>) -> (tensor<4xf32>, tensor<4xf32>)
    return %0#0, %0#1 : tensor<4xf32>, tensor<4xf32>
  }
}
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = "weft.fusion"(%x) <{kind = "map"}> ({
  ^bb0(%a: tensor<5xf32>):
    stablehlo.return %a : tensor<5xf32>
  }) : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: weft.fusion.C1
