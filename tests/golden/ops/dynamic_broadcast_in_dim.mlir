func.func @main(%x: tensor<?x4xf32>, %v: tensor<4xf32>) -> tensor<?x4xf32> {
  %n = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x4xf32>) -> tensor<i32>
  %n1 = stablehlo.reshape %n : (tensor<i32>) -> tensor<1xi32>
  %c = stablehlo.constant dense<4> : tensor<1xi32>
  %s = stablehlo.concatenate %n1, %c, dim = 0 : (tensor<1xi32>, tensor<1xi32>) -> tensor<2xi32>
  %0 = stablehlo.dynamic_broadcast_in_dim %v, %s, dims = [1] : (tensor<4xf32>, tensor<2xi32>) -> tensor<?x4xf32>
  %1 = stablehlo.add %x, %0 : tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<?x4xf32, #weft.dims<"x.0.1", 4>>, %v: tensor<4xf32>) -> tensor<?x4xf32, #weft.dims<"x.0.1", 4>> {
    %n = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x4xf32, #weft.dims<"x.0.1", 4>>) -> tensor<i32>
    %n1 = stablehlo.reshape %n : (tensor<i32>) -> tensor<1xi32>
    %c = stablehlo.constant dense<4> : tensor<1xi32>
    %s = stablehlo.concatenate %n1, %c, dim = 0 : (tensor<1xi32>, tensor<1xi32>) -> tensor<2xi32>
    %0 = stablehlo.broadcast_in_dim %v, dims = [1] : (tensor<4xf32>) -> tensor<?x4xf32, #weft.dims<"x.0.1", 4>>
    %1 = stablehlo.add %x, %0 : tensor<?x4xf32, #weft.dims<"x.0.1", 4>>
    return %1 : tensor<?x4xf32, #weft.dims<"x.0.1", 4>>
  }
}
