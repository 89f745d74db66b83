"""Channels of blocked images put in another order: what shuffles, concatenations and slices come to where they do not take whole blocks."""

from collections.abc import Iterable, Sequence

import numpy as np

from ..ir.graph import Node, Value
from ..ops.blocked import PANEL
from ..ops.nodes import node
from .blockedvalue import Blocked, zeros_of

Channel = tuple[int, int]  # which image, which of its channels


def selected(images: Sequence[Blocked], chosen: Iterable[Channel]) -> Blocked:
    """The blocked image of these channels of `images`, which have the same roles, batch and space."""
    lanes = [(images[i].value, channel) for i, channel in chosen]
    count = len(lanes)
    values, source = _traced(lanes)
    value = node("weft.channels", *values, source=(*source, *[-1] * (-count % PANEL)))
    return Blocked(value, images[0].roles, count, zeros_of(value))


def _traced(lanes: Sequence[tuple[Value, int]]) -> tuple[list[Value], list[int]]:
    """Operands and source of a `weft.channels` for those lanes; lanes that another one has moved come from where it has them from."""
    bases: dict[Value, int] = {}
    origins = [_origin(value, lane) for value, lane in lanes]
    total = 0
    for origin in origins:
        if origin is not None and origin[0] not in bases:
            bases[origin[0]] = total
            total += _lanes(origin[0])
    source = [-1 if origin is None else bases[origin[0]] + origin[1] for origin in origins]
    return list(bases), source


def _lanes(value: Value) -> int:
    blocks = value.shape[1]
    assert isinstance(blocks, int)
    return blocks * PANEL


def _origin(value: Value, lane: int) -> tuple[Value, int] | None:
    """Where a lane is found before any `weft.channels`; None if it is zero."""
    while value.node is not None and value.op == "weft.channels":
        source = value.node.ints("source")
        lane = source[lane]
        if lane < 0:
            return None
        for operand in value.node.operands:
            value = operand
            if lane < _lanes(operand):
                break
            lane -= _lanes(operand)
    return value, lane


def turned_inside(n: Node) -> Value | None:
    """x, if `n` is reshape(transpose(reshape(x))) of the shape of x."""
    turn = n.operands[0].node if n.op == "reshape" else None
    split = turn.operands[0].node if turn is not None and turn.op == "transpose" else None
    if split is None or split.op != "reshape" or split.operands[0].shape != n.result.shape:
        return None
    return split.operands[0]


def shuffle_order(n: Node, channel: int) -> list[int] | None:
    """If such a node reorders dim `channel` of x alone: which of its entries come in which order."""
    turn = n.operands[0].node
    assert turn is not None
    shape, parts = n.result.shape, turn.operands[0].shape
    last = len(parts) - (len(shape) - channel - 1)
    permutation = turn.ints("permutation")
    factors, inside = parts[channel:last], permutation[channel:last]
    same = parts[:channel] == shape[:channel] and parts[last:] == shape[channel + 1 :]
    if not same or sorted(inside) != list(range(channel, last)) or not all(isinstance(f, int) for f in (shape[channel], *factors)):
        return None
    if any(permutation[d] != d for d in (*range(channel), *range(last, len(parts)))):
        return None
    order = np.arange(shape[channel]).reshape(factors).transpose([p - channel for p in inside])
    return order.reshape(-1).tolist()
