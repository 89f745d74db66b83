func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {
  %0 = "chlo.constant_like"(%x) <{value = 1.5 : f32}> : (tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
// =>
module {
  func.func public @main(%x: tensor<?xf32, #weft.dims<"x.0.1">>) -> tensor<?xf32, #weft.dims<"x.0.1">> {
    %0 = "weft.constant_like"(%x) <{value = 1.500000e+00 : f64}> : (tensor<?xf32, #weft.dims<"x.0.1">>) -> tensor<?xf32, #weft.dims<"x.0.1">>
    return %0 : tensor<?xf32, #weft.dims<"x.0.1">>
  }
}
