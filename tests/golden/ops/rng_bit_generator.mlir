func.func @main(%s: tensor<2xui64>) -> (tensor<2xui64>, tensor<4xui32>) {
  %r:2 = stablehlo.rng_bit_generator %s, algorithm = THREE_FRY : (tensor<2xui64>) -> (tensor<2xui64>, tensor<4xui32>)
  return %r#0, %r#1 : tensor<2xui64>, tensor<4xui32>
}
// =>
module {
  func.func public @main(%s: tensor<2xui64>) -> (tensor<2xui64>, tensor<4xui32>) {
    %0:2 = stablehlo.rng_bit_generator %s, algorithm = THREE_FRY : (tensor<2xui64>) -> (tensor<2xui64>, tensor<4xui32>)
    return %0#0, %0#1 : tensor<2xui64>, tensor<4xui32>
  }
}
// -----
func.func @main(%s: tensor<3xui64>) -> (tensor<3xui64>, tensor<2x3xui64>) {
  %r:2 = stablehlo.rng_bit_generator %s, algorithm = PHILOX : (tensor<3xui64>) -> (tensor<3xui64>, tensor<2x3xui64>)
  return %r#0, %r#1 : tensor<3xui64>, tensor<2x3xui64>
}
// =>
module {
  func.func public @main(%s: tensor<3xui64>) -> (tensor<3xui64>, tensor<2x3xui64>) {
    %0:2 = stablehlo.rng_bit_generator %s, algorithm = PHILOX : (tensor<3xui64>) -> (tensor<3xui64>, tensor<2x3xui64>)
    return %0#0, %0#1 : tensor<3xui64>, tensor<2x3xui64>
  }
}
// -----
func.func @main(%s: tensor<2xui64>) -> (tensor<2xui64>, tensor<5xf32>) {
  %r:2 = stablehlo.rng_bit_generator %s, algorithm = DEFAULT : (tensor<2xui64>) -> (tensor<2xui64>, tensor<5xf32>)
  return %r#0, %r#1 : tensor<2xui64>, tensor<5xf32>
}
// =>
module {
  func.func public @main(%s: tensor<2xui64>) -> (tensor<2xui64>, tensor<5xf32>) {
    %0:2 = stablehlo.rng_bit_generator %s, algorithm = DEFAULT : (tensor<2xui64>) -> (tensor<2xui64>, tensor<5xf32>)
    return %0#0, %0#1 : tensor<2xui64>, tensor<5xf32>
  }
}
// -----
func.func @main(%s: tensor<2xi32>) -> (tensor<2xi32>, tensor<4xui32>) {
  %r:2 = stablehlo.rng_bit_generator %s, algorithm = DEFAULT : (tensor<2xi32>) -> (tensor<2xi32>, tensor<4xui32>)
  return %r#0, %r#1 : tensor<2xi32>, tensor<4xui32>
}
// error: rng_bit_generator.I1
// -----
func.func @main(%s: tensor<2xui64>) -> (tensor<2xui64>, tensor<4xui32>) {
  %r:2 = stablehlo.rng_bit_generator %s, algorithm = MERSENNE : (tensor<2xui64>) -> (tensor<2xui64>, tensor<4xui32>)
  return %r#0, %r#1 : tensor<2xui64>, tensor<4xui32>
}
// error: rng_bit_generator.I2
// -----
func.func @main(%s: tensor<2xui64>) -> (tensor<3xui64>, tensor<4xui32>) {
  %r:2 = stablehlo.rng_bit_generator %s, algorithm = DEFAULT : (tensor<2xui64>) -> (tensor<3xui64>, tensor<4xui32>)
  return %r#0, %r#1 : tensor<3xui64>, tensor<4xui32>
}
// error: rng_bit_generator.C1
// -----
func.func @main(%s: tensor<3xui64>) -> (tensor<3xui64>, tensor<4xui32>) {
  %r:2 = stablehlo.rng_bit_generator %s, algorithm = THREE_FRY : (tensor<3xui64>) -> (tensor<3xui64>, tensor<4xui32>)
  return %r#0, %r#1 : tensor<3xui64>, tensor<4xui32>
}
// error: rng_bit_generator.C2
// -----
func.func @main(%s: tensor<2xui64>) -> (tensor<2xui64>, tensor<4xi1>) {
  %r:2 = stablehlo.rng_bit_generator %s, algorithm = DEFAULT : (tensor<2xui64>) -> (tensor<2xui64>, tensor<4xi1>)
  return %r#0, %r#1 : tensor<2xui64>, tensor<4xi1>
}
// error: rng_bit_generator.O2
