// no-eval: random sizes
func.func @main(%sizes: tensor<2xi64>, %x: tensor<f32>) -> tensor<?x?xf32, #weft.dims<"a", "b[0:8]">> {
  %w:2 = "weft.bind_dims"(%sizes) <{symbols = [#weft.dim<"a">, #weft.dim<"b[0:8]">]}> : (tensor<2xi64>) -> (tensor<?x0xi1, #weft.dims<"a", 0>>, tensor<?x0xi1, #weft.dims<"b[0:8]", 0>>)
  %r = stablehlo.broadcast_in_dim %x, dims = [] : (tensor<f32>) -> tensor<?x?xf32, #weft.dims<"a", "b[0:8]">>
  return %r : tensor<?x?xf32, #weft.dims<"a", "b[0:8]">>
}
// =>
module {
  func.func public @main(%sizes: tensor<2xi64>, %x: tensor<f32>) -> tensor<?x?xf32, #weft.dims<"a", "b[0:8]">> {
    %0:2 = "weft.bind_dims"(%sizes) <{symbols = [#weft.dim<"a">, #weft.dim<"b[0:8]">]}> : (tensor<2xi64>) -> (tensor<?x0xi1, #weft.dims<"a", 0>>, tensor<?x0xi1, #weft.dims<"b[0:8]", 0>>)
    %r = stablehlo.broadcast_in_dim %x, dims = [] : (tensor<f32>) -> tensor<?x?xf32, #weft.dims<"a", "b[0:8]">>
    return %r : tensor<?x?xf32, #weft.dims<"a", "b[0:8]">>
  }
}
// -----
func.func @main(%sizes: tensor<2xi64>) -> tensor<2xi64> {
  %w = "weft.bind_dims"(%sizes) <{symbols = [#weft.dim<"a">]}> : (tensor<2xi64>) -> tensor<?x0xi1, #weft.dims<"a", 0>>
  return %sizes : tensor<2xi64>
}
// error: weft.bind_dims.C1
// -----
func.func @main(%sizes: tensor<2xi64>) -> tensor<2xi64> {
  %w:2 = "weft.bind_dims"(%sizes) <{symbols = [#weft.dim<"a">, #weft.dim<"a">]}> : (tensor<2xi64>) -> (tensor<?x0xi1, #weft.dims<"a", 0>>, tensor<?x0xi1, #weft.dims<"a", 0>>)
  return %sizes : tensor<2xi64>
}
// error: weft.bind_dims.C2
// -----
// used before it is defined, and defined twice
func.func @main(%sizes: tensor<1xi64>) -> tensor<?xi32, #weft.dims<"a">> {
  %i = stablehlo.iota dim = 0 : tensor<?xi32, #weft.dims<"a">>
  %w = "weft.bind_dims"(%sizes) <{symbols = [#weft.dim<"a">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"a", 0>>
  %v = "weft.bind_dims"(%sizes) <{symbols = [#weft.dim<"a">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"a", 0>>
  return %i : tensor<?xi32, #weft.dims<"a">>
}
// error: verify.symbols
// error: verify.symbols
