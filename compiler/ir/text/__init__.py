"""The text form of the graph: MLIR syntax, as StableHLO prints it, printed and parsed."""

from .forms import parse
from .printer import loc_text, to_text

__all__ = ["loc_text", "parse", "to_text"]
