// RUN: dce
// no-eval: sizes must not be negative
// `a` is mentioned by what is returned and `b` by the bounds of `a`; `c` by nothing that is needed.
func.func @main(%n: tensor<3xi64>) -> tensor<?xf32, #weft.dims<"a[0:b]">> {
  %s = stablehlo.slice %n [0:1] : (tensor<3xi64>) -> tensor<1xi64>
  %b = "weft.bind_dims"(%s) <{symbols = [#weft.dim<"b">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"b", 0>>
  %t = stablehlo.slice %n [1:2] : (tensor<3xi64>) -> tensor<1xi64>
  %a = "weft.bind_dims"(%t) <{symbols = [#weft.dim<"a[0:b]">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"a[0:b]", 0>>
  %u = stablehlo.slice %n [2:3] : (tensor<3xi64>) -> tensor<1xi64>
  %c = "weft.bind_dims"(%u) <{symbols = [#weft.dim<"c">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"c", 0>>
  %i = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"c">>
  %r = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"a[0:b]">>
  return %r : tensor<?xf32, #weft.dims<"a[0:b]">>
}
// =>
module {
  func.func public @main(%n: tensor<3xi64>) -> tensor<?xf32, #weft.dims<"a[0:b]">> {
    %s = stablehlo.slice %n [0:1] : (tensor<3xi64>) -> tensor<1xi64>
    %b = "weft.bind_dims"(%s) <{symbols = [#weft.dim<"b">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"b", 0>>
    %t = stablehlo.slice %n [1:2] : (tensor<3xi64>) -> tensor<1xi64>
    %a = "weft.bind_dims"(%t) <{symbols = [#weft.dim<"a[0:b]">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"a[0:b]", 0>>
    %r = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"a[0:b]">>
    return %r : tensor<?xf32, #weft.dims<"a[0:b]">>
  }
}
// -----
// RUN: inline, drop-private
// no-eval: sizes must not be negative
// A function has its symbols anew wherever it is inlined; what is `N` in it is not what the caller calls `N`.
func.func @main(%x: tensor<?xf32, #weft.dims<"N">>, %n: tensor<1xi64>, %m: tensor<1xi64>) -> (tensor<f32>, tensor<f32>) {
  %a = func.call @f(%x, %n) : (tensor<?xf32, #weft.dims<"N">>, tensor<1xi64>) -> tensor<f32>
  %b = func.call @f(%x, %m) : (tensor<?xf32, #weft.dims<"N">>, tensor<1xi64>) -> tensor<f32>
  return %a, %b : tensor<f32>, tensor<f32>
}
func.func private @f(%x: tensor<?xf32, #weft.dims<"M">>, %n: tensor<1xi64>) -> tensor<f32> {
  %z = stablehlo.constant dense<0.0> : tensor<f32>
  %w = "weft.bind_dims"(%n) <{symbols = [#weft.dim<"N">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"N", 0>>
  %i = stablehlo.broadcast_in_dim %x, dims = [0] : (tensor<?xf32, #weft.dims<"M">>) -> tensor<?x?xf32, #weft.dims<"M", "N">>
  %s = stablehlo.reduce(%i init: %z) applies stablehlo.add across dimensions = [0, 1] : (tensor<?x?xf32, #weft.dims<"M", "N">>, tensor<f32>) -> tensor<f32>
  return %s: tensor<f32>
}
// =>
module {
  func.func public @main(%x: tensor<?xf32, #weft.dims<"N">>, %n: tensor<1xi64>, %m: tensor<1xi64>) -> (tensor<f32>, tensor<f32>) {
    %z = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %w = "weft.bind_dims"(%n) <{symbols = [#weft.dim<"N.1">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"N.1", 0>>
    %i = stablehlo.broadcast_in_dim %x, dims = [0] : (tensor<?xf32, #weft.dims<"N">>) -> tensor<?x?xf32, #weft.dims<"N", "N.1">>
    %s = stablehlo.reduce(%i init: %z) applies stablehlo.add across dimensions = [0, 1] : (tensor<?x?xf32, #weft.dims<"N", "N.1">>, tensor<f32>) -> tensor<f32>
    %z$$.1 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %w$$.1 = "weft.bind_dims"(%m) <{symbols = [#weft.dim<"N.2">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"N.2", 0>>
    %i$$.1 = stablehlo.broadcast_in_dim %x, dims = [0] : (tensor<?xf32, #weft.dims<"N">>) -> tensor<?x?xf32, #weft.dims<"N", "N.2">>
    %s$$.1 = stablehlo.reduce(%i$$.1 init: %z$$.1) applies stablehlo.add across dimensions = [0, 1] : (tensor<?x?xf32, #weft.dims<"N", "N.2">>, tensor<f32>) -> tensor<f32>
    return %s, %s$$.1 : tensor<f32>, tensor<f32>
  }
}
// -----
// RUN: inline
func.func @main(%n: tensor<1xi64>) -> tensor<?xf32, #weft.dims<"k">> {
  %r = func.call @f(%n) : (tensor<1xi64>) -> tensor<?xf32, #weft.dims<"k">>
  return %r : tensor<?xf32, #weft.dims<"k">>
}
func.func private @f(%n: tensor<1xi64>) -> tensor<?xf32, #weft.dims<"a">> {
  %w = "weft.bind_dims"(%n) <{symbols = [#weft.dim<"a">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"a", 0>>
  %i = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"a">>
  return %i : tensor<?xf32, #weft.dims<"a">>
}
// error: call.C2
// error: verify.symbols
// -----
// RUN: resolve-dims
// A known branch gives the shape; another one may be native again, as may a loop over values of one shape.
func.func @main(%x: tensor<?xf32, #weft.dims<"N">>, %p: tensor<i1>) -> (tensor<?xf32, #weft.dims<"M">>, tensor<?xf32, #weft.dims<"N">>) {
  %one = stablehlo.constant dense<1> : tensor<i32>
  %r = "weft.case"(%one, %x) <{symbols = [#weft.dim<"M">], weft.captures = 1 : i64}> ({
  ^bb0(%a: tensor<?xf32, #weft.dims<"N">>):
    stablehlo.return %a : tensor<?xf32, #weft.dims<"N">>
  }, {
  ^bb0(%a: tensor<?xf32, #weft.dims<"N">>):
    %b = stablehlo.concatenate %a, %a, dim = 0 : (tensor<?xf32, #weft.dims<"N">>, tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"2*N">>
    stablehlo.return %b : tensor<?xf32, #weft.dims<"2*N">>
  }) : (tensor<i32>, tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"M">>
  %s = "weft.case"(%p, %x) <{weft.captures = 1 : i64}> ({
  ^bb0(%a: tensor<?xf32, #weft.dims<"N">>):
    stablehlo.return %a : tensor<?xf32, #weft.dims<"N">>
  }, {
  ^bb0(%a: tensor<?xf32, #weft.dims<"N">>):
    %b = stablehlo.negate %a : tensor<?xf32, #weft.dims<"N">>
    stablehlo.return %b : tensor<?xf32, #weft.dims<"N">>
  }) : (tensor<i1>, tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"N">>
  %t = "weft.while"(%s, %p) <{weft.captures = 1 : i64}> ({
  ^bb0(%a: tensor<?xf32, #weft.dims<"N">>, %q: tensor<i1>):
    %no = stablehlo.constant dense<false> : tensor<i1>
    %go = stablehlo.and %q, %no : tensor<i1>
    stablehlo.return %go : tensor<i1>
  }, {
  ^bb0(%a: tensor<?xf32, #weft.dims<"N">>, %q: tensor<i1>):
    %b = stablehlo.negate %a : tensor<?xf32, #weft.dims<"N">>
    stablehlo.return %b : tensor<?xf32, #weft.dims<"N">>
  }) : (tensor<?xf32, #weft.dims<"N">>, tensor<i1>) -> tensor<?xf32, #weft.dims<"N">>
  return %r, %t : tensor<?xf32, #weft.dims<"M">>, tensor<?xf32, #weft.dims<"N">>
}
// =>
module {
  func.func public @main(%x: tensor<?xf32, #weft.dims<"N">>, %p: tensor<i1>) -> (tensor<?xf32, #weft.dims<"2*N">>, tensor<?xf32, #weft.dims<"N">>) {
    %s = "stablehlo.if"(%p) ({
      %b = stablehlo.negate %x : tensor<?xf32, #weft.dims<"N">>
      stablehlo.return %b : tensor<?xf32, #weft.dims<"N">>
    }, {
      stablehlo.return %x : tensor<?xf32, #weft.dims<"N">>
    }) : (tensor<i1>) -> tensor<?xf32, #weft.dims<"N">>
    %t = stablehlo.while(%iterArg = %s) : tensor<?xf32, #weft.dims<"N">>
    cond {
      %no = stablehlo.constant dense<false> : tensor<i1>
      %go = stablehlo.and %p, %no : tensor<i1>
      stablehlo.return %go : tensor<i1>
    } do {
      %b$$.1 = stablehlo.negate %iterArg : tensor<?xf32, #weft.dims<"N">>
      stablehlo.return %b$$.1 : tensor<?xf32, #weft.dims<"N">>
    }
    %b$$.2 = stablehlo.concatenate %x, %x, dim = 0 : (tensor<?xf32, #weft.dims<"N">>, tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"2*N">>
    return %b$$.2, %t : tensor<?xf32, #weft.dims<"2*N">>, tensor<?xf32, #weft.dims<"N">>
  }
}
// -----
// RUN: cse
// no-eval: sizes must not be negative
// What differs in the symbol it defines is not equal.
func.func @main(%n: tensor<1xi64>) -> (tensor<?xf32, #weft.dims<"a">>, tensor<?xf32, #weft.dims<"a">>, tensor<?xf32, #weft.dims<"b">>) {
  %v = "weft.bind_dims"(%n) <{symbols = [#weft.dim<"a">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"a", 0>>
  %w = "weft.bind_dims"(%n) <{symbols = [#weft.dim<"b">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"b", 0>>
  %i = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"a">>
  %j = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"a">>
  %k = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"b">>
  return %i, %j, %k : tensor<?xf32, #weft.dims<"a">>, tensor<?xf32, #weft.dims<"a">>, tensor<?xf32, #weft.dims<"b">>
}
// =>
module {
  func.func public @main(%n: tensor<1xi64>) -> (tensor<?xf32, #weft.dims<"a">>, tensor<?xf32, #weft.dims<"a">>, tensor<?xf32, #weft.dims<"b">>) {
    %v = "weft.bind_dims"(%n) <{symbols = [#weft.dim<"a">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"a", 0>>
    %w = "weft.bind_dims"(%n) <{symbols = [#weft.dim<"b">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"b", 0>>
    %i = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"a">>
    %k = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"b">>
    return %i, %i, %k : tensor<?xf32, #weft.dims<"a">>, tensor<?xf32, #weft.dims<"a">>, tensor<?xf32, #weft.dims<"b">>
  }
}
