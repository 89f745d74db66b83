"""The text form of the graph: MLIR syntax, as StableHLO prints it, printed and parsed."""

from .printer import to_text

__all__ = ["to_text"]
