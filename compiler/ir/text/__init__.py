"""The text form of the graph: MLIR syntax, as StableHLO prints it, printed and parsed."""

from .attributes import attr_text, type_text
from .parser import parse
from .printer import loc_text, to_text

__all__ = ["attr_text", "loc_text", "parse", "to_text", "type_text"]
