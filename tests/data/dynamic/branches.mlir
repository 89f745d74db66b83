func.func @main(%i: tensor<i32>, %s: tensor<?x!weft.string, #weft.dims<"N">>) -> !weft.optional<tensor<?x!weft.string>> {
  %r = "weft.case"(%i, %s) <{weft.captures = 1 : i64}> ({
  ^bb0(%a: tensor<?x!weft.string, #weft.dims<"N">>):
    %n = stablehlo.custom_call @optional_none() : () -> !weft.optional<tensor<?x!weft.string>>
    stablehlo.return %n : !weft.optional<tensor<?x!weft.string>>
  }, {
  ^bb0(%a: tensor<?x!weft.string, #weft.dims<"N">>):
    %c = stablehlo.constant dense<"b"> : tensor<1x!weft.string>
    %v = stablehlo.custom_call @optional_some(%c) : (tensor<1x!weft.string>) -> !weft.optional<tensor<?x!weft.string>>
    stablehlo.return %v : !weft.optional<tensor<?x!weft.string>>
  }, {
  ^bb0(%a: tensor<?x!weft.string, #weft.dims<"N">>):
    %v = stablehlo.custom_call @optional_some(%a) : (tensor<?x!weft.string, #weft.dims<"N">>) -> !weft.optional<tensor<?x!weft.string>>
    stablehlo.return %v : !weft.optional<tensor<?x!weft.string>>
  }) : (tensor<i32>, tensor<?x!weft.string, #weft.dims<"N">>) -> !weft.optional<tensor<?x!weft.string>>
  return %r : !weft.optional<tensor<?x!weft.string>>
}
