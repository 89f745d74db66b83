func.func @main() -> tensor<2x3xi32> {
  %r = stablehlo.iota dim = 1 : tensor<2x3xi32>
  return %r : tensor<2x3xi32>
}
// =>
module {
  func.func public @main() -> tensor<2x3xi32> {
    %r = stablehlo.iota dim = 1 : tensor<2x3xi32>
    return %r : tensor<2x3xi32>
  }
}
// -----
func.func @main() -> tensor<4xf32> {
  %r = "stablehlo.iota"() <{iota_dimension = 0 : i64}> : () -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// =>
module {
  func.func public @main() -> tensor<4xf32> {
    %r = stablehlo.iota dim = 0 : tensor<4xf32>
    return %r : tensor<4xf32>
  }
}
// -----
func.func @main() -> tensor<4xi1> {
  %r = stablehlo.iota dim = 0 : tensor<4xi1>
  return %r : tensor<4xi1>
}
// error: iota.O1
// -----
func.func @main() -> tensor<4xi32> {
  %r = stablehlo.iota dim = 1 : tensor<4xi32>
  return %r : tensor<4xi32>
}
// error: iota.C1
