func.func @main(%x: tensor<4xf32>) -> tensor<4xi32> {
  %r = stablehlo.convert %x : (tensor<4xf32>) -> tensor<4xi32>
  return %r : tensor<4xi32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xi32> {
    %r = stablehlo.convert %x : (tensor<4xf32>) -> tensor<4xi32>
    return %r : tensor<4xi32>
  }
}
// -----
func.func @main(%x: tensor<4xi32>) -> tensor<4xbf16> {
  %r = stablehlo.convert %x : (tensor<4xi32>) -> tensor<4xbf16>
  return %r : tensor<4xbf16>
}
// =>
module {
  func.func public @main(%x: tensor<4xi32>) -> tensor<4xbf16> {
    %r = stablehlo.convert %x : (tensor<4xi32>) -> tensor<4xbf16>
    return %r : tensor<4xbf16>
  }
}
// -----
func.func @main(%x: tensor<4xcomplex<f32>>) -> tensor<4xf32> {
  %r = stablehlo.convert %x : (tensor<4xcomplex<f32>>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xcomplex<f32>>) -> tensor<4xf32> {
    %r = stablehlo.convert %x : (tensor<4xcomplex<f32>>) -> tensor<4xf32>
    return %r : tensor<4xf32>
  }
}
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xi1> {
  %r = stablehlo.convert %x : (tensor<4xf32>) -> tensor<4xi1>
  return %r : tensor<4xi1>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xi1> {
    %r = stablehlo.convert %x : (tensor<4xf32>) -> tensor<4xi1>
    return %r : tensor<4xi1>
  }
}
// -----
func.func @main(%x: tensor<4xi4>) -> tensor<4xi64> {
  %r = stablehlo.convert %x : (tensor<4xi4>) -> tensor<4xi64>
  return %r : tensor<4xi64>
}
// =>
module {
  func.func public @main(%x: tensor<4xi4>) -> tensor<4xi64> {
    %r = stablehlo.convert %x : (tensor<4xi4>) -> tensor<4xi64>
    return %r : tensor<4xi64>
  }
}
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf8E4M3FN> {
  %r = stablehlo.convert %x : (tensor<4xf32>) -> tensor<4xf8E4M3FN>
  return %r : tensor<4xf8E4M3FN>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xf8E4M3FN> {
    %r = stablehlo.convert %x : (tensor<4xf32>) -> tensor<4xf8E4M3FN>
    return %r : tensor<4xf8E4M3FN>
  }
}
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<5xi32> {
  %r = stablehlo.convert %x : (tensor<4xf32>) -> tensor<5xi32>
  return %r : tensor<5xi32>
}
// error: convert.C1
