// RUN: outline
// The positions of elements that are not zero: one segment up to their number, one after it.
func.func @main(%x: tensor<?xf32, #weft.dims<"N">>) -> (tensor<?x1xi64, #weft.dims<"k[0:N]", 1>>, tensor<?xf32, #weft.dims<"k[0:N]">>) {
  %zf = stablehlo.constant dense<0.0> : tensor<f32>
  %z = stablehlo.constant dense<0> : tensor<i64>
  %one = stablehlo.constant dense<1> : tensor<i64>
  %b = stablehlo.broadcast_in_dim %zf, dims = [] : (tensor<f32>) -> tensor<?xf32, #weft.dims<"N">>
  %p = stablehlo.compare NE, %x, %b : (tensor<?xf32, #weft.dims<"N">>, tensor<?xf32, #weft.dims<"N">>) -> tensor<?xi1, #weft.dims<"N">>
  %c = stablehlo.convert %p : (tensor<?xi1, #weft.dims<"N">>) -> tensor<?xi64, #weft.dims<"N">>
  %n = stablehlo.reduce(%c init: %z) applies stablehlo.add across dimensions = [0] : (tensor<?xi64, #weft.dims<"N">>, tensor<i64>) -> tensor<i64>
  %i = stablehlo.iota dim = 0 : tensor<?xi64, #weft.dims<"N">>
  %np = stablehlo.not %p : tensor<?xi1, #weft.dims<"N">>
  %key = stablehlo.convert %np : (tensor<?xi1, #weft.dims<"N">>) -> tensor<?xi64, #weft.dims<"N">>
  %s:2 = "stablehlo.sort"(%key, %i) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a0: tensor<i64>, %a1: tensor<i64>, %b0: tensor<i64>, %b1: tensor<i64>):
    %q = stablehlo.compare LT, %a0, %a1 : (tensor<i64>, tensor<i64>) -> tensor<i1>
    stablehlo.return %q : tensor<i1>
  }) : (tensor<?xi64, #weft.dims<"N">>, tensor<?xi64, #weft.dims<"N">>) -> (tensor<?xi64, #weft.dims<"N">>, tensor<?xi64, #weft.dims<"N">>)
  %sz = stablehlo.reshape %n : (tensor<i64>) -> tensor<1xi64>
  %wit = "weft.bind_dims"(%sz) <{symbols = [#weft.dim<"k[0:N]">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"k[0:N]", 0>>
  %cut = "stablehlo.slice"(%s#1) <{start_indices = array<i64: 0>, limit_indices = [#weft.dim<"k[0:N]">], strides = array<i64: 1>}> : (tensor<?xi64, #weft.dims<"N">>) -> tensor<?xi64, #weft.dims<"k[0:N]">>
  %r = stablehlo.reshape %cut : (tensor<?xi64, #weft.dims<"k[0:N]">>) -> tensor<?x1xi64, #weft.dims<"k[0:N]", 1>>
  %g = "stablehlo.gather"(%x, %r) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}> : (tensor<?xf32, #weft.dims<"N">>, tensor<?x1xi64, #weft.dims<"k[0:N]", 1>>) -> tensor<?xf32, #weft.dims<"k[0:N]">>
  return %r, %g : tensor<?x1xi64, #weft.dims<"k[0:N]", 1>>, tensor<?xf32, #weft.dims<"k[0:N]">>
}
// =>
module {
  func.func public @main(%x: tensor<?xf32, #weft.dims<"N">>) -> (tensor<?x1xi64, #weft.dims<"k[0:N]", 1>>, tensor<?xf32, #weft.dims<"k[0:N]">>) {
    %0, %sz = func.call @main.0(%x) : (tensor<?xf32, #weft.dims<"N">>) -> (tensor<?xi64, #weft.dims<"N">>, tensor<1xi64>)
    %wit = "weft.bind_dims"(%sz) <{symbols = [#weft.dim<"k[0:N]">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"k[0:N]", 0>>
    %r, %g = func.call @main.1(%0, %x, %wit) : (tensor<?xi64, #weft.dims<"N">>, tensor<?xf32, #weft.dims<"N">>, tensor<?x0xi1, #weft.dims<"k[0:N]", 0>>) -> (tensor<?x1xi64, #weft.dims<"k[0:N]", 1>>, tensor<?xf32, #weft.dims<"k[0:N]">>)
    return %r, %g : tensor<?x1xi64, #weft.dims<"k[0:N]", 1>>, tensor<?xf32, #weft.dims<"k[0:N]">>
  }
  func.func private @main.0(%x: tensor<?xf32, #weft.dims<"N">>) -> (tensor<?xi64, #weft.dims<"N">>, tensor<1xi64>) {
    %zf = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %z = stablehlo.constant dense<0> : tensor<i64>
    %b = stablehlo.broadcast_in_dim %zf, dims = [] : (tensor<f32>) -> tensor<?xf32, #weft.dims<"N">>
    %p = stablehlo.compare NE, %x, %b : (tensor<?xf32, #weft.dims<"N">>, tensor<?xf32, #weft.dims<"N">>) -> tensor<?xi1, #weft.dims<"N">>
    %0 = stablehlo.convert %p : (tensor<?xi1, #weft.dims<"N">>) -> tensor<?xi64, #weft.dims<"N">>
    %n = stablehlo.reduce(%0 init: %z) applies stablehlo.add across dimensions = [0] : (tensor<?xi64, #weft.dims<"N">>, tensor<i64>) -> tensor<i64>
    %np = stablehlo.not %p : tensor<?xi1, #weft.dims<"N">>
    %key = stablehlo.convert %np : (tensor<?xi1, #weft.dims<"N">>) -> tensor<?xi64, #weft.dims<"N">>
    %i = stablehlo.iota dim = 0 : tensor<?xi64, #weft.dims<"N">>
    %1:2 = "stablehlo.sort"(%key, %i) <{dimension = 0 : i64, is_stable = true}> ({
    ^bb0(%a0: tensor<i64>, %a1: tensor<i64>, %b0: tensor<i64>, %b1: tensor<i64>):
      %q = stablehlo.compare LT, %a0, %a1 : (tensor<i64>, tensor<i64>) -> tensor<i1>
      stablehlo.return %q : tensor<i1>
    }) : (tensor<?xi64, #weft.dims<"N">>, tensor<?xi64, #weft.dims<"N">>) -> (tensor<?xi64, #weft.dims<"N">>, tensor<?xi64, #weft.dims<"N">>)
    %sz = stablehlo.reshape %n : (tensor<i64>) -> tensor<1xi64>
    return %1#1, %sz : tensor<?xi64, #weft.dims<"N">>, tensor<1xi64>
  }
  func.func private @main.1(%arg0: tensor<?xi64, #weft.dims<"N">>, %x: tensor<?xf32, #weft.dims<"N">>, %wit: tensor<?x0xi1, #weft.dims<"k[0:N]", 0>>) -> (tensor<?x1xi64, #weft.dims<"k[0:N]", 1>>, tensor<?xf32, #weft.dims<"k[0:N]">>) {
    %cut = "stablehlo.slice"(%arg0) <{limit_indices = [#weft.dim<"k[0:N]">], start_indices = array<i64: 0>, strides = array<i64: 1>}> : (tensor<?xi64, #weft.dims<"N">>) -> tensor<?xi64, #weft.dims<"k[0:N]">>
    %r = stablehlo.reshape %cut : (tensor<?xi64, #weft.dims<"k[0:N]">>) -> tensor<?x1xi64, #weft.dims<"k[0:N]", 1>>
    %g = "stablehlo.gather"(%x, %r) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}> : (tensor<?xf32, #weft.dims<"N">>, tensor<?x1xi64, #weft.dims<"k[0:N]", 1>>) -> tensor<?xf32, #weft.dims<"k[0:N]">>
    return %r, %g : tensor<?x1xi64, #weft.dims<"k[0:N]", 1>>, tensor<?xf32, #weft.dims<"k[0:N]">>
  }
}
// -----
// Nothing here needs the driver.
func.func @main(%x: tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"N">> {
  %0 = stablehlo.negate %x : tensor<?xf32, #weft.dims<"N">>
  return %0 : tensor<?xf32, #weft.dims<"N">>
}
// =>
module {
  func.func public @main(%x: tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"N">> {
    %0 = stablehlo.negate %x : tensor<?xf32, #weft.dims<"N">>
    return %0 : tensor<?xf32, #weft.dims<"N">>
  }
}
// -----
// A native loop around what needs the driver becomes the driver's; the condition is a segment of its own, the weight is a constant of the
// segment that reads it, and %x comes along for its size.
func.func @main(%x: tensor<?xf32, #weft.dims<"N">>, %n: tensor<i64>) -> tensor<f32> {
  %w = stablehlo.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %i0 = stablehlo.constant dense<0> : tensor<i64>
  %r:2 = stablehlo.while(%i = %i0, %acc = %zero) : tensor<i64>, tensor<f32>
  cond {
    %limit = stablehlo.constant dense<3> : tensor<i64>
    %p = stablehlo.compare LT, %i, %limit : (tensor<i64>, tensor<i64>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %s = stablehlo.reshape %i : (tensor<i64>) -> tensor<1xi64>
    %k = "weft.bind_dims"(%s) <{symbols = [#weft.dim<"k">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"k", 0>>
    %one = stablehlo.constant dense<1> : tensor<i64>
    %j = stablehlo.add %i, %one : tensor<i64>
    %many = stablehlo.broadcast_in_dim %w, dims = [2] : (tensor<2xf32>) -> tensor<?x?x2xf32, #weft.dims<"k", "N", 2>>
    %sum = stablehlo.reduce(%many init: %zero) applies stablehlo.add across dimensions = [0, 1, 2] : (tensor<?x?x2xf32, #weft.dims<"k", "N", 2>>, tensor<f32>) -> tensor<f32>
    %next = stablehlo.add %acc, %sum : tensor<f32>
    stablehlo.return %j, %next : tensor<i64>, tensor<f32>
  }
  return %r#1 : tensor<f32>
}
// =>
module {
  func.func public @main(%x: tensor<?xf32, #weft.dims<"N">>, %n: tensor<i64>) -> tensor<f32> {
    %i0 = stablehlo.constant dense<0> : tensor<i64>
    %zero = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %0:2 = "weft.while"(%i0, %zero, %x) <{weft.captures = 1 : i64}> ({
    ^bb0(%arg0: tensor<i64>, %arg1: tensor<f32>, %x$$.1: tensor<?xf32, #weft.dims<"N">>):
      %p = func.call @main.0(%arg0) : (tensor<i64>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    }, {
    ^bb0(%arg2: tensor<i64>, %arg3: tensor<f32>, %x$$.2: tensor<?xf32, #weft.dims<"N">>):
      %s, %j = func.call @main.1(%arg2) : (tensor<i64>) -> (tensor<1xi64>, tensor<i64>)
      %k = "weft.bind_dims"(%s) <{symbols = [#weft.dim<"k">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"k", 0>>
      %next = func.call @main.2(%arg3, %x$$.2, %k) : (tensor<f32>, tensor<?xf32, #weft.dims<"N">>, tensor<?x0xi1, #weft.dims<"k", 0>>) -> tensor<f32>
      stablehlo.return %j, %next : tensor<i64>, tensor<f32>
    }) : (tensor<i64>, tensor<f32>, tensor<?xf32, #weft.dims<"N">>) -> (tensor<i64>, tensor<f32>)
    return %0#1 : tensor<f32>
  }
  func.func private @main.0(%arg0: tensor<i64>) -> tensor<i1> {
    %limit = stablehlo.constant dense<3> : tensor<i64>
    %p = stablehlo.compare LT, %arg0, %limit : (tensor<i64>, tensor<i64>) -> tensor<i1>
    return %p : tensor<i1>
  }
  func.func private @main.1(%arg0: tensor<i64>) -> (tensor<1xi64>, tensor<i64>) {
    %one = stablehlo.constant dense<1> : tensor<i64>
    %s = stablehlo.reshape %arg0 : (tensor<i64>) -> tensor<1xi64>
    %j = stablehlo.add %arg0, %one : tensor<i64>
    return %s, %j : tensor<1xi64>, tensor<i64>
  }
  func.func private @main.2(%arg0: tensor<f32>, %x: tensor<?xf32, #weft.dims<"N">>, %k: tensor<?x0xi1, #weft.dims<"k", 0>>) -> tensor<f32> {
    %w = stablehlo.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
    %zero = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %many = stablehlo.broadcast_in_dim %w, dims = [2] : (tensor<2xf32>) -> tensor<?x?x2xf32, #weft.dims<"k", "N", 2>>
    %sum = stablehlo.reduce(%many init: %zero) applies stablehlo.add across dimensions = [0, 1, 2] : (tensor<?x?x2xf32, #weft.dims<"k", "N", 2>>, tensor<f32>) -> tensor<f32>
    %next = stablehlo.add %arg0, %sum : tensor<f32>
    return %next : tensor<f32>
  }
}
// -----
// Branches of two shapes, one of them of a size that only data knows.
func.func @main(%p: tensor<i1>, %x: tensor<4xf32>, %i: tensor<i64>) -> tensor<?xf32, #weft.dims<"M">> {
  %s = stablehlo.multiply %i, %i : tensor<i64>
  %s1 = stablehlo.reshape %s : (tensor<i64>) -> tensor<1xi64>
  %wk = "weft.bind_dims"(%s1) <{symbols = [#weft.dim<"k">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"k", 0>>
  %r = "weft.case"(%p, %x) <{symbols = [#weft.dim<"M">], weft.captures = 1 : i64}> ({
  ^bb0(%a: tensor<4xf32>):
    %n = stablehlo.negate %a : tensor<4xf32>
    stablehlo.return %n : tensor<4xf32>
  }, {
  ^bb0(%a: tensor<4xf32>):
    %o = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"k">>
    %b = stablehlo.concatenate %a, %o, dim = 0 : (tensor<4xf32>, tensor<?xf32, #weft.dims<"k">>) -> tensor<?xf32, #weft.dims<"k + 4">>
    stablehlo.return %b : tensor<?xf32, #weft.dims<"k + 4">>
  }) : (tensor<i1>, tensor<4xf32>) -> tensor<?xf32, #weft.dims<"M">>
  %t = stablehlo.exponential %r : tensor<?xf32, #weft.dims<"M">>
  return %t : tensor<?xf32, #weft.dims<"M">>
}
// =>
module {
  func.func public @main(%p: tensor<i1>, %x: tensor<4xf32>, %i: tensor<i64>) -> tensor<?xf32, #weft.dims<"M">> {
    %s1 = func.call @main.0(%i) : (tensor<i64>) -> tensor<1xi64>
    %wk = "weft.bind_dims"(%s1) <{symbols = [#weft.dim<"k">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"k", 0>>
    %r = "weft.case"(%p, %x, %wk) <{symbols = [#weft.dim<"M">], weft.captures = 2 : i64}> ({
    ^bb0(%a: tensor<4xf32>, %wk$$.1: tensor<?x0xi1, #weft.dims<"k", 0>>):
      %n = func.call @main.1(%a) : (tensor<4xf32>) -> tensor<4xf32>
      stablehlo.return %n : tensor<4xf32>
    }, {
    ^bb0(%a$$.1: tensor<4xf32>, %wk$$.2: tensor<?x0xi1, #weft.dims<"k", 0>>):
      %b = func.call @main.2(%a$$.1, %wk$$.2) : (tensor<4xf32>, tensor<?x0xi1, #weft.dims<"k", 0>>) -> tensor<?xf32, #weft.dims<"k + 4">>
      stablehlo.return %b : tensor<?xf32, #weft.dims<"k + 4">>
    }) : (tensor<i1>, tensor<4xf32>, tensor<?x0xi1, #weft.dims<"k", 0>>) -> tensor<?xf32, #weft.dims<"M">>
    %t = func.call @main.3(%r) : (tensor<?xf32, #weft.dims<"M">>) -> tensor<?xf32, #weft.dims<"M">>
    return %t : tensor<?xf32, #weft.dims<"M">>
  }
  func.func private @main.0(%i: tensor<i64>) -> tensor<1xi64> {
    %s = stablehlo.multiply %i, %i : tensor<i64>
    %s1 = stablehlo.reshape %s : (tensor<i64>) -> tensor<1xi64>
    return %s1 : tensor<1xi64>
  }
  func.func private @main.1(%a: tensor<4xf32>) -> tensor<4xf32> {
    %n = stablehlo.negate %a : tensor<4xf32>
    return %n : tensor<4xf32>
  }
  func.func private @main.2(%a: tensor<4xf32>, %wk: tensor<?x0xi1, #weft.dims<"k", 0>>) -> tensor<?xf32, #weft.dims<"k + 4">> {
    %o = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"k">>
    %b = stablehlo.concatenate %a, %o, dim = 0 : (tensor<4xf32>, tensor<?xf32, #weft.dims<"k">>) -> tensor<?xf32, #weft.dims<"k + 4">>
    return %b : tensor<?xf32, #weft.dims<"k + 4">>
  }
  func.func private @main.3(%r: tensor<?xf32, #weft.dims<"M">>) -> tensor<?xf32, #weft.dims<"M">> {
    %t = stablehlo.exponential %r : tensor<?xf32, #weft.dims<"M">>
    return %t : tensor<?xf32, #weft.dims<"M">>
  }
}
// -----
// Host values stay where they are, what is computed from their elements does not.
func.func @main(%q: !weft.sequence<tensor<?xf32>>, %i: tensor<i64>) -> !weft.sequence<tensor<?xf32>> {
  %one = stablehlo.constant dense<1> : tensor<i64>
  %j = stablehlo.add %i, %one : tensor<i64>
  %a = stablehlo.custom_call @sequence_at(%q, %i) {symbols = [#weft.dim<"d">]} : (!weft.sequence<tensor<?xf32>>, tensor<i64>) -> tensor<?xf32, #weft.dims<"d">>
  %b = stablehlo.negate %a : tensor<?xf32, #weft.dims<"d">>
  %c = stablehlo.custom_call @sequence_insert(%q, %b, %j) : (!weft.sequence<tensor<?xf32>>, tensor<?xf32, #weft.dims<"d">>, tensor<i64>) -> !weft.sequence<tensor<?xf32>>
  return %c : !weft.sequence<tensor<?xf32>>
}
// =>
module {
  func.func public @main(%q: !weft.sequence<tensor<?xf32>>, %i: tensor<i64>) -> !weft.sequence<tensor<?xf32>> {
    %j = func.call @main.0(%i) : (tensor<i64>) -> tensor<i64>
    %a = stablehlo.custom_call @sequence_at(%q, %i) {symbols = [#weft.dim<"d">]} : (!weft.sequence<tensor<?xf32>>, tensor<i64>) -> tensor<?xf32, #weft.dims<"d">>
    %b = func.call @main.1(%a) : (tensor<?xf32, #weft.dims<"d">>) -> tensor<?xf32, #weft.dims<"d">>
    %0 = stablehlo.custom_call @sequence_insert(%q, %b, %j) : (!weft.sequence<tensor<?xf32>>, tensor<?xf32, #weft.dims<"d">>, tensor<i64>) -> !weft.sequence<tensor<?xf32>>
    return %0 : !weft.sequence<tensor<?xf32>>
  }
  func.func private @main.0(%i: tensor<i64>) -> tensor<i64> {
    %one = stablehlo.constant dense<1> : tensor<i64>
    %j = stablehlo.add %i, %one : tensor<i64>
    return %j : tensor<i64>
  }
  func.func private @main.1(%a: tensor<?xf32, #weft.dims<"d">>) -> tensor<?xf32, #weft.dims<"d">> {
    %b = stablehlo.negate %a : tensor<?xf32, #weft.dims<"d">>
    return %b : tensor<?xf32, #weft.dims<"d">>
  }
}
// -----
// no-eval: strings
// `d` is the size of strings, which no kernel takes: a host call tells it.
func.func @main(%q: tensor<1x!weft.string>) -> tensor<?xf32, #weft.dims<"d">> {
  %a, %b = stablehlo.custom_call @string_encode(%q) {symbols = [#weft.dim<"d">]} : (tensor<1x!weft.string>) -> (tensor<1xi64>, tensor<?x!weft.string, #weft.dims<"d">>)
  %c = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"d">>
  return %c : tensor<?xf32, #weft.dims<"d">>
}
// =>
module {
  func.func public @main(%q: tensor<1x!weft.string>) -> tensor<?xf32, #weft.dims<"d">> {
    %a, %b = stablehlo.custom_call @string_encode(%q) {symbols = [#weft.dim<"d">]} : (tensor<1x!weft.string>) -> (tensor<1xi64>, tensor<?x!weft.string, #weft.dims<"d">>)
    %0 = stablehlo.custom_call @string_witness(%b) {backend_config = "{\"axis\": 0}"} : (tensor<?x!weft.string, #weft.dims<"d">>) -> tensor<?x0xi1, #weft.dims<"d", 0>>
    %1 = func.call @main.0(%0) : (tensor<?x0xi1, #weft.dims<"d", 0>>) -> tensor<?xf32, #weft.dims<"d">>
    return %1 : tensor<?xf32, #weft.dims<"d">>
  }
  func.func private @main.0(%arg0: tensor<?x0xi1, #weft.dims<"d", 0>>) -> tensor<?xf32, #weft.dims<"d">> {
    %0 = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"d">>
    return %0 : tensor<?xf32, #weft.dims<"d">>
  }
}
// -----
// No tensor has `d` as a dim.
func.func @main(%q: !weft.sequence<tensor<?xf32, #weft.dims<"d">>>) -> tensor<?xf32, #weft.dims<"d">> {
  %b = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"d">>
  return %b : tensor<?xf32, #weft.dims<"d">>
}
// error: outline.symbol
// -----
// A range as long as a size that the driver binds, which the driver reads itself: its segment comes between the two.
// no-eval: sizes may not be negative
func.func @main(%n: tensor<1xi64>) -> tensor<?xi64, #weft.dims<"k">> {
  %wit = "weft.bind_dims"(%n) <{symbols = [#weft.dim<"k">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"k", 0>>
  %i = stablehlo.iota dim = 0 : tensor<?xi64, #weft.dims<"k">>
  %r = "weft.check_shape"(%i, %wit) : (tensor<?xi64, #weft.dims<"k">>, tensor<?x0xi1, #weft.dims<"k", 0>>) -> tensor<?xi64, #weft.dims<"k">>
  return %r : tensor<?xi64, #weft.dims<"k">>
}
// =>
module {
  func.func public @main(%n: tensor<1xi64>) -> tensor<?xi64, #weft.dims<"k">> {
    %wit = "weft.bind_dims"(%n) <{symbols = [#weft.dim<"k">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"k", 0>>
    %i = func.call @main.0(%wit) : (tensor<?x0xi1, #weft.dims<"k", 0>>) -> tensor<?xi64, #weft.dims<"k">>
    %r = "weft.check_shape"(%i, %wit) : (tensor<?xi64, #weft.dims<"k">>, tensor<?x0xi1, #weft.dims<"k", 0>>) -> tensor<?xi64, #weft.dims<"k">>
    return %r : tensor<?xi64, #weft.dims<"k">>
  }
  func.func private @main.0(%wit: tensor<?x0xi1, #weft.dims<"k", 0>>) -> tensor<?xi64, #weft.dims<"k">> {
    %i = stablehlo.iota dim = 0 : tensor<?xi64, #weft.dims<"k">>
    return %i : tensor<?xi64, #weft.dims<"k">>
  }
}
