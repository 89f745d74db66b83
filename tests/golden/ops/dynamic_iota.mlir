func.func @main(%x: tensor<?x4xf32>) -> tensor<?xi32> {
  %n = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x4xf32>) -> tensor<i32>
  %n1 = stablehlo.reshape %n : (tensor<i32>) -> tensor<1xi32>
  %0 = stablehlo.dynamic_iota %n1, dim = 0 : (tensor<1xi32>) -> tensor<?xi32>
  return %0 : tensor<?xi32>
}
// =>
module {
  func.func public @main(%x: tensor<?x4xf32, #weft.dims<"x.0.1", 4>>) -> tensor<?xi32, #weft.dims<"x.0.1">> {
    %n = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x4xf32, #weft.dims<"x.0.1", 4>>) -> tensor<i32>
    %n1 = stablehlo.reshape %n : (tensor<i32>) -> tensor<1xi32>
    %0 = stablehlo.iota dim = 0 : tensor<?xi32, #weft.dims<"x.0.1">>
    return %0 : tensor<?xi32, #weft.dims<"x.0.1">>
  }
}
