"""Modules as files: the only door between the IR and protobuf.

`.weft` holds `graph.pb` (schema: proto/graph.proto) and `weights.bin`. Constants of more than 64 bytes lie in the latter, stored once
however often they are used, and are mapped when the file is loaded: neither read nor copied. A graph is data and may come from a stranger:
whatever is wrong with a file is a `WeftError`.
"""

from google.protobuf.message import DecodeError

from ...proto import graph_pb2 as pb
from ...proto.container import PAGE, Container, write_container
from ...proto.errors import UNKNOWN, Loc, fail
from ...proto.files import Path
from ...proto.limits import DEFAULT, Limits
from ...proto.weights import Weights
from ..ir.graph import Module
from .decode import Decoder
from .encode import Encoder

FORMAT = "weft"
_GRAPH, _WEIGHTS = "graph.pb", "weights.bin"


def save(module: Module, path: Path) -> None:
    """Write a module as `.weft`, replacing what was there at once and whole.

    WeftError `file.write`, `container.size`, `graph.depth`, `graph.integer`, `graph.string`.
    """
    weights = Weights()
    data = to_message(module, weights).SerializeToString(deterministic=True)
    DEFAULT.check("metadata_bytes", len(data), f"the graph has {len(data)} bytes without its weights", code="container.size")
    with write_container(path, FORMAT) as w:
        w.add(_GRAPH, [data])
        w.add(_WEIGHTS, weights.chunks(), align=PAGE)


def load(path: Path, *, verify_weights: bool = False, limits: Limits | None = None) -> Module:
    """Read a `.weft`. The graph is checked against its digest, the weights too if `verify_weights` (which reads them all).

    `limits` bounds what the file may ask for.
    The result is well formed (indices, scopes, attribute kinds), its nodes' types are the file's word: the verifier checks them.
    WeftError `file.read`, `container.*`, `weights.*`, `graph.*`, `op.unknown`.
    """
    limits = limits or DEFAULT
    with Container(path, FORMAT, limits) as container:
        data = container.read(_GRAPH)
        if verify_weights:
            container.verify(_WEIGHTS)
        weights = Weights.mapped(container.view(_WEIGHTS), container.loc)
        return from_bytes(data, weights, container.loc, limits)


def to_message(module: Module, weights: Weights) -> pb.Graph:
    """The module as a message; contents of large constants are added to `weights`."""
    return Encoder(weights).module(module)


def from_message(message: pb.Graph, weights: Weights, loc: Loc = UNKNOWN, limits: Limits = DEFAULT) -> Module:
    """The module in a message, constants as views of `weights`; `loc` is named in errors."""
    return Decoder(message, weights, loc, limits).module()


def from_bytes(data: bytes, weights: Weights, loc: Loc = UNKNOWN, limits: Limits = DEFAULT) -> Module:
    """The module in a serialized message; WeftError `graph.message` if it is none."""
    try:
        message = pb.Graph.FromString(data)
    except (DecodeError, ValueError, RecursionError) as e:
        raise fail("graph.message", f"graph.pb is not a graph: {e}", loc=loc) from e
    return from_message(message, weights, loc, limits)
