func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xi1> {
  %r = stablehlo.compare LT, %x, %y, FLOAT : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  return %r : tensor<4xi1>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xi1> {
    %r = stablehlo.compare LT, %x, %y, FLOAT : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    return %r : tensor<4xi1>
  }
}
// -----
func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xi1> {
  %r = stablehlo.compare EQ, %x, %y, TOTALORDER : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  return %r : tensor<4xi1>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xi1> {
    %r = stablehlo.compare EQ, %x, %y, TOTALORDER : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    return %r : tensor<4xi1>
  }
}
// -----
func.func @main(%x: tensor<4xi32>, %y: tensor<4xi32>) -> tensor<4xi1> {
  %r = "stablehlo.compare"(%x, %y) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction GE>}> : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
  return %r : tensor<4xi1>
}
// =>
module {
  func.func public @main(%x: tensor<4xi32>, %y: tensor<4xi32>) -> tensor<4xi1> {
    %r = stablehlo.compare GE, %x, %y, SIGNED : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
    return %r : tensor<4xi1>
  }
}
// -----
func.func @main(%x: tensor<4xi1>, %y: tensor<4xi1>) -> tensor<4xi1> {
  %r = stablehlo.compare NE, %x, %y : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  return %r : tensor<4xi1>
}
// =>
module {
  func.func public @main(%x: tensor<4xi1>, %y: tensor<4xi1>) -> tensor<4xi1> {
    %r = stablehlo.compare NE, %x, %y : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
    return %r : tensor<4xi1>
  }
}
// -----
func.func @main(%x: tensor<4xcomplex<f32>>, %y: tensor<4xcomplex<f32>>) -> tensor<4xi1> {
  %r = stablehlo.compare GT, %x, %y, FLOAT : (tensor<4xcomplex<f32>>, tensor<4xcomplex<f32>>) -> tensor<4xi1>
  return %r : tensor<4xi1>
}
// =>
module {
  func.func public @main(%x: tensor<4xcomplex<f32>>, %y: tensor<4xcomplex<f32>>) -> tensor<4xi1> {
    %r = stablehlo.compare GT, %x, %y, FLOAT : (tensor<4xcomplex<f32>>, tensor<4xcomplex<f32>>) -> tensor<4xi1>
    return %r : tensor<4xi1>
  }
}
// -----
func.func @main(%x: tensor<4xf32>, %y: tensor<4xi32>) -> tensor<4xi1> {
  %r = stablehlo.compare NE, %x, %y : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xi1>
  return %r : tensor<4xi1>
}
// error: compare.C1
// -----
func.func @main(%x: tensor<4xf32>, %y: tensor<3xf32>) -> tensor<4xi1> {
  %r = stablehlo.compare NE, %x, %y : (tensor<4xf32>, tensor<3xf32>) -> tensor<4xi1>
  return %r : tensor<4xi1>
}
// error: compare.C2
// -----
func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xi1> {
  %r = stablehlo.compare NE, %x, %y, SIGNED : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  return %r : tensor<4xi1>
}
// error: compare.C3
// -----
func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xi1> {
  %r = stablehlo.compare UP, %x, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  return %r : tensor<4xi1>
}
// error: compare.I3
