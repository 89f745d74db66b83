func.func @main(%x: tensor<4x8xf32>, %y: tensor<8x20xf32>) -> tensor<4x20xf32> {
  %r = "weft.matmul"(%x, %y) <{spec = "mk,kn->mn"}> : (tensor<4x8xf32>, tensor<8x20xf32>) -> tensor<4x20xf32>
  return %r : tensor<4x20xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4x8xf32>, %y: tensor<8x20xf32>) -> tensor<4x20xf32> {
    %r = "weft.matmul"(%x, %y) <{spec = "mk,kn->mn"}> : (tensor<4x8xf32>, tensor<8x20xf32>) -> tensor<4x20xf32>
    return %r : tensor<4x20xf32>
  }
}
// -----
func.func @main(%x: tensor<2x4x3x8xf32>, %y: tensor<2x3x8x5xf32>) -> tensor<2x4x3x5xf32> {
  %r = "weft.matmul"(%x, %y) <{spec = "amhk,ahkn->amhn"}> : (tensor<2x4x3x8xf32>, tensor<2x3x8x5xf32>) -> tensor<2x4x3x5xf32>
  return %r : tensor<2x4x3x5xf32>
}
// =>
module {
  func.func public @main(%x: tensor<2x4x3x8xf32>, %y: tensor<2x3x8x5xf32>) -> tensor<2x4x3x5xf32> {
    %r = "weft.matmul"(%x, %y) <{spec = "amhk,ahkn->amhn"}> : (tensor<2x4x3x8xf32>, tensor<2x3x8x5xf32>) -> tensor<2x4x3x5xf32>
    return %r : tensor<2x4x3x5xf32>
  }
}
// -----
func.func @main(%x: tensor<4x8xf32>, %y: tensor<2x8x16xf32>) -> tensor<4x20xf32> {
  %r = "weft.matmul"(%x, %y) <{columns = 20 : i64, spec = "mk,kn->mn"}> : (tensor<4x8xf32>, tensor<2x8x16xf32>) -> tensor<4x20xf32>
  return %r : tensor<4x20xf32>
}
// =>
module {
  func.func public @main(%x: tensor<4x8xf32>, %y: tensor<2x8x16xf32>) -> tensor<4x20xf32> {
    %r = "weft.matmul"(%x, %y) <{columns = 20 : i64, spec = "mk,kn->mn"}> : (tensor<4x8xf32>, tensor<2x8x16xf32>) -> tensor<4x20xf32>
    return %r : tensor<4x20xf32>
  }
}
// -----
func.func @main(%x: tensor<4x4xf32>, %y: tensor<4x5xf32>) -> tensor<4x5xf32> {
  %r = "weft.matmul"(%x, %y) <{spec = "kk,kn->mn"}> : (tensor<4x4xf32>, tensor<4x5xf32>) -> tensor<4x5xf32>
  return %r : tensor<4x5xf32>
}
// error: weft.matmul.C1
// -----
func.func @main(%x: tensor<4x8xf32>, %y: tensor<8x5xf32>) -> tensor<4x5xf32> {
  %r = "weft.matmul"(%x, %y) <{spec = "mk,nk->mk"}> : (tensor<4x8xf32>, tensor<8x5xf32>) -> tensor<4x5xf32>
  return %r : tensor<4x5xf32>
}
// error: weft.matmul.C2
// -----
func.func @main(%x: tensor<4x8xf32>, %y: tensor<8x5xf32>) -> tensor<4x5xf32> {
  %r = "weft.matmul"(%x, %y) <{spec = "mkb,kn->mn"}> : (tensor<4x8xf32>, tensor<8x5xf32>) -> tensor<4x5xf32>
  return %r : tensor<4x5xf32>
}
// error: weft.matmul.C3
// -----
func.func @main(%x: tensor<4x8xf32>, %y: tensor<8x5xf64>) -> tensor<4x5xf32> {
  %r = "weft.matmul"(%x, %y) <{spec = "mk,kn->mn"}> : (tensor<4x8xf32>, tensor<8x5xf64>) -> tensor<4x5xf32>
  return %r : tensor<4x5xf32>
}
// error: weft.matmul.C4
// -----
func.func @main(%x: tensor<4x8xf32>, %y: tensor<8x20xf32>) -> tensor<4x20xf32> {
  %r = "weft.matmul"(%x, %y) <{columns = 20 : i64, spec = "mk,kn->mn"}> : (tensor<4x8xf32>, tensor<8x20xf32>) -> tensor<4x20xf32>
  return %r : tensor<4x20xf32>
}
// error: weft.matmul.C5
// -----
func.func @main(%x: tensor<4x8xf32>, %y: tensor<2x8x5xf32>) -> tensor<4x5xf32> {
  %r = "weft.matmul"(%x, %y) <{spec = "mk,kn->mn"}> : (tensor<4x8xf32>, tensor<2x8x5xf32>) -> tensor<4x5xf32>
  return %r : tensor<4x5xf32>
}
// error: weft.matmul.C6
// -----
func.func @main(%x: tensor<4x8xf32>, %y: tensor<7x5xf32>) -> tensor<4x5xf32> {
  %r = "weft.matmul"(%x, %y) <{spec = "mk,kn->mn"}> : (tensor<4x8xf32>, tensor<7x5xf32>) -> tensor<4x5xf32>
  return %r : tensor<4x5xf32>
}
// error: weft.matmul.C7
