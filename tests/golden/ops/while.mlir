func.func @main(%n: tensor<i32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %r:2 = stablehlo.while(%i = %zero, %a = %x) : tensor<i32>, tensor<4xf32>
  cond {
    %p = stablehlo.compare LT, %i, %n, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %j = stablehlo.add %i, %one : tensor<i32>
    %b = stablehlo.multiply %a, %x : tensor<4xf32>
    stablehlo.return %j, %b : tensor<i32>, tensor<4xf32>
  }
  return %r#1 : tensor<4xf32>
}
// =>
module {
  func.func public @main(%n: tensor<i32>, %x: tensor<4xf32>) -> tensor<4xf32> {
    %zero = stablehlo.constant dense<0> : tensor<i32>
    %one = stablehlo.constant dense<1> : tensor<i32>
    %0:2 = stablehlo.while(%iterArg = %zero, %iterArg_0 = %x) : tensor<i32>, tensor<4xf32>
    cond {
      %p = stablehlo.compare LT, %iterArg, %n, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    } do {
      %j = stablehlo.add %iterArg, %one : tensor<i32>
      %b = stablehlo.multiply %iterArg_0, %x : tensor<4xf32>
      stablehlo.return %j, %b : tensor<i32>, tensor<4xf32>
    }
    return %0#1 : tensor<4xf32>
  }
}
// -----
// A loop in a loop, which captures through both.
func.func @main(%n: tensor<i32>) -> tensor<i32> {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %r:2 = "stablehlo.while"(%zero, %zero) ({
  ^bb0(%i: tensor<i32>, %s: tensor<i32>):
    %p = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    "stablehlo.return"(%p) : (tensor<i1>) -> ()
  }, {
  ^bb0(%i: tensor<i32>, %s: tensor<i32>):
    %q:2 = "stablehlo.while"(%zero, %s) ({
    ^bb0(%k: tensor<i32>, %t: tensor<i32>):
      %p = stablehlo.compare LT, %k, %i : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    }, {
    ^bb0(%k: tensor<i32>, %t: tensor<i32>):
      %a = stablehlo.add %k, %one : tensor<i32>
      %b = stablehlo.add %t, %n : tensor<i32>
      stablehlo.return %a, %b : tensor<i32>, tensor<i32>
    }) : (tensor<i32>, tensor<i32>) -> (tensor<i32>, tensor<i32>)
    %j = stablehlo.add %i, %one : tensor<i32>
    stablehlo.return %j, %q#1 : tensor<i32>, tensor<i32>
  }) : (tensor<i32>, tensor<i32>) -> (tensor<i32>, tensor<i32>)
  return %r#1 : tensor<i32>
}
// =>
module {
  func.func public @main(%n: tensor<i32>) -> tensor<i32> {
    %zero = stablehlo.constant dense<0> : tensor<i32>
    %one = stablehlo.constant dense<1> : tensor<i32>
    %0:2 = stablehlo.while(%iterArg = %zero, %iterArg_0 = %zero) : tensor<i32>, tensor<i32>
    cond {
      %p = stablehlo.compare LT, %iterArg, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    } do {
      %1:2 = stablehlo.while(%iterArg_1 = %zero, %iterArg_2 = %iterArg_0) : tensor<i32>, tensor<i32>
      cond {
        %p$$.1 = stablehlo.compare LT, %iterArg_1, %iterArg : (tensor<i32>, tensor<i32>) -> tensor<i1>
        stablehlo.return %p$$.1 : tensor<i1>
      } do {
        %a = stablehlo.add %iterArg_1, %one : tensor<i32>
        %b = stablehlo.add %iterArg_2, %n : tensor<i32>
        stablehlo.return %a, %b : tensor<i32>, tensor<i32>
      }
      %j = stablehlo.add %iterArg, %one : tensor<i32>
      stablehlo.return %j, %1#1 : tensor<i32>, tensor<i32>
    }
    return %0#1 : tensor<i32>
  }
}
// -----
func.func @main(%x: tensor<f32>) -> tensor<f32> {
  %r = stablehlo.while(%a = %x) : tensor<f32>
  cond {
    stablehlo.return %a : tensor<f32>
  } do {
    stablehlo.return %a : tensor<f32>
  }
  return %r : tensor<f32>
}
// error: while.C1
// -----
func.func @main(%x: tensor<f32>, %p: tensor<i1>) -> tensor<f32> {
  %r = stablehlo.while(%a = %x) : tensor<f32>
  cond {
    stablehlo.return %p : tensor<i1>
  } do {
    stablehlo.return %p : tensor<i1>
  }
  return %r : tensor<f32>
}
// error: while.C2
// -----
func.func @main(%x: tensor<f32>, %p: tensor<i1>) -> tensor<f64> {
  %r = "stablehlo.while"(%x) ({
  ^bb0(%a: tensor<f32>):
    stablehlo.return %p : tensor<i1>
  }, {
  ^bb0(%a: tensor<f32>):
    stablehlo.return %a : tensor<f32>
  }) : (tensor<f32>) -> tensor<f64>
  return %r : tensor<f64>
}
// error: mlir.type
