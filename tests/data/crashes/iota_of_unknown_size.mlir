func.func @main(%q: !weft.sequence<tensor<?xf32, #weft.dims<"d">>>) -> tensor<?xf32, #weft.dims<"d">> {
  %b = stablehlo.iota dim = 0 : tensor<?xf32, #weft.dims<"d">>
  return %b : tensor<?xf32, #weft.dims<"d">>
}