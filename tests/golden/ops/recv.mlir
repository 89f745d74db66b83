// no-eval: talks to the outside
func.func @main(%t: !stablehlo.token) -> tensor<2xf32> {
  %0:2 = "stablehlo.recv"(%t) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, is_host_transfer = true}> : (!stablehlo.token) -> (tensor<2xf32>, !stablehlo.token)
  return %0#0 : tensor<2xf32>
}
// =>
module {
  func.func public @main(%t: !stablehlo.token) -> tensor<2xf32> {
    %0:2 = "stablehlo.recv"(%t) <{channel_handle = {handle = 1 : i64, type = 1 : i64}, is_host_transfer = true}> : (!stablehlo.token) -> (tensor<2xf32>, !stablehlo.token)
    return %0#0 : tensor<2xf32>
  }
}
