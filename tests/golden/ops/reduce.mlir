func.func @main(%x: tensor<2x3x4xf32>, %init: tensor<f32>) -> tensor<3xf32> {
  %r = stablehlo.reduce(%x init: %init) applies stablehlo.maximum across dimensions = [0, 2] : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<3xf32>
  return %r : tensor<3xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x3x4xf32>, %init: tensor<f32>) -> tensor<3xf32> {
    %r = stablehlo.reduce(%x init: %init) applies stablehlo.maximum across dimensions = [0, 2] : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<3xf32>
    return %r : tensor<3xf32>
  }
}
// -----
// The index of the largest element: two operands, a body of its own.
func.func @main(%x: tensor<3x5xf32>) -> (tensor<3xf32>, tensor<3xi32>) {
  %i = stablehlo.iota dim = 1 : tensor<3x5xi32>
  %low = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %r:2 = stablehlo.reduce(%x init: %low), (%i init: %zero) across dimensions = [1] : (tensor<3x5xf32>, tensor<3x5xi32>, tensor<f32>, tensor<i32>) -> (tensor<3xf32>, tensor<3xi32>)
   reducer(%a: tensor<f32>, %c: tensor<f32>) (%b: tensor<i32>, %d: tensor<i32>) {
    %p = stablehlo.compare GE, %a, %c, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %v = stablehlo.select %p, %a, %c : tensor<i1>, tensor<f32>
    %k = stablehlo.select %p, %b, %d : tensor<i1>, tensor<i32>
    stablehlo.return %v, %k : tensor<f32>, tensor<i32>
  }
  return %r#0, %r#1 : tensor<3xf32>, tensor<3xi32>
}
// =>
module {
  func.func public @main(%x: tensor<3x5xf32>) -> (tensor<3xf32>, tensor<3xi32>) {
    %i = stablehlo.iota dim = 1 : tensor<3x5xi32>
    %low = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %zero = stablehlo.constant dense<0> : tensor<i32>
    %0:2 = stablehlo.reduce(%x init: %low), (%i init: %zero) across dimensions = [1] : (tensor<3x5xf32>, tensor<3x5xi32>, tensor<f32>, tensor<i32>) -> (tensor<3xf32>, tensor<3xi32>)
     reducer(%a: tensor<f32>, %arg0: tensor<f32>) (%b: tensor<i32>, %d: tensor<i32>) {
      %p = stablehlo.compare GE, %a, %arg0, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %v = stablehlo.select %p, %a, %arg0 : tensor<i1>, tensor<f32>
      %k = stablehlo.select %p, %b, %d : tensor<i1>, tensor<i32>
      stablehlo.return %v, %k : tensor<f32>, tensor<i32>
    }
    return %0#0, %0#1 : tensor<3xf32>, tensor<3xi32>
  }
}
// -----
// A named dim, the generic form, and a body that captures.
func.func @main(%x: tensor<?x4xi32, #weft.dims<"N", 4>>, %k: tensor<i32>) -> tensor<?xi32, #weft.dims<"N">> {
  %r = "stablehlo.reduce"(%x, %k) <{dimensions = array<i64: 1>}> ({
  ^bb0(%a: tensor<i32>, %b: tensor<i32>):
    %c = stablehlo.multiply %b, %k : tensor<i32>
    %d = stablehlo.add %a, %c : tensor<i32>
    stablehlo.return %d : tensor<i32>
  }) : (tensor<?x4xi32, #weft.dims<"N", 4>>, tensor<i32>) -> tensor<?xi32, #weft.dims<"N">>
  return %r : tensor<?xi32, #weft.dims<"N">>
}
// =>
module {
  func.func public @main(%x: tensor<?x4xi32, #weft.dims<"N", 4>>, %k: tensor<i32>) -> tensor<?xi32, #weft.dims<"N">> {
    %r = stablehlo.reduce(%x init: %k) across dimensions = [1] : (tensor<?x4xi32, #weft.dims<"N", 4>>, tensor<i32>) -> tensor<?xi32, #weft.dims<"N">>
     reducer(%a: tensor<i32>, %b: tensor<i32>) {
      %0 = stablehlo.multiply %b, %k : tensor<i32>
      %d = stablehlo.add %a, %0 : tensor<i32>
      stablehlo.return %d : tensor<i32>
    }
    return %r : tensor<?xi32, #weft.dims<"N">>
  }
}
// -----
// An accumulator wider than the elements.
func.func @main(%x: tensor<5xbf16>, %init: tensor<bf16>) -> tensor<f32> {
  %r = "stablehlo.reduce"(%x, %init) <{dimensions = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<5xbf16>, tensor<bf16>) -> tensor<f32>
  return %r : tensor<f32>
}
// =>
module {
  func.func public @main(%x: tensor<5xbf16>, %init: tensor<bf16>) -> tensor<f32> {
    %r = stablehlo.reduce(%x init: %init) applies stablehlo.add across dimensions = [0] : (tensor<5xbf16>, tensor<bf16>) -> tensor<f32>
    return %r : tensor<f32>
  }
}
// -----
func.func @main(%x0: tensor<3xf32>, %x1: tensor<2xf32>) -> tensor<f32> {
  %r = "stablehlo.reduce"(%x0, %x1) <{dimensions = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %a : tensor<f32>
  }) : (tensor<3xf32>, tensor<2xf32>) -> tensor<f32>
  return %r : tensor<f32>
}
// error: reduce.C2
// -----
func.func @main(%x0: tensor<3xf32>, %x1: tensor<i32>) -> tensor<f32> {
  %r = "stablehlo.reduce"(%x0, %x1) <{dimensions = array<i64: 0>}> ({
  ^bb0(%a0: tensor<i32>, %a1: tensor<i32>):
    stablehlo.return %a0 : tensor<i32>
  }) : (tensor<3xf32>, tensor<i32>) -> tensor<f32>
  return %r : tensor<f32>
}
// error: reduce.C2
// -----
func.func @main(%x0: tensor<3xf32>, %x1: tensor<f32>) -> tensor<3xf32> {
  %r = "stablehlo.reduce"(%x0, %x1) <{dimensions = array<i64: 1>}> ({
  ^bb0(%a0: tensor<f32>, %a1: tensor<f32>):
    stablehlo.return %a0 : tensor<f32>
  }) : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  return %r : tensor<3xf32>
}
// error: reduce.C4
// -----
func.func @main(%x0: tensor<3x2xf32>, %x1: tensor<f32>) -> tensor<2xf32> {
  %r = "stablehlo.reduce"(%x0, %x1) <{dimensions = array<i64: 0, 0>}> ({
  ^bb0(%a0: tensor<f32>, %a1: tensor<f32>):
    stablehlo.return %a0 : tensor<f32>
  }) : (tensor<3x2xf32>, tensor<f32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: reduce.C5
// -----
func.func @main(%x0: tensor<3xf32>, %x1: tensor<f32>) -> tensor<f32> {
  %r = "stablehlo.reduce"(%x0, %x1) <{dimensions = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %p = stablehlo.is_finite %a : (tensor<f32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  }) : (tensor<3xf32>, tensor<f32>) -> tensor<f32>
  return %r : tensor<f32>
}
// error: reduce.C6
// -----
func.func @main(%x0: tensor<3xf32>, %x1: tensor<f32>) -> tensor<3xf32> {
  %r = "stablehlo.reduce"(%x0, %x1) <{dimensions = array<i64: 0>}> ({
  ^bb0(%a0: tensor<f32>, %a1: tensor<f32>):
    stablehlo.return %a0 : tensor<f32>
  }) : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  return %r : tensor<3xf32>
}
// error: mlir.type
// -----
func.func @main(%x: tensor<3xf32>, %y: tensor<4xf32>, %i: tensor<f32>) -> tensor<f32> {
  %r:2 = "stablehlo.reduce"(%x, %y, %i, %i) <{dimensions = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<f32>, %d: tensor<f32>):
    stablehlo.return %a, %b : tensor<f32>, tensor<f32>
  }) : (tensor<3xf32>, tensor<4xf32>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#0 : tensor<f32>
}
// error: reduce.C1
// -----
func.func @main(%x: tensor<3xf32>) -> tensor<f32> {
  %r = "stablehlo.reduce"(%x) <{dimensions = array<i64: 0>}> ({
    stablehlo.return
  }) : (tensor<3xf32>) -> tensor<f32>
  return %r : tensor<f32>
}
// error: reduce.C3
