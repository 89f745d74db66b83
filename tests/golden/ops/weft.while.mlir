// The carried vector grows by one element a turn.
func.func @main(%n: tensor<i64>, %x: tensor<?xf32, #weft.dims<"N">>) -> (tensor<?xf32, #weft.dims<"M">>, tensor<i64>) {
  %zero = stablehlo.constant dense<0> : tensor<i64>
  %three = stablehlo.constant dense<3> : tensor<i64>
  %r:2 = "weft.while"(%x, %zero, %three) <{symbols = [#weft.dim<"M">], weft.captures = 1 : i64}> ({
  ^bb0(%v: tensor<?xf32, #weft.dims<"a">>, %i: tensor<i64>, %limit: tensor<i64>):
    %p = stablehlo.compare LT, %i, %limit : (tensor<i64>, tensor<i64>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  }, {
  ^bb0(%v: tensor<?xf32, #weft.dims<"a">>, %i: tensor<i64>, %limit: tensor<i64>):
    %one = stablehlo.constant dense<1> : tensor<i64>
    %j = stablehlo.add %i, %one : tensor<i64>
    %f = stablehlo.convert %j : (tensor<i64>) -> tensor<f32>
    %s = stablehlo.reshape %f : (tensor<f32>) -> tensor<1xf32>
    %w = stablehlo.concatenate %v, %s, dim = 0 : (tensor<?xf32, #weft.dims<"a">>, tensor<1xf32>) -> tensor<?xf32, #weft.dims<"a + 1">>
    stablehlo.return %w, %j : tensor<?xf32, #weft.dims<"a + 1">>, tensor<i64>
  }) : (tensor<?xf32, #weft.dims<"N">>, tensor<i64>, tensor<i64>) -> (tensor<?xf32, #weft.dims<"M">>, tensor<i64>)
  return %r#0, %r#1 : tensor<?xf32, #weft.dims<"M">>, tensor<i64>
}
// =>
module {
  func.func public @main(%n: tensor<i64>, %x: tensor<?xf32, #weft.dims<"N">>) -> (tensor<?xf32, #weft.dims<"M">>, tensor<i64>) {
    %zero = stablehlo.constant dense<0> : tensor<i64>
    %three = stablehlo.constant dense<3> : tensor<i64>
    %0:2 = "weft.while"(%x, %zero, %three) <{symbols = [#weft.dim<"M">], weft.captures = 1 : i64}> ({
    ^bb0(%v: tensor<?xf32, #weft.dims<"a">>, %i: tensor<i64>, %limit: tensor<i64>):
      %p = stablehlo.compare LT, %i, %limit : (tensor<i64>, tensor<i64>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    }, {
    ^bb0(%v$$.1: tensor<?xf32, #weft.dims<"a">>, %i$$.1: tensor<i64>, %limit$$.1: tensor<i64>):
      %one = stablehlo.constant dense<1> : tensor<i64>
      %j = stablehlo.add %i$$.1, %one : tensor<i64>
      %f = stablehlo.convert %j : (tensor<i64>) -> tensor<f32>
      %s = stablehlo.reshape %f : (tensor<f32>) -> tensor<1xf32>
      %w = stablehlo.concatenate %v$$.1, %s, dim = 0 : (tensor<?xf32, #weft.dims<"a">>, tensor<1xf32>) -> tensor<?xf32, #weft.dims<"a + 1">>
      stablehlo.return %w, %j : tensor<?xf32, #weft.dims<"a + 1">>, tensor<i64>
    }) : (tensor<?xf32, #weft.dims<"N">>, tensor<i64>, tensor<i64>) -> (tensor<?xf32, #weft.dims<"M">>, tensor<i64>)
    return %0#0, %0#1 : tensor<?xf32, #weft.dims<"M">>, tensor<i64>
  }
}
// -----
// A sequence is filled.
func.func @main(%x: tensor<2xf32>) -> !weft.sequence<tensor<?xf32>> {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %s = stablehlo.custom_call @sequence_empty() : () -> !weft.sequence<tensor<?xf32>>
  %r:2 = "weft.while"(%s, %zero, %x) <{weft.captures = 1 : i64}> ({
  ^bb0(%q: !weft.sequence<tensor<?xf32>>, %i: tensor<i32>, %y: tensor<2xf32>):
    %limit = stablehlo.constant dense<3> : tensor<i32>
    %p = stablehlo.compare LT, %i, %limit : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  }, {
  ^bb0(%q: !weft.sequence<tensor<?xf32>>, %i: tensor<i32>, %y: tensor<2xf32>):
    %one = stablehlo.constant dense<1> : tensor<i32>
    %j = stablehlo.add %i, %one : tensor<i32>
    %n = stablehlo.custom_call @sequence_insert(%q, %y) : (!weft.sequence<tensor<?xf32>>, tensor<2xf32>) -> !weft.sequence<tensor<?xf32>>
    stablehlo.return %n, %j : !weft.sequence<tensor<?xf32>>, tensor<i32>
  }) : (!weft.sequence<tensor<?xf32>>, tensor<i32>, tensor<2xf32>) -> (!weft.sequence<tensor<?xf32>>, tensor<i32>)
  return %r#0 : !weft.sequence<tensor<?xf32>>
}
// =>
module {
  func.func public @main(%x: tensor<2xf32>) -> !weft.sequence<tensor<?xf32>> {
    %zero = stablehlo.constant dense<0> : tensor<i32>
    %s = stablehlo.custom_call @sequence_empty() : () -> !weft.sequence<tensor<?xf32>>
    %0:2 = "weft.while"(%s, %zero, %x) <{weft.captures = 1 : i64}> ({
    ^bb0(%q: !weft.sequence<tensor<?xf32>>, %i: tensor<i32>, %y: tensor<2xf32>):
      %limit = stablehlo.constant dense<3> : tensor<i32>
      %p = stablehlo.compare LT, %i, %limit : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    }, {
    ^bb0(%q$$.1: !weft.sequence<tensor<?xf32>>, %i$$.1: tensor<i32>, %y$$.1: tensor<2xf32>):
      %one = stablehlo.constant dense<1> : tensor<i32>
      %j = stablehlo.add %i$$.1, %one : tensor<i32>
      %n = stablehlo.custom_call @sequence_insert(%q$$.1, %y$$.1) : (!weft.sequence<tensor<?xf32>>, tensor<2xf32>) -> !weft.sequence<tensor<?xf32>>
      stablehlo.return %n, %j : !weft.sequence<tensor<?xf32>>, tensor<i32>
    }) : (!weft.sequence<tensor<?xf32>>, tensor<i32>, tensor<2xf32>) -> (!weft.sequence<tensor<?xf32>>, tensor<i32>)
    return %0#0 : !weft.sequence<tensor<?xf32>>
  }
}
// -----
func.func @main(%x: tensor<2xf32>, %p: tensor<i1>) -> tensor<2xf32> {
  %r = "weft.while"(%x, %p) <{weft.captures = 1 : i64}> ({
  ^bb0(%v: tensor<3xf32>, %q: tensor<i1>):
    stablehlo.return %q : tensor<i1>
  }, {
  ^bb0(%v: tensor<2xf32>, %q: tensor<i1>):
    stablehlo.return %v : tensor<2xf32>
  }) : (tensor<2xf32>, tensor<i1>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: weft.while.C1
// -----
func.func @main(%x: tensor<2xf32>, %p: tensor<i1>) -> tensor<3xf32> {
  %r = "weft.while"(%x, %p) <{weft.captures = 1 : i64}> ({
  ^bb0(%v: tensor<3xf32>, %q: tensor<i1>):
    stablehlo.return %q : tensor<i1>
  }, {
  ^bb0(%v: tensor<3xf32>, %q: tensor<i1>):
    stablehlo.return %v : tensor<3xf32>
  }) : (tensor<2xf32>, tensor<i1>) -> tensor<3xf32>
  return %r : tensor<3xf32>
}
// error: weft.while.C2
// -----
// N is the parameter's, not whatever a turn makes of it.
func.func @main(%x: tensor<?xf32, #weft.dims<"N">>, %p: tensor<i1>) -> tensor<?xf32, #weft.dims<"N">> {
  %r = "weft.while"(%x, %p) <{weft.captures = 1 : i64}> ({
  ^bb0(%v: tensor<?xf32, #weft.dims<"N">>, %q: tensor<i1>):
    stablehlo.return %q : tensor<i1>
  }, {
  ^bb0(%v: tensor<?xf32, #weft.dims<"N">>, %q: tensor<i1>):
    %w = stablehlo.concatenate %v, %v, dim = 0 : (tensor<?xf32, #weft.dims<"N">>, tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"2*N">>
    stablehlo.return %w : tensor<?xf32, #weft.dims<"2*N">>
  }) : (tensor<?xf32, #weft.dims<"N">>, tensor<i1>) -> tensor<?xf32, #weft.dims<"N">>
  return %r : tensor<?xf32, #weft.dims<"N">>
}
// error: weft.while.C3
// -----
func.func @main(%x: tensor<2xf32>, %p: tensor<i1>) -> tensor<2xf32> {
  %r = "weft.while"(%x, %p) <{weft.captures = 1 : i64}> ({
  ^bb0(%v: tensor<?xf32, #weft.dims<"a">>, %q: tensor<i1>):
    stablehlo.return %q : tensor<i1>
  }, {
  ^bb0(%v: tensor<?xf32, #weft.dims<"a">>, %q: tensor<i1>):
    stablehlo.return %v : tensor<?xf32, #weft.dims<"a">>
  }) : (tensor<2xf32>, tensor<i1>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: weft.while.C4
