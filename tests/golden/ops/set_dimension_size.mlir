// no-eval: random numbers may be negative
func.func @main(%x: tensor<8xf32>, %n: tensor<i32>) -> tensor<?xf32, #stablehlo.bounds<8>> {
  %0 = stablehlo.set_dimension_size %x, %n, dim = 0 : (tensor<8xf32>, tensor<i32>) -> tensor<?xf32, #stablehlo.bounds<8>>
  return %0 : tensor<?xf32, #stablehlo.bounds<8>>
}
// =>
module {
  func.func public @main(%x: tensor<8xf32>, %n: tensor<i32>) -> tensor<?xf32, #weft.dims<"size_2">> {
    %0 = stablehlo.reshape %n : (tensor<i32>) -> tensor<1xi32>
    %1 = stablehlo.convert %0 : (tensor<1xi32>) -> tensor<1xi64>
    %2 = stablehlo.slice %1 [0:1] : (tensor<1xi64>) -> tensor<1xi64>
    %3 = "weft.bind_dims"(%2) <{symbols = [#weft.dim<"size_2">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"size_2", 0>>
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %4 = "stablehlo.pad"(%x, %cst) <{edge_padding_high = [#weft.dim<"size_2 - 8">], edge_padding_low = array<i64: 0>, interior_padding = array<i64: 0>}> : (tensor<8xf32>, tensor<f32>) -> tensor<?xf32, #weft.dims<"size_2">>
    return %4 : tensor<?xf32, #weft.dims<"size_2">>
  }
}
