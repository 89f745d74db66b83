// Two values that get longer and change places in every turn; a loop inside appends, a branch inside chooses.
func.func @main(%x: tensor<?xf32, #weft.dims<"N">>, %y: tensor<?xf32, #weft.dims<"M">>, %limit: tensor<i64>) -> (tensor<?xf32, #weft.dims<"P">>, tensor<?xf32, #weft.dims<"Q">>, tensor<i64>) {
  %zero = stablehlo.constant dense<0> : tensor<i64>
  %tail = stablehlo.constant dense<[0.5, 0.25, 0.125]> : tensor<3xf32>
  %r:3 = "weft.while"(%x, %y, %zero, %limit, %tail) <{symbols = [#weft.dim<"P">, #weft.dim<"Q">], weft.captures = 2 : i64}> ({
  ^bb0(%a: tensor<?xf32, #weft.dims<"p">>, %b: tensor<?xf32, #weft.dims<"q">>, %i: tensor<i64>, %n: tensor<i64>, %t: tensor<3xf32>):
    %c = stablehlo.compare LT, %i, %n : (tensor<i64>, tensor<i64>) -> tensor<i1>
    stablehlo.return %c : tensor<i1>
  }, {
  ^bb0(%a: tensor<?xf32, #weft.dims<"p">>, %b: tensor<?xf32, #weft.dims<"q">>, %i: tensor<i64>, %n: tensor<i64>, %t: tensor<3xf32>):
    %one = stablehlo.constant dense<1> : tensor<i64>
    %j = stablehlo.add %i, %one : tensor<i64>
    %two = stablehlo.constant dense<2> : tensor<i64>
    %half = stablehlo.remainder %i, %two : tensor<i64>
    %odd = stablehlo.compare EQ, %half, %one : (tensor<i64>, tensor<i64>) -> tensor<i1>
    %chosen = "weft.case"(%odd, %a, %t) <{symbols = [#weft.dim<"s">], weft.captures = 2 : i64}> ({
    ^bb0(%u: tensor<?xf32, #weft.dims<"p">>, %v: tensor<3xf32>):
      %d = stablehlo.concatenate %u, %v, dim = 0 : (tensor<?xf32, #weft.dims<"p">>, tensor<3xf32>) -> tensor<?xf32, #weft.dims<"p + 3">>
      stablehlo.return %d : tensor<?xf32, #weft.dims<"p + 3">>
    }, {
    ^bb0(%u: tensor<?xf32, #weft.dims<"p">>, %v: tensor<3xf32>):
      %l:2 = "weft.while"(%u, %one) <{symbols = [#weft.dim<"m">]}> ({
      ^bb0(%e: tensor<?xf32, #weft.dims<"e">>, %k: tensor<i64>):
        %three = stablehlo.constant dense<3> : tensor<i64>
        %g = stablehlo.compare LT, %k, %three : (tensor<i64>, tensor<i64>) -> tensor<i1>
        stablehlo.return %g : tensor<i1>
      }, {
      ^bb0(%e: tensor<?xf32, #weft.dims<"e">>, %k: tensor<i64>):
        %up = stablehlo.constant dense<1> : tensor<i64>
        %h = stablehlo.add %k, %up : tensor<i64>
        %o = stablehlo.convert %k : (tensor<i64>) -> tensor<f32>
        %o1 = stablehlo.reshape %o : (tensor<f32>) -> tensor<1xf32>
        %w = stablehlo.concatenate %e, %o1, dim = 0 : (tensor<?xf32, #weft.dims<"e">>, tensor<1xf32>) -> tensor<?xf32, #weft.dims<"e + 1">>
        stablehlo.return %w, %h : tensor<?xf32, #weft.dims<"e + 1">>, tensor<i64>
      }) : (tensor<?xf32, #weft.dims<"p">>, tensor<i64>) -> (tensor<?xf32, #weft.dims<"m">>, tensor<i64>)
      stablehlo.return %l#0 : tensor<?xf32, #weft.dims<"m">>
    }) : (tensor<i1>, tensor<?xf32, #weft.dims<"p">>, tensor<3xf32>) -> tensor<?xf32, #weft.dims<"s">>
    stablehlo.return %b, %chosen, %j : tensor<?xf32, #weft.dims<"q">>, tensor<?xf32, #weft.dims<"s">>, tensor<i64>
  }) : (tensor<?xf32, #weft.dims<"N">>, tensor<?xf32, #weft.dims<"M">>, tensor<i64>, tensor<i64>, tensor<3xf32>) -> (tensor<?xf32, #weft.dims<"P">>, tensor<?xf32, #weft.dims<"Q">>, tensor<i64>)
  return %r#0, %r#1, %r#2 : tensor<?xf32, #weft.dims<"P">>, tensor<?xf32, #weft.dims<"Q">>, tensor<i64>
}
