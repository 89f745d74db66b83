// RUN: resolve-dims
// Constants, what follows from them, and one size bound twice.
func.func @main(%x: tensor<?xf32, #weft.dims<"N">>) -> (tensor<?xi32, #weft.dims<"a">>, tensor<?xi32, #weft.dims<"b">>, tensor<?xf32, #weft.dims<"c">>,tensor<?xf32, #weft.dims<"d">>) {
  %s = stablehlo.constant dense<[3]> : tensor<1xi64>
  %w = "weft.bind_dims"(%s) <{symbols = [#weft.dim<"a">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"a", 0>>
  %i = stablehlo.iota dim = 0 : tensor<?xi32, #weft.dims<"a">>
  %n = stablehlo.get_dimension_size %i, dim = 0 : (tensor<?xi32, #weft.dims<"a">>) -> tensor<i32>
  %n1 = stablehlo.reshape %n : (tensor<i32>) -> tensor<1xi32>
  %n2 = stablehlo.convert %n1 : (tensor<1xi32>) -> tensor<1xi64>
  %n3 = stablehlo.add %n2, %n2 : tensor<1xi64>
  %w2 = "weft.bind_dims"(%n3) <{symbols = [#weft.dim<"b">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"b", 0>>
  %i2 = stablehlo.iota dim = 0 : tensor<?xi32, #weft.dims<"b">>
  %q = stablehlo.constant dense<0.> : tensor<f32>
  %z = stablehlo.reduce(%x init: %q) applies stablehlo.add across dimensions = [0] : (tensor<?xf32, #weft.dims<"N">>, tensor<f32>) -> tensor<f32>
  %zz = stablehlo.convert %z : (tensor<f32>) -> tensor<i64>
  %z1 = stablehlo.reshape %zz : (tensor<i64>) -> tensor<1xi64>
  %w3 = "weft.bind_dims"(%z1) <{symbols = [#weft.dim<"c">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"c", 0>>
  %w4 = "weft.bind_dims"(%z1) <{symbols = [#weft.dim<"d">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"d", 0>>
  %f3 = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"c">>
  %f4 = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"d">>
  %f5 = stablehlo.add %f4, %f4 : tensor<?xf32, #weft.dims<"d">>
  return %i, %i2, %f3, %f5 : tensor<?xi32, #weft.dims<"a">>, tensor<?xi32, #weft.dims<"b">>, tensor<?xf32, #weft.dims<"c">>, tensor<?xf32, #weft.dims<"d">>
}
// =>
module {
  func.func public @main(%x: tensor<?xf32, #weft.dims<"N">>) -> (tensor<3xi32>, tensor<6xi32>, tensor<?xf32, #weft.dims<"c">>, tensor<?xf32, #weft.dims<"c">>) {
    %i2 = stablehlo.constant dense<[0, 1, 2, 3, 4, 5]> : tensor<6xi32>
    %q = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %z = stablehlo.reduce(%x init: %q) applies stablehlo.add across dimensions = [0] : (tensor<?xf32, #weft.dims<"N">>, tensor<f32>) -> tensor<f32>
    %zz = stablehlo.convert %z : (tensor<f32>) -> tensor<i64>
    %z1 = stablehlo.reshape %zz : (tensor<i64>) -> tensor<1xi64>
    %w3 = "weft.bind_dims"(%z1) <{symbols = [#weft.dim<"c">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"c", 0>>
    %i = stablehlo.constant dense<[0, 1, 2]> : tensor<3xi32>
    %f3 = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"c">>
    %f5 = stablehlo.add %f3, %f3 : tensor<?xf32, #weft.dims<"c">>
    return %i, %i2, %f3, %f5 : tensor<3xi32>, tensor<6xi32>, tensor<?xf32, #weft.dims<"c">>, tensor<?xf32, #weft.dims<"c">>
  }
}
// -----
// no-eval: sizes must not be negative
// The first size is data, the second a dim of the input.
func.func @main(%x: tensor<?xf32, #weft.dims<"N">>, %y: tensor<1xi64>) -> (tensor<?xi32, #weft.dims<"a">>, tensor<?xi32, #weft.dims<"c">>) {
  %n = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?xf32, #weft.dims<"N">>) -> tensor<i32>
  %n1 = stablehlo.reshape %n : (tensor<i32>) -> tensor<1xi32>
  %n2 = stablehlo.convert %n1 : (tensor<1xi32>) -> tensor<1xi64>
  %n3 = stablehlo.concatenate %y, %n2, dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %w2:2 = "weft.bind_dims"(%n3) <{symbols = [#weft.dim<"c">, #weft.dim<"a">]}> : (tensor<2xi64>) -> (tensor<?x0xi1, #weft.dims<"c", 0>>, tensor<?x0xi1, #weft.dims<"a", 0>>)
  %i2 = stablehlo.iota dim = 0 : tensor<?xi32, #weft.dims<"a">>
  %i3 = stablehlo.iota dim = 0 : tensor<?xi32, #weft.dims<"c">>
  return %i2, %i3 : tensor<?xi32, #weft.dims<"a">>, tensor<?xi32, #weft.dims<"c">>
}
// =>
module {
  func.func public @main(%x: tensor<?xf32, #weft.dims<"N">>, %y: tensor<1xi64>) -> (tensor<?xi32, #weft.dims<"N">>, tensor<?xi32, #weft.dims<"c">>) {
    %n = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?xf32, #weft.dims<"N">>) -> tensor<i32>
    %n1 = stablehlo.reshape %n : (tensor<i32>) -> tensor<1xi32>
    %n2 = stablehlo.convert %n1 : (tensor<1xi32>) -> tensor<1xi64>
    %n3 = stablehlo.concatenate %y, %n2, dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
    %i2 = stablehlo.iota dim = 0 : tensor<?xi32, #weft.dims<"N">>
    %0 = stablehlo.slice %n3 [0:1] : (tensor<2xi64>) -> tensor<1xi64>
    %1 = "weft.bind_dims"(%0) <{symbols = [#weft.dim<"c">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"c", 0>>
    %i3 = stablehlo.iota dim = 0 : tensor<?xi32, #weft.dims<"c">>
    return %i2, %i3 : tensor<?xi32, #weft.dims<"N">>, tensor<?xi32, #weft.dims<"c">>
  }
}
