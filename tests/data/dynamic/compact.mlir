// The positive elements of x: their number `k` is shared by two segments and bounded by N.
func.func @main(%x: tensor<?xf32, #weft.dims<"N">>, %w: tensor<2xf32>) -> (tensor<?x2xf32, #weft.dims<"k[0:N]", 2>>, tensor<?x?xf32, #weft.dims<"k[0:N]", "N">>) {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %none = stablehlo.constant dense<0> : tensor<i64>
  %zeros = stablehlo.broadcast_in_dim %zero, dims = [] : (tensor<f32>) -> tensor<?xf32, #weft.dims<"N">>
  %p = stablehlo.compare GT, %x, %zeros : (tensor<?xf32, #weft.dims<"N">>, tensor<?xf32, #weft.dims<"N">>) -> tensor<?xi1, #weft.dims<"N">>
  %ones = stablehlo.convert %p : (tensor<?xi1, #weft.dims<"N">>) -> tensor<?xi64, #weft.dims<"N">>
  %count = stablehlo.reduce(%ones init: %none) applies stablehlo.add across dimensions = [0] : (tensor<?xi64, #weft.dims<"N">>, tensor<i64>) -> tensor<i64>
  %last = stablehlo.not %p : tensor<?xi1, #weft.dims<"N">>
  %key = stablehlo.convert %last : (tensor<?xi1, #weft.dims<"N">>) -> tensor<?xi64, #weft.dims<"N">>
  %s:2 = "stablehlo.sort"(%key, %x) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<i64>, %b: tensor<i64>, %c: tensor<f32>, %d: tensor<f32>):
    %q = stablehlo.compare LT, %a, %b : (tensor<i64>, tensor<i64>) -> tensor<i1>
    stablehlo.return %q : tensor<i1>
  }) : (tensor<?xi64, #weft.dims<"N">>, tensor<?xf32, #weft.dims<"N">>) -> (tensor<?xi64, #weft.dims<"N">>, tensor<?xf32, #weft.dims<"N">>)
  %size = stablehlo.reshape %count : (tensor<i64>) -> tensor<1xi64>
  %k = "weft.bind_dims"(%size) <{symbols = [#weft.dim<"k[0:N]">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"k[0:N]", 0>>
  %kept = "stablehlo.slice"(%s#1) <{start_indices = array<i64: 0>, limit_indices = [#weft.dim<"k[0:N]">], strides = array<i64: 1>}> : (tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"k[0:N]">>
  %wide = stablehlo.broadcast_in_dim %kept, dims = [0] : (tensor<?xf32, #weft.dims<"k[0:N]">>) -> tensor<?x2xf32, #weft.dims<"k[0:N]", 2>>
  %scale = stablehlo.broadcast_in_dim %w, dims = [1] : (tensor<2xf32>) -> tensor<?x2xf32, #weft.dims<"k[0:N]", 2>>
  %r = stablehlo.multiply %wide, %scale : tensor<?x2xf32, #weft.dims<"k[0:N]", 2>>
  %grid = stablehlo.broadcast_in_dim %kept, dims = [0] : (tensor<?xf32, #weft.dims<"k[0:N]">>) -> tensor<?x?xf32, #weft.dims<"k[0:N]", "N">>
  return %r, %grid : tensor<?x2xf32, #weft.dims<"k[0:N]", 2>>, tensor<?x?xf32, #weft.dims<"k[0:N]", "N">>
}
