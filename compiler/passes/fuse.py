"""Fusion: the graph is cut into clusters, each of which becomes one kernel.

Nodes are visited from the last to the first. A node that is not part of a cluster yet becomes the root of a new one, and the cluster grows
towards its producers, latest first: a producer joins if everything that uses it is already inside (so a cluster never needs a value
twice, and no path leaves it and returns), or if it costs nothing to compute again; and if the cluster's kind can take it:

    map           elementwise ops and index maps over one result
    reduce        a reduction with its producers and an elementwise epilogue
    rows          several reductions over the trailing dims of one row space, or one whose result is used across the row
    window        a reduce_window with an elementwise epilogue
    contraction   a matrix product or convolution with an elementwise epilogue
    attention, scatter, sort, rng, channels   alone
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ...proto.errors import merge_locs
from ..ir.attrs import Tensor
from ..ir.dims import Dim
from ..ir.graph import Node, Region, Value, param, users
from ..ir.types import TensorType
from ..ops.bodies import monoid_of
from ..ops.registry import op_of
from .base import Context, region_pass
from .rewrite import rebuilt
from .siblings import merge_siblings

CONTRACTIONS = {"dot_general", "convolution", "weft.matmul", "weft.conv", "weft.winograd", "weft.depthwise"}
KIND_OF_ROOT = {
    "reduce": "reduce",
    "reduce_window": "window",
    "scatter": "scatter",
    "sort": "sort",
    "rng_bit_generator": "rng",
    "weft.attention": "attention",
    "weft.channels": "channels",
    **dict.fromkeys(CONTRACTIONS, "contraction"),
}
# Results are views of their operands, tuples, or computed by the executor or the driver.
UNFUSED = {
    "call",
    "constant",
    "while",
    "if",
    "case",
    "custom_call",
    "optimization_barrier",
    "tuple",
    "get_tuple_element",
    "after_all",
    "weft.bind_dims",
    "weft.transfer",
    "weft.case",
    "weft.check_shape",
    "weft.fusion",
    "weft.while",
}
_ALONE = {"attention", "scatter", "sort", "rng", "channels"}
_FREE = {"iota", "broadcast_in_dim"}
# Elementwise operations of about one instruction, which are cheaper to repeat than to store.
_LITTLE = {
    "abs", "add", "and", "compare", "convert", "maximum", "minimum", "multiply", "negate", "not", "or", "select", "subtract", "xor",
}  # fmt: skip
_MOST_READERS = 4
_EXPANDING = {"broadcast_in_dim", "gather"}
_SMALL_CONSTANT = 64  # bytes
# Of those that compute: what costs nothing is not counted.
_MAX_NODES = 64
# An element that is read at many places is computed as often: beyond this it is computed once, into memory.
_MOST_PLACES = 16
_MOST_CASES = 64


@dataclass(eq=False)
class _Cluster:
    root: Node
    kind: str
    members: set[Node] = field(default_factory=set)
    expanded: set[Node] = field(default_factory=set)
    # The places a member is read at, for one element of the result, as numbers.
    places: dict[Node, frozenset[int]] = field(default_factory=dict)
    work: int = 0  # members that compute
    cases: int = 0  # operands of the concatenations in it
    core: Node | None = None
    rows: tuple[Dim, ...] = ()
    full: tuple[Dim, ...] = ()
    refused: dict[Node, str] = field(default_factory=dict)  # producers that stayed outside, and why


@region_pass("fuse")
def fuse(body: Region, context: Context) -> Region:
    """Cluster nodes into `weft.fusion` nodes, one per kernel; nested regions too."""
    return fuse_region(body)


def fuse_region(body: Region) -> Region:
    """`body` with every computing node inside a `weft.fusion`."""
    return _fused(body)[0]


def _fused(body: Region) -> "tuple[Region, dict[Node, tuple[_Cluster, ...]]]":
    """The fused region, and what each of its kernels was made of."""
    clusters = _Fuser(body).run()
    if not clusters and not any(n.regions for n in body.nodes):
        return body, {}
    region, kernels = _rebuild(body, clusters)
    merged, origins = merge_siblings(region)
    return merged, {n: tuple(kernels[o] for o in parts) for n, parts in origins.items() if n.op == "weft.fusion" and parts[0] in kernels}


@dataclass(frozen=True, slots=True)
class Decision:
    """One kernel: its `weft.fusion` node, what it computes in order, and for each producer that stayed outside, why."""

    fusion: Node
    members: tuple[Node, ...]
    refused: tuple[tuple[Node, str], ...]


def fusion_decisions(body: Region) -> list[Decision]:
    """What `fuse` makes of a region that has been through all passes before it, nested regions included, in order."""
    found: list[Decision] = []
    region, made_of = _fused(body)
    for node in region.nodes:
        if node in made_of:
            members = sorted({n for c in made_of[node] for n in c.members}, key=lambda n: n.serial)
            refused = {n: why for c in made_of[node] for n, why in c.refused.items() if n not in c.members}
            found.append(Decision(node, tuple(members), tuple(refused.items())))
    for node in body.nodes:
        for inner in node.regions if node.op in ("while", "if", "case") else ():
            found += fusion_decisions(inner)
    return found


class _Fuser:
    def __init__(self, body: Region) -> None:
        self.body = body
        self.users = users(body)
        self.results = set(body.results)
        self._cores: dict[Node, Node | None] = {}
        self._numbers: dict[tuple[Node, int, int], int] = {}
        # Only free nodes, and those computed again, have copies in several clusters.
        self.clusters_of: dict[Node, list[_Cluster]] = {}
        self._again = {n for n in body.nodes if self._is_cheaper_again(n)}

    def run(self) -> list[_Cluster]:
        clusters: list[_Cluster] = []
        for node in reversed(self.body.nodes):
            if self._is_taken(node) or node.op in UNFUSED or self._is_view(node) or self._only_cloned(node):
                continue
            clusters.append(self._grow(node))
        return clusters[::-1]

    def _is_free(self, node: Node) -> bool:
        """Whether several clusters may have a copy of their own."""
        return node.op in _FREE or node in self._again

    def _is_cheaper_again(self, node: Node) -> bool:
        """Whether each reader should compute `node` itself: then it is not written, and reading what it reads costs no more.

        That is so if it takes little, what it reads is in memory anyway, and its readers are kernels that can take it in.
        """
        if node.op not in _LITTLE or not op_of(node).is_elementwise or node.results[0] in self.results:
            return False
        readers = self.users.get(node.results[0], ())
        if not 2 <= len(readers) <= _MOST_READERS or not all(op_of(u).is_elementwise or u.op == "reduce" for u in readers):
            return False
        operands = {v for v in node.operands if v.node is None or v.node.op not in _FREE}
        small = sum(v.dtype.itemsize for v in operands) <= node.results[0].dtype.itemsize
        return small and all(v.node is None or v in self.results or v.node.op in UNFUSED or v.node.op in _ALONE for v in operands)

    def _is_taken(self, node: Node) -> bool:
        return node in self.clusters_of and not self._is_free(node)

    def _is_view(self, node: Node) -> bool:
        return node.op == "reshape"

    def _only_cloned(self, node: Node) -> bool:
        """Whether every user is in a cluster that has its own copy of this free node."""
        if not self._is_free(node) or any(v in self.results for v in node.results):
            return False
        readers = {u for v in node.results for u in self.users.get(v, ())}
        return all(u in self.clusters_of and all(node in c.members for c in self.clusters_of[u]) for u in readers)

    def _grow(self, root: Node) -> _Cluster:
        cluster = _Cluster(root, KIND_OF_ROOT.get(root.op, "map"), {root})
        if cluster.kind != "map":
            cluster.core = root
        self._add(cluster, root, frozenset({0}))
        if cluster.kind in _ALONE or _is_barrier(root):
            return cluster
        queue: list[tuple[int, Node]] = []
        seen: set[Node] = set()
        self._enqueue(root, queue, seen)
        while queue:
            _, node = heapq.heappop(queue)
            places = self._places(cluster, node)
            reason = self._refusal(cluster, node, places)
            if reason:
                cluster.refused[node] = reason
                continue
            self._add(cluster, node, places)
            if node.op != "constant":
                self._enqueue(node, queue, seen)
        cluster.kind = _final_kind(cluster)
        return cluster

    def _places(self, cluster: _Cluster, node: Node) -> frozenset[int]:
        """The places that the cluster would read `node` at: those of an elementwise user, one for each operand and place of another."""
        found: set[int] = set()
        for user in self._inside(cluster, node):
            if op_of(user).is_elementwise:
                found |= cluster.places[user]
                continue
            operands = [i for i, v in enumerate(user.operands) if v.node is node]
            keys = ((user, i, place) for i in operands for place in cluster.places[user])
            found.update(self._numbers.setdefault(key, len(self._numbers) + 1) for key in keys)
        return frozenset(found)

    def _add(self, cluster: _Cluster, node: Node, places: frozenset[int]) -> None:
        cluster.members.add(node)
        cluster.places[node] = places
        cluster.work += not _is_cheap(node)
        cluster.cases += len(node.operands) if node.op == "concatenate" else 0
        self.clusters_of.setdefault(node, []).append(cluster)

    def _enqueue(self, node: Node, queue: list[tuple[int, Node]], seen: set[Node]) -> None:
        for v in node.operands:
            if v.node is not None and v.node not in seen:
                seen.add(v.node)
                heapq.heappush(queue, (-v.node.serial, v.node))

    def _only_in(self, cluster: _Cluster, node: Node) -> bool:
        """Whether `node` is computed in this cluster and nowhere else: a free node has copies, and each reads its operand."""
        if node not in cluster.members:
            return False
        if not self._is_free(node) or node is cluster.root:
            return len(self.clusters_of[node]) == 1
        return not any(v in self.results or not all(self._only_in(cluster, u) for u in self.users[v]) for v in node.results)

    def _inside(self, cluster: _Cluster, node: Node) -> list[Node]:
        return [u for v in node.results for u in self.users.get(v, ()) if u in cluster.members]

    def _refusal(self, cluster: _Cluster, node: Node, places: frozenset[int]) -> str:
        """Why a producer does not join a cluster; nothing if it does."""
        inside = self._inside(cluster, node)
        if node.op == "constant":
            return _constant_refusal(node, inside)
        if cluster.work >= _MAX_NODES and not _is_cheap(node):
            return f"the kernel has {_MAX_NODES} operations already"
        if len(places) > _MOST_PLACES:
            return f"it would be computed at {len(places)} places for one element"
        if node.op in UNFUSED:
            return "it is no kernel"
        if self._is_taken(node):
            return "another kernel has it"
        if _is_barrier(node):
            return "it moves the innermost dim, and a kernel of its own goes in tiles"
        if len(node.results) != 1:
            return "it has several results"
        if node.op == "concatenate" and cluster.cases + len(node.operands) > _MOST_CASES:
            return f"concatenations in the kernel have {_MOST_CASES} operands already"
        if not self._is_free(node) and (reason := self._sharing(cluster, node)):
            return reason
        expanded = any(u in cluster.expanded or _expands(u) for u in inside)
        if not _accepts(cluster, node, inside, expanded):
            if cluster.core in inside and cluster.kind in ("contraction", "window"):
                return f"{cluster.kind} kernels read their operands from memory"
            return "each of its elements is read several times" if expanded else f"{cluster.kind} kernels cannot compute it on the way"
        if self._belongs_to_core(cluster, node):
            return "it ends a product or convolution"
        if expanded:
            cluster.expanded.add(node)
        return ""

    def _sharing(self, cluster: _Cluster, node: Node) -> str:
        """Why a value must be in memory, whatever the kernel that reads it can do."""
        value = node.results[0]
        if value in self.results:
            return "it is a result"
        if not all(self._only_in(cluster, u) for u in self.users.get(value, ())):
            return "other kernels read it too"
        return "it is a view of memory" if node.op == "reshape" and not self._worth_joining(node) else ""

    def _belongs_to_core(self, cluster: _Cluster, node: Node) -> bool:
        """Whether `node` is better off as the epilogue of a contraction that this cluster cannot take in."""
        if cluster.kind == "contraction" or not op_of(node).is_elementwise:
            return False
        core = self._core_behind(node)
        return core is not None and not (cluster.kind == "map" and _same_shape(cluster, core))

    def _core_behind(self, node: Node) -> Node | None:
        """The contraction that `node` could be the epilogue of, reached through elementwise ops of one use each."""
        stack = [node]
        while stack:
            last = stack[-1]
            sources = [s for v in last.operands if (s := self._source(v, last)) is not None]
            open_ = [s for s in sources if s.op not in CONTRACTIONS and s not in self._cores]
            if open_:
                stack += open_
                continue
            cores = (s if s.op in CONTRACTIONS else self._cores[s] for s in sources)
            self._cores[stack.pop()] = next((c for c in cores if c is not None), None)
        return self._cores[node]

    def _source(self, v: Value, user: Node) -> Node | None:
        """The node that makes `v`, if its kernel could go on with `user`."""
        if v.node is None or len(self.users.get(v, ())) != 1 or v in self.results or v.shape != user.results[0].shape:
            return None
        return v.node if v.node.op in CONTRACTIONS or op_of(v.node).is_elementwise else None

    def _worth_joining(self, reshape: Node) -> bool:
        """A reshape is a view unless what it reshapes can be computed in place."""
        source = reshape.operands[0]
        if source.node is None or source.node.op in UNFUSED or source.node.op in KIND_OF_ROOT or _is_barrier(source.node):
            return source.node is not None and source.node.op == "reduce"
        return source not in self.results and len(self.users[source]) == 1


def _constant_refusal(node: Node, inside: list[Node]) -> str:
    tensor = node.attrs["value"]
    if not isinstance(tensor, Tensor) or tensor.array.nbytes > _SMALL_CONSTANT:
        return f"only constants of up to {_SMALL_CONSTANT} bytes are part of the code"
    return "products read their operands from memory" if any(u.op in CONTRACTIONS for u in inside) else ""


def _is_cheap(node: Node) -> bool:
    """Whether a kernel computes nothing for the node."""
    return node.op in _FREE or node.op == "constant"


def _expands(node: Node) -> bool:
    """Whether an element of an operand is read several times."""
    return node.op in _EXPANDING and node.results[0].tensor.size != node.operands[0].tensor.size


def _is_barrier(node: Node) -> bool:
    """A transpose that moves the innermost dim is a kernel of its own: reading through it would touch a cache line per element."""
    if node.op != "transpose":
        return False
    permutation = node.ints("permutation")
    shape = node.operands[0].shape
    long = [p for p in permutation if shape[p] != 1]
    return bool(long) and long[-1] != max(long)


def _accepts(cluster: _Cluster, node: Node, inside: list[Node], expanded: bool) -> bool:
    """Whether a cluster of its kind can take `node`; turns the cluster's kind where a core joins."""
    kind = KIND_OF_ROOT.get(node.op)
    match cluster.kind, kind:
        case "map" | "reduce", None if expanded and node.op not in _FREE:
            return node.op in ("reshape", "convert") or _starts_rows(cluster, node)
        case "map" | "reduce", None:
            return True
        case "map", "contraction" | "window" if _same_shape(cluster, node):
            cluster.kind, cluster.core = kind, node
            return True
        case "map", "reduce" if _same_shape(cluster, node):
            cluster.kind, cluster.core = "reduce", node
            return True
        case "map" | "reduce" | "rows", "reduce":
            return _becomes_rows(cluster, node)
        case "rows", None:
            return _fits_rows(cluster, node)
        case "contraction" | "window", None:
            assert cluster.core is not None
            if cluster.core in inside:
                return False
            return node.op in _FREE or (op_of(node).is_elementwise and node.results[0].shape == cluster.core.results[0].shape)
        case _:
            return False


def _same_shape(cluster: _Cluster, node: Node) -> bool:
    """Whether the cluster is an elementwise epilogue over the result of `node`."""
    shape = node.results[0].shape
    return all(
        m.op == "constant"
        or ((op_of(m).is_elementwise or m.op in _FREE) and len(m.results) == 1 and (m.op in _FREE or m.results[0].shape == shape))
        for m in cluster.members
    )


def _becomes_rows(cluster: _Cluster, node: Node) -> bool:
    """Whether `node`, a reduction, can be computed row by row together with the cluster; sets the row space if so."""
    if len(node.results) != 1 or monoid_of(node.regions[0]) is None:
        return False
    full = node.operands[0].shape
    dims = node.ints("dimensions")
    lead = len(full) - len(dims)
    if not dims or sorted(dims) != list(range(lead, len(full))):
        return False
    trial = replace(cluster, kind="rows", rows=tuple(full[:lead]), full=tuple(full))
    if cluster.kind == "rows" and (cluster.rows != trial.rows or cluster.full != trial.full):
        return False
    if not all(_fits_rows(trial, m) for m in cluster.members):
        return False
    cluster.kind, cluster.rows, cluster.full = "rows", trial.rows, trial.full
    return True


def _starts_rows(cluster: _Cluster, node: Node) -> bool:
    """Whether `node` computes one number per row from a reduction of the cluster's rows; makes it a `rows` cluster if so."""
    reduction = _reduction_behind(node)
    return reduction is not None and _becomes_rows(cluster, reduction) and _fits_rows(cluster, node)


def _reduction_behind(node: Node) -> Node | None:
    """The reduction that a chain of elementwise ops and reshapes begins with."""
    while node.op != "reduce":
        if not op_of(node).is_elementwise and node.op != "reshape":
            return None
        sources = [v.node for v in node.operands if v.node is not None and v.node.op not in (*_FREE, "constant")]
        if not sources:
            return None
        node = sources[0]
    return node


def _final_kind(cluster: _Cluster) -> str:
    """`rows` clusters whose reductions stayed outside, or that turned out to be one plain reduction, are of a simpler kind."""
    if cluster.kind != "rows":
        return cluster.kind
    reductions = sum(m.op == "reduce" for m in cluster.members)
    if reductions == 0:
        return "map"
    across = any(m.op == "broadcast_in_dim" and m.results[0].shape == cluster.full and _reads_member(m, cluster) for m in cluster.members)
    return "rows" if reductions > 1 or across else "reduce"


def _reads_member(node: Node, cluster: _Cluster) -> bool:
    return any(v.node in cluster.members and v.op != "constant" for v in node.operands)


def _fits_rows(cluster: _Cluster, node: Node) -> bool:
    """Whether every value of `node` is a full row space or one number per row."""
    if node.op == "constant":
        return True
    if len(node.results) != 1 or not isinstance(node.types[0], TensorType):
        return False
    shape = node.results[0].shape
    per_row = _is_per_row(shape, cluster)
    if op_of(node).is_elementwise:
        return shape == cluster.full or per_row
    match node.op:
        case "reduce":
            lead = len(cluster.rows)
            return node.operands[0].shape == cluster.full and sorted(node.ints("dimensions")) == list(range(lead, len(cluster.full)))
        case "broadcast_in_dim":
            return shape == cluster.full or per_row
        case "iota":
            return shape == cluster.full
        case "reshape":
            return per_row and _is_per_row(node.operands[0].shape, cluster)
        case _:
            return False


def _is_per_row(shape: Sequence[Dim], cluster: _Cluster) -> bool:
    lead = len(cluster.rows)
    return tuple(shape[:lead]) == cluster.rows and all(d == 1 for d in shape[lead:])


def _rebuild(body: Region, clusters: Iterable[_Cluster]) -> tuple[Region, dict[Node, _Cluster]]:
    """The region with a kernel for each cluster, and whose kernel is whose."""
    kernels: dict[Node, _Cluster] = {}
    by_root = {c.root: c for c in clusters}
    absorbed = {m for c in by_root.values() for m in c.members if m is not c.root}
    needed = _needed_outside(body, by_root)
    new: dict[Value, Value] = {}
    nodes: list[Node] = []
    for node in body.nodes:
        if node in by_root:
            current = _fusion(by_root[node], new)
            kernels[current] = by_root[node]
        elif node in absorbed and not any(v in needed for v in node.results):
            continue
        else:
            current = replace(
                node,
                operands=tuple(new.get(v, v) for v in node.operands),
                regions=node.regions if node.op == "weft.fusion" else tuple(fuse_region(r) for r in node.regions),
            )
        new.update(zip(node.results, current.results, strict=True))
        nodes.append(current)
    return rebuilt(body, nodes, tuple(new.get(v, v) for v in body.results)), kernels


def _needed_outside(body: Region, by_root: dict[Node, _Cluster]) -> set[Value]:
    """Values that are read by something other than a cluster that has its own copy."""
    inside = {m for c in by_root.values() for m in c.members}
    needed = set(body.results)
    for node in body.nodes:
        if node not in inside:
            needed.update(node.operands)
    for cluster in by_root.values():
        for member in cluster.members:
            needed.update(v for v in member.operands if v.node not in cluster.members)
    return needed


def _fusion(cluster: _Cluster, new: dict[Value, Value]) -> Node:
    """The `weft.fusion` node of a cluster: external operands become parameters, each once, in order of first use."""
    members = sorted(cluster.members, key=lambda n: n.serial)
    inner: dict[Value, Value] = {}
    external: list[Value] = []
    copies: list[Node] = []
    for node in members:
        for v in node.operands:
            if v.node not in cluster.members and v not in inner:
                inner[v] = param(v.type, v.name)
                external.append(v)
        copy = node.with_operands(inner[v] for v in node.operands)
        inner.update(zip(node.results, copy.results, strict=True))
        copies.append(copy)
    region = Region(tuple(inner[v] for v in external), tuple(copies), tuple(inner[v] for v in cluster.root.results))
    return Node(
        "weft.fusion",
        tuple(new.get(v, v) for v in external),
        {"kind": cluster.kind},
        (region,),
        cluster.root.types,
        merge_locs(n.loc for n in members if n.op not in _FREE and n.op != "constant") or cluster.root.loc,
        names=tuple(v.name for v in cluster.root.results),
    )
