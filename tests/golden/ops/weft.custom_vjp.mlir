func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = "weft.custom_vjp"(%x) ({
  ^bb0(%a: tensor<4xf32>):
    %s = stablehlo.sine %a : tensor<4xf32>
    stablehlo.return %s : tensor<4xf32>
  }, {
  ^bb0(%a: tensor<4xf32>, %ct: tensor<4xf32>):
    %c = stablehlo.multiply %ct, %a : tensor<4xf32>
    stablehlo.return %c : tensor<4xf32>
  }) : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %r = "weft.custom_vjp"(%x) ({
    ^bb0(%a: tensor<4xf32>):
      %s = stablehlo.sine %a : tensor<4xf32>
      stablehlo.return %s : tensor<4xf32>
    }, {
    ^bb0(%a$$.1: tensor<4xf32>, %ct: tensor<4xf32>):
      %0 = stablehlo.multiply %ct, %a$$.1 : tensor<4xf32>
      stablehlo.return %0 : tensor<4xf32>
    }) : (tensor<4xf32>) -> tensor<4xf32>
    return %r : tensor<4xf32>
  }
}
// -----
// RUN: canonicalize
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = "weft.custom_vjp"(%x) ({
  ^bb0(%a: tensor<4xf32>):
    %s = stablehlo.sine %a : tensor<4xf32>
    stablehlo.return %s : tensor<4xf32>
  }, {
  ^bb0(%a: tensor<4xf32>, %ct: tensor<4xf32>):
    stablehlo.return %ct : tensor<4xf32>
  }) : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %s = stablehlo.sine %x : tensor<4xf32>
    return %s : tensor<4xf32>
  }
}
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = "weft.custom_vjp"(%x) ({
  ^bb0(%a: tensor<4xf32>):
    stablehlo.return %a : tensor<4xf32>
  }, {
  ^bb0(%a: tensor<4xf32>):
    stablehlo.return %a : tensor<4xf32>
  }) : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: weft.custom_vjp.C2
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = "weft.custom_vjp"(%x) ({
  ^bb0(%a: tensor<3xf32>):
    stablehlo.return %a : tensor<3xf32>
  }, {
  ^bb0(%a: tensor<4xf32>):
    stablehlo.return %a : tensor<4xf32>
  }) : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: weft.custom_vjp.C1
