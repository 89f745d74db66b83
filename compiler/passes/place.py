"""Placement: every node gets a device.

What the graph annotates stays where it says. The rest is assigned by list scheduling (HEFT: Topcuoglu, Hariri and Wu, 2002): nodes, the
most urgent first, go where they would end earliest, given when their operands could be there. The estimate of that is compared with
those of placing all the rest on one device, and the best is taken. What costs nothing has no device: it is computed wherever it is read.
Nodes that only the driver can run stay on the host; loops and branches are on one device, or, if what they hold is annotated for
several, taken apart themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...proto.errors import fail
from ..devices import HOST, TRANSFER_BANDWIDTH, TRANSFER_LATENCY, Device, device, nbytes, work_of
from ..drivers import NATIVE_CONTROL, only_in_driver
from ..ir.graph import Function, Module, Node, Region, Value, users
from .base import Context, module_pass, with_body
from .rewrite import Inlined, Rule, apply_rules, with_each
from .sources import sources


@module_pass("place")
def place(module: Module, context: Context) -> Module:
    """node -> node on a device. Nothing happens without annotations and devices."""
    functions = {name: _placed(function, context) for name, function in module.functions.items()}
    if all(functions[name] is module.functions[name] for name in functions):
        return module
    return replace(module, functions=functions)


def _placed(function: Function, context: Context) -> Function:
    function = with_body(function, apply_rules(function, [_FORGET])) if _has_transfers(function) else function
    if function.device:
        own = with_each(function, lambda n: replace(n, device=n.device or function.device))
        function = replace(with_body(function, own), device=HOST)
    named = dict.fromkeys(n.device for n in function.walk() if n.device)
    if not named and len(context.devices) < 2:
        return function
    known = {d.name: d for d in context.devices or (Device("cpu:0"),)}
    for name in named:
        if name not in known:
            known[name] = device(name)
    devices = {d.key: d for d in known.values()}
    body = _Body(function, devices).build()
    return function if body is function else with_body(function, body)


def _has_transfers(function: Function) -> bool:
    return any(n.op == "weft.transfer" for n in function.walk())


# Where values have to go follows from where nodes are.
_FORGET = Rule("forget_transfer", ("weft.transfer",), lambda n, uses: Inlined((n.operands[0],), ()))


class _Body:
    """One region while its nodes are placed."""

    def __init__(self, body: Region, devices: Mapping[str, Device]) -> None:
        self.body = body
        self.devices = devices
        self.users = users(body)
        self.sources = sources(body)
        self.split = {n for n in body.nodes if n.op in NATIVE_CONTROL and len(_annotations(n)) > 1}

    def build(self) -> Region:
        """The region with every node placed."""
        fixed = {n: key for n in self.body.nodes if n not in self.sources and (key := self._fixed(n)) is not None}
        where = _assign([n for n in self.body.nodes if n not in self.sources], fixed, self.devices, self.users)
        if not any(where.values()) and not self.split:
            return _without_devices(self.body)
        return with_each(self.body, lambda n: self._moved(n, where.get(n, HOST)))

    def _fixed(self, node: Node) -> str | None:
        """The device that a node must be on, if it says so or only the driver can run it."""
        if node in self.split or only_in_driver(node):
            return HOST
        said = _annotations(node)
        return _key(next(iter(said))) if said else None

    def _moved(self, node: Node, where: str) -> Node:
        inside = self._within if node in self.split else _without_devices
        return replace(node, regions=tuple(map(inside, node.regions)), device=where)

    def _within(self, body: Region) -> Region:
        return _Body(body, self.devices).build()


def _key(name: str) -> str:
    return device(name).key


def _annotations(node: Node) -> set[str]:
    """The devices that a node, or what is inside it, is annotated with."""
    if node.device:
        return {node.device}
    return {n.device for r in node.regions for n in r.walk() if n.device}


def _without_devices(body: Region) -> Region:
    """A region of a node that is on one device: what it says of devices has been done."""
    if not any(n.device for n in body.walk()):
        return body
    return with_each(body, lambda n: replace(n, regions=tuple(map(_without_devices, n.regions)), device=HOST))


# -- the schedule -------------------------------------------------------------------------------------------------------------


Assignment = dict[Node, str]
_Users = Mapping[Value, Sequence[Node]]


def _assign(nodes: Sequence[Node], fixed: Mapping[Node, str], devices: Mapping[str, Device], uses: _Users) -> Assignment:
    """A device for each node: what `fixed` says, otherwise as the estimated end of the whole is earliest."""
    schedule = _Schedule(nodes, devices, uses)
    order = schedule.order()
    free = len(fixed) < len(nodes)
    tries = [schedule.run(order, fixed, tuple(devices))]
    if free:
        tries += [schedule.run(order, fixed, (key,)) for key in devices]
    good = [t for t in tries if t is not None]
    if not good:
        raise schedule.too_large()
    return min(good, key=lambda found: found[0])[1]


class _Schedule:
    """Estimates of when nodes end."""

    def __init__(self, nodes: Sequence[Node], devices: Mapping[str, Device], uses: _Users) -> None:
        self.nodes = nodes
        self.devices = devices
        self.own = set(nodes)
        self.after = {n: list(dict.fromkeys(u for v in n.results for u in uses.get(v, ()) if u in self.own)) for n in nodes}
        self.seconds = {n: {key: _seconds(n, d) for key, d in devices.items()} for n in nodes}
        self.weights = {n: nbytes(v.type for v in n.operands if v.op == "constant") for n in nodes}

    def order(self) -> list[Node]:
        """The nodes by how long the way from them to the end is (the upward rank), which respects dependences."""
        rank: dict[Node, float] = {}
        for n in reversed(self.nodes):
            own = sum(self.seconds[n].values()) / len(self.devices)
            move = _transfer_seconds(nbytes(n.types)) / 2
            rank[n] = own + max((rank[u] + move for u in self.after[n]), default=0.0)
        position = {n: i for i, n in enumerate(self.nodes)}
        return sorted(self.nodes, key=lambda n: (-rank[n], position[n]))

    def run(self, order: Sequence[Node], fixed: Mapping[Node, str], allowed: Sequence[str]) -> tuple[float, Assignment] | None:
        """The end and the assignment if nodes that are not fixed may go to the `allowed` devices; None if memory does not suffice."""
        free_at = dict.fromkeys(self.devices, 0.0)
        room = {key: d.memory for key, d in self.devices.items()}
        where: Assignment = {}
        ends: dict[Node, float] = {}
        at: dict[tuple[Value, str], float] = {}
        for n in order:
            choices = (fixed[n],) if n in fixed else allowed
            fitting = [key for key in choices if _fits(room[key], self.weights[n], n)]
            if not fitting:
                return None
            finish = {key: self._end(n, key, free_at[key], where, ends, at) for key in fitting}
            best = min(fitting, key=lambda key: finish[key])
            where[n], ends[n] = best, finish[best]
            free_at[best] = finish[best]
            if (left := room[best]) is not None:
                room[best] = left - self.weights[n]
            for v in n.operands:
                at.setdefault((v, best), finish[best])  # once there, it is there for others
        back = max((ends[n] + (_transfer_seconds(nbytes(n.types)) if where[n] else 0.0) for n in order if not self.after[n]), default=0.0)
        return max([back, *ends.values()]), where

    def _end(
        self, n: Node, key: str, free: float, where: Assignment, ends: Mapping[Node, float], at: Mapping[tuple[Value, str], float]
    ) -> float:
        ready = free
        for v in n.operands:
            if (v, key) in at:
                continue
            if v.node is None:
                ready = max(ready, _transfer_seconds(nbytes([v.type])) if key else 0.0)
            elif v.node in ends:
                moved = _transfer_seconds(nbytes([v.type])) if where[v.node] != key else 0.0
                ready = max(ready, ends[v.node] + moved)
        return ready + self.seconds[n][key]

    def too_large(self) -> Exception:
        """The error for a graph that fits nowhere."""
        total = sum(self.weights.values())
        limits = ", ".join(f"{d.name} {d.memory}" for d in self.devices.values() if d.memory is not None)
        fact = f"the weights of the graph, {total} bytes, do not fit the memory of the devices ({limits})"
        return fail("place.memory", fact, help="allow more memory, or more devices")


def _seconds(n: Node, d: Device) -> float:
    return work_of(n).seconds(d)


def _transfer_seconds(size: int) -> float:
    return TRANSFER_LATENCY + size / TRANSFER_BANDWIDTH


def _fits(room: int | None, weights: int, n: Node) -> bool:
    """Whether a node's weights, what it reads and what it makes have room."""
    return room is None or weights + nbytes(v.type for v in n.operands if v.op != "constant") + nbytes(n.types) <= room
