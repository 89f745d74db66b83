func.func @main(%x: tensor<3xf32>, %v: tensor<f32>) -> tensor<3xf32> {
  %a = stablehlo.constant dense<1> : tensor<1xi32>
  %b = stablehlo.constant dense<-1> : tensor<1xi32>
  %c = stablehlo.constant dense<0> : tensor<1xi32>
  %0 = stablehlo.dynamic_pad %x, %v, %a, %b, %c : (tensor<3xf32>, tensor<f32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<3xf32>, %v: tensor<f32>) -> tensor<3xf32> {
    %a = stablehlo.constant dense<1> : tensor<1xi32>
    %b = stablehlo.constant dense<-1> : tensor<1xi32>
    %c = stablehlo.constant dense<0> : tensor<1xi32>
    %0 = stablehlo.pad %x, %v, low = [1], high = [-1], interior = [0] : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
    return %0 : tensor<3xf32>
  }
}
// -----
func.func @main(%x: tensor<3xf32>, %v: tensor<f32>, %a: tensor<1xi32>) -> tensor<?xf32> {
  %c = stablehlo.constant dense<0> : tensor<1xi32>
  %0 = stablehlo.dynamic_pad %x, %v, %a, %c, %c : (tensor<3xf32>, tensor<f32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
// =>
module {
  func.func public @main(%x: tensor<3xf32>, %v: tensor<f32>, %a: tensor<1xi32>) -> tensor<?xf32, #weft.dims<"max(0, size_2 - size_3 + 3)">> {
    %c = stablehlo.constant dense<0> : tensor<1xi32>
    %0 = stablehlo.convert %a : (tensor<1xi32>) -> tensor<1xi64>
    %1 = stablehlo.slice %0 [0:1] : (tensor<1xi64>) -> tensor<1xi64>
    %2 = stablehlo.negate %1 : tensor<1xi64>
    %c_0 = stablehlo.constant dense<0> : tensor<i64>
    %3 = stablehlo.broadcast_in_dim %c_0, dims = [] : (tensor<i64>) -> tensor<1xi64>
    %4 = stablehlo.maximum %1, %3 : tensor<1xi64>
    %c_1 = stablehlo.constant dense<0> : tensor<i64>
    %5 = stablehlo.broadcast_in_dim %c_1, dims = [] : (tensor<i64>) -> tensor<1xi64>
    %6 = stablehlo.maximum %2, %5 : tensor<1xi64>
    %7 = "weft.bind_dims"(%4) <{symbols = [#weft.dim<"size_2">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"size_2", 0>>
    %8 = "weft.bind_dims"(%6) <{symbols = [#weft.dim<"size_3">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"size_3", 0>>
    %9 = "stablehlo.pad"(%x, %v) <{edge_padding_high = [#weft.dim<"-size_2 + size_3 + max(0, size_2 - size_3 + 3) - 3">], edge_padding_low = [#weft.dim<"size_2 - size_3">], interior_padding = array<i64: 0>}> : (tensor<3xf32>, tensor<f32>) -> tensor<?xf32, #weft.dims<"max(0, size_2 - size_3 + 3)">>
    return %9 : tensor<?xf32, #weft.dims<"max(0, size_2 - size_3 + 3)">>
  }
}
