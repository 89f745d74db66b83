func.func @main(%x: tensor<1x1x8x8xf32>, %i: tensor<f32>) -> tensor<1x1x4x4xf32> {
  %r = "stablehlo.reduce_window"(%x, %i) <{window_dimensions = array<i64: 1, 1, 2, 2>, window_strides = array<i64: 1, 1, 2, 2>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<1x1x8x8xf32>, tensor<f32>) -> tensor<1x1x4x4xf32>
  return %r : tensor<1x1x4x4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<1x1x8x8xf32>, %i: tensor<f32>) -> tensor<1x1x4x4xf32> {
    %r = "stablehlo.reduce_window"(%x, %i) <{window_dimensions = array<i64: 1, 1, 2, 2>, window_strides = array<i64: 1, 1, 2, 2>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %0 = stablehlo.maximum %a, %b : tensor<f32>
      stablehlo.return %0 : tensor<f32>
    }) : (tensor<1x1x8x8xf32>, tensor<f32>) -> tensor<1x1x4x4xf32>
    return %r : tensor<1x1x4x4xf32>
  }
}
// -----
func.func @main(%x: tensor<7xf32>, %i: tensor<f32>) -> tensor<4xf32> {
  %r = "stablehlo.reduce_window"(%x, %i) <{padding = dense<[[1, 2]]> : tensor<1x2xi64>, window_dilations = array<i64: 3>, window_dimensions = array<i64: 3>, window_strides = array<i64: 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<7xf32>, tensor<f32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
// =>
module {
  func.func public @main(%x: tensor<7xf32>, %i: tensor<f32>) -> tensor<4xf32> {
    %r = "stablehlo.reduce_window"(%x, %i) <{padding = dense<[[1, 2]]> : tensor<1x2xi64>, window_dilations = array<i64: 3>, window_dimensions = array<i64: 3>, window_strides = array<i64: 1>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %0 = stablehlo.maximum %a, %b : tensor<f32>
      stablehlo.return %0 : tensor<f32>
    }) : (tensor<7xf32>, tensor<f32>) -> tensor<4xf32>
    return %r : tensor<4xf32>
  }
}
// -----
func.func @main(%x: tensor<3xf32>, %i: tensor<f32>) -> tensor<5xf32> {
  %r = "stablehlo.reduce_window"(%x, %i) <{base_dilations = array<i64: 2>, window_dimensions = array<i64: 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<3xf32>, tensor<f32>) -> tensor<5xf32>
  return %r : tensor<5xf32>
}
// =>
module {
  func.func public @main(%x: tensor<3xf32>, %i: tensor<f32>) -> tensor<5xf32> {
    %r = "stablehlo.reduce_window"(%x, %i) <{base_dilations = array<i64: 2>, window_dimensions = array<i64: 1>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %0 = stablehlo.maximum %a, %b : tensor<f32>
      stablehlo.return %0 : tensor<f32>
    }) : (tensor<3xf32>, tensor<f32>) -> tensor<5xf32>
    return %r : tensor<5xf32>
  }
}
// -----
func.func @main(%x: tensor<?x6xf32, #weft.dims<"N", 6>>, %i: tensor<f32>) -> tensor<?x3xf32, #weft.dims<"N", 3>> {
  %r = "stablehlo.reduce_window"(%x, %i) <{window_dimensions = array<i64: 1, 2>, window_strides = array<i64: 1, 2>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<?x6xf32, #weft.dims<"N", 6>>, tensor<f32>) -> tensor<?x3xf32, #weft.dims<"N", 3>>
  return %r : tensor<?x3xf32, #weft.dims<"N", 3>>
}
// =>
module {
  func.func public @main(%x: tensor<?x6xf32, #weft.dims<"N", 6>>, %i: tensor<f32>) -> tensor<?x3xf32, #weft.dims<"N", 3>> {
    %r = "stablehlo.reduce_window"(%x, %i) <{window_dimensions = array<i64: 1, 2>, window_strides = array<i64: 1, 2>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %0 = stablehlo.maximum %a, %b : tensor<f32>
      stablehlo.return %0 : tensor<f32>
    }) : (tensor<?x6xf32, #weft.dims<"N", 6>>, tensor<f32>) -> tensor<?x3xf32, #weft.dims<"N", 3>>
    return %r : tensor<?x3xf32, #weft.dims<"N", 3>>
  }
}
// -----
func.func @main(%x: tensor<7xf32>, %i: tensor<2xf32>) -> tensor<7xf32> {
  %r = "stablehlo.reduce_window"(%x, %i) <{window_dimensions = array<i64: 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<7xf32>, tensor<2xf32>) -> tensor<7xf32>
  return %r : tensor<7xf32>
}
// error: reduce_window.C3
// -----
func.func @main(%x: tensor<7xf32>, %i: tensor<f32>) -> tensor<7xf32> {
  %r = "stablehlo.reduce_window"(%x, %i) <{window_dimensions = array<i64: 1, 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  return %r : tensor<7xf32>
}
// error: reduce_window.C4
// -----
func.func @main(%x: tensor<7xf32>, %i: tensor<f32>) -> tensor<7xf32> {
  %r = "stablehlo.reduce_window"(%x, %i) <{window_dimensions = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  return %r : tensor<7xf32>
}
// error: reduce_window.C5
// -----
func.func @main(%x: tensor<7xf32>, %i: tensor<f32>) -> tensor<7xf32> {
  %r = "stablehlo.reduce_window"(%x, %i) <{window_dimensions = array<i64: 1>, window_strides = array<i64: 1, 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  return %r : tensor<7xf32>
}
// error: reduce_window.C6
// -----
func.func @main(%x: tensor<7xf32>, %i: tensor<f32>) -> tensor<7xf32> {
  %r = "stablehlo.reduce_window"(%x, %i) <{window_dimensions = array<i64: 1>, window_strides = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  return %r : tensor<7xf32>
}
// error: reduce_window.C7
// -----
func.func @main(%x: tensor<7xf32>, %i: tensor<f32>) -> tensor<7xf32> {
  %r = "stablehlo.reduce_window"(%x, %i) <{window_dimensions = array<i64: 1>, base_dilations = array<i64: 1, 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  return %r : tensor<7xf32>
}
// error: reduce_window.C8
// -----
func.func @main(%x: tensor<7xf32>, %i: tensor<f32>) -> tensor<7xf32> {
  %r = "stablehlo.reduce_window"(%x, %i) <{window_dimensions = array<i64: 1>, base_dilations = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  return %r : tensor<7xf32>
}
// error: reduce_window.C9
// -----
func.func @main(%x: tensor<7xf32>, %i: tensor<f32>) -> tensor<7xf32> {
  %r = "stablehlo.reduce_window"(%x, %i) <{window_dimensions = array<i64: 1>, window_dilations = array<i64: 1, 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  return %r : tensor<7xf32>
}
// error: reduce_window.C10
// -----
func.func @main(%x: tensor<7xf32>, %i: tensor<f32>) -> tensor<7xf32> {
  %r = "stablehlo.reduce_window"(%x, %i) <{window_dimensions = array<i64: 1>, window_dilations = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  return %r : tensor<7xf32>
}
// error: reduce_window.C11
// -----
func.func @main(%x: tensor<7xf32>, %i: tensor<f32>) -> tensor<7xf32> {
  %r = "stablehlo.reduce_window"(%x, %i) <{window_dimensions = array<i64: 1>, padding = dense<0> : tensor<2x2xi64>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  return %r : tensor<7xf32>
}
// error: reduce_window.C12
// -----
func.func @main(%x: tensor<7xf32>, %i: tensor<f32>) -> tensor<7xf32> {
  %r = "stablehlo.reduce_window"(%x, %i) <{window_dimensions = array<i64: 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<i32>):
    stablehlo.return %a : tensor<f32>
  }) : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  return %r : tensor<7xf32>
}
// error: reduce_window.C13
// -----
func.func @main(%x: tensor<7xf32>, %i: tensor<f32>) -> tensor<6xf32> {
  %r = "stablehlo.reduce_window"(%x, %i) <{window_dimensions = array<i64: 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<7xf32>, tensor<f32>) -> tensor<6xf32>
  return %r : tensor<6xf32>
}
// error: mlir.type
// -----
func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %r = "stablehlo.reduce_window"(%x) <{window_dimensions = array<i64: 1>}> ({
    stablehlo.return
  }) : (tensor<3xf32>) -> tensor<3xf32>
  return %r : tensor<3xf32>
}
// error: reduce_window.C1
// -----
func.func @main(%x: tensor<3xf32>, %y: tensor<4xf32>, %i: tensor<f32>) -> tensor<3xf32> {
  %r:2 = "stablehlo.reduce_window"(%x, %y, %i, %i) <{window_dimensions = array<i64: 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<f32>, %d: tensor<f32>):
    stablehlo.return %a, %b : tensor<f32>, tensor<f32>
  }) : (tensor<3xf32>, tensor<4xf32>, tensor<f32>, tensor<f32>) -> (tensor<3xf32>, tensor<4xf32>)
  return %r#0 : tensor<3xf32>
}
// error: reduce_window.C2
