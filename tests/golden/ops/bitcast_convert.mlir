func.func @main(%x: tensor<4xf32>) -> tensor<4xi32> {
  %r = stablehlo.bitcast_convert %x : (tensor<4xf32>) -> tensor<4xi32>
  return %r : tensor<4xi32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xi32> {
    %r = stablehlo.bitcast_convert %x : (tensor<4xf32>) -> tensor<4xi32>
    return %r : tensor<4xi32>
  }
}
// -----
func.func @main(%x: tensor<4xi32>) -> tensor<4x4xi8> {
  %r = stablehlo.bitcast_convert %x : (tensor<4xi32>) -> tensor<4x4xi8>
  return %r : tensor<4x4xi8>
}
// =>
module {
  func.func public @main(%x: tensor<4xi32>) -> tensor<4x4xi8> {
    %r = stablehlo.bitcast_convert %x : (tensor<4xi32>) -> tensor<4x4xi8>
    return %r : tensor<4x4xi8>
  }
}
// -----
func.func @main(%x: tensor<4x2xf32>) -> tensor<4xf64> {
  %r = stablehlo.bitcast_convert %x : (tensor<4x2xf32>) -> tensor<4xf64>
  return %r : tensor<4xf64>
}
// =>
module {
  func.func public @main(%x: tensor<4x2xf32>) -> tensor<4xf64> {
    %r = stablehlo.bitcast_convert %x : (tensor<4x2xf32>) -> tensor<4xf64>
    return %r : tensor<4xf64>
  }
}
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xi64> {
  %r = stablehlo.bitcast_convert %x : (tensor<4xf32>) -> tensor<4xi64>
  return %r : tensor<4xi64>
}
// error: bitcast_convert.C1
// -----
func.func @main(%x: tensor<4xcomplex<f32>>) -> tensor<4xf64> {
  %r = stablehlo.bitcast_convert %x : (tensor<4xcomplex<f32>>) -> tensor<4xf64>
  return %r : tensor<4xf64>
}
// error: bitcast_convert.C2
// -----
func.func @main(%x: tensor<4x2xf32>) -> tensor<4xcomplex<f32>> {
  %r = stablehlo.bitcast_convert %x : (tensor<4x2xf32>) -> tensor<4xcomplex<f32>>
  return %r : tensor<4xcomplex<f32>>
}
// error: bitcast_convert.C2
