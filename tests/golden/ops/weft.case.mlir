func.func @main(%p: tensor<i1>, %x: tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"M">> {
  %r = "weft.case"(%p, %x) <{symbols = [#weft.dim<"M">], weft.captures = 1 : i64}> ({
  ^bb0(%a: tensor<?xf32, #weft.dims<"N">>):
    stablehlo.return %a : tensor<?xf32, #weft.dims<"N">>
  }, {
  ^bb0(%a: tensor<?xf32, #weft.dims<"N">>):
    %b = stablehlo.concatenate %a, %a, dim = 0 : (tensor<?xf32, #weft.dims<"N">>, tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"2*N">>
    stablehlo.return %b : tensor<?xf32, #weft.dims<"2*N">>
  }) : (tensor<i1>, tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"M">>
  return %r : tensor<?xf32, #weft.dims<"M">>
}
// =>
module {
  func.func public @main(%p: tensor<i1>, %x: tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"M">> {
    %r = "weft.case"(%p, %x) <{symbols = [#weft.dim<"M">], weft.captures = 1 : i64}> ({
    ^bb0(%a: tensor<?xf32, #weft.dims<"N">>):
      stablehlo.return %a : tensor<?xf32, #weft.dims<"N">>
    }, {
    ^bb0(%a$$.1: tensor<?xf32, #weft.dims<"N">>):
      %b = stablehlo.concatenate %a$$.1, %a$$.1, dim = 0 : (tensor<?xf32, #weft.dims<"N">>, tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"2*N">>
      stablehlo.return %b : tensor<?xf32, #weft.dims<"2*N">>
    }) : (tensor<i1>, tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"M">>
    return %r : tensor<?xf32, #weft.dims<"M">>
  }
}
// -----
func.func @main(%i: tensor<i32>, %x: tensor<2xf32>) -> !weft.optional<tensor<2xf32>> {
  %r = "weft.case"(%i, %x) <{weft.captures = 1 : i64}> ({
  ^bb0(%a: tensor<2xf32>):
    %n = stablehlo.custom_call @optional_none() : () -> !weft.optional<tensor<2xf32>>
    stablehlo.return %n : !weft.optional<tensor<2xf32>>
  }, {
  ^bb0(%a: tensor<2xf32>):
    %s = stablehlo.custom_call @optional_some(%a) : (tensor<2xf32>) -> !weft.optional<tensor<2xf32>>
    stablehlo.return %s : !weft.optional<tensor<2xf32>>
  }) : (tensor<i32>, tensor<2xf32>) -> !weft.optional<tensor<2xf32>>
  return %r : !weft.optional<tensor<2xf32>>
}
// =>
module {
  func.func public @main(%i: tensor<i32>, %x: tensor<2xf32>) -> !weft.optional<tensor<2xf32>> {
    %r = "weft.case"(%i, %x) <{weft.captures = 1 : i64}> ({
    ^bb0(%a: tensor<2xf32>):
      %n = stablehlo.custom_call @optional_none() : () -> !weft.optional<tensor<2xf32>>
      stablehlo.return %n : !weft.optional<tensor<2xf32>>
    }, {
    ^bb0(%a$$.1: tensor<2xf32>):
      %s = stablehlo.custom_call @optional_some(%a$$.1) : (tensor<2xf32>) -> !weft.optional<tensor<2xf32>>
      stablehlo.return %s : !weft.optional<tensor<2xf32>>
    }) : (tensor<i32>, tensor<2xf32>) -> !weft.optional<tensor<2xf32>>
    return %r : !weft.optional<tensor<2xf32>>
  }
}
// -----
func.func @main(%p: tensor<i1>) -> tensor<i1> {
  %r = "weft.case"(%p, %p) <{weft.captures = 1 : i64}> ({
  ^bb0(%a: tensor<i1>):
    stablehlo.return %a : tensor<i1>
  }) : (tensor<i1>, tensor<i1>) -> tensor<i1>
  return %r : tensor<i1>
}
// error: weft.case.C1
// -----
func.func @main(%p: tensor<i64>) -> tensor<i64> {
  %r = "weft.case"(%p, %p) <{weft.captures = 1 : i64}> ({
  ^bb0(%a: tensor<i64>):
    stablehlo.return %a : tensor<i64>
  }) : (tensor<i64>, tensor<i64>) -> tensor<i64>
  return %r : tensor<i64>
}
// error: weft.case.I1
// -----
func.func @main(%p: tensor<i32>) -> tensor<i32> {
  %r = "weft.case"(%p) ({
  ^bb0(%a: tensor<i32>):
    stablehlo.return %a : tensor<i32>
  }) : (tensor<i32>) -> tensor<i32>
  return %r : tensor<i32>
}
// error: weft.case.C2
// -----
func.func @main(%p: tensor<i32>) -> tensor<i64> {
  %r = "weft.case"(%p, %p) <{weft.captures = 1 : i64}> ({
  ^bb0(%a: tensor<i32>):
    stablehlo.return %a : tensor<i32>
  }) : (tensor<i32>, tensor<i32>) -> tensor<i64>
  return %r : tensor<i64>
}
// error: weft.case.C3
