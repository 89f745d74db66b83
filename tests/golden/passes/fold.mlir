// RUN: fold,dce
// what depends on constants alone is a constant
func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %a = stablehlo.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = stablehlo.constant dense<[3.0, 5.0]> : tensor<2xf32>
  %0 = stablehlo.multiply %a, %b : tensor<2xf32>
  %1 = stablehlo.add %x, %0 : tensor<2xf32>
  return %1 : tensor<2xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> {
    %cst = stablehlo.constant dense<[3.000000e+00, 1.000000e+01]> : tensor<2xf32>
    %0 = stablehlo.add %x, %cst : tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}
// -----
// a broadcast of a constant is not stored, but what is small and depends on it is
func.func public @main(%x: tensor<1000xf32>) -> (tensor<1000xf32>, tensor<f32>) {
  %c = stablehlo.constant dense<2.0> : tensor<f32>
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<f32>) -> tensor<1000xf32>
  %1 = stablehlo.multiply %x, %0 : tensor<1000xf32>
  %2 = stablehlo.reduce(%0 init: %zero) applies stablehlo.add across dimensions = [0] : (tensor<1000xf32>, tensor<f32>) -> tensor<f32>
  return %1, %2 : tensor<1000xf32>, tensor<f32>
}
// =>
module {
  func.func public @main(%x: tensor<1000xf32>) -> (tensor<1000xf32>, tensor<f32>) {
    %cst = stablehlo.constant dense<2.000000e+00> : tensor<f32>
    %0 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<1000xf32>
    %1 = stablehlo.multiply %x, %0 : tensor<1000xf32>
    %cst_0 = stablehlo.constant dense<2.000000e+03> : tensor<f32>
    return %1, %cst_0 : tensor<1000xf32>, tensor<f32>
  }
}
// -----
// inside a loop too
func.func public @main(%n: tensor<i32>) -> tensor<i32> {
  %0 = stablehlo.constant dense<0> : tensor<i32>
  %1 = stablehlo.while(%i = %0) : tensor<i32>
   cond {
    %2 = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %2 : tensor<i1>
  } do {
    %a = stablehlo.constant dense<3> : tensor<i32>
    %b = stablehlo.constant dense<4> : tensor<i32>
    %3 = stablehlo.add %a, %b : tensor<i32>
    %4 = stablehlo.add %i, %3 : tensor<i32>
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
      %1 = stablehlo.compare LT, %iterArg, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %1 : tensor<i1>
    } do {
      %c_0 = stablehlo.constant dense<7> : tensor<i32>
      %2 = stablehlo.add %iterArg, %c_0 : tensor<i32>
      stablehlo.return %2 : tensor<i32>
    }
    return %0 : tensor<i32>
  }
}
