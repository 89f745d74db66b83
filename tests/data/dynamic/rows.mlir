// Rows of a batch into a sequence (weights inside the loop), then the sequence concatenated again.
func.func @main(%x: tensor<?x3xf32, #weft.dims<"N[1:]", 3>>, %n: tensor<i64>) -> (!weft.sequence<tensor<?xf32>>, tensor<?xf32, #weft.dims<"T">>, tensor<i64>) {
  %w = stablehlo.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %zero = stablehlo.constant dense<0> : tensor<i64>
  %empty = stablehlo.custom_call @sequence_empty() : () -> !weft.sequence<tensor<?xf32>>
  %r:2 = "weft.while"(%empty, %zero, %x, %w, %n, %zero) <{weft.captures = 4 : i64}> ({
  ^bb0(%q: !weft.sequence<tensor<?xf32>>, %i: tensor<i64>, %v: tensor<?x3xf32, #weft.dims<"N[1:]", 3>>, %m: tensor<3x2xf32>, %l: tensor<i64>, %z: tensor<i64>):
    %c = stablehlo.compare LT, %i, %l : (tensor<i64>, tensor<i64>) -> tensor<i1>
    stablehlo.return %c : tensor<i1>
  }, {
  ^bb0(%q: !weft.sequence<tensor<?xf32>>, %i: tensor<i64>, %v: tensor<?x3xf32, #weft.dims<"N[1:]", 3>>, %m: tensor<3x2xf32>, %l: tensor<i64>, %z: tensor<i64>):
    %one = stablehlo.constant dense<1> : tensor<i64>
    %j = stablehlo.add %i, %one : tensor<i64>
    %row = stablehlo.dynamic_slice %v, %i, %z, sizes = [1, 3] : (tensor<?x3xf32, #weft.dims<"N[1:]", 3>>, tensor<i64>, tensor<i64>) -> tensor<1x3xf32>
    %dot = stablehlo.dot_general %row, %m, contracting_dims = [1] x [0] : (tensor<1x3xf32>, tensor<3x2xf32>) -> tensor<1x2xf32>
    %flat = stablehlo.reshape %dot : (tensor<1x2xf32>) -> tensor<2xf32>
    %size = stablehlo.reshape %j : (tensor<i64>) -> tensor<1xi64>
    %wit = "weft.bind_dims"(%size) <{symbols = [#weft.dim<"k">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"k", 0>>
    %many = stablehlo.broadcast_in_dim %flat, dims = [1] : (tensor<2xf32>) -> tensor<?x2xf32, #weft.dims<"k", 2>>
    %line = stablehlo.reshape %many : (tensor<?x2xf32, #weft.dims<"k", 2>>) -> tensor<?xf32, #weft.dims<"2*k">>
    %next = stablehlo.custom_call @sequence_insert(%q, %line) : (!weft.sequence<tensor<?xf32>>, tensor<?xf32, #weft.dims<"2*k">>) -> !weft.sequence<tensor<?xf32>>
    stablehlo.return %next, %j : !weft.sequence<tensor<?xf32>>, tensor<i64>
  }) : (!weft.sequence<tensor<?xf32>>, tensor<i64>, tensor<?x3xf32, #weft.dims<"N[1:]", 3>>, tensor<3x2xf32>, tensor<i64>, tensor<i64>) -> (!weft.sequence<tensor<?xf32>>, tensor<i64>)
  %all = stablehlo.custom_call @sequence_concat(%r#0) {backend_config = "{\"axis\": 0}", symbols = [#weft.dim<"T">]} : (!weft.sequence<tensor<?xf32>>) -> tensor<?xf32, #weft.dims<"T">>
  %out = stablehlo.negate %all : tensor<?xf32, #weft.dims<"T">>
  %length = stablehlo.custom_call @sequence_length(%r#0) : (!weft.sequence<tensor<?xf32>>) -> tensor<i64>
  return %r#0, %out, %length : !weft.sequence<tensor<?xf32>>, tensor<?xf32, #weft.dims<"T">>, tensor<i64>
}
