// RUN: canonicalize
// reshapes that meet, reshapes that do nothing
func.func public @main(%x: tensor<2x3xf32>) -> (tensor<3x2xf32>, tensor<2x3xf32>) {
  %0 = stablehlo.reshape %x : (tensor<2x3xf32>) -> tensor<6xf32>
  %1 = stablehlo.reshape %0 : (tensor<6xf32>) -> tensor<3x2xf32>
  %2 = stablehlo.reshape %0 : (tensor<6xf32>) -> tensor<2x3xf32>
  return %1, %2 : tensor<3x2xf32>, tensor<2x3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x3xf32>) -> (tensor<3x2xf32>, tensor<2x3xf32>) {
    %0 = stablehlo.reshape %x : (tensor<2x3xf32>) -> tensor<3x2xf32>
    return %0, %x : tensor<3x2xf32>, tensor<2x3xf32>
  }
}
// -----
// transposes compose; one that moves only dims of size 1 is a reshape; the last one moves data and stays
func.func public @main(%x: tensor<2x3x1xf32>) -> (tensor<2x3x1xf32>, tensor<2x1x3xf32>, tensor<3x2x1xf32>) {
  %0 = stablehlo.transpose %x, dims = [1, 2, 0] : (tensor<2x3x1xf32>) -> tensor<3x1x2xf32>
  %1 = stablehlo.transpose %0, dims = [2, 0, 1] : (tensor<3x1x2xf32>) -> tensor<2x3x1xf32>
  %2 = stablehlo.transpose %x, dims = [0, 2, 1] : (tensor<2x3x1xf32>) -> tensor<2x1x3xf32>
  %3 = stablehlo.transpose %x, dims = [1, 0, 2] : (tensor<2x3x1xf32>) -> tensor<3x2x1xf32>
  return %1, %2, %3 : tensor<2x3x1xf32>, tensor<2x1x3xf32>, tensor<3x2x1xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x3x1xf32>) -> (tensor<2x3x1xf32>, tensor<2x1x3xf32>, tensor<3x2x1xf32>) {
    %0 = stablehlo.transpose %x, dims = [1, 0, 2] : (tensor<2x3x1xf32>) -> tensor<3x2x1xf32>
    %1 = stablehlo.reshape %x : (tensor<2x3x1xf32>) -> tensor<2x1x3xf32>
    return %x, %1, %0 : tensor<2x3x1xf32>, tensor<2x1x3xf32>, tensor<3x2x1xf32>
  }
}
// -----
// broadcasts compose and lose dims of size 1
func.func public @main(%x: tensor<1x3xf32>) -> (tensor<4x2x3xf32>, tensor<1x1x3xf32>) {
  %0 = stablehlo.broadcast_in_dim %x, dims = [0, 1] : (tensor<1x3xf32>) -> tensor<2x3xf32>
  %1 = stablehlo.broadcast_in_dim %0, dims = [1, 2] : (tensor<2x3xf32>) -> tensor<4x2x3xf32>
  %2 = stablehlo.broadcast_in_dim %x, dims = [1, 2] : (tensor<1x3xf32>) -> tensor<1x1x3xf32>
  return %1, %2 : tensor<4x2x3xf32>, tensor<1x1x3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x3xf32>) -> (tensor<4x2x3xf32>, tensor<1x1x3xf32>) {
    %0 = stablehlo.reshape %x : (tensor<1x3xf32>) -> tensor<3xf32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [2] : (tensor<3xf32>) -> tensor<4x2x3xf32>
    %2 = stablehlo.reshape %x : (tensor<1x3xf32>) -> tensor<1x1x3xf32>
    return %1, %2 : tensor<4x2x3xf32>, tensor<1x1x3xf32>
  }
}
// -----
// neutral elements of integers go; x + 0.0 stays, since -0.0 + 0.0 is 0.0
func.func public @main(%x: tensor<2xi32>, %y: tensor<2xf32>) -> (tensor<2xi32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %zero = stablehlo.constant dense<0> : tensor<2xi32>
  %one = stablehlo.constant dense<1> : tensor<2xi32>
  %0 = stablehlo.add %zero, %x : tensor<2xi32>
  %1 = stablehlo.multiply %0, %one : tensor<2xi32>
  %fzero = stablehlo.constant dense<0.0> : tensor<2xf32>
  %fnegzero = stablehlo.constant dense<-0.0> : tensor<2xf32>
  %2 = stablehlo.add %y, %fzero : tensor<2xf32>
  %3 = stablehlo.add %y, %fnegzero : tensor<2xf32>
  %4 = stablehlo.subtract %y, %fzero : tensor<2xf32>
  return %1, %2, %3, %4 : tensor<2xi32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2xi32>, %y: tensor<2xf32>) -> (tensor<2xi32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
    %fzero = stablehlo.constant dense<0.000000e+00> : tensor<2xf32>
    %0 = stablehlo.add %y, %fzero : tensor<2xf32>
    return %x, %0, %y, %y : tensor<2xi32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
  }
}
// -----
// power(x, 2) is a product; power(x, 3) is not touched
func.func public @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %two = stablehlo.constant dense<2.0> : tensor<4xf32>
  %three = stablehlo.constant dense<3.0> : tensor<4xf32>
  %0 = stablehlo.power %x, %two : tensor<4xf32>
  %1 = stablehlo.power %x, %three : tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
    %three = stablehlo.constant dense<3.000000e+00> : tensor<4xf32>
    %0 = stablehlo.power %x, %three : tensor<4xf32>
    %1 = stablehlo.multiply %x, %x : tensor<4xf32>
    return %1, %0 : tensor<4xf32>, tensor<4xf32>
  }
}
// -----
// a constant predicate chooses a branch; constants go to the right of commutative ops
func.func public @main(%x: tensor<f32>, %p: tensor<i1>) -> (tensor<f32>, tensor<f32>) {
  %true = stablehlo.constant dense<true> : tensor<i1>
  %c = stablehlo.constant dense<3.0> : tensor<f32>
  %0 = "stablehlo.if"(%true) ({
    %2 = stablehlo.multiply %c, %x : tensor<f32>
    stablehlo.return %2 : tensor<f32>
  }, {
    stablehlo.return %x : tensor<f32>
  }) : (tensor<i1>) -> tensor<f32>
  %1 = stablehlo.select %p, %x, %x : tensor<i1>, tensor<f32>
  return %0, %1 : tensor<f32>, tensor<f32>
}
// =>
module {
  func.func public @main(%x: tensor<f32>, %p: tensor<i1>) -> (tensor<f32>, tensor<f32>) {
    %cst = stablehlo.constant dense<3.000000e+00> : tensor<f32>
    %0 = stablehlo.multiply %x, %cst : tensor<f32>
    return %0, %x : tensor<f32>, tensor<f32>
  }
}
// -----
// slices compose; concatenations flatten, but not across dims
func.func public @main(%x: tensor<10xf32>, %y: tensor<1xf32>) -> (tensor<2xf32>, tensor<12xf32>) {
  %0 = stablehlo.slice %x [1:9:2] : (tensor<10xf32>) -> tensor<4xf32>
  %1 = stablehlo.slice %0 [1:4:2] : (tensor<4xf32>) -> tensor<2xf32>
  %2 = stablehlo.concatenate %x, %y, dim = 0 : (tensor<10xf32>, tensor<1xf32>) -> tensor<11xf32>
  %3 = stablehlo.concatenate %2, %y, dim = 0 : (tensor<11xf32>, tensor<1xf32>) -> tensor<12xf32>
  return %1, %3 : tensor<2xf32>, tensor<12xf32>
}
// =>
module {
  func.func public @main(%x: tensor<10xf32>, %y: tensor<1xf32>) -> (tensor<2xf32>, tensor<12xf32>) {
    %0 = stablehlo.slice %x [3:8:4] : (tensor<10xf32>) -> tensor<2xf32>
    %1 = stablehlo.concatenate %x, %y, %y, dim = 0 : (tensor<10xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<12xf32>
    return %0, %1 : tensor<2xf32>, tensor<12xf32>
  }
}
// -----
// the value is used twice: negate(negate(x)) still goes
func.func public @main(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %0 = stablehlo.negate %x : tensor<3xf32>
  %1 = stablehlo.negate %0 : tensor<3xf32>
  return %0, %1 : tensor<3xf32>, tensor<3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
    %0 = stablehlo.negate %x : tensor<3xf32>
    return %0, %x : tensor<3xf32>, tensor<3xf32>
  }
}
// -----
// a constant of zeros of both signs is no splat: -0.0 + 0.0 is 0.0
func.func public @main(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %a = stablehlo.constant dense<[-0.0, 0.0]> : tensor<2xf32>
  %b = stablehlo.constant dense<[0.0, -0.0]> : tensor<2xf32>
  %0 = stablehlo.add %x, %a : tensor<2xf32>
  %1 = stablehlo.subtract %x, %b : tensor<2xf32>
  return %0, %1 : tensor<2xf32>, tensor<2xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
    %a = stablehlo.constant dense<[-0.000000e+00, 0.000000e+00]> : tensor<2xf32>
    %b = stablehlo.constant dense<[0.000000e+00, -0.000000e+00]> : tensor<2xf32>
    %0 = stablehlo.add %x, %a : tensor<2xf32>
    %1 = stablehlo.subtract %x, %b : tensor<2xf32>
    return %0, %1 : tensor<2xf32>, tensor<2xf32>
  }
}
// -----
// a reduction over no dims still folds its initial value in
func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %i = stablehlo.constant dense<5.0> : tensor<f32>
  %0 = stablehlo.reduce(%x init: %i) applies stablehlo.add across dimensions = [] : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> {
    %i = stablehlo.constant dense<5.000000e+00> : tensor<f32>
    %0 = stablehlo.reduce(%x init: %i) applies stablehlo.add across dimensions = [] : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}
// -----
// the branch that is taken keeps its effects, the other one goes
// no-eval: there is no such host function
func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %true = stablehlo.constant dense<true> : tensor<i1>
  %0 = "stablehlo.if"(%true) ({
    %1 = stablehlo.custom_call @log(%x) {has_side_effect = true} : (tensor<2xf32>) -> tensor<2xf32>
    stablehlo.return %x : tensor<2xf32>
  }, {
    %1 = stablehlo.custom_call @alarm(%x) {has_side_effect = true} : (tensor<2xf32>) -> tensor<2xf32>
    stablehlo.return %x : tensor<2xf32>
  }) : (tensor<i1>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> {
    %0 = stablehlo.custom_call @log(%x) {has_side_effect = true} : (tensor<2xf32>) -> tensor<2xf32>
    return %x : tensor<2xf32>
  }
}
// -----
// what is sorted along and never read is left out, unless the comparator looks at it
func.func public @main(%x: tensor<4xf32>, %i: tensor<4xi32>) -> tensor<4xf32> {
  %0:2 = "stablehlo.sort"(%x, %i) <{dimension = 0 : i64, is_stable = true}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<i32>, %d: tensor<i32>):
      %1 = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %1 : tensor<i1>
  }) : (tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi32>)
  return %0#0 : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>, %i: tensor<4xi32>) -> tensor<4xf32> {
    %0 = "stablehlo.sort"(%x) <{dimension = 0 : i64, is_stable = true}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %1 = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %1 : tensor<i1>
    }) : (tensor<4xf32>) -> tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}
// -----
// by another one's order
func.func public @main(%x: tensor<4xf32>, %i: tensor<4xi32>) -> tensor<4xi32> {
  %0:2 = "stablehlo.sort"(%x, %i) <{dimension = 0 : i64, is_stable = true}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<i32>, %d: tensor<i32>):
      %1 = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %1 : tensor<i1>
  }) : (tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi32>)
  return %0#1 : tensor<4xi32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>, %i: tensor<4xi32>) -> tensor<4xi32> {
    %0:2 = "stablehlo.sort"(%x, %i) <{dimension = 0 : i64, is_stable = true}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>, %arg0: tensor<i32>, %d: tensor<i32>):
      %1 = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %1 : tensor<i1>
    }) : (tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi32>)
    return %0#1 : tensor<4xi32>
  }
}
