"""Composites that weft knows by name."""

from collections.abc import Mapping, Sequence

from ..ir.attrs import Attr, Dict
from ..ir.types import TensorType, Type
from .registry import OPS


def known_composite(attrs: Mapping[str, Attr], operands: Sequence[Type]) -> tuple[str, dict[str, Attr]] | None:
    """The op of weft's that a composite of CHLO's is (`chlo.erf`), and its attributes; None where its decomposition must do."""
    name = attrs.get("name")
    own = f"weft.{name.removeprefix('chlo.')}" if isinstance(name, str) and name.startswith("chlo.") else ""
    op = OPS.get(own)
    if op is None or op.regions or op.result_keyword or not all(isinstance(t, TensorType) and not t.dtype.is_complex for t in operands):
        return None
    given = attrs.get("composite_attributes")
    named = {k: v for k, v in given.items if k in op.attrs} if isinstance(given, Dict) else {}
    return own, named
