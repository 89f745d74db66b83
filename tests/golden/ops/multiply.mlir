func.func @main(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %r = stablehlo.multiply %x, %y : tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
    %r = stablehlo.multiply %x, %y : tensor<2x3xf32>
    return %r : tensor<2x3xf32>
  }
}
// -----
func.func @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>, %y: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"N", 3>> {
  %r = "stablehlo.multiply"(%x, %y) : (tensor<?x3xf32, #weft.dims<"N", 3>>, tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"N", 3>>
  return %r : tensor<?x3xf32, #weft.dims<"N", 3>>
}
// =>
module {
  func.func public @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>, %y: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<?x3xf32, #weft.dims<"N", 3>> {
    %r = stablehlo.multiply %x, %y : tensor<?x3xf32, #weft.dims<"N", 3>>
    return %r : tensor<?x3xf32, #weft.dims<"N", 3>>
  }
}
// -----
func.func @main(%x: tensor<4xi32>, %y: tensor<4xi32>) -> tensor<4xi32> {
  %r = "stablehlo.multiply"(%x, %y) : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  return %r : tensor<4xi32>
}
// =>
module {
  func.func public @main(%x: tensor<4xi32>, %y: tensor<4xi32>) -> tensor<4xi32> {
    %r = stablehlo.multiply %x, %y : tensor<4xi32>
    return %r : tensor<4xi32>
  }
}
// -----
func.func @main(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xui8> {
  %r = "stablehlo.multiply"(%x, %y) : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xui8>
  return %r : tensor<4xui8>
}
// =>
module {
  func.func public @main(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xui8> {
    %r = stablehlo.multiply %x, %y : tensor<4xui8>
    return %r : tensor<4xui8>
  }
}
// -----
func.func @main(%x: tensor<4xcomplex<f32>>, %y: tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>> {
  %r = "stablehlo.multiply"(%x, %y) : (tensor<4xcomplex<f32>>, tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>>
  return %r : tensor<4xcomplex<f32>>
}
// =>
module {
  func.func public @main(%x: tensor<4xcomplex<f32>>, %y: tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>> {
    %r = stablehlo.multiply %x, %y : tensor<4xcomplex<f32>>
    return %r : tensor<4xcomplex<f32>>
  }
}
// -----
func.func @main(%x: tensor<4xbf16>, %y: tensor<4xbf16>) -> tensor<4xbf16> {
  %r = "stablehlo.multiply"(%x, %y) : (tensor<4xbf16>, tensor<4xbf16>) -> tensor<4xbf16>
  return %r : tensor<4xbf16>
}
// =>
module {
  func.func public @main(%x: tensor<4xbf16>, %y: tensor<4xbf16>) -> tensor<4xbf16> {
    %r = stablehlo.multiply %x, %y : tensor<4xbf16>
    return %r : tensor<4xbf16>
  }
}
// -----
func.func @main(%x: tensor<4xi1>, %y: tensor<4xi1>) -> tensor<4xi1> {
  %r = "stablehlo.multiply"(%x, %y) : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  return %r : tensor<4xi1>
}
// =>
module {
  func.func public @main(%x: tensor<4xi1>, %y: tensor<4xi1>) -> tensor<4xi1> {
    %r = stablehlo.multiply %x, %y : tensor<4xi1>
    return %r : tensor<4xi1>
  }
}
// -----
func.func @main(%x: tensor<4xf32>, %y: tensor<5xf32>) -> tensor<4xf32> {
  %r = "stablehlo.multiply"(%x, %y) : (tensor<4xf32>, tensor<5xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: multiply.C1
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<5xf32> {
  %r = "stablehlo.multiply"(%x, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<5xf32>
  return %r : tensor<5xf32>
}
// error: mlir.type
// -----
func.func @main(%x: tensor<4x!weft.string>, %y: tensor<4x!weft.string>) -> tensor<4x!weft.string> {
  %r = "stablehlo.multiply"(%x, %y) : (tensor<4x!weft.string>, tensor<4x!weft.string>) -> tensor<4x!weft.string>
  return %r : tensor<4x!weft.string>
}
// error: multiply.I1
// -----
func.func @main(%x: tensor<4xf32>, %y: tensor<4x!weft.string>) -> tensor<4xf32> {
  %r = "stablehlo.multiply"(%x, %y) : (tensor<4xf32>, tensor<4x!weft.string>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: multiply.I2
