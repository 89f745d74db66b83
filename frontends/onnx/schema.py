"""ONNX's own operator schemas: a node is checked against its schema before an importer sees it; a schema may define it by a function."""

from collections.abc import Sequence
from typing import Protocol, cast

import onnx
from onnx import AttributeProto, defs

from ...compiler.ir.graph import Value
from ...proto.errors import WeftError
from . import contributed
from .node import NodeView
from .types import type_name, type_proto

_TYPE_CODES = dict(AttributeProto.AttributeType.items())
_Option = defs.OpSchema.FormalParameterOption


class _Functions(Protocol):
    """Members of `OpSchema` that onnx's stubs leave out."""

    has_function: bool
    has_context_dependent_function: bool
    function_opset_versions: list[int]
    context_dependent_function_opset_versions: list[int]

    def get_function_with_opset_version(self, version: int) -> bytes: ...
    def get_context_dependent_function_with_opset_version(self, version: int, node: bytes, types: Sequence[bytes]) -> bytes: ...


def schema_of(node: NodeView) -> defs.OpSchema | None:
    """The schema of a node's operator in its opset, or None if there is none."""
    if node.domain == contributed.DOMAIN:
        return contributed.SCHEMAS.get(node.op_type)
    try:
        return defs.get_schema(node.op_type, node.opset, node.domain)
    except defs.SchemaError:
        return None


def check_call(node: NodeView, inputs: Sequence[Value | None], schema: defs.OpSchema) -> None:
    """Raise a `WeftError` unless the node has the inputs, outputs and attributes that its schema asks for, of the types it allows."""
    _check_count(node, "inputs", len(inputs), schema.min_input, schema.max_input)
    _check_count(node, "outputs", node.outputs, schema.min_output, schema.max_output)
    _check_attributes(node, schema)
    _check_types(node, inputs, schema)


def _check_count(node: NodeView, what: str, n: int, least: int, most: int) -> None:
    if not least <= n <= most:
        bounds = f"{least}" if least == most else f"at least {least}" if most > 1 << 16 else f"{least} to {most}"
        raise node.error("arity", f"`{node.op_type}` has {bounds} {what}, {n} given")


def _check_attributes(node: NodeView, schema: defs.OpSchema) -> None:
    for name, attribute in node.attributes.items():
        if name not in schema.attributes:
            raise node.error("attribute", f"`{node.op_type}` (opset {schema.since_version}) has no attribute `{name}`")
        wanted = str(schema.attributes[name].type).rpartition(".")[2]
        if attribute.type != _TYPE_CODES[wanted]:
            raise node.error("attribute", f"attribute `{name}` of `{node.op_type}` must be of type {wanted}")
    for name, formal in schema.attributes.items():
        if formal.required and not node.has(name):
            raise node.error("attribute", f"`{node.op_type}` needs the attribute `{name}`")


def _check_types(node: NodeView, inputs: Sequence[Value | None], schema: defs.OpSchema) -> None:
    """Each input is given unless it is optional, and of an allowed element type; inputs of one type variable agree."""
    allowed = {c.type_param_str: c.allowed_type_strs for c in schema.type_constraints}
    bound: dict[str, str] = {}
    for i, value in enumerate(inputs):
        formal = schema.inputs[min(i, len(schema.inputs) - 1)]
        if value is None:
            if formal.option != _Option.Optional:
                raise node.error("arity", f"`{node.op_type}` needs its input `{formal.name}`")
            continue
        name = type_name(value.type)
        if name not in allowed.get(formal.type_str, (formal.type_str,)):
            raise node.error("type", f"input `{formal.name}` of `{node.op_type}` (opset {schema.since_version}) cannot be {value.type}")
        if formal.type_str in allowed and formal.is_homogeneous and bound.setdefault(formal.type_str, name) != name:
            raise node.error("type", f"inputs of `{node.op_type}` must have one type, got {bound[formal.type_str]} and {name}")


def has_body(schema: defs.OpSchema) -> bool:
    """Whether ONNX itself defines the operator by a function, for some inputs at least."""
    functions = cast(_Functions, schema)
    return functions.has_function or functions.has_context_dependent_function


def body_of(node: NodeView, inputs: Sequence[Value | None], schema: defs.OpSchema) -> onnx.FunctionProto | None:
    """The function by which ONNX itself defines an operator in terms of others, None if there is none."""
    functions = cast(_Functions, schema)
    if functions.has_function:
        version = _closest(functions.function_opset_versions, node.opset)
        return _with_defaults(onnx.FunctionProto.FromString(functions.get_function_with_opset_version(version)), schema)
    if not functions.has_context_dependent_function:
        return None
    version = _closest(functions.context_dependent_function_opset_versions, node.opset)
    types = [(onnx.TypeProto() if v is None else type_proto(v.type)).SerializeToString() for v in inputs]
    proto = onnx.NodeProto(op_type=node.op_type, domain=node.domain, input=node.proto.input, output=node.proto.output)
    proto.attribute.extend(node.attributes.values())
    try:
        found = functions.get_context_dependent_function_with_opset_version(version, proto.SerializeToString(), types)
    except (RuntimeError, ValueError) as error:
        raise _undefined(node) from error
    return _with_defaults(onnx.FunctionProto.FromString(found), schema) if found else None


def _closest(versions: list[int], opset: int) -> int:
    """Of the opsets a body is written in, the newest one that is no newer than the model's, or else the oldest."""
    return max((v for v in versions if v <= opset), default=min(versions))


def _with_defaults(function: onnx.FunctionProto, schema: defs.OpSchema) -> onnx.FunctionProto:
    """The function with its attributes' defaults, which for an operator only the schema has."""
    defaults = [a.default_value for a in schema.attributes.values() if a.default_value.name]
    function.attribute_proto.extend(AttributeProto.FromString(d.SerializeToString()) for d in defaults)
    return function


def _undefined(node: NodeView) -> WeftError:
    return node.error("unsupported", f"`{node.op_type}` is not defined for these inputs and attributes")


def bind_attributes(proto: onnx.NodeProto, given: dict[str, AttributeProto]) -> dict[str, AttributeProto]:
    """A node's attributes by name. In the body of a function, those that refer to an attribute of the call become that, or are left out."""
    bound: dict[str, AttributeProto] = {}
    for attribute in proto.attribute:
        if not attribute.ref_attr_name:
            bound[attribute.name] = attribute
        elif attribute.ref_attr_name in given:
            copy = AttributeProto()
            copy.CopyFrom(given[attribute.ref_attr_name])
            copy.name = attribute.name
            bound[attribute.name] = copy
    return bound
