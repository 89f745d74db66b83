// RUN: tuples,canonicalize
func.func @main(%t: tuple<tensor<2xf32>, tuple<tensor<i32>>>, %y: tensor<2xf32>) -> (tuple<tensor<2xf32>, tensor<2xf32>> {weft.name = "pair"}, tensor<i32> {weft.name = "count"}) {
  %0 = stablehlo.get_tuple_element %t[0] : (tuple<tensor<2xf32>, tuple<tensor<i32>>>) -> tensor<2xf32>
  %1 = stablehlo.get_tuple_element %t[1] : (tuple<tensor<2xf32>, tuple<tensor<i32>>>) -> tuple<tensor<i32>>
  %2 = stablehlo.get_tuple_element %1[0] : (tuple<tensor<i32>>) -> tensor<i32>
  %3 = stablehlo.tuple %0, %y : tuple<tensor<2xf32>, tensor<2xf32>>
  return %3, %2 : tuple<tensor<2xf32>, tensor<2xf32>>, tensor<i32>
}
// =>
module {
  func.func public @main(%t.0: tensor<2xf32>, %t.1.0: tensor<i32>, %y: tensor<2xf32>) -> (tensor<2xf32> {weft.name = "pair.0"}, tensor<2xf32> {weft.name = "pair.1"}, tensor<i32> {weft.name = "count"}) {
    return %t.0, %y, %t.1.0 : tensor<2xf32>, tensor<2xf32>, tensor<i32>
  }
}
// -----
func.func @main(%n: tensor<i32>, %x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = stablehlo.tuple %n, %x : tuple<tensor<i32>, tensor<2xf32>>
  %1 = stablehlo.while(%s = %0) : tuple<tensor<i32>, tensor<2xf32>>
  cond {
    %2 = stablehlo.get_tuple_element %s[0] : (tuple<tensor<i32>, tensor<2xf32>>) -> tensor<i32>
    %c = stablehlo.constant dense<3> : tensor<i32>
    %3 = stablehlo.compare LT, %2, %c, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %3 : tensor<i1>
  } do {
    %2 = stablehlo.get_tuple_element %s[0] : (tuple<tensor<i32>, tensor<2xf32>>) -> tensor<i32>
    %3 = stablehlo.get_tuple_element %s[1] : (tuple<tensor<i32>, tensor<2xf32>>) -> tensor<2xf32>
    %c = stablehlo.constant dense<1> : tensor<i32>
    %4 = stablehlo.add %2, %c : tensor<i32>
    %5 = stablehlo.add %3, %x : tensor<2xf32>
    %6 = stablehlo.tuple %4, %5 : tuple<tensor<i32>, tensor<2xf32>>
    stablehlo.return %6 : tuple<tensor<i32>, tensor<2xf32>>
  }
  %7 = stablehlo.get_tuple_element %1[1] : (tuple<tensor<i32>, tensor<2xf32>>) -> tensor<2xf32>
  return %7 : tensor<2xf32>
}
// =>
module {
  func.func public @main(%n: tensor<i32>, %x: tensor<2xf32>) -> tensor<2xf32> {
    %0:2 = stablehlo.while(%iterArg = %n, %iterArg_0 = %x) : tensor<i32>, tensor<2xf32>
    cond {
      %c = stablehlo.constant dense<3> : tensor<i32>
      %1 = stablehlo.compare LT, %iterArg, %c, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %1 : tensor<i1>
    } do {
      %c_0 = stablehlo.constant dense<1> : tensor<i32>
      %2 = stablehlo.add %iterArg, %c_0 : tensor<i32>
      %3 = stablehlo.add %iterArg_0, %x : tensor<2xf32>
      stablehlo.return %2, %3 : tensor<i32>, tensor<2xf32>
    }
    return %0#1 : tensor<2xf32>
  }
}
// -----
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = stablehlo.tuple %x : tuple<tensor<2xf32>>
  %1 = stablehlo.get_tuple_element %0[0] : (tuple<tensor<2xf32>>) -> tensor<2xf32>
  return %1 : tensor<2xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> {
    return %x : tensor<2xf32>
  }
}
