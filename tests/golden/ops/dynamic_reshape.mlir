func.func @main(%x: tensor<2x6xf32>) -> tensor<3x4xf32> {
  %c = stablehlo.constant dense<[3, 4]> : tensor<2xi32>
  %0 = stablehlo.dynamic_reshape %x, %c : (tensor<2x6xf32>, tensor<2xi32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x6xf32>) -> tensor<3x4xf32> {
    %c = stablehlo.constant dense<[3, 4]> : tensor<2xi32>
    %0 = stablehlo.reshape %x : (tensor<2x6xf32>) -> tensor<3x4xf32>
    return %0 : tensor<3x4xf32>
  }
}
// -----
func.func @main(%x: tensor<?x4xf32>) -> tensor<?xf32> {
  %n = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x4xf32>) -> tensor<i32>
  %n1 = stablehlo.reshape %n : (tensor<i32>) -> tensor<1xi32>
  %c = stablehlo.constant dense<4> : tensor<1xi32>
  %m = stablehlo.multiply %n1, %c : tensor<1xi32>
  %0 = stablehlo.dynamic_reshape %x, %m : (tensor<?x4xf32>, tensor<1xi32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
// =>
module {
  func.func public @main(%x: tensor<?x4xf32, #weft.dims<"x.0.1", 4>>) -> tensor<?xf32, #weft.dims<"4*x.0.1">> {
    %n = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x4xf32, #weft.dims<"x.0.1", 4>>) -> tensor<i32>
    %n1 = stablehlo.reshape %n : (tensor<i32>) -> tensor<1xi32>
    %c = stablehlo.constant dense<4> : tensor<1xi32>
    %m = stablehlo.multiply %n1, %c : tensor<1xi32>
    %0 = stablehlo.reshape %x : (tensor<?x4xf32, #weft.dims<"x.0.1", 4>>) -> tensor<?xf32, #weft.dims<"4*x.0.1">>
    return %0 : tensor<?xf32, #weft.dims<"4*x.0.1">>
  }
}
// -----
// no-eval: random numbers make no shape of the operand
func.func @main(%x: tensor<12xf32>, %s: tensor<2xi32>) -> tensor<?x?xf32> {
  %0 = stablehlo.dynamic_reshape %x, %s : (tensor<12xf32>, tensor<2xi32>) -> tensor<?x?xf32>
  %1 = stablehlo.dynamic_reshape %x, %s : (tensor<12xf32>, tensor<2xi32>) -> tensor<?x?xf32>
  %2 = stablehlo.add %0, %1 : tensor<?x?xf32>
  return %2 : tensor<?x?xf32>
}
// =>
module {
  func.func public @main(%x: tensor<12xf32>, %s: tensor<2xi32>) -> tensor<?x?xf32, #weft.dims<"size_3", "size_4">> {
    %0 = stablehlo.convert %s : (tensor<2xi32>) -> tensor<2xi64>
    %1 = stablehlo.slice %0 [0:1] : (tensor<2xi64>) -> tensor<1xi64>
    %2 = "weft.bind_dims"(%1) <{symbols = [#weft.dim<"size_3">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"size_3", 0>>
    %3 = stablehlo.convert %s : (tensor<2xi32>) -> tensor<2xi64>
    %4 = stablehlo.slice %3 [1:2] : (tensor<2xi64>) -> tensor<1xi64>
    %5 = "weft.bind_dims"(%4) <{symbols = [#weft.dim<"size_4">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"size_4", 0>>
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %6 = "stablehlo.pad"(%x, %cst) <{edge_padding_high = [#weft.dim<"size_3*size_4 - 12">], edge_padding_low = array<i64: 0>, interior_padding = array<i64: 0>}> : (tensor<12xf32>, tensor<f32>) -> tensor<?xf32, #weft.dims<"size_3*size_4">>
    %7 = stablehlo.reshape %6 : (tensor<?xf32, #weft.dims<"size_3*size_4">>) -> tensor<?x?xf32, #weft.dims<"size_3", "size_4">>
    %cst_0 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %8 = "stablehlo.pad"(%x, %cst_0) <{edge_padding_high = [#weft.dim<"size_3*size_4 - 12">], edge_padding_low = array<i64: 0>, interior_padding = array<i64: 0>}> : (tensor<12xf32>, tensor<f32>) -> tensor<?xf32, #weft.dims<"size_3*size_4">>
    %9 = stablehlo.reshape %8 : (tensor<?xf32, #weft.dims<"size_3*size_4">>) -> tensor<?x?xf32, #weft.dims<"size_3", "size_4">>
    %10 = stablehlo.add %7, %9 : tensor<?x?xf32, #weft.dims<"size_3", "size_4">>
    return %10 : tensor<?x?xf32, #weft.dims<"size_3", "size_4">>
  }
}
