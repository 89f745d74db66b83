// no-eval: weft has no such host function
func.func @main(%x: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<i32>) {
  %r:2 = stablehlo.custom_call @elsewhere(%x) {api_version = 4 : i32, backend_config = {uplo = 76 : i64}, has_side_effect = true, operand_layouts = [dense<[0, 1]> : tensor<2xindex>], result_layouts = [dense<[0, 1]> : tensor<2xindex>, dense<> : tensor<0xindex>]} : (tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<i32>)
  return %r#0, %r#1 : tensor<4x4xf32>, tensor<i32>
}
// =>
module {
  func.func public @main(%x: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<i32>) {
    %0:2 = stablehlo.custom_call @elsewhere(%x) {api_version = 4 : i32, backend_config = {uplo = 76 : i64}, has_side_effect = true, operand_layouts = [dense<[0, 1]> : tensor<2xindex>], result_layouts = [dense<[0, 1]> : tensor<2xindex>, dense<> : tensor<0xindex>]} : (tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<i32>)
    return %0#0, %0#1 : tensor<4x4xf32>, tensor<i32>
  }
}
// -----
// no-eval: weft has no such host function
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = "stablehlo.custom_call"(%x) <{backend_config = "a \"quoted\" text", call_target_name = "with.dots/and slash", called_computations = [@main]}> : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %r = stablehlo.custom_call @"with.dots/and slash"(%x) {backend_config = "a \"quoted\" text", called_computations = [@main]} : (tensor<4xf32>) -> tensor<4xf32>
    return %r : tensor<4xf32>
  }
}
// -----
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = stablehlo.custom_call @""(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// error: custom_call.I2
// -----
func.func @main(%x: tensor<2x4xcomplex<f32>>) -> tensor<2x4xcomplex<f32>> {
  %r = stablehlo.custom_call @fft(%x) {backend_config = "{\"kind\": \"FFT\", \"length\": [4]}"} : (tensor<2x4xcomplex<f32>>) -> tensor<2x4xcomplex<f32>>
  return %r : tensor<2x4xcomplex<f32>>
}
// =>
module {
  func.func public @main(%x: tensor<2x4xcomplex<f32>>) -> tensor<2x4xcomplex<f32>> {
    %r = stablehlo.custom_call @fft(%x) {backend_config = "{\"kind\": \"FFT\", \"length\": [4]}"} : (tensor<2x4xcomplex<f32>>) -> tensor<2x4xcomplex<f32>>
    return %r : tensor<2x4xcomplex<f32>>
  }
}
// -----
func.func @main(%x: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %r = stablehlo.custom_call @cholesky(%x) {backend_config = "{\"lower\": true}"} : (tensor<3x3xf32>) -> tensor<3x3xf32>
  return %r : tensor<3x3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<3x3xf32>) -> tensor<3x3xf32> {
    %r = stablehlo.custom_call @cholesky(%x) {backend_config = "{\"lower\": true}"} : (tensor<3x3xf32>) -> tensor<3x3xf32>
    return %r : tensor<3x3xf32>
  }
}
// -----
func.func @main(%x: tensor<2x4xcomplex<f32>>) -> tensor<2x5xcomplex<f32>> {
  %r = stablehlo.custom_call @fft(%x) {backend_config = "{\"kind\": \"FFT\", \"length\": [4]}"} : (tensor<2x4xcomplex<f32>>) -> tensor<2x5xcomplex<f32>>
  return %r : tensor<2x5xcomplex<f32>>
}
// error: custom_call.C2
// -----
func.func @main(%x: tensor<2x4xcomplex<f32>>) -> tensor<2x4xcomplex<f32>> {
  %r = stablehlo.custom_call @fft(%x) {backend_config = "{"} : (tensor<2x4xcomplex<f32>>) -> tensor<2x4xcomplex<f32>>
  return %r : tensor<2x4xcomplex<f32>>
}
// error: host.attributes
// -----
func.func @main(%x: tensor<2x4xcomplex<f32>>) -> tensor<2x4xcomplex<f32>> {
  %r = stablehlo.custom_call @fft(%x, %x) {backend_config = "{\"kind\": \"FFT\", \"length\": [4]}"} : (tensor<2x4xcomplex<f32>>, tensor<2x4xcomplex<f32>>) -> tensor<2x4xcomplex<f32>>
  return %r : tensor<2x4xcomplex<f32>>
}
// error: custom_call.C1
// -----
func.func @main(%x: tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>> {
  %r = stablehlo.custom_call @fft(%x) {backend_config = "{\22kind\22: \22FFT\22}"} : (tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>>
  return %r : tensor<4xcomplex<f32>>
}
// error: custom_call.I4
