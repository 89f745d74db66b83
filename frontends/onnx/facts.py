"""What a diagnostic says, for programs, of the node that it is about."""

from collections.abc import Sequence

import onnx
from onnx import AttributeProto

from ...compiler.ir.graph import Value

_GRAPHS = (AttributeProto.GRAPH, AttributeProto.GRAPHS)
_LONGEST = 80


def facts_of(node: onnx.NodeProto, version: int, inputs: Sequence[Value | None]) -> dict[str, str]:
    """Its operator with domain and version, the types of its inputs (`-` for one that is absent or unknown), its attributes."""
    return {
        "domain": "ai.onnx" if node.domain in ("", "ai.onnx") else node.domain,
        "operator": node.op_type,
        "version": str(version),
        "inputs": ", ".join("-" if v is None else str(v.type) for v in inputs),
        "attributes": ", ".join(_short(f"{a.name} = {_text(a)}") for a in node.attribute if a.type not in _GRAPHS),
    }


def _text(a: AttributeProto) -> str:
    """The value of an attribute, which may be anything: a node that cannot be imported is what facts are for."""
    match a.type:
        case AttributeProto.INT:
            return str(a.i)
        case AttributeProto.FLOAT:
            return f"{a.f:g}"
        case AttributeProto.STRING:
            return repr(a.s[:_LONGEST].decode("utf-8", "replace"))
        case AttributeProto.INTS:
            return str(list(a.ints[:_LONGEST]))
        case AttributeProto.FLOATS:
            return str([round(x, 6) for x in a.floats[:_LONGEST]])
        case AttributeProto.STRINGS:
            return str([x[:_LONGEST].decode("utf-8", "replace") for x in a.strings[:_LONGEST]])
        case AttributeProto.TENSOR:
            return f"a tensor of shape {list(a.t.dims[:_LONGEST])}"
        case _:
            return "…"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
