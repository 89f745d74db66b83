func.func @main(%x: tensor<2x8xf32>) -> tensor<2x5xcomplex<f32>> {
  %0 = stablehlo.fft %x, type = RFFT, length = [8] : (tensor<2x8xf32>) -> tensor<2x5xcomplex<f32>>
  return %0 : tensor<2x5xcomplex<f32>>
}
// =>
module {
  func.func public @main(%x: tensor<2x8xf32>) -> tensor<2x5xcomplex<f32>> {
    %0 = stablehlo.fft %x, type = RFFT, length = [8] : (tensor<2x8xf32>) -> tensor<2x5xcomplex<f32>>
    return %0 : tensor<2x5xcomplex<f32>>
  }
}
// -----
func.func @main(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %0 = stablehlo.fft %x, type = FFT, length = [8] : (tensor<2x8xf32>) -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}
// error: fft.C2
// -----
func.func @main(%x: tensor<2x4xcomplex<f32>>) -> tensor<2x8xf32> {
  %0 = stablehlo.fft %x, type = IRFFT, length = [8] : (tensor<2x4xcomplex<f32>>) -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}
// error: fft.C5
