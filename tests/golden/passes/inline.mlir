// RUN: inline,drop-private
// calls of calls become their bodies
module {
  func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> {
    %0 = call @twice(%x) : (tensor<2xf32>) -> tensor<2xf32>
    return %0 : tensor<2xf32>
  }
  func.func private @twice(%x: tensor<2xf32>) -> tensor<2xf32> {
    %0 = call @once(%x) : (tensor<2xf32>) -> tensor<2xf32>
    %1 = call @once(%0) : (tensor<2xf32>) -> tensor<2xf32>
    return %1 : tensor<2xf32>
  }
  func.func private @once(%x: tensor<2xf32>) -> tensor<2xf32> {
    %0 = stablehlo.add %x, %x : tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}
// =>
module {
  func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> {
    %0 = stablehlo.add %x, %x : tensor<2xf32>
    %1 = stablehlo.add %0, %0 : tensor<2xf32>
    return %1 : tensor<2xf32>
  }
}
// -----
// the symbols of a function are its own: each call gives them its dims
func.func private @join(%x: tensor<?xf32, #weft.dims<"N">>, %y: tensor<?xf32, #weft.dims<"M">>) -> tensor<?xf32, #weft.dims<"N + M">> {
  %0 = stablehlo.concatenate %x, %y, dim = 0 : (tensor<?xf32, #weft.dims<"N">>, tensor<?xf32, #weft.dims<"M">>) -> tensor<?xf32, #weft.dims<"N + M">>
  return %0 : tensor<?xf32, #weft.dims<"N + M">>
}
func.func public @main(%x: tensor<?xf32, #weft.dims<"N">>, %y: tensor<2xf32>) -> tensor<?xf32, #weft.dims<"2*N + 2">> {
  %0 = call @join(%y, %x) : (tensor<2xf32>, tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"N + 2">>
  %1 = call @join(%0, %x) : (tensor<?xf32, #weft.dims<"N + 2">>, tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"2*N + 2">>
  return %1 : tensor<?xf32, #weft.dims<"2*N + 2">>
}
// =>
module {
  func.func public @main(%x: tensor<?xf32, #weft.dims<"N">>, %y: tensor<2xf32>) -> tensor<?xf32, #weft.dims<"2*N + 2">> {
    %0 = stablehlo.concatenate %y, %x, dim = 0 : (tensor<2xf32>, tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"N + 2">>
    %1 = stablehlo.concatenate %0, %x, dim = 0 : (tensor<?xf32, #weft.dims<"N + 2">>, tensor<?xf32, #weft.dims<"N">>) -> tensor<?xf32, #weft.dims<"2*N + 2">>
    return %1 : tensor<?xf32, #weft.dims<"2*N + 2">>
  }
}
// -----
// effects of a callee stay, though nothing needs their results
// no-eval: there is no such host function
func.func private @f(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = stablehlo.custom_call @log(%x) {has_side_effect = true} : (tensor<2xf32>) -> tensor<2xf32>
  return %x : tensor<2xf32>
}
func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = call @f(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> {
    %0 = stablehlo.custom_call @log(%x) {has_side_effect = true} : (tensor<2xf32>) -> tensor<2xf32>
    return %x : tensor<2xf32>
  }
}
