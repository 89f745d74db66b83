"""The order in which a driver has its region computed: segments of native nodes, and the nodes that it runs itself.

Nodes are dealt with in phases. A phase is one segment per device, then the nodes that stay in the driver; a native node that depends on
one of those, or on a node of another device, belongs to a later phase. So the segments of a phase do not depend on each other.

What other devices wait for should not wait for what they do not need: such a segment is cut in two if the rest of it is long, and the rest
comes when the others have been given their work.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..devices import HOST, HOST_NAME, Device, work_of
from ..drivers import stays_in_driver
from ..ir.graph import Node, Region, Value, used_symbols
from ..ir.types import is_host
from .rewrite import effectful

_LONG = 2e-4  # seconds of work that are worth a call of their own
_MEASURE = Device(HOST_NAME)


@dataclass(frozen=True, slots=True)
class Segment:
    """Native nodes of one device that are computed in one call."""

    device: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a region is taken apart into, in order, and the values that are read outside the segment that computes them."""

    items: tuple[Segment | Node, ...]
    used: frozenset[Value]


def schedule(body: Region, free: set[Node]) -> Schedule:
    """The order for a region. Nodes that are `free` are computed where they are read, and appear only if the driver reads them."""
    stays = {node for node in body.nodes if stays_in_driver(node)}
    phase = _phases(body, stays, free)
    items = tuple(_items(phase, stays, _awaited(body, phase, stays)))
    return Schedule(items, frozenset(_used(body, items, stays, free)))


def _phases(body: Region, stays: set[Node], free: set[Node]) -> dict[Node, int]:
    """The phase of every node but constants: no earlier than those of what it depends on, later where a segment follows the driver."""
    wanted = {v.node for v in body.results} | {v.node for n in stays for v in n.operands}
    mentioned: dict[Node, set[str]] = {}  # by the free nodes that a node reads
    phase: dict[Node, int] = {}
    definer: dict[str, Node] = {}
    last_effect: Node | None = None
    for node in body.nodes:
        if node.op == "constant" and not is_host(node.types[0]):
            continue
        symbols = used_symbols(node).union(*(mentioned[v.node] for v in node.operands if v.node in mentioned))
        if node in free:
            mentioned[node] = symbols
            if node not in wanted:
                continue
        needs = [v.node for v in node.operands if v.node is not None and v.node in phase and (v.node not in free or node in stays)]
        needs += [definer[s] for s in symbols if s in definer]
        if effectful(node):
            needs += [last_effect] if last_effect else []
            last_effect = node
        phase[node] = max((phase[n] + _follows(node, n, stays) for n in needs), default=0)
        definer |= dict.fromkeys(node.defined_symbols, node)
    return phase


def _follows(node: Node, earlier: Node, stays: set[Node]) -> bool:
    """Whether a node that depends on an earlier one cannot be in the same phase."""
    return node not in stays and (earlier in stays or earlier.device != node.device)


def _awaited(body: Region, phase: Mapping[Node, int], stays: set[Node]) -> set[Node]:
    """The nodes that another device, the driver or the caller waits for."""
    read = [(v.node, n.device, n in stays) for n in phase for v in n.operands]
    read += [(v.node, HOST, False) for v in body.results]
    return {node for node, device, driver in read if node is not None and node in phase and (driver or node.device != device)}


def _items(phase: Mapping[Node, int], stays: set[Node], awaited: set[Node]) -> Iterator[Segment | Node]:
    segments: dict[int, dict[str, list[Node]]] = {}
    staying: dict[int, list[Node]] = {}
    for node, number in phase.items():
        if node in stays:
            staying.setdefault(number, []).append(node)
        else:
            segments.setdefault(number, {}).setdefault(node.device, []).append(node)
    several = len({n.device for n in phase}) > 1
    rest: dict[str, Segment] = {}
    for number in range(max(phase.values(), default=-1) + 1):
        now = segments.get(number, {})
        # The host comes last: its segments run while the other devices are at work on theirs.
        for device in sorted({*now, *rest}, key=lambda d: (d == HOST, d)):
            if device in rest:
                yield rest.pop(device)
            if device in now:
                first, later = _cut(now[device], awaited) if several else (now[device], [])
                yield Segment(device, tuple(first))
                if later:
                    rest[device] = Segment(device, tuple(later))
        yield from staying.get(number, ())
    yield from rest.values()


def _cut(nodes: Sequence[Node], awaited: set[Node]) -> tuple[list[Node], list[Node]]:
    """A segment as what others wait for, with all that needs, and the rest if it is long."""
    urgent = {n for n in nodes if n in awaited}
    for n in reversed(nodes):
        if n in urgent:
            urgent |= {v.node for v in n.operands if v.node is not None}
    first, later = [n for n in nodes if n in urgent], [n for n in nodes if n not in urgent]
    is_long = sum(work_of(n).seconds(_MEASURE) for n in later) > _LONG
    return (first, later) if first and is_long else (list(nodes), [])


def _used(body: Region, items: Iterable[Segment | Node], stays: set[Node], free: set[Node]) -> set[Value]:
    """The values that are results of the region, or read in the driver or in another segment than that of their node."""
    where = {node: i for i, item in enumerate(items) for node in (item.nodes if isinstance(item, Segment) else (item,))}
    used = set(body.results)
    for node, place in where.items():
        read = (v for v in node.operands if v.node in where)
        used |= {v for v in read if node in stays or (v.node not in free and where[v.node] != place)}
    return used
