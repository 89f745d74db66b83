func.func @main(%t: !stablehlo.token, %u: !stablehlo.token) -> !stablehlo.token {
  %r = stablehlo.after_all %t, %u : !stablehlo.token
  return %r : !stablehlo.token
}
// =>
module {
  func.func public @main(%t: !stablehlo.token, %u: !stablehlo.token) -> !stablehlo.token {
    %r = stablehlo.after_all %t, %u : !stablehlo.token
    return %r : !stablehlo.token
  }
}
// -----
func.func @main(%x: tensor<f32>) -> !stablehlo.token {
  %r = "stablehlo.after_all"(%x) : (tensor<f32>) -> !stablehlo.token
  return %r : !stablehlo.token
}
// error: after_all.I1
