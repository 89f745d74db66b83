// RUN: fuse
// elementwise ops become one kernel
func.func public @main(%x: tensor<8x4xf32>, %b: tensor<4xf32>) -> tensor<8x4xf32> {
  %0 = stablehlo.broadcast_in_dim %b, dims = [1] : (tensor<4xf32>) -> tensor<8x4xf32>
  %1 = stablehlo.add %x, %0 : tensor<8x4xf32>
  %2 = stablehlo.tanh %1 : tensor<8x4xf32>
  return %2 : tensor<8x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<8x4xf32>, %b: tensor<4xf32>) -> tensor<8x4xf32> {
    %0 = "weft.fusion"(%b, %x) <{kind = "map"}> ({
    ^bb0(%b$$.1: tensor<4xf32>, %x$$.1: tensor<8x4xf32>):
      %1 = stablehlo.broadcast_in_dim %b$$.1, dims = [1] : (tensor<4xf32>) -> tensor<8x4xf32>
      %2 = stablehlo.add %x$$.1, %1 : tensor<8x4xf32>
      %3 = stablehlo.tanh %2 : tensor<8x4xf32>
      stablehlo.return %3 : tensor<8x4xf32>
    }) : (tensor<4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
    return %0 : tensor<8x4xf32>
  }
}
// -----
// a value that is also a result is computed once, in a kernel of its own; the broadcast is free and lives in both
func.func public @main(%x: tensor<8x4xf32>, %b: tensor<4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>) {
  %0 = stablehlo.broadcast_in_dim %b, dims = [1] : (tensor<4xf32>) -> tensor<8x4xf32>
  %1 = stablehlo.add %x, %0 : tensor<8x4xf32>
  %2 = stablehlo.multiply %1, %0 : tensor<8x4xf32>
  return %1, %2 : tensor<8x4xf32>, tensor<8x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<8x4xf32>, %b: tensor<4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>) {
    %0 = "weft.fusion"(%b, %x) <{kind = "map"}> ({
    ^bb0(%b$$.1: tensor<4xf32>, %x$$.1: tensor<8x4xf32>):
      %1 = stablehlo.broadcast_in_dim %b$$.1, dims = [1] : (tensor<4xf32>) -> tensor<8x4xf32>
      %2 = stablehlo.add %x$$.1, %1 : tensor<8x4xf32>
      stablehlo.return %2 : tensor<8x4xf32>
    }) : (tensor<4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
    %3 = "weft.fusion"(%b, %0) <{kind = "map"}> ({
    ^bb0(%b$$.2: tensor<4xf32>, %arg0: tensor<8x4xf32>):
      %4 = stablehlo.broadcast_in_dim %b$$.2, dims = [1] : (tensor<4xf32>) -> tensor<8x4xf32>
      %5 = stablehlo.multiply %arg0, %4 : tensor<8x4xf32>
      stablehlo.return %5 : tensor<8x4xf32>
    }) : (tensor<4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
    return %0, %3 : tensor<8x4xf32>, tensor<8x4xf32>
  }
}
// -----
// softmax is one row kernel
func.func public @main(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %ninf = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.reduce(%x init: %ninf) applies stablehlo.maximum across dimensions = [1] : (tensor<8x16xf32>, tensor<f32>) -> tensor<8xf32>
  %1 = stablehlo.broadcast_in_dim %0, dims = [0] : (tensor<8xf32>) -> tensor<8x16xf32>
  %2 = stablehlo.subtract %x, %1 : tensor<8x16xf32>
  %3 = stablehlo.exponential %2 : tensor<8x16xf32>
  %4 = stablehlo.reduce(%3 init: %zero) applies stablehlo.add across dimensions = [1] : (tensor<8x16xf32>, tensor<f32>) -> tensor<8xf32>
  %5 = stablehlo.broadcast_in_dim %4, dims = [0] : (tensor<8xf32>) -> tensor<8x16xf32>
  %6 = stablehlo.divide %3, %5 : tensor<8x16xf32>
  return %6 : tensor<8x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
    %0 = "weft.fusion"(%x) <{kind = "rows"}> ({
    ^bb0(%x$$.1: tensor<8x16xf32>):
      %ninf = stablehlo.constant dense<0xFF800000> : tensor<f32>
      %zero = stablehlo.constant dense<0.000000e+00> : tensor<f32>
      %1 = stablehlo.reduce(%x$$.1 init: %ninf) applies stablehlo.maximum across dimensions = [1] : (tensor<8x16xf32>, tensor<f32>) -> tensor<8xf32>
      %2 = stablehlo.broadcast_in_dim %1, dims = [0] : (tensor<8xf32>) -> tensor<8x16xf32>
      %3 = stablehlo.subtract %x$$.1, %2 : tensor<8x16xf32>
      %4 = stablehlo.exponential %3 : tensor<8x16xf32>
      %5 = stablehlo.reduce(%4 init: %zero) applies stablehlo.add across dimensions = [1] : (tensor<8x16xf32>, tensor<f32>) -> tensor<8xf32>
      %6 = stablehlo.broadcast_in_dim %5, dims = [0] : (tensor<8xf32>) -> tensor<8x16xf32>
      %7 = stablehlo.divide %4, %6 : tensor<8x16xf32>
      stablehlo.return %7 : tensor<8x16xf32>
    }) : (tensor<8x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}
// -----
// over the first dim it is not: the reductions run over columns
func.func public @main(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.reduce(%x init: %zero) applies stablehlo.add across dimensions = [0] : (tensor<8x16xf32>, tensor<f32>) -> tensor<16xf32>
  %1 = stablehlo.broadcast_in_dim %0, dims = [1] : (tensor<16xf32>) -> tensor<8x16xf32>
  %2 = stablehlo.divide %x, %1 : tensor<8x16xf32>
  return %2 : tensor<8x16xf32>
}
// =>
module {
  func.func public @main(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
    %0 = "weft.fusion"(%x) <{kind = "reduce"}> ({
    ^bb0(%x$$.1: tensor<8x16xf32>):
      %zero = stablehlo.constant dense<0.000000e+00> : tensor<f32>
      %1 = stablehlo.reduce(%x$$.1 init: %zero) applies stablehlo.add across dimensions = [0] : (tensor<8x16xf32>, tensor<f32>) -> tensor<16xf32>
      stablehlo.return %1 : tensor<16xf32>
    }) : (tensor<8x16xf32>) -> tensor<16xf32>
    %2 = "weft.fusion"(%0, %x) <{kind = "map"}> ({
    ^bb0(%arg0: tensor<16xf32>, %x$$.2: tensor<8x16xf32>):
      %3 = stablehlo.broadcast_in_dim %arg0, dims = [1] : (tensor<16xf32>) -> tensor<8x16xf32>
      %4 = stablehlo.divide %x$$.2, %3 : tensor<8x16xf32>
      stablehlo.return %4 : tensor<8x16xf32>
    }) : (tensor<16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
    return %2 : tensor<8x16xf32>
  }
}
// -----
// a product takes its elementwise epilogue, residual included
func.func public @main(%x: tensor<8x4xf32>, %w: tensor<4x6xf32>, %b: tensor<6xf32>, %r: tensor<8x6xf32>) -> tensor<8x6xf32> {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : (tensor<8x4xf32>, tensor<4x6xf32>) -> tensor<8x6xf32>
  %1 = stablehlo.broadcast_in_dim %b, dims = [1] : (tensor<6xf32>) -> tensor<8x6xf32>
  %2 = stablehlo.add %0, %1 : tensor<8x6xf32>
  %3 = stablehlo.add %2, %r : tensor<8x6xf32>
  return %3 : tensor<8x6xf32>
}
// =>
module {
  func.func public @main(%x: tensor<8x4xf32>, %w: tensor<4x6xf32>, %b: tensor<6xf32>, %r: tensor<8x6xf32>) -> tensor<8x6xf32> {
    %0 = "weft.fusion"(%x, %w, %b, %r) <{kind = "contraction"}> ({
    ^bb0(%x$$.1: tensor<8x4xf32>, %w$$.1: tensor<4x6xf32>, %b$$.1: tensor<6xf32>, %r$$.1: tensor<8x6xf32>):
      %1 = stablehlo.dot_general %x$$.1, %w$$.1, contracting_dims = [1] x [0] : (tensor<8x4xf32>, tensor<4x6xf32>) -> tensor<8x6xf32>
      %2 = stablehlo.broadcast_in_dim %b$$.1, dims = [1] : (tensor<6xf32>) -> tensor<8x6xf32>
      %3 = stablehlo.add %1, %2 : tensor<8x6xf32>
      %4 = stablehlo.add %3, %r$$.1 : tensor<8x6xf32>
      stablehlo.return %4 : tensor<8x6xf32>
    }) : (tensor<8x4xf32>, tensor<4x6xf32>, tensor<6xf32>, tensor<8x6xf32>) -> tensor<8x6xf32>
    return %0 : tensor<8x6xf32>
  }
}
// -----
// a transpose that moves the innermost dim is a kernel of its own; one that keeps it is not
func.func public @main(%x: tensor<2x8x4xf32>) -> (tensor<2x4x8xf32>, tensor<8x2x4xf32>) {
  %0 = stablehlo.transpose %x, dims = [0, 2, 1] : (tensor<2x8x4xf32>) -> tensor<2x4x8xf32>
  %1 = stablehlo.negate %0 : tensor<2x4x8xf32>
  %2 = stablehlo.transpose %x, dims = [1, 0, 2] : (tensor<2x8x4xf32>) -> tensor<8x2x4xf32>
  %3 = stablehlo.negate %2 : tensor<8x2x4xf32>
  return %1, %3 : tensor<2x4x8xf32>, tensor<8x2x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x8x4xf32>) -> (tensor<2x4x8xf32>, tensor<8x2x4xf32>) {
    %0 = "weft.fusion"(%x) <{kind = "map"}> ({
    ^bb0(%x$$.1: tensor<2x8x4xf32>):
      %1 = stablehlo.transpose %x$$.1, dims = [0, 2, 1] : (tensor<2x8x4xf32>) -> tensor<2x4x8xf32>
      stablehlo.return %1 : tensor<2x4x8xf32>
    }) : (tensor<2x8x4xf32>) -> tensor<2x4x8xf32>
    %2 = "weft.fusion"(%0) <{kind = "map"}> ({
    ^bb0(%arg0: tensor<2x4x8xf32>):
      %3 = stablehlo.negate %arg0 : tensor<2x4x8xf32>
      stablehlo.return %3 : tensor<2x4x8xf32>
    }) : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
    %4 = "weft.fusion"(%x) <{kind = "map"}> ({
    ^bb0(%x$$.2: tensor<2x8x4xf32>):
      %5 = stablehlo.transpose %x$$.2, dims = [1, 0, 2] : (tensor<2x8x4xf32>) -> tensor<8x2x4xf32>
      %6 = stablehlo.negate %5 : tensor<8x2x4xf32>
      stablehlo.return %6 : tensor<8x2x4xf32>
    }) : (tensor<2x8x4xf32>) -> tensor<8x2x4xf32>
    return %2, %4 : tensor<2x4x8xf32>, tensor<8x2x4xf32>
  }
}
// -----
// inside loops, each body on its own
func.func public @main(%n: tensor<i32>) -> tensor<i32> {
  %0 = stablehlo.constant dense<0> : tensor<i32>
  %1 = stablehlo.while(%i = %0) : tensor<i32>
   cond {
    %2 = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %2 : tensor<i1>
  } do {
    %3 = stablehlo.add %i, %i : tensor<i32>
    %c = stablehlo.constant dense<7> : tensor<i32>
    %4 = stablehlo.add %3, %c : tensor<i32>
    stablehlo.return %4 : tensor<i32>
  }
  return %1 : tensor<i32>
}
// =>
module {
  func.func public @main(%n: tensor<i32>) -> tensor<i32> {
    %c = stablehlo.constant dense<0> : tensor<i32>
    %0 = stablehlo.while(%iterArg = %c) : tensor<i32>
    cond {
      %1 = "weft.fusion"(%iterArg, %n) <{kind = "map"}> ({
      ^bb0(%arg0: tensor<i32>, %n$$.1: tensor<i32>):
        %2 = stablehlo.compare LT, %arg0, %n$$.1 : (tensor<i32>, tensor<i32>) -> tensor<i1>
        stablehlo.return %2 : tensor<i1>
      }) : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %1 : tensor<i1>
    } do {
      %3 = "weft.fusion"(%iterArg) <{kind = "map"}> ({
      ^bb0(%arg1: tensor<i32>):
        %4 = stablehlo.add %arg1, %arg1 : tensor<i32>
        %c_0 = stablehlo.constant dense<7> : tensor<i32>
        %5 = stablehlo.add %4, %c_0 : tensor<i32>
        stablehlo.return %5 : tensor<i32>
      }) : (tensor<i32>) -> tensor<i32>
      stablehlo.return %3 : tensor<i32>
    }
    return %0 : tensor<i32>
  }
}
// -----
// what is free is computed for a kernel that takes nothing in
func.func public @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xi32>) {
  %i = stablehlo.iota dim = 0 : tensor<4xi32>
  %0:2 = "stablehlo.sort"(%x, %i) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<i32>, %d: tensor<i32>):
    %1 = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %1 : tensor<i1>
  }) : (tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi32>)
  return %0#0, %0#1 : tensor<4xf32>, tensor<4xi32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xi32>) {
    %i = "weft.fusion"() <{kind = "map"}> ({
      %i$$.1 = stablehlo.iota dim = 0 : tensor<4xi32>
      stablehlo.return %i$$.1 : tensor<4xi32>
    }) : () -> tensor<4xi32>
    %0:2 = "weft.fusion"(%x, %i) <{kind = "sort"}> ({
    ^bb0(%x$$.1: tensor<4xf32>, %i$$.2: tensor<4xi32>):
      %1:2 = "stablehlo.sort"(%x$$.1, %i$$.2) <{dimension = 0 : i64, is_stable = true}> ({
      ^bb0(%a: tensor<f32>, %b: tensor<f32>, %arg0: tensor<i32>, %d: tensor<i32>):
        %2 = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
        stablehlo.return %2 : tensor<i1>
      }) : (tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi32>)
      stablehlo.return %1#0, %1#1 : tensor<4xf32>, tensor<4xi32>
    }) : (tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi32>)
    return %0#0, %0#1 : tensor<4xf32>, tensor<4xi32>
  }
}
// -----
// a reduction stays outside when its broadcast is needed elsewhere too: every copy of the broadcast reads it
func.func public @main(%x: tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>) {
  %i = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.reduce(%x init: %i) applies stablehlo.add across dimensions = [1] : (tensor<8x4xf32>, tensor<f32>) -> tensor<8xf32>
  %1 = stablehlo.broadcast_in_dim %0, dims = [0] : (tensor<8xf32>) -> tensor<8x4xf32>
  %2 = stablehlo.subtract %x, %1 : tensor<8x4xf32>
  return %1, %2 : tensor<8x4xf32>, tensor<8x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>) {
    %0 = "weft.fusion"(%x) <{kind = "reduce"}> ({
    ^bb0(%x$$.1: tensor<8x4xf32>):
      %i = stablehlo.constant dense<0.000000e+00> : tensor<f32>
      %1 = stablehlo.reduce(%x$$.1 init: %i) applies stablehlo.add across dimensions = [1] : (tensor<8x4xf32>, tensor<f32>) -> tensor<8xf32>
      stablehlo.return %1 : tensor<8xf32>
    }) : (tensor<8x4xf32>) -> tensor<8xf32>
    %2 = "weft.fusion"(%0) <{kind = "map"}> ({
    ^bb0(%arg0: tensor<8xf32>):
      %3 = stablehlo.broadcast_in_dim %arg0, dims = [0] : (tensor<8xf32>) -> tensor<8x4xf32>
      stablehlo.return %3 : tensor<8x4xf32>
    }) : (tensor<8xf32>) -> tensor<8x4xf32>
    %4 = "weft.fusion"(%0, %x) <{kind = "map"}> ({
    ^bb0(%arg1: tensor<8xf32>, %x$$.2: tensor<8x4xf32>):
      %5 = stablehlo.broadcast_in_dim %arg1, dims = [0] : (tensor<8xf32>) -> tensor<8x4xf32>
      %6 = stablehlo.subtract %x$$.2, %5 : tensor<8x4xf32>
      stablehlo.return %6 : tensor<8x4xf32>
    }) : (tensor<8xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
    return %2, %4 : tensor<8x4xf32>, tensor<8x4xf32>
  }
}
// -----
// flags as numbers are cheaper to make again than to store
func.func public @main(%x: tensor<40xi1>, %y: tensor<40xi64>) -> (tensor<i64>, tensor<40xi64>) {
  %c = stablehlo.constant dense<0> : tensor<i64>
  %0 = stablehlo.convert %x : (tensor<40xi1>) -> tensor<40xi64>
  %1 = stablehlo.reduce(%0 init: %c) applies stablehlo.add across dimensions = [0] : (tensor<40xi64>, tensor<i64>) -> tensor<i64>
  %2 = stablehlo.multiply %0, %y : tensor<40xi64>
  return %1, %2 : tensor<i64>, tensor<40xi64>
}
// =>
module {
  func.func public @main(%x: tensor<40xi1>, %y: tensor<40xi64>) -> (tensor<i64>, tensor<40xi64>) {
    %0 = "weft.fusion"(%x) <{kind = "reduce"}> ({
    ^bb0(%x$$.1: tensor<40xi1>):
      %c = stablehlo.constant dense<0> : tensor<i64>
      %1 = stablehlo.convert %x$$.1 : (tensor<40xi1>) -> tensor<40xi64>
      %2 = stablehlo.reduce(%1 init: %c) applies stablehlo.add across dimensions = [0] : (tensor<40xi64>, tensor<i64>) -> tensor<i64>
      stablehlo.return %2 : tensor<i64>
    }) : (tensor<40xi1>) -> tensor<i64>
    %3 = "weft.fusion"(%x, %y) <{kind = "map"}> ({
    ^bb0(%x$$.2: tensor<40xi1>, %y$$.1: tensor<40xi64>):
      %4 = stablehlo.convert %x$$.2 : (tensor<40xi1>) -> tensor<40xi64>
      %5 = stablehlo.multiply %4, %y$$.1 : tensor<40xi64>
      stablehlo.return %5 : tensor<40xi64>
    }) : (tensor<40xi1>, tensor<40xi64>) -> tensor<40xi64>
    return %0, %3 : tensor<i64>, tensor<40xi64>
  }
}
// -----
// sums of two arrays are not: they read twice what they make
func.func public @main(%x: tensor<40xf32>, %y: tensor<40xf32>) -> (tensor<f32>, tensor<40xf32>) {
  %c = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.add %x, %y : tensor<40xf32>
  %1 = stablehlo.reduce(%0 init: %c) applies stablehlo.maximum across dimensions = [0] : (tensor<40xf32>, tensor<f32>) -> tensor<f32>
  %2 = stablehlo.exponential %0 : tensor<40xf32>
  return %1, %2 : tensor<f32>, tensor<40xf32>
}
// =>
module {
  func.func public @main(%x: tensor<40xf32>, %y: tensor<40xf32>) -> (tensor<f32>, tensor<40xf32>) {
    %0 = "weft.fusion"(%x, %y) <{kind = "map"}> ({
    ^bb0(%x$$.1: tensor<40xf32>, %y$$.1: tensor<40xf32>):
      %1 = stablehlo.add %x$$.1, %y$$.1 : tensor<40xf32>
      stablehlo.return %1 : tensor<40xf32>
    }) : (tensor<40xf32>, tensor<40xf32>) -> tensor<40xf32>
    %2 = "weft.fusion"(%0) <{kind = "reduce"}> ({
    ^bb0(%arg0: tensor<40xf32>):
      %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
      %3 = stablehlo.reduce(%arg0 init: %cst) applies stablehlo.maximum across dimensions = [0] : (tensor<40xf32>, tensor<f32>) -> tensor<f32>
      stablehlo.return %3 : tensor<f32>
    }) : (tensor<40xf32>) -> tensor<f32>
    %4 = "weft.fusion"(%0) <{kind = "map"}> ({
    ^bb0(%arg1: tensor<40xf32>):
      %5 = stablehlo.exponential %arg1 : tensor<40xf32>
      stablehlo.return %5 : tensor<40xf32>
    }) : (tensor<40xf32>) -> tensor<40xf32>
    return %2, %4 : tensor<f32>, tensor<40xf32>
  }
}
// -----
// two reductions of the same rows are one kernel
func.func public @main(%x: tensor<6x40xf32>) -> (tensor<6xf32>, tensor<6xf32>) {
  %c = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.reduce(%x init: %c) applies stablehlo.add across dimensions = [1] : (tensor<6x40xf32>, tensor<f32>) -> tensor<6xf32>
  %1 = stablehlo.multiply %x, %x : tensor<6x40xf32>
  %2 = stablehlo.reduce(%1 init: %c) applies stablehlo.add across dimensions = [1] : (tensor<6x40xf32>, tensor<f32>) -> tensor<6xf32>
  return %0, %2 : tensor<6xf32>, tensor<6xf32>
}
// =>
module {
  func.func public @main(%x: tensor<6x40xf32>) -> (tensor<6xf32>, tensor<6xf32>) {
    %0:2 = "weft.fusion"(%x) <{kind = "rows"}> ({
    ^bb0(%x$$.1: tensor<6x40xf32>):
      %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
      %1 = stablehlo.reduce(%x$$.1 init: %cst) applies stablehlo.add across dimensions = [1] : (tensor<6x40xf32>, tensor<f32>) -> tensor<6xf32>
      %cst_0 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
      %2 = stablehlo.multiply %x$$.1, %x$$.1 : tensor<6x40xf32>
      %3 = stablehlo.reduce(%2 init: %cst_0) applies stablehlo.add across dimensions = [1] : (tensor<6x40xf32>, tensor<f32>) -> tensor<6xf32>
      stablehlo.return %1, %3 : tensor<6xf32>, tensor<6xf32>
    }) : (tensor<6x40xf32>) -> (tensor<6xf32>, tensor<6xf32>)
    return %0#0, %0#1 : tensor<6xf32>, tensor<6xf32>
  }
}
// -----
// of rows and of columns they are not
func.func public @main(%x: tensor<40x40xf32>) -> (tensor<40xf32>, tensor<40xf32>) {
  %c = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.reduce(%x init: %c) applies stablehlo.add across dimensions = [1] : (tensor<40x40xf32>, tensor<f32>) -> tensor<40xf32>
  %1 = stablehlo.reduce(%x init: %c) applies stablehlo.add across dimensions = [0] : (tensor<40x40xf32>, tensor<f32>) -> tensor<40xf32>
  return %0, %1 : tensor<40xf32>, tensor<40xf32>
}
// =>
module {
  func.func public @main(%x: tensor<40x40xf32>) -> (tensor<40xf32>, tensor<40xf32>) {
    %0 = "weft.fusion"(%x) <{kind = "reduce"}> ({
    ^bb0(%x$$.1: tensor<40x40xf32>):
      %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
      %1 = stablehlo.reduce(%x$$.1 init: %cst) applies stablehlo.add across dimensions = [1] : (tensor<40x40xf32>, tensor<f32>) -> tensor<40xf32>
      stablehlo.return %1 : tensor<40xf32>
    }) : (tensor<40x40xf32>) -> tensor<40xf32>
    %2 = "weft.fusion"(%x) <{kind = "reduce"}> ({
    ^bb0(%x$$.2: tensor<40x40xf32>):
      %cst_0 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
      %3 = stablehlo.reduce(%x$$.2 init: %cst_0) applies stablehlo.add across dimensions = [0] : (tensor<40x40xf32>, tensor<f32>) -> tensor<40xf32>
      stablehlo.return %3 : tensor<40xf32>
    }) : (tensor<40x40xf32>) -> tensor<40xf32>
    return %0, %2 : tensor<40xf32>, tensor<40xf32>
  }
}
// -----
// two functions of the same elements are one kernel, a third that needs one of them is not part of it
func.func public @main(%x: tensor<40xf32>) -> (tensor<40xf32>, tensor<40xf32>, tensor<4x10xf32>) {
  %0 = stablehlo.sine %x : tensor<40xf32>
  %1 = stablehlo.cosine %x : tensor<40xf32>
  %2 = stablehlo.reshape %0 : (tensor<40xf32>) -> tensor<4x10xf32>
  %3 = stablehlo.exponential %2 : tensor<4x10xf32>
  return %0, %1, %3 : tensor<40xf32>, tensor<40xf32>, tensor<4x10xf32>
}
// =>
module {
  func.func public @main(%x: tensor<40xf32>) -> (tensor<40xf32>, tensor<40xf32>, tensor<4x10xf32>) {
    %0:2 = "weft.fusion"(%x) <{kind = "map"}> ({
    ^bb0(%x$$.1: tensor<40xf32>):
      %1 = stablehlo.sine %x$$.1 : tensor<40xf32>
      %2 = stablehlo.cosine %x$$.1 : tensor<40xf32>
      stablehlo.return %1, %2 : tensor<40xf32>, tensor<40xf32>
    }) : (tensor<40xf32>) -> (tensor<40xf32>, tensor<40xf32>)
    %3 = stablehlo.reshape %0#0 : (tensor<40xf32>) -> tensor<4x10xf32>
    %4 = "weft.fusion"(%3) <{kind = "map"}> ({
    ^bb0(%arg0: tensor<4x10xf32>):
      %5 = stablehlo.exponential %arg0 : tensor<4x10xf32>
      stablehlo.return %5 : tensor<4x10xf32>
    }) : (tensor<4x10xf32>) -> tensor<4x10xf32>
    return %0#0, %0#1, %4 : tensor<40xf32>, tensor<40xf32>, tensor<4x10xf32>
  }
}
