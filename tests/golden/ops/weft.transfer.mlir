func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %r = "weft.transfer"(%x) <{device = "sim:1"}> : (tensor<2xf32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> {
    %r = "weft.transfer"(%x) <{device = "sim:1"}> : (tensor<2xf32>) -> tensor<2xf32>
    return %r : tensor<2xf32>
  }
}
// -----
// A node and a whole function may say where they run.
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> attributes {weft.device = "sim:1"} {
  %r = stablehlo.tanh %x {weft.device = "sim:2"} : tensor<2xf32>
  return %r : tensor<2xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> attributes {weft.device = "sim:1"} {
    %r = stablehlo.tanh %x {weft.device = "sim:2"} : tensor<2xf32>
    return %r : tensor<2xf32>
  }
}
// -----
func.func @main(%x: tensor<2xf32>) -> tensor<3xf32> {
  %r = "weft.transfer"(%x) <{device = "sim:1"}> : (tensor<2xf32>) -> tensor<3xf32>
  return %r : tensor<3xf32>
}
// error: mlir.type
