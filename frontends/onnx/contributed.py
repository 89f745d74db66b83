"""Schemas of operators that ONNX does not define and quantisation tools write all the same: of ONNX Runtime's domain `com.microsoft`.

Source: ONNX Runtime, docs/ContribOperators.md. Each is the operator of its name on dequantised values, quantised again.
"""

from onnx import defs

DOMAIN = "com.microsoft"

_Formal = defs.OpSchema.FormalParameter
_Option = defs.OpSchema.FormalParameterOption
_Kind = defs.OpSchema.AttrType
_TYPES = {
    "T": ["tensor(uint8)", "tensor(int8)"],
    "W": ["tensor(uint8)", "tensor(int8)"],
    "Y": ["tensor(uint8)", "tensor(int8)", "tensor(float)"],
    "F": ["tensor(float)"],
    "I": ["tensor(int32)"],
    "V": ["tensor(uint8)", "tensor(int8)", "tensor(float)"],
    "Q": ["tensor(uint8)", "tensor(int8)", "tensor(uint16)", "tensor(int16)", "tensor(int32)"],
}
_POOL = dict.fromkeys(("kernel_shape", "strides", "pads"), _Kind.INTS) | {"auto_pad": _Kind.STRING, "ceil_mode": _Kind.INT}


def _formal(spec: str) -> defs.OpSchema.FormalParameter:
    """`name:type`, the type with `?` if the input may be missing, with `*` if it may be repeated and of any type."""
    name, _, kind = spec.partition(":")
    if kind.endswith("*"):
        return _Formal(name, kind[0], param_option=_Option.Variadic, is_homogeneous=False, min_arity=3)
    return _Formal(name, kind[0], param_option=_Option.Optional if kind.endswith("?") else _Option.Single)


def _schema(name: str, inputs: str, outputs: str = "y:T", **attributes: defs.OpSchema.AttrType) -> defs.OpSchema:
    formals = [[_formal(spec) for spec in text.split()] for text in (inputs, outputs)]
    used = dict.fromkeys(p.type_str for part in formals for p in part)
    constraints = [(letter, _TYPES[letter], "") for letter in used]
    made = [defs.OpSchema.Attribute(key, kind, required=False) for key, kind in attributes.items()]
    return defs.OpSchema(name, DOMAIN, 1, inputs=formals[0], outputs=formals[1], type_constraints=constraints, attributes=made)


_BINARY = "a:T a_scale:F a_zero:T? b:T b_scale:F b_zero:T? y_scale:F y_zero:T?"
_UNARY = "x:T x_scale:F x_zero:T? y_scale:F y_zero:T?"
SCHEMAS = {
    schema.name: schema
    for schema in (
        _schema("QLinearAdd", _BINARY),
        _schema("QLinearMul", _BINARY),
        _schema("QLinearSigmoid", _UNARY),
        _schema("QLinearLeakyRelu", _UNARY, alpha=_Kind.FLOAT),
        _schema("QLinearSoftmax", _UNARY, axis=_Kind.INT, opset=_Kind.INT),
        _schema("QLinearGlobalAveragePool", _UNARY, channels_last=_Kind.INT),
        _schema(
            "QLinearAveragePool", _UNARY, auto_pad=_Kind.STRING, ceil_mode=_Kind.INT, channels_last=_Kind.INT,
            count_include_pad=_Kind.INT, kernel_shape=_Kind.INTS, pads=_Kind.INTS, strides=_Kind.INTS,
        ),
        _schema("QLinearConcat", "y_scale:F y_zero:T xs:V*", axis=_Kind.INT),
        _schema(
            "QGemm", "a:T a_scale:F a_zero:T b:W b_scale:F b_zero:W c:I? y_scale:F? y_zero:Y?", "y:Y",
            alpha=_Kind.FLOAT, transA=_Kind.INT, transB=_Kind.INT,
        ),
        _schema("QuantizeLinear", "x:F y_scale:F y_zero:Q?", "y:Q", axis=_Kind.INT),
        _schema("DequantizeLinear", "x:Q x_scale:F x_zero:Q?", "y:F", axis=_Kind.INT),
    )
}  # fmt: skip
