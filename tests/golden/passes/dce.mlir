// RUN: dce
// what no result needs goes
func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = stablehlo.exponential %x : tensor<2xf32>
  %1 = stablehlo.negate %x : tensor<2xf32>
  return %1 : tensor<2xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> {
    %0 = stablehlo.negate %x : tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}
// -----
// a loop-carried value that feeds only itself goes; the counter stays, the condition reads it
func.func public @main(%n: tensor<i32>, %x: tensor<f32>) -> tensor<f32> {
  %0 = stablehlo.constant dense<0> : tensor<i32>
  %1 = stablehlo.constant dense<1> : tensor<i32>
  %2:3 = stablehlo.while(%i = %0, %a = %x, %b = %x) : tensor<i32>, tensor<f32>, tensor<f32>
   cond {
    %3 = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %3 : tensor<i1>
  } do {
    %4 = stablehlo.add %i, %1 : tensor<i32>
    %5 = stablehlo.multiply %a, %x : tensor<f32>
    %6 = stablehlo.add %b, %b : tensor<f32>
    stablehlo.return %4, %5, %6 : tensor<i32>, tensor<f32>, tensor<f32>
  }
  return %2#1 : tensor<f32>
}
// =>
module {
  func.func public @main(%n: tensor<i32>, %x: tensor<f32>) -> tensor<f32> {
    %c = stablehlo.constant dense<0> : tensor<i32>
    %c_0 = stablehlo.constant dense<1> : tensor<i32>
    %0:2 = stablehlo.while(%iterArg = %c, %iterArg_0 = %x) : tensor<i32>, tensor<f32>
    cond {
      %1 = stablehlo.compare LT, %iterArg, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %1 : tensor<i1>
    } do {
      %2 = stablehlo.add %iterArg, %c_0 : tensor<i32>
      %3 = stablehlo.multiply %iterArg_0, %x : tensor<f32>
      stablehlo.return %2, %3 : tensor<i32>, tensor<f32>
    }
    return %0#1 : tensor<f32>
  }
}
