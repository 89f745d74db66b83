func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r:2 = call @helper(%x) : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  %s = stablehlo.add %r#0, %r#1 : tensor<4xf32>
  return %s : tensor<4xf32>
}
func.func private @helper(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %r = stablehlo.negate %x : tensor<4xf32>
  return %r, %x : tensor<4xf32>, tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0:2 = func.call @helper(%x) : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
    %s = stablehlo.add %0#0, %0#1 : tensor<4xf32>
    return %s : tensor<4xf32>
  }
  func.func private @helper(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
    %r = stablehlo.negate %x : tensor<4xf32>
    return %r, %x : tensor<4xf32>, tensor<4xf32>
  }
}
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = "func.call"(%x) <{callee = "helper"}> : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: call.attributes
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = call @missing(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: call.C1
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = call @helper(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
func.func private @helper(%x: tensor<5xf32>) -> tensor<5xf32> {
  return %x : tensor<5xf32>
}
// error: call.C2
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = call @main(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: call.C3
// -----
// A named dim of the callee is any dim of the caller.
func.func @main(%x: tensor<?x2xf32, #weft.dims<"N", 2>>) -> tensor<?xf32, #weft.dims<"2*N">> {
  %y = stablehlo.reshape %x : (tensor<?x2xf32, #weft.dims<"N", 2>>) -> tensor<?xf32, #weft.dims<"2*N">>
  %r = call @helper(%y) : (tensor<?xf32, #weft.dims<"2*N">>) -> tensor<?xf32, #weft.dims<"2*N">>
  return %r : tensor<?xf32, #weft.dims<"2*N">>
}
func.func private @helper(%x: tensor<?xf32, #weft.dims<"M">>) -> tensor<?xf32, #weft.dims<"M">> {
  return %x : tensor<?xf32, #weft.dims<"M">>
}
// =>
module {
  func.func public @main(%x: tensor<?x2xf32, #weft.dims<"N", 2>>) -> tensor<?xf32, #weft.dims<"2*N">> {
    %y = stablehlo.reshape %x : (tensor<?x2xf32, #weft.dims<"N", 2>>) -> tensor<?xf32, #weft.dims<"2*N">>
    %r = func.call @helper(%y) : (tensor<?xf32, #weft.dims<"2*N">>) -> tensor<?xf32, #weft.dims<"2*N">>
    return %r : tensor<?xf32, #weft.dims<"2*N">>
  }
  func.func private @helper(%x: tensor<?xf32, #weft.dims<"M">>) -> tensor<?xf32, #weft.dims<"M">> {
    return %x : tensor<?xf32, #weft.dims<"M">>
  }
}
