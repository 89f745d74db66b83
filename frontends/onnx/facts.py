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
        "attributes": ", ".join(_short(str(onnx.helper.printable_attribute(a))) for a in node.attribute if a.type not in _GRAPHS),
    }


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
