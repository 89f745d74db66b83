// StableHLO's own loop and branch around sizes of data: both become the driver's, the loop inside that needs none stays native.
func.func @main(%x: tensor<?xf32, #weft.dims<"N">>, %n: tensor<i64>) -> tensor<f32> {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %i0 = stablehlo.constant dense<0> : tensor<i64>
  %r:2 = stablehlo.while(%i = %i0, %acc = %zero) : tensor<i64>, tensor<f32>
  cond {
    %p = stablehlo.compare LT, %i, %n : (tensor<i64>, tensor<i64>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %one = stablehlo.constant dense<1> : tensor<i64>
    %j = stablehlo.add %i, %one : tensor<i64>
    %three = stablehlo.constant dense<3> : tensor<i64>
    %small = stablehlo.compare LT, %i, %three : (tensor<i64>, tensor<i64>) -> tensor<i1>
    %sum = "stablehlo.if"(%small) ({
      %s = stablehlo.reshape %j : (tensor<i64>) -> tensor<1xi64>
      %k = "weft.bind_dims"(%s) <{symbols = [#weft.dim<"k">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"k", 0>>
      %many = stablehlo.broadcast_in_dim %x, dims = [1] : (tensor<?xf32, #weft.dims<"N">>) -> tensor<?x?xf32, #weft.dims<"k", "N">>
      %a = stablehlo.reduce(%many init: %zero) applies stablehlo.add across dimensions = [0, 1] : (tensor<?x?xf32, #weft.dims<"k", "N">>, tensor<f32>) -> tensor<f32>
      stablehlo.return %a : tensor<f32>
    }, {
      %l:2 = stablehlo.while(%m = %i0, %v = %x) : tensor<i64>, tensor<?xf32, #weft.dims<"N">>
      cond {
        %q = stablehlo.compare LT, %m, %i : (tensor<i64>, tensor<i64>) -> tensor<i1>
        stablehlo.return %q : tensor<i1>
      } do {
        %up = stablehlo.add %m, %one : tensor<i64>
        %w = stablehlo.add %v, %x : tensor<?xf32, #weft.dims<"N">>
        stablehlo.return %up, %w : tensor<i64>, tensor<?xf32, #weft.dims<"N">>
      }
      %a = stablehlo.reduce(%l#1 init: %zero) applies stablehlo.add across dimensions = [0] : (tensor<?xf32, #weft.dims<"N">>, tensor<f32>) -> tensor<f32>
      stablehlo.return %a : tensor<f32>
    }) : (tensor<i1>) -> tensor<f32>
    %next = stablehlo.add %acc, %sum : tensor<f32>
    stablehlo.return %j, %next : tensor<i64>, tensor<f32>
  }
  return %r#1 : tensor<f32>
}
