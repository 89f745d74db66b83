func.func @main(%p: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %r = stablehlo.select %p, %x, %y : tensor<4xi1>, tensor<4xf32>
  return %r : tensor<4xf32>
}
// =>
module {
  func.func public @main(%p: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
    %r = stablehlo.select %p, %x, %y : tensor<4xi1>, tensor<4xf32>
    return %r : tensor<4xf32>
  }
}
// -----
func.func @main(%p: tensor<i1>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %r = "stablehlo.select"(%p, %x, %y) : (tensor<i1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// =>
module {
  func.func public @main(%p: tensor<i1>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
    %r = stablehlo.select %p, %x, %y : tensor<i1>, tensor<4xf32>
    return %r : tensor<4xf32>
  }
}
// -----
func.func @main(%p: tensor<4xi32>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %r = stablehlo.select %p, %x, %y : tensor<4xi32>, tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: select.I1
// -----
func.func @main(%p: tensor<3xi1>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %r = stablehlo.select %p, %x, %y : tensor<3xi1>, tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: select.C1
// -----
func.func @main(%p: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xi32>) -> tensor<4xf32> {
  %r = stablehlo.select %p, %x, %y : (tensor<4xi1>, tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: select.C2
