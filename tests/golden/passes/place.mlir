// RUN: place,outline
// One product on each of two devices: each operand goes there once, the results come back, the devices work at the same time.
func.func @main(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %a = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] {weft.device = "sim:1"} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %b = stablehlo.dot_general %x, %x, contracting_dims = [1] x [0] {weft.device = "sim:2"} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %c = stablehlo.add %a, %b {weft.device = "cpu:0"} : tensor<4x4xf32>
  return %c : tensor<4x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> tensor<4x4xf32> {
    %0 = "weft.transfer"(%x) <{device = "sim:1"}> : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %1 = "weft.transfer"(%w) <{device = "sim:1"}> : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %a = func.call @main.0(%0, %1) : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
    %2 = "weft.transfer"(%x) <{device = "sim:2"}> : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %b = func.call @main.1(%2) : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %3 = "weft.transfer"(%a) <{device = "cpu:0"}> : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %4 = "weft.transfer"(%b) <{device = "cpu:0"}> : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %5 = func.call @main.2(%3, %4) : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
    return %5 : tensor<4x4xf32>
  }
  func.func private @main.0(%arg0: tensor<4x4xf32>, %arg1: tensor<4x4xf32>) -> tensor<4x4xf32> attributes {weft.device = "sim:1"} {
    %a = stablehlo.dot_general %arg0, %arg1, contracting_dims = [1] x [0] : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
    return %a : tensor<4x4xf32>
  }
  func.func private @main.1(%arg0: tensor<4x4xf32>) -> tensor<4x4xf32> attributes {weft.device = "sim:2"} {
    %b = stablehlo.dot_general %arg0, %arg0, contracting_dims = [1] x [0] : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
    return %b : tensor<4x4xf32>
  }
  func.func private @main.2(%arg0: tensor<4x4xf32>, %arg1: tensor<4x4xf32>) -> tensor<4x4xf32> {
    %0 = stablehlo.add %arg0, %arg1 : tensor<4x4xf32>
    return %0 : tensor<4x4xf32>
  }
}
// -----
// A value goes to a device once, however many nodes read it there; what costs nothing goes nowhere.
func.func @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %c = stablehlo.constant dense<2.0> : tensor<f32>
  %two = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<f32>) -> tensor<4xf32>
  %a = stablehlo.multiply %x, %two {weft.device = "cpu:0"} : tensor<4xf32>
  %b = stablehlo.tanh %a {weft.device = "sim:1"} : tensor<4xf32>
  %d = stablehlo.multiply %a, %two {weft.device = "sim:1"} : tensor<4xf32>
  %e = stablehlo.add %b, %d {weft.device = "cpu:0"} : tensor<4xf32>
  %f = stablehlo.multiply %e, %a {weft.device = "sim:1"} : tensor<4xf32>
  return %e, %f : tensor<4xf32>, tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
    %a = func.call @main.0(%x) : (tensor<4xf32>) -> tensor<4xf32>
    %0 = "weft.transfer"(%a) <{device = "sim:1"}> : (tensor<4xf32>) -> tensor<4xf32>
    %b, %d = func.call @main.1(%0) : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
    %1 = "weft.transfer"(%b) <{device = "cpu:0"}> : (tensor<4xf32>) -> tensor<4xf32>
    %2 = "weft.transfer"(%d) <{device = "cpu:0"}> : (tensor<4xf32>) -> tensor<4xf32>
    %e = func.call @main.2(%1, %2) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %3 = "weft.transfer"(%e) <{device = "sim:1"}> : (tensor<4xf32>) -> tensor<4xf32>
    %f = func.call @main.3(%3, %0) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %4 = "weft.transfer"(%f) <{device = "cpu:0"}> : (tensor<4xf32>) -> tensor<4xf32>
    return %e, %4 : tensor<4xf32>, tensor<4xf32>
  }
  func.func private @main.0(%x: tensor<4xf32>) -> tensor<4xf32> {
    %cst = stablehlo.constant dense<2.000000e+00> : tensor<f32>
    %two = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %a = stablehlo.multiply %x, %two : tensor<4xf32>
    return %a : tensor<4xf32>
  }
  func.func private @main.1(%arg0: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) attributes {weft.device = "sim:1"} {
    %cst = stablehlo.constant dense<2.000000e+00> : tensor<f32>
    %b = stablehlo.tanh %arg0 : tensor<4xf32>
    %two = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %d = stablehlo.multiply %arg0, %two : tensor<4xf32>
    return %b, %d : tensor<4xf32>, tensor<4xf32>
  }
  func.func private @main.2(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>) -> tensor<4xf32> {
    %e = stablehlo.add %arg0, %arg1 : tensor<4xf32>
    return %e : tensor<4xf32>
  }
  func.func private @main.3(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>) -> tensor<4xf32> attributes {weft.device = "sim:1"} {
    %f = stablehlo.multiply %arg0, %arg1 : tensor<4xf32>
    return %f : tensor<4xf32>
  }
}
// -----
// A loop on one device is one call; what it captures is moved before it.
func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %n = stablehlo.constant dense<3> : tensor<i32>
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %r:2 = stablehlo.while(%i = %zero, %v = %x) : tensor<i32>, tensor<4xf32>
   cond {
    %p = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %k = stablehlo.add %i, %one : tensor<i32>
    %w = stablehlo.add %v, %y {weft.device = "sim:1"} : tensor<4xf32>
    stablehlo.return %k, %w : tensor<i32>, tensor<4xf32>
  }
  return %r#1 : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
    %0 = "weft.transfer"(%x) <{device = "sim:1"}> : (tensor<4xf32>) -> tensor<4xf32>
    %1 = "weft.transfer"(%y) <{device = "sim:1"}> : (tensor<4xf32>) -> tensor<4xf32>
    %2 = func.call @main.0(%0, %1) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %3 = "weft.transfer"(%2) <{device = "cpu:0"}> : (tensor<4xf32>) -> tensor<4xf32>
    return %3 : tensor<4xf32>
  }
  func.func private @main.0(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>) -> tensor<4xf32> attributes {weft.device = "sim:1"} {
    %zero = stablehlo.constant dense<0> : tensor<i32>
    %n = stablehlo.constant dense<3> : tensor<i32>
    %one = stablehlo.constant dense<1> : tensor<i32>
    %0:2 = stablehlo.while(%iterArg = %zero, %iterArg_0 = %arg0) : tensor<i32>, tensor<4xf32>
    cond {
      %p = stablehlo.compare LT, %iterArg, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    } do {
      %k = stablehlo.add %iterArg, %one : tensor<i32>
      %w = stablehlo.add %iterArg_0, %arg1 : tensor<4xf32>
      stablehlo.return %k, %w : tensor<i32>, tensor<4xf32>
    }
    return %0#1 : tensor<4xf32>
  }
}
// -----
// A loop over two devices is run by the driver. Its state stays on the device that computes it, and what it captures goes there before.
func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %n = stablehlo.constant dense<3> : tensor<i32>
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %r:3 = stablehlo.while(%i = %zero, %v = %x, %u = %x) : tensor<i32>, tensor<4xf32>, tensor<4xf32>
   cond {
    %p = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %k = stablehlo.add %i, %one {weft.device = "cpu:0"} : tensor<i32>
    %w = stablehlo.add %v, %y {weft.device = "sim:1"} : tensor<4xf32>
    %t = stablehlo.multiply %u, %w {weft.device = "sim:2"} : tensor<4xf32>
    stablehlo.return %k, %w, %t : tensor<i32>, tensor<4xf32>, tensor<4xf32>
  }
  return %r#2 : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
    %0 = "weft.transfer"(%y) <{device = "sim:1"}> : (tensor<4xf32>) -> tensor<4xf32>
    %zero = stablehlo.constant dense<0> : tensor<i32>
    %1 = "weft.transfer"(%x) <{device = "sim:1"}> : (tensor<4xf32>) -> tensor<4xf32>
    %2 = "weft.transfer"(%x) <{device = "sim:2"}> : (tensor<4xf32>) -> tensor<4xf32>
    %3:3 = "weft.while"(%zero, %1, %2, %0) <{devices = ["", "sim:1", "sim:2"], weft.captures = 1 : i64}> ({
    ^bb0(%arg0: tensor<i32>, %arg1: tensor<4xf32>, %arg2: tensor<4xf32>, %y$$.1: tensor<4xf32>):
      %p = func.call @main.0(%arg0) : (tensor<i32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    }, {
    ^bb0(%arg3: tensor<i32>, %arg4: tensor<4xf32>, %arg5: tensor<4xf32>, %y$$.2: tensor<4xf32>):
      %w = func.call @main.1(%arg4, %y$$.2) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      %4 = "weft.transfer"(%w) <{device = "sim:2"}> : (tensor<4xf32>) -> tensor<4xf32>
      %k = func.call @main.2(%arg3) : (tensor<i32>) -> tensor<i32>
      %t = func.call @main.3(%arg5, %4) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      stablehlo.return %k, %w, %t : tensor<i32>, tensor<4xf32>, tensor<4xf32>
    }) : (tensor<i32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<i32>, tensor<4xf32>, tensor<4xf32>)
    %5 = "weft.transfer"(%3#2) <{device = "cpu:0"}> : (tensor<4xf32>) -> tensor<4xf32>
    return %5 : tensor<4xf32>
  }
  func.func private @main.0(%arg0: tensor<i32>) -> tensor<i1> {
    %n = stablehlo.constant dense<3> : tensor<i32>
    %p = stablehlo.compare LT, %arg0, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    return %p : tensor<i1>
  }
  func.func private @main.1(%arg0: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> attributes {weft.device = "sim:1"} {
    %w = stablehlo.add %arg0, %y : tensor<4xf32>
    return %w : tensor<4xf32>
  }
  func.func private @main.2(%arg0: tensor<i32>) -> tensor<i32> {
    %one = stablehlo.constant dense<1> : tensor<i32>
    %k = stablehlo.add %arg0, %one : tensor<i32>
    return %k : tensor<i32>
  }
  func.func private @main.3(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>) -> tensor<4xf32> attributes {weft.device = "sim:2"} {
    %t = stablehlo.multiply %arg0, %arg1 : tensor<4xf32>
    return %t : tensor<4xf32>
  }
}
// -----
// Branches on different devices leave their result on the host; on one, there.
func.func @main(%x: tensor<4xf32>, %p: tensor<i1>) -> tensor<4xf32> {
  %r = "stablehlo.if"(%p) ({
    %a = stablehlo.tanh %x {weft.device = "sim:1"} : tensor<4xf32>
    stablehlo.return %a : tensor<4xf32>
  }, {
    %b = stablehlo.negate %x {weft.device = "sim:2"} : tensor<4xf32>
    stablehlo.return %b : tensor<4xf32>
  }) : (tensor<i1>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>, %p: tensor<i1>) -> tensor<4xf32> {
    %r = "weft.case"(%p, %x) <{weft.captures = 1 : i64}> ({
    ^bb0(%x$$.1: tensor<4xf32>):
      %0 = "weft.transfer"(%x$$.1) <{device = "sim:2"}> : (tensor<4xf32>) -> tensor<4xf32>
      %b = func.call @main.0(%0) : (tensor<4xf32>) -> tensor<4xf32>
      %1 = "weft.transfer"(%b) <{device = "cpu:0"}> : (tensor<4xf32>) -> tensor<4xf32>
      stablehlo.return %1 : tensor<4xf32>
    }, {
    ^bb0(%x$$.2: tensor<4xf32>):
      %2 = "weft.transfer"(%x$$.2) <{device = "sim:1"}> : (tensor<4xf32>) -> tensor<4xf32>
      %a = func.call @main.1(%2) : (tensor<4xf32>) -> tensor<4xf32>
      %3 = "weft.transfer"(%a) <{device = "cpu:0"}> : (tensor<4xf32>) -> tensor<4xf32>
      stablehlo.return %3 : tensor<4xf32>
    }) : (tensor<i1>, tensor<4xf32>) -> tensor<4xf32>
    return %r : tensor<4xf32>
  }
  func.func private @main.0(%arg0: tensor<4xf32>) -> tensor<4xf32> attributes {weft.device = "sim:2"} {
    %b = stablehlo.negate %arg0 : tensor<4xf32>
    return %b : tensor<4xf32>
  }
  func.func private @main.1(%arg0: tensor<4xf32>) -> tensor<4xf32> attributes {weft.device = "sim:1"} {
    %a = stablehlo.tanh %arg0 : tensor<4xf32>
    return %a : tensor<4xf32>
  }
}
// -----
// Sizes that a device computes are bound by the host; what comes after goes back with a witness.
// no-eval: sizes may not be negative
func.func @main(%x: tensor<?xf32, #weft.dims<"N">>, %n: tensor<1xi64>) -> tensor<?xf32, #weft.dims<"k">> {
  %m = stablehlo.add %n, %n {weft.device = "sim:1"} : tensor<1xi64>
  %wit = "weft.bind_dims"(%m) <{symbols = [#weft.dim<"k">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"k", 0>>
  %c = stablehlo.constant dense<1.0> : tensor<f32>
  %b = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<f32>) -> tensor<?xf32, #weft.dims<"k">>
  %s = stablehlo.tanh %b {weft.device = "sim:1"} : tensor<?xf32, #weft.dims<"k">>
  return %s : tensor<?xf32, #weft.dims<"k">>
}
// =>
module {
  func.func public @main(%x: tensor<?xf32, #weft.dims<"N">>, %n: tensor<1xi64>) -> tensor<?xf32, #weft.dims<"k">> {
    %0 = "weft.transfer"(%n) <{device = "sim:1"}> : (tensor<1xi64>) -> tensor<1xi64>
    %m = func.call @main.0(%0) : (tensor<1xi64>) -> tensor<1xi64>
    %1 = "weft.transfer"(%m) <{device = "cpu:0"}> : (tensor<1xi64>) -> tensor<1xi64>
    %wit = "weft.bind_dims"(%1) <{symbols = [#weft.dim<"k">]}> : (tensor<1xi64>) -> tensor<?x0xi1, #weft.dims<"k", 0>>
    %2 = "weft.transfer"(%wit) <{device = "sim:1"}> : (tensor<?x0xi1, #weft.dims<"k", 0>>) -> tensor<?x0xi1, #weft.dims<"k", 0>>
    %s = func.call @main.1(%2) : (tensor<?x0xi1, #weft.dims<"k", 0>>) -> tensor<?xf32, #weft.dims<"k">>
    %3 = "weft.transfer"(%s) <{device = "cpu:0"}> : (tensor<?xf32, #weft.dims<"k">>) -> tensor<?xf32, #weft.dims<"k">>
    return %3 : tensor<?xf32, #weft.dims<"k">>
  }
  func.func private @main.0(%arg0: tensor<1xi64>) -> tensor<1xi64> attributes {weft.device = "sim:1"} {
    %m = stablehlo.add %arg0, %arg0 : tensor<1xi64>
    return %m : tensor<1xi64>
  }
  func.func private @main.1(%arg0: tensor<?x0xi1, #weft.dims<"k", 0>>) -> tensor<?xf32, #weft.dims<"k">> attributes {weft.device = "sim:1"} {
    %cst = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %b = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<?xf32, #weft.dims<"k">>
    %s = stablehlo.tanh %b : tensor<?xf32, #weft.dims<"k">>
    return %s : tensor<?xf32, #weft.dims<"k">>
  }
}
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = stablehlo.tanh %x {weft.device = "gpu"} : tensor<4xf32>
  return %a : tensor<4xf32>
}
// error: device.name
