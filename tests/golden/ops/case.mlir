func.func @main(%i: tensor<i32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %r = "stablehlo.case"(%i) ({
    stablehlo.return %x : tensor<4xf32>
  }, {
    %z = stablehlo.negate %x : tensor<4xf32>
    stablehlo.return %z : tensor<4xf32>
  }, {
    %z = stablehlo.add %x, %x : tensor<4xf32>
    stablehlo.return %z : tensor<4xf32>
  }) : (tensor<i32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// =>
module {
  func.func public @main(%i: tensor<i32>, %x: tensor<4xf32>) -> tensor<4xf32> {
    %r = "stablehlo.case"(%i) ({
      stablehlo.return %x : tensor<4xf32>
    }, {
      %z = stablehlo.negate %x : tensor<4xf32>
      stablehlo.return %z : tensor<4xf32>
    }, {
      %z$$.1 = stablehlo.add %x, %x : tensor<4xf32>
      stablehlo.return %z$$.1 : tensor<4xf32>
    }) : (tensor<i32>) -> tensor<4xf32>
    return %r : tensor<4xf32>
  }
}
// -----
func.func @main(%i: tensor<i64>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %r = "stablehlo.case"(%i) ({
    stablehlo.return %x : tensor<4xf32>
  }) : (tensor<i64>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: case.I1
// -----
func.func @main(%i: tensor<i32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %r = "stablehlo.case"(%i) : (tensor<i32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: case.C1
// -----
func.func @main(%i: tensor<i32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %r = "stablehlo.case"(%i) ({
  ^bb0(%a: tensor<4xf32>):
    stablehlo.return %x : tensor<4xf32>
  }) : (tensor<i32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: case.C2
// -----
func.func @main(%i: tensor<i32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %r = "stablehlo.case"(%i) ({
    stablehlo.return %x : tensor<4xf32>
  }, {
    stablehlo.return %i : tensor<i32>
  }) : (tensor<i32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: case.C3
// -----
func.func @main(%i: tensor<i32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %r = "stablehlo.case"(%i) ({
    stablehlo.return %x : tensor<4xf32>
  }, {
    %z = stablehlo.negate %x : tensor<4xf32>
    stablehlo.return %z : tensor<4xf32>
  }, {
    %z = stablehlo.add %x, %x : tensor<4xf32>
    stablehlo.return %z : tensor<4xf32>
  }) : (tensor<i32>) -> tensor<5xf32>
  return %r : tensor<4xf32>
}
// error: mlir.type
