func.func @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<i32> {
  %r = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<i32>
  return %r : tensor<i32>
}
// =>
module {
  func.func public @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<i32> {
    %r = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<i32>
    return %r : tensor<i32>
  }
}
// -----
func.func @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<i32> {
  %r = stablehlo.get_dimension_size %x, dim = 2 : (tensor<?x3xf32, #weft.dims<"N", 3>>) -> tensor<i32>
  return %r : tensor<i32>
}
// error: get_dimension_size.C1
