func.func @main(%x: tensor<2x3xi32>, %y: tensor<2x3xi32>) -> tensor<2x3xi32> {
  %r = stablehlo.xor %x, %y : tensor<2x3xi32>
  return %r : tensor<2x3xi32>
}
// =>
module {
  func.func public @main(%x: tensor<2x3xi32>, %y: tensor<2x3xi32>) -> tensor<2x3xi32> {
    %r = stablehlo.xor %x, %y : tensor<2x3xi32>
    return %r : tensor<2x3xi32>
  }
}
// -----
func.func @main(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xui8> {
  %r = "stablehlo.xor"(%x, %y) : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xui8>
  return %r : tensor<4xui8>
}
// =>
module {
  func.func public @main(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xui8> {
    %r = stablehlo.xor %x, %y : tensor<4xui8>
    return %r : tensor<4xui8>
  }
}
// -----
func.func @main(%x: tensor<4xi1>, %y: tensor<4xi1>) -> tensor<4xi1> {
  %r = "stablehlo.xor"(%x, %y) : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  return %r : tensor<4xi1>
}
// =>
module {
  func.func public @main(%x: tensor<4xi1>, %y: tensor<4xi1>) -> tensor<4xi1> {
    %r = stablehlo.xor %x, %y : tensor<4xi1>
    return %r : tensor<4xi1>
  }
}
// -----
func.func @main(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %r = stablehlo.xor %x, %y : tensor<f32>
  return %r : tensor<f32>
}
// error: xor.I1
// -----
func.func @main(%x: tensor<4xi32>, %y: tensor<5xi32>) -> tensor<4xi32> {
  %r = "stablehlo.xor"(%x, %y) : (tensor<4xi32>, tensor<5xi32>) -> tensor<4xi32>
  return %r : tensor<4xi32>
}
// error: xor.C1
// -----
func.func @main(%x: tensor<4xi32>) -> tensor<5xi32> {
  %r = "stablehlo.xor"(%x, %x) : (tensor<4xi32>, tensor<4xi32>) -> tensor<5xi32>
  return %r : tensor<5xi32>
}
// error: mlir.type
// -----
func.func @main(%x: tensor<4xi32>, %y: tensor<4xf32>) -> tensor<4xi32> {
  %r = "stablehlo.xor"(%x, %y) : (tensor<4xi32>, tensor<4xf32>) -> tensor<4xi32>
  return %r : tensor<4xi32>
}
// error: xor.I2
