"""Which function imports which ONNX operator, by domain, name and version."""

from collections.abc import Callable
from dataclasses import dataclass

from ...compiler.ir.graph import Value
from .node import NodeView

Result = Value | tuple[Value | None, ...]
Handler = Callable[..., Result]


@dataclass(frozen=True, slots=True)
class Entry:
    """`handler(node, *inputs)` builds the operator as it is defined from opset `since` on, until the next entry; absent inputs are None.

    Only a handler with `strings` is given strings as they are, only one with `host` also sequences, optionals, maps and tensors of
    unknown rank.
    """

    since: int
    handler: Handler
    strings: bool = False
    host: bool = False


_TABLE: dict[tuple[str, str], list[Entry]] = {}


def handles(*names: str, since: int = 1, domain: str = "", strings: bool = False, host: bool = False) -> Callable[[Handler], Handler]:
    """Register a function as the importer of ONNX operators."""

    def register(handler: Handler) -> Handler:
        for name in names:
            entries = _TABLE.setdefault((domain, name), [])
            entries.append(Entry(since, handler, strings or host, host))
            entries.sort(key=lambda e: e.since)
        return handler

    return register


def find(node: NodeView) -> Entry | None:
    """The entry for a node in its opset, or None if weft has none."""
    entries = [e for e in _TABLE.get((node.domain, node.op_type), ()) if e.since <= node.opset]
    return entries[-1] if entries else None


def supported() -> dict[tuple[str, str], list[int]]:
    """Every (domain, operator) with the opsets from which it has an importer of its own."""
    return {key: [e.since for e in entries] for key, entries in _TABLE.items()}
