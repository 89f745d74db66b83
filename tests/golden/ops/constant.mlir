func.func @main() -> (tensor<2x3xi32>, tensor<2x3xf32>, tensor<6xf32>, tensor<2xi1>, tensor<2xcomplex<f32>>, tensor<0x3xf32>, tensor<i64>, tensor<ui64>, tensor<2xbf16>, tensor<2xi4>, tensor<3xf8E4M3FN>, tensor<2xf64>, tensor<2xf32>) {
  %a = stablehlo.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>
  %b = stablehlo.constant dense<1.5> : tensor<2x3xf32>
  %c = stablehlo.constant dense<[0x7FC00000, 0xFF800000, -0.0, 1.0e-05, 3.0e20, 0.1]> : tensor<6xf32>
  %d = stablehlo.constant dense<[true, false]> : tensor<2xi1>
  %e = stablehlo.constant dense<[(1.0, -2.0), (0x7F800000, 0.5)]> : tensor<2xcomplex<f32>>
  %f = stablehlo.constant dense<> : tensor<0x3xf32>
  %g = stablehlo.constant dense<-9223372036854775808> : tensor<i64>
  %h = stablehlo.constant dense<18446744073709551615> : tensor<ui64>
  %i = stablehlo.constant dense<[1.5, 0x7FC0]> : tensor<2xbf16>
  %j = stablehlo.constant dense<[-8, 7]> : tensor<2xi4>
  %k = stablehlo.constant dense<[0.5, 448.0, 0x7F]> : tensor<3xf8E4M3FN>
  %l = stablehlo.constant dense<[1.0, 0.33333333333333331]> : tensor<2xf64>
  %m = stablehlo.constant dense<"0x0000803F00000040"> : tensor<2xf32>
  return %a, %b, %c, %d, %e, %f, %g, %h, %i, %j, %k, %l, %m : tensor<2x3xi32>, tensor<2x3xf32>, tensor<6xf32>, tensor<2xi1>, tensor<2xcomplex<f32>>, tensor<0x3xf32>, tensor<i64>, tensor<ui64>, tensor<2xbf16>, tensor<2xi4>, tensor<3xf8E4M3FN>, tensor<2xf64>, tensor<2xf32>
}
// =>
module {
  func.func public @main() -> (tensor<2x3xi32>, tensor<2x3xf32>, tensor<6xf32>, tensor<2xi1>, tensor<2xcomplex<f32>>, tensor<0x3xf32>, tensor<i64>, tensor<ui64>, tensor<2xbf16>, tensor<2xi4>, tensor<3xf8E4M3FN>, tensor<2xf64>, tensor<2xf32>) {
    %a = stablehlo.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>
    %b = stablehlo.constant dense<1.500000e+00> : tensor<2x3xf32>
    %cst = stablehlo.constant dense<[0x7FC00000, 0xFF800000, -0.000000e+00, 1.000000e-05, 3.000000e+20, 1.000000e-01]> : tensor<6xf32>
    %d = stablehlo.constant dense<[true, false]> : tensor<2xi1>
    %e = stablehlo.constant dense<[(1.000000e+00,-2.000000e+00), (0x7F800000,5.000000e-01)]> : tensor<2xcomplex<f32>>
    %f = stablehlo.constant dense<> : tensor<0x3xf32>
    %g = stablehlo.constant dense<-9223372036854775808> : tensor<i64>
    %h = stablehlo.constant dense<18446744073709551615> : tensor<ui64>
    %i = stablehlo.constant dense<[1.500000e+00, 0x7FC0]> : tensor<2xbf16>
    %j = stablehlo.constant dense<[-8, 7]> : tensor<2xi4>
    %k = stablehlo.constant dense<[5.000000e-01, 4.480000e+02, 0x7F]> : tensor<3xf8E4M3FN>
    %l = stablehlo.constant dense<[1.000000e+00, 0.3333333333333333]> : tensor<2xf64>
    %m = stablehlo.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
    return %a, %b, %cst, %d, %e, %f, %g, %h, %i, %j, %k, %l, %m : tensor<2x3xi32>, tensor<2x3xf32>, tensor<6xf32>, tensor<2xi1>, tensor<2xcomplex<f32>>, tensor<0x3xf32>, tensor<i64>, tensor<ui64>, tensor<2xbf16>, tensor<2xi4>, tensor<3xf8E4M3FN>, tensor<2xf64>, tensor<2xf32>
  }
}
// -----
module @resources {
  func.func @main() -> (tensor<3xf32>, tensor<2xi8>) {
    %0 = stablehlo.constant dense_resource<weights> : tensor<3xf32>
    %1 = stablehlo.constant dense_resource<"with/slash"> : tensor<2xi8>
    return %0, %1 : tensor<3xf32>, tensor<2xi8>
  }
}
{-#
  dialect_resources: {
    builtin: {
      weights: "0x040000000000803F0000004000004040",
      "with/slash": "0x01000000FF01"
    }
  }
#-}
// =>
module @resources {
  func.func public @main() -> (tensor<3xf32>, tensor<2xi8>) {
    %cst = stablehlo.constant dense_resource<weights> : tensor<3xf32>
    %c = stablehlo.constant dense_resource<"with/slash"> : tensor<2xi8>
    return %cst, %c : tensor<3xf32>, tensor<2xi8>
  }
}

{-#
  dialect_resources: {
    builtin: {
      weights: "0x040000000000803F0000004000004040",
      "with/slash": "0x01000000FF01"
    }
  }
#-}
// -----
func.func @main() -> tensor<2xi32> {
  %r = stablehlo.constant dense<[1, 2, 3]> : tensor<2xi32>
  return %r : tensor<2xi32>
}
// error: mlir.dense
// -----
func.func @main() -> tensor<i8> {
  %r = stablehlo.constant dense<300> : tensor<i8>
  return %r : tensor<i8>
}
// error: mlir.dense
// -----
func.func @main() -> tensor<2x2xi32> {
  %r = stablehlo.constant dense<[[1, 2], [3]]> : tensor<2x2xi32>
  return %r : tensor<2x2xi32>
}
// error: mlir.dense
// -----
func.func @main() -> tensor<2xi32> {
  %r = stablehlo.constant dense<1.0> : tensor<2xi32>
  return %r : tensor<2xi32>
}
// error: mlir.dense
// -----
func.func @main() -> tensor<1000000000000xf32> {
  %r = stablehlo.constant dense<[1.0, 2.0]> : tensor<1000000000000xf32>
  return %r : tensor<1000000000000xf32>
}
// error: mlir.dense
// -----
func.func @main() -> tensor<2xf32> {
  %r = stablehlo.constant dense<"0x0000"> : tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: mlir.dense
// -----
func.func @main() -> tensor<2xf32> {
  %r = stablehlo.constant dense_resource<missing> : tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: mlir.resource
// -----
func.func @main() -> tensor<200xf32> {
  %r = stablehlo.constant dense<…> : tensor<200xf32>
  return %r : tensor<200xf32>
}
// error: mlir.elided
// -----
func.func @main() -> tensor<2xf32> {
  %r = stablehlo.constant dense<(1.0, 2.0)> : tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: mlir.dense
// -----
func.func @main() -> tensor<2xf32> {
  %r = "stablehlo.constant"() <{value = dense<1> : tensor<2xi32>}> : () -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: mlir.type
// -----
func.func @main() -> tensor<2xf32> {
  %r = "stablehlo.constant"() <{value = "text"}> : () -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: constant.attributes
