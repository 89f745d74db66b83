// all_gather
func.func @main(%x: tensor<2x3xf64>) -> tensor<2x3xf64> {
  %0 = "stablehlo.all_gather"(%x) <{all_gather_dim = 0 : i64, replica_groups = dense<0> : tensor<1x1xi64>}> : (tensor<2x3xf64>) -> tensor<2x3xf64>
  return %0 : tensor<2x3xf64>
}
// -----
// all_reduce
func.func @main(%x: tensor<2x3xf64>) -> tensor<2x3xf64> {
  %0 = "stablehlo.all_reduce"(%x) <{replica_groups = dense<0> : tensor<1x1xi64>}> ({
  ^bb0(%a: tensor<f64>, %b: tensor<f64>):
    %s = stablehlo.add %a, %b : tensor<f64>
    stablehlo.return %s : tensor<f64>
  }) : (tensor<2x3xf64>) -> tensor<2x3xf64>
  %1 = stablehlo.multiply %0, %x : tensor<2x3xf64>
  return %1 : tensor<2x3xf64>
}
// -----
// all_to_all
func.func @main(%x: tensor<2x3xf64>) -> tensor<2x3xf64> {
  %0 = "stablehlo.all_to_all"(%x) <{split_dimension = 0 : i64, concat_dimension = 1 : i64, split_count = 1 : i64, replica_groups = dense<0> : tensor<1x1xi64>}> : (tensor<2x3xf64>) -> tensor<2x3xf64>
  return %0 : tensor<2x3xf64>
}
// -----
// collective_broadcast
func.func @main(%x: tensor<2xf64>) -> tensor<2xf64> {
  %0 = "stablehlo.collective_broadcast"(%x) <{replica_groups = dense<0> : tensor<1x1xi64>}> : (tensor<2xf64>) -> tensor<2xf64>
  return %0 : tensor<2xf64>
}
// -----
// collective_permute
func.func @main(%x: tensor<2xf64>) -> tensor<2xf64> {
  %0 = "stablehlo.collective_permute"(%x) <{source_target_pairs = dense<0> : tensor<1x2xi64>}> : (tensor<2xf64>) -> tensor<2xf64>
  return %0 : tensor<2xf64>
}
// -----
// reduce_scatter
func.func @main(%x: tensor<2x3xf64>) -> tensor<2x3xf64> {
  %0 = "stablehlo.reduce_scatter"(%x) <{scatter_dimension = 0 : i64, replica_groups = dense<0> : tensor<1x1xi64>}> ({
  ^bb0(%a: tensor<f64>, %b: tensor<f64>):
    %s = stablehlo.add %a, %b : tensor<f64>
    stablehlo.return %s : tensor<f64>
  }) : (tensor<2x3xf64>) -> tensor<2x3xf64>
  return %0 : tensor<2x3xf64>
}
// -----
// dynamic_broadcast_in_dim
func.func @main(%x: tensor<3xf64>) -> tensor<2x3xf64> {
  %c = stablehlo.constant dense<[2, 3]> : tensor<2xi32>
  %0 = stablehlo.dynamic_broadcast_in_dim %x, %c, dims = [1] : (tensor<3xf64>, tensor<2xi32>) -> tensor<2x3xf64>
  return %0 : tensor<2x3xf64>
}
// -----
// dynamic_conv
func.func @main(%x: tensor<1x4x4x2xf64>, %w: tensor<3x3x2x2xf64>) -> tensor<1x4x4x2xf64> {
  %c = stablehlo.constant dense<1> : tensor<2x2xi32>
  %0 = "stablehlo.dynamic_conv"(%x, %w, %c) <{batch_group_count = 1 : i64, dimension_numbers = #stablehlo.conv<[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]>, feature_group_count = 1 : i64}> : (tensor<1x4x4x2xf64>, tensor<3x3x2x2xf64>, tensor<2x2xi32>) -> tensor<1x4x4x2xf64>
  return %0 : tensor<1x4x4x2xf64>
}
// -----
// dynamic_gather
func.func @main(%x: tensor<4x3xf64>, %i: tensor<2xi64>) -> tensor<2x3xf64> {
  %c = stablehlo.constant dense<[1, 3]> : tensor<2xi64>
  %0 = "stablehlo.dynamic_gather"(%x, %i, %c) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>}> : (tensor<4x3xf64>, tensor<2xi64>, tensor<2xi64>) -> tensor<2x3xf64>
  return %0 : tensor<2x3xf64>
}
// -----
// dynamic_pad
func.func @main(%x: tensor<4xf64>, %v: tensor<f64>) -> tensor<10xf64> {
  %l = stablehlo.constant dense<1> : tensor<1xi64>
  %h = stablehlo.constant dense<2> : tensor<1xi64>
  %0 = stablehlo.dynamic_pad %x, %v, %l, %h, %l : (tensor<4xf64>, tensor<f64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<10xf64>
  return %0 : tensor<10xf64>
}
// -----
// dynamic_reshape
func.func @main(%x: tensor<2x3xf64>) -> tensor<3x2xf64> {
  %c = stablehlo.constant dense<[3, 2]> : tensor<2xi32>
  %0 = stablehlo.dynamic_reshape %x, %c : (tensor<2x3xf64>, tensor<2xi32>) -> tensor<3x2xf64>
  return %0 : tensor<3x2xf64>
}
// -----
// real_dynamic_slice
func.func @main(%x: tensor<8xf64>) -> tensor<3xf64> {
  %a = stablehlo.constant dense<1> : tensor<1xi32>
  %b = stablehlo.constant dense<7> : tensor<1xi32>
  %c = stablehlo.constant dense<2> : tensor<1xi32>
  %0 = stablehlo.real_dynamic_slice %x, %a, %b, %c : (tensor<8xf64>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) -> tensor<3xf64>
  return %0 : tensor<3xf64>
}
// -----
// set_dimension_size
func.func @main(%x: tensor<8xf64>) -> tensor<f64> {
  %n = stablehlo.constant dense<3> : tensor<i32>
  %0 = stablehlo.set_dimension_size %x, %n, dim = 0 : (tensor<8xf64>, tensor<i32>) -> tensor<3xf64>
  %z = stablehlo.constant dense<0.0> : tensor<f64>
  %1 = stablehlo.reduce(%0 init: %z) applies stablehlo.add across dimensions = [0] : (tensor<3xf64>, tensor<f64>) -> tensor<f64>
  return %1 : tensor<f64>
}
// -----
// tuple
func.func @main(%x: tensor<2xf64>, %y: tensor<2xf64>) -> tensor<2xf64> {
  %0 = stablehlo.tuple %x, %y : tuple<tensor<2xf64>, tensor<2xf64>>
  %1 = stablehlo.get_tuple_element %0[1] : (tuple<tensor<2xf64>, tensor<2xf64>>) -> tensor<2xf64>
  %2 = stablehlo.multiply %1, %x : tensor<2xf64>
  return %2 : tensor<2xf64>
}
// -----
// get_tuple_element
func.func @main(%x: tensor<2xf64>) -> tensor<2xf64> {
  %n = stablehlo.constant dense<2> : tensor<i32>
  %i = stablehlo.constant dense<0> : tensor<i32>
  %t = stablehlo.tuple %x, %i : tuple<tensor<2xf64>, tensor<i32>>
  %0 = stablehlo.while(%s = %t) : tuple<tensor<2xf64>, tensor<i32>>
  cond {
    %k = stablehlo.get_tuple_element %s[1] : (tuple<tensor<2xf64>, tensor<i32>>) -> tensor<i32>
    %p = stablehlo.compare LT, %k, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %v = stablehlo.get_tuple_element %s[0] : (tuple<tensor<2xf64>, tensor<i32>>) -> tensor<2xf64>
    %k = stablehlo.get_tuple_element %s[1] : (tuple<tensor<2xf64>, tensor<i32>>) -> tensor<i32>
    %w = stablehlo.sine %v : tensor<2xf64>
    %one = stablehlo.constant dense<1> : tensor<i32>
    %j = stablehlo.add %k, %one : tensor<i32>
    %r = stablehlo.tuple %w, %j : tuple<tensor<2xf64>, tensor<i32>>
    stablehlo.return %r : tuple<tensor<2xf64>, tensor<i32>>
  }
  %1 = stablehlo.get_tuple_element %0[0] : (tuple<tensor<2xf64>, tensor<i32>>) -> tensor<2xf64>
  return %1 : tensor<2xf64>
}
// -----
// async_start
func.func @main(%x: tensor<2xf64>) -> tensor<2xf64> {
  %0 = "stablehlo.async_start"(%x) ({
  ^bb0(%a: tensor<2xf64>):
    %2 = stablehlo.sine %a : tensor<2xf64>
    stablehlo.return %2 : tensor<2xf64>
  }) : (tensor<2xf64>) -> !stablehlo.future<tensor<2xf64>>
  %1 = "stablehlo.async_done"(%0) : (!stablehlo.future<tensor<2xf64>>) -> tensor<2xf64>
  return %1 : tensor<2xf64>
}
// -----
// async_done
func.func @main(%x: tensor<2xf64>) -> tensor<2xf64> {
  %0 = "stablehlo.async_start"(%x) ({
  ^bb0(%a: tensor<2xf64>):
    %2 = stablehlo.multiply %a, %a : tensor<2xf64>
    stablehlo.return %2 : tensor<2xf64>
  }) : (tensor<2xf64>) -> !stablehlo.future<tensor<2xf64>>
  %1 = "stablehlo.async_done"(%0) : (!stablehlo.future<tensor<2xf64>>) -> tensor<2xf64>
  return %1 : tensor<2xf64>
}
// -----
// call
func.func @main(%x: tensor<2xf64>) -> tensor<2xf64> {
  %0 = func.call @twice(%x) : (tensor<2xf64>) -> tensor<2xf64>
  %1 = stablehlo.multiply %0, %x : tensor<2xf64>
  return %1 : tensor<2xf64>
}
func.func private @twice(%a: tensor<2xf64>) -> tensor<2xf64> {
  %0 = stablehlo.sine %a : tensor<2xf64>
  return %0 : tensor<2xf64>
}
// -----
// composite
func.func @main(%x: tensor<2xf64>) -> tensor<2xf64> {
  %0 = stablehlo.composite "own.squared" %x {decomposition = @squared} : (tensor<2xf64>) -> tensor<2xf64>
  return %0 : tensor<2xf64>
}
func.func private @squared(%a: tensor<2xf64>) -> tensor<2xf64> {
  %0 = stablehlo.multiply %a, %a : tensor<2xf64>
  return %0 : tensor<2xf64>
}
