func.func @main(%q: tensor<2x6x4x8xf32>, %k: tensor<2x5x4x8xf32>, %v: tensor<2x5x4x7xf32>) -> tensor<2x6x4x7xf32> {
  %r = "weft.attention"(%q, %k, %v) <{mix = "abmn,anbv->ambv", scores = "ambk,anbk->abmn"}> ({
  ^bb0(%s: tensor<2x4x6x5xf32>):
    %t = stablehlo.tanh %s : tensor<2x4x6x5xf32>
    stablehlo.return %t : tensor<2x4x6x5xf32>
  }) : (tensor<2x6x4x8xf32>, tensor<2x5x4x8xf32>, tensor<2x5x4x7xf32>) -> tensor<2x6x4x7xf32>
  return %r : tensor<2x6x4x7xf32>
}
// =>
module {
  func.func public @main(%q: tensor<2x6x4x8xf32>, %k: tensor<2x5x4x8xf32>, %v: tensor<2x5x4x7xf32>) -> tensor<2x6x4x7xf32> {
    %r = "weft.attention"(%q, %k, %v) <{mix = "abmn,anbv->ambv", scores = "ambk,anbk->abmn"}> ({
    ^bb0(%s: tensor<2x4x6x5xf32>):
      %t = stablehlo.tanh %s : tensor<2x4x6x5xf32>
      stablehlo.return %t : tensor<2x4x6x5xf32>
    }) : (tensor<2x6x4x8xf32>, tensor<2x5x4x8xf32>, tensor<2x5x4x7xf32>) -> tensor<2x6x4x7xf32>
    return %r : tensor<2x6x4x7xf32>
  }
}
// -----
func.func @main(%q: tensor<6x8xf32>, %k: tensor<5x8xf32>, %v: tensor<5x7xf32>, %shown: tensor<5xi1>) -> tensor<6x7xf32> {
  %r = "weft.attention"(%q, %k, %v, %shown) <{mix = "mn,nv->mv", scores = "mk,nk->mn"}> ({
  ^bb0(%s: tensor<6x5xf32>, %m: tensor<5xi1>):
    %mask = stablehlo.broadcast_in_dim %m, dims = [1] : (tensor<5xi1>) -> tensor<6x5xi1>
    %c = stablehlo.constant dense<-1.000000e+09> : tensor<f32>
    %low = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<f32>) -> tensor<6x5xf32>
    %t = stablehlo.select %mask, %s, %low : tensor<6x5xi1>, tensor<6x5xf32>
    stablehlo.return %t : tensor<6x5xf32>
  }) : (tensor<6x8xf32>, tensor<5x8xf32>, tensor<5x7xf32>, tensor<5xi1>) -> tensor<6x7xf32>
  return %r : tensor<6x7xf32>
}
// =>
module {
  func.func public @main(%q: tensor<6x8xf32>, %k: tensor<5x8xf32>, %v: tensor<5x7xf32>, %shown: tensor<5xi1>) -> tensor<6x7xf32> {
    %r = "weft.attention"(%q, %k, %v, %shown) <{mix = "mn,nv->mv", scores = "mk,nk->mn"}> ({
    ^bb0(%s: tensor<6x5xf32>, %m: tensor<5xi1>):
      %mask = stablehlo.broadcast_in_dim %m, dims = [1] : (tensor<5xi1>) -> tensor<6x5xi1>
      %cst = stablehlo.constant dense<-1.000000e+09> : tensor<f32>
      %low = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<6x5xf32>
      %t = stablehlo.select %mask, %s, %low : tensor<6x5xi1>, tensor<6x5xf32>
      stablehlo.return %t : tensor<6x5xf32>
    }) : (tensor<6x8xf32>, tensor<5x8xf32>, tensor<5x7xf32>, tensor<5xi1>) -> tensor<6x7xf32>
    return %r : tensor<6x7xf32>
  }
}
// -----
func.func @main(%q: tensor<2x6x4x8xf32>, %k: tensor<2x5x2x8xf32>, %v: tensor<2x5x2x7xf32>) -> tensor<2x6x4x7xf32> {
  %r = "weft.attention"(%q, %k, %v) <{mix = "abmn,anbv->ambv", repeated = "b", repeats = 2 : i64, scores = "ambk,anbk->abmn"}> ({
  ^bb0(%s: tensor<2x4x6x5xf32>):
    %t = stablehlo.tanh %s : tensor<2x4x6x5xf32>
    stablehlo.return %t : tensor<2x4x6x5xf32>
  }) : (tensor<2x6x4x8xf32>, tensor<2x5x2x8xf32>, tensor<2x5x2x7xf32>) -> tensor<2x6x4x7xf32>
  return %r : tensor<2x6x4x7xf32>
}
// =>
module {
  func.func public @main(%q: tensor<2x6x4x8xf32>, %k: tensor<2x5x2x8xf32>, %v: tensor<2x5x2x7xf32>) -> tensor<2x6x4x7xf32> {
    %r = "weft.attention"(%q, %k, %v) <{mix = "abmn,anbv->ambv", repeated = "b", repeats = 2 : i64, scores = "ambk,anbk->abmn"}> ({
    ^bb0(%s: tensor<2x4x6x5xf32>):
      %t = stablehlo.tanh %s : tensor<2x4x6x5xf32>
      stablehlo.return %t : tensor<2x4x6x5xf32>
    }) : (tensor<2x6x4x8xf32>, tensor<2x5x2x8xf32>, tensor<2x5x2x7xf32>) -> tensor<2x6x4x7xf32>
    return %r : tensor<2x6x4x7xf32>
  }
}
// -----
func.func @main(%q: tensor<2x6x4x8xf32>, %k: tensor<2x5x4x8xf32>, %v: tensor<2x5x4x7xf32>) -> tensor<2x6x4x7xf32> {
  %r = "weft.attention"(%q, %k, %v) <{mix = "abmn,anbv->ambv", scores = "ambk,anbk->abmk"}> ({
  ^bb0(%s: tensor<2x4x6x8xf32>):
    %t = stablehlo.tanh %s : tensor<2x4x6x8xf32>
    stablehlo.return %t : tensor<2x4x6x8xf32>
  }) : (tensor<2x6x4x8xf32>, tensor<2x5x4x8xf32>, tensor<2x5x4x7xf32>) -> tensor<2x6x4x7xf32>
  return %r : tensor<2x6x4x7xf32>
}
// error: weft.attention.C1
// -----
func.func @main(%q: tensor<2x6x4x8xf32>, %k: tensor<2x5x4x8xf32>, %v: tensor<2x5x4x7xf32>) -> tensor<2x6x4x7xf32> {
  %r = "weft.attention"(%q, %k, %v) <{mix = "abmn,anbv->ambn", scores = "ambk,anbk->abmn"}> ({
  ^bb0(%s: tensor<2x4x6x5xf32>):
    %t = stablehlo.tanh %s : tensor<2x4x6x5xf32>
    stablehlo.return %t : tensor<2x4x6x5xf32>
  }) : (tensor<2x6x4x8xf32>, tensor<2x5x4x8xf32>, tensor<2x5x4x7xf32>) -> tensor<2x6x4x7xf32>
  return %r : tensor<2x6x4x7xf32>
}
// error: weft.attention.C1
// -----
func.func @main(%q: tensor<2x6x4x8xf32>, %k: tensor<2x5x4xf32>, %v: tensor<2x5x4x7xf32>) -> tensor<2x6x4x7xf32> {
  %r = "weft.attention"(%q, %k, %v) <{mix = "abmn,anbv->ambv", scores = "ambk,anbk->abmn"}> ({
  ^bb0(%s: tensor<2x4x6x5xf32>):
    %t = stablehlo.tanh %s : tensor<2x4x6x5xf32>
    stablehlo.return %t : tensor<2x4x6x5xf32>
  }) : (tensor<2x6x4x8xf32>, tensor<2x5x4xf32>, tensor<2x5x4x7xf32>) -> tensor<2x6x4x7xf32>
  return %r : tensor<2x6x4x7xf32>
}
// error: weft.attention.C2
// -----
func.func @main(%q: tensor<2x6x4x8xf32>, %k: tensor<2x5x4x9xf32>, %v: tensor<2x5x4x7xf32>) -> tensor<2x6x4x7xf32> {
  %r = "weft.attention"(%q, %k, %v) <{mix = "abmn,anbv->ambv", scores = "ambk,anbk->abmn"}> ({
  ^bb0(%s: tensor<2x4x6x5xf32>):
    %t = stablehlo.tanh %s : tensor<2x4x6x5xf32>
    stablehlo.return %t : tensor<2x4x6x5xf32>
  }) : (tensor<2x6x4x8xf32>, tensor<2x5x4x9xf32>, tensor<2x5x4x7xf32>) -> tensor<2x6x4x7xf32>
  return %r : tensor<2x6x4x7xf32>
}
// error: weft.attention.C3
// -----
func.func @main(%q: tensor<2x6x4x8xf32>, %k: tensor<2x5x2x8xf32>, %v: tensor<2x5x2x7xf32>) -> tensor<2x6x4x7xf32> {
  %r = "weft.attention"(%q, %k, %v) <{mix = "abmn,anbv->ambv", scores = "ambk,anbk->abmn"}> ({
  ^bb0(%s: tensor<2x4x6x5xf32>):
    %t = stablehlo.tanh %s : tensor<2x4x6x5xf32>
    stablehlo.return %t : tensor<2x4x6x5xf32>
  }) : (tensor<2x6x4x8xf32>, tensor<2x5x2x8xf32>, tensor<2x5x2x7xf32>) -> tensor<2x6x4x7xf32>
  return %r : tensor<2x6x4x7xf32>
}
// error: weft.attention.C3
// -----
func.func @main(%q: tensor<2x6x4x8xf32>, %k: tensor<2x5x4x8xf64>, %v: tensor<2x5x4x7xf32>) -> tensor<2x6x4x7xf32> {
  %r = "weft.attention"(%q, %k, %v) <{mix = "abmn,anbv->ambv", scores = "ambk,anbk->abmn"}> ({
  ^bb0(%s: tensor<2x4x6x5xf32>):
    %t = stablehlo.tanh %s : tensor<2x4x6x5xf32>
    stablehlo.return %t : tensor<2x4x6x5xf32>
  }) : (tensor<2x6x4x8xf32>, tensor<2x5x4x8xf64>, tensor<2x5x4x7xf32>) -> tensor<2x6x4x7xf32>
  return %r : tensor<2x6x4x7xf32>
}
// error: weft.attention.C4
// -----
func.func @main(%q: tensor<2x6x4x8xf32>, %k: tensor<2x5x4x8xf32>, %v: tensor<2x5x4x7xf32>) -> tensor<2x6x4x7xf32> {
  %r = "weft.attention"(%q, %k, %v) <{mix = "abmn,anbv->ambv", scores = "ambk,anbk->abmn"}> ({
  ^bb0(%s: tensor<2x4x5x6xf32>):
    %t = stablehlo.tanh %s : tensor<2x4x5x6xf32>
    stablehlo.return %t : tensor<2x4x5x6xf32>
  }) : (tensor<2x6x4x8xf32>, tensor<2x5x4x8xf32>, tensor<2x5x4x7xf32>) -> tensor<2x6x4x7xf32>
  return %r : tensor<2x6x4x7xf32>
}
// error: weft.attention.C5
// -----
func.func @main(%q: tensor<6x8xf32>, %k: tensor<0x8xf32>, %v: tensor<0x7xf32>) -> tensor<6x7xf32> {
  %r = "weft.attention"(%q, %k, %v) <{mix = "mn,nv->mv", scores = "mk,nk->mn"}> ({
  ^bb0(%s: tensor<6x0xf32>):
    stablehlo.return %s : tensor<6x0xf32>
  }) : (tensor<6x8xf32>, tensor<0x8xf32>, tensor<0x7xf32>) -> tensor<6x7xf32>
  return %r : tensor<6x7xf32>
}
// error: weft.attention.C6
