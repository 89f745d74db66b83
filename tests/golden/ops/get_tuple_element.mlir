func.func @main(%x: tensor<2xf32>, %y: tensor<i32>) -> tensor<i32> {
  %t = stablehlo.tuple %x, %y : tuple<tensor<2xf32>, tensor<i32>>
  %r = "stablehlo.get_tuple_element"(%t) <{index = 1 : i32}> : (tuple<tensor<2xf32>, tensor<i32>>) -> tensor<i32>
  return %r : tensor<i32>
}
// =>
module {
  func.func public @main(%x: tensor<2xf32>, %y: tensor<i32>) -> tensor<i32> {
    %t = stablehlo.tuple %x, %y : tuple<tensor<2xf32>, tensor<i32>>
    %r = stablehlo.get_tuple_element %t[1] : (tuple<tensor<2xf32>, tensor<i32>>) -> tensor<i32>
    return %r : tensor<i32>
  }
}
// -----
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %t = stablehlo.tuple %x : tuple<tensor<2xf32>>
  %r = stablehlo.get_tuple_element %t[1] : (tuple<tensor<2xf32>>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: get_tuple_element.C1
// -----
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %r = stablehlo.get_tuple_element %x[0] : (tensor<2xf32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
// error: get_tuple_element.I1
// -----
func.func @main(%x: tuple<tensor<2xf32>>) -> tensor<3xf32> {
  %r = stablehlo.get_tuple_element %x[0] : (tuple<tensor<2xf32>>) -> tensor<3xf32>
  return %r : tensor<3xf32>
}
// error: mlir.type
