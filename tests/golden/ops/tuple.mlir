func.func @main(%x: tensor<2xf32>, %y: tensor<i32>) -> tensor<i32> {
  %t = stablehlo.tuple %x, %y : tuple<tensor<2xf32>, tensor<i32>>
  %u = "stablehlo.tuple"(%t, %x) : (tuple<tensor<2xf32>, tensor<i32>>, tensor<2xf32>) -> tuple<tuple<tensor<2xf32>, tensor<i32>>, tensor<2xf32>>
  %v = stablehlo.get_tuple_element %u[0] : (tuple<tuple<tensor<2xf32>, tensor<i32>>, tensor<2xf32>>) -> tuple<tensor<2xf32>, tensor<i32>>
  %r = stablehlo.get_tuple_element %v[1] : (tuple<tensor<2xf32>, tensor<i32>>) -> tensor<i32>
  return %r : tensor<i32>
}
// =>
module {
  func.func public @main(%x: tensor<2xf32>, %y: tensor<i32>) -> tensor<i32> {
    %t = stablehlo.tuple %x, %y : tuple<tensor<2xf32>, tensor<i32>>
    %u = stablehlo.tuple %t, %x : tuple<tuple<tensor<2xf32>, tensor<i32>>, tensor<2xf32>>
    %v = stablehlo.get_tuple_element %u[0] : (tuple<tuple<tensor<2xf32>, tensor<i32>>, tensor<2xf32>>) -> tuple<tensor<2xf32>, tensor<i32>>
    %r = stablehlo.get_tuple_element %v[1] : (tuple<tensor<2xf32>, tensor<i32>>) -> tensor<i32>
    return %r : tensor<i32>
  }
}
// -----
func.func @main(%x: tensor<2xf32>) -> tuple<tensor<3xf32>> {
  %t = stablehlo.tuple %x : tuple<tensor<3xf32>>
  return %t : tuple<tensor<3xf32>>
}
// error: mlir.type
