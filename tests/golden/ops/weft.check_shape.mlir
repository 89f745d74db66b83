func.func @main(%x: tensor<?x2xf32, #weft.dims<"N[3:3]", 2>>) -> tensor<3x2xf32> {
  %0 = "weft.check_shape"(%x) : (tensor<?x2xf32, #weft.dims<"N[3:3]", 2>>) -> tensor<3x2xf32>
  return %0 : tensor<3x2xf32>
}
// =>
module {
  func.func public @main(%x: tensor<?x2xf32, #weft.dims<"N[3:3]", 2>>) -> tensor<3x2xf32> {
    %0 = "weft.check_shape"(%x) : (tensor<?x2xf32, #weft.dims<"N[3:3]", 2>>) -> tensor<3x2xf32>
    return %0 : tensor<3x2xf32>
  }
}
// -----
// RUN: canonicalize
func.func @main(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %0 = "weft.check_shape"(%x) : (tensor<3x2xf32>) -> tensor<3x2xf32>
  return %0 : tensor<3x2xf32>
}
// =>
module {
  func.func public @main(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
    return %x : tensor<3x2xf32>
  }
}
// -----
// RUN: canonicalize
// no-eval: random sizes
func.func @main(%x: tensor<?xf32, #weft.dims<"N">>) -> tensor<0xf32> {
  %0 = "weft.check_shape"(%x) : (tensor<?xf32, #weft.dims<"N">>) -> tensor<0xf32>
  return %0 : tensor<0xf32>
}
// =>
module {
  func.func public @main(%x: tensor<?xf32, #weft.dims<"N">>) -> tensor<0xf32> {
    %0 = "weft.check_shape"(%x) : (tensor<?xf32, #weft.dims<"N">>) -> tensor<0xf32>
    return %0 : tensor<0xf32>
  }
}
// -----
func.func @main(%x: tensor<?xf32, #weft.dims<"N">>) -> tensor<3x1xf32> {
  %0 = "weft.check_shape"(%x) : (tensor<?xf32, #weft.dims<"N">>) -> tensor<3x1xf32>
  return %0 : tensor<3x1xf32>
}
// error: weft.check_shape.C1
