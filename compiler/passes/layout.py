"""Blocked layout for convolution networks.

A convolution becomes `weft.conv` or `weft.depthwise` on blocked images `[N, C/16, H, W, 16]`, and the layout spreads
from there: elementwise ops, pooling, padding, concatenation and slices of whole blocks, and means over space take blocked operands and give
blocked results. The pass walks the graph once and keeps, for a value, its blocked form, its plain form, or both; conversions appear where
somebody asks for the other one.

Lanes that pad the channels must not reach the result: a weight of zero silences them only if they are finite. So the pass follows what they
hold: the same operations as everything else, on a known number.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..ir.attrs import ConvDims
from ..ir.dims import Dim, is_nonnegative
from ..ir.graph import Node, Region, Value, in_place_of, sort_nodes
from ..ir.types import TensorType
from ..ops.blocked import PANEL, is_fast
from ..ops.bodies import monoid_of
from ..ops.convolution import window_of_node
from ..ops.helpers import reshape_to
from ..ops.nodes import node
from ..ops.phases import phases_of
from ..ops.registry import op_of
from ..ops.window import Window, reduce_window_of
from .base import Context, region_pass
from .blockedchannels import selected, shuffle_order, turned_inside
from .blockedvalue import Blocked, Roles, block, cleaned, cut, pad_channels, unblock, zeros_of
from .canonicalize import constant_of, splat_of
from .convdepth import convolve_slices
from .convscale import CONV_RULES
from .convweights import Weights, as_value, pack_blocked, pack_depthwise, pack_few_channels, reshaped, reversed_along, transposed
from .rewrite import apply_rules, effectful, rebuilt

_MOST_TAPS = 64  # of a depthwise kernel: its code is written out
_MANY_FEATURES = 64  # for which the pixels that a strided convolution reads are worth putting side by side
_MOST_NUMBERS = 1 << 14  # followed through the padding


@region_pass("layout")
def block_layout(body: Region, context: Context) -> Region:
    """Convolutions -> weft.conv and weft.depthwise on blocked images, and so is what lies between them."""
    if not any(n.op == "convolution" for n in body.walk()):
        return body
    return _Walk(apply_rules(body, (convolve_slices, *CONV_RULES)), context).run()


@dataclass(frozen=True, slots=True)
class _Geometry:
    """A convolution in terms of two spatial dims and weights `[O, C/groups, KH, KW]`."""

    input: Roles
    output: Roles
    weights: Weights
    groups: int
    strides: tuple[int, int]
    padding: tuple[tuple[int, int], tuple[int, int]]
    dilation: tuple[int, int]
    input_dilation: tuple[int, int]
    precise: bool

    @property
    def channels(self) -> int:
        return self.weights.shape[1] * self.groups

    @property
    def skips_pixels(self) -> bool:
        """Whether most pixels are never read."""
        unpadded = self.padding == ((0, 0), (0, 0)) and self.input_dilation == (1, 1)
        return self.weights.shape[2:] == (1, 1) and self.strides != (1, 1) and unpadded


def _two(values: Sequence, fill: object) -> tuple:
    """Two entries out of one or two."""
    return (fill,) * (2 - len(values)) + tuple(values)


def geometry(n: Node) -> _Geometry | None:
    """What a convolution comes to, or None if there is no fast kernel for it."""
    x, w = n.operands
    dims = n.attrs["dimension_numbers"]
    assert isinstance(dims, ConvDims)
    result = n.results[0].tensor
    if len(dims.input_spatial) not in (1, 2) or n.attrs["batch_group_count"] != 1:
        return None
    if not is_fast(result.dtype) or not (x.dtype == w.dtype == result.dtype):
        return None
    window = window_of_node(n)
    if not _has_kernel(n, dims, window):
        return None
    groups = n.attrs["feature_group_count"]
    assert isinstance(groups, int)
    kernel = constant_of(w)
    depthwise = w.shape[dims.kernel_input_feature] == 1 and w.shape[dims.kernel_output_feature] == groups
    if kernel is None and groups > 1 and not depthwise:
        return None
    order = (dims.kernel_output_feature, dims.kernel_input_feature, *dims.kernel_spatial)
    reverse = n.ints("window_reversal")
    weights = reversed_along(transposed(w if kernel is None else kernel, order), [2 + i for i, r in enumerate(reverse) if r])
    weights = reshaped(weights, (*weights.shape[:2], *_two(weights.shape[2:], 1)))
    return _Geometry(
        Roles(dims.input_batch, dims.input_feature, dims.input_spatial),
        Roles(dims.output_batch, dims.output_feature, dims.output_spatial),
        weights,
        groups,
        _two(window.stride, 1),
        _two(window.padding, (0, 0)),
        _two(window.dilation, 1),
        _two(window.base_dilation, 1),
        n.attrs["precision_config"] != ("DEFAULT", "DEFAULT"),
    )


def _has_kernel(n: Node, dims: ConvDims, window: Window) -> bool:
    """Whether sizes are known as far as they must be: of an image's batch and space they need not."""
    x, w = n.operands
    y = n.results[0]
    sizes = (x.shape[dims.input_feature], y.shape[dims.output_feature], *w.shape)
    space = [*(x.shape[d] for d in dims.input_spatial), *(y.shape[d] for d in dims.output_spatial)]
    known = all(isinstance(d, int) and d > 0 for d in sizes) and all(not isinstance(d, int) or d > 0 for d in space)
    if not known or not all(isinstance(d, int) for pair in window.padding for d in pair):
        return False
    lows = (lo for lo, _ in window.padding)
    along = zip(window.size, window.stride, lows, window.dilation, window.base_dilation, strict=True)
    return all(isinstance(d, int) for d in space) or all(phases_of(*args) for args in along)  # type: ignore[arg-type]


class _Walk:
    """One walk over a region. `plain` maps old values to new ones, `blocked` to their blocked forms."""

    def __init__(self, body: Region, context: Context) -> None:
        self.body, self.context = body, context
        self.plain: dict[Value, Value] = {p: p for p in body.params}
        self.blocked: dict[Value, Blocked] = {}
        self.rules: dict[str, Callable[[Node], Blocked | None]] = {
            "convolution": self.convolution,
            "reduce_window": self.reduce_window,
            "pad": self.pad,
            "concatenate": self.concatenate,
            "slice": self.slice,
            "transpose": self.transpose,
            "reshape": self.shuffle,
        }

    def run(self) -> Region:
        effects: list[Node] = []
        definers: list[Node] = []
        for n in self.body.nodes:
            with in_place_of(n):
                made = self.visit(n)
            if made is not None and effectful(made):
                effects.append(made)
            elif made is not None and made.defined_symbols:
                definers.append(made)
        results = tuple(self.as_plain(v) for v in self.body.results)
        return rebuilt(self.body, sort_nodes(self.body.params, results, effects, definers), results)

    def visit(self, n: Node) -> Node | None:
        """Gives the results of a node a plain or a blocked form; the plain node, if it made one."""
        if n.op == "reduce_window" or (len(n.results) == 1 and not n.regions):
            made = self.rules.get(n.op, self.elementwise)(n)
            if made is not None:
                self.blocked[n.result] = made
                return None
        if n.op == "reduce" and self.reduce(n):
            return None
        operands = tuple(self.as_plain(v) for v in n.operands)
        regions = tuple(_Walk(r, self.context).run() if any(inner.op == "convolution" for inner in r.walk()) else r for r in n.regions)
        same = all(a is b for a, b in zip(operands + regions, n.operands + n.regions, strict=True))
        current = n if same else replace(n, operands=operands, regions=regions)
        self.plain.update(zip(n.results, current.results, strict=True))
        return current

    # -- the two forms of a value ---------------------------------------------------------------------------------------------

    def as_plain(self, v: Value) -> Value:
        if v not in self.plain:
            value = unblock(self.blocked[v])
            if v.name and not value.name:
                value.name = v.name
            self.plain[v] = value
        return self.plain[v]

    def as_blocked(self, v: Value, roles: Roles) -> Blocked:
        known = self.blocked.get(v)
        if known is None or known.roles != roles:
            known = block(self.as_plain(v), roles)
            self.blocked.setdefault(v, known)
        return known

    # -- convolutions ---------------------------------------------------------------------------------------------------------

    def convolution(self, n: Node) -> Blocked | None:
        g = geometry(n.with_operands((n.operands[0], self.as_plain(n.operands[1]))))
        if g is None:
            return None
        x = n.operands[0]
        made = self.few_channels(x, g) or self.depthwise(x, g) or self.dense(x, g)
        if made is None:
            return None
        features = g.weights.shape[0]
        return Blocked(made, g.output, features, zeros_of(made))

    def few_channels(self, x: Value, g: _Geometry) -> Value | None:
        """A convolution that reads a plain image of fewer channels than a block has lanes."""
        orders: dict[tuple[int, ...], str] = {(0, 1, 2, 3): "nchw", (0, 3, 1, 2): "nhwc", (0, 1, 2): "nchw", (0, 2, 1): "nhwc"}
        order: tuple[int, ...] = (g.input.batch, g.input.channel, *g.input.spatial)
        layout = orders.get(order)
        if g.groups != 1 or g.channels >= PANEL or layout is None or x in self.blocked:
            return None
        plain = self.as_plain(x)
        if len(g.input.spatial) == 1:
            place = 2 if layout == "nchw" else 1
            plain = reshape_to(plain, (*plain.shape[:place], 1, *plain.shape[place:]))
        weights = as_value(pack_few_channels(g.weights))
        return self._conv(plain, weights, g, layout=layout)

    def depthwise(self, x: Value, g: _Geometry) -> Value | None:
        features, per_group, kh, kw = g.weights.shape
        if not features == g.groups > 1 or per_group != 1 or g.input_dilation != (1, 1) or kh * kw > _MOST_TAPS:
            return None
        source = self._source(x, g)
        weights = as_value(pack_depthwise(g.weights))
        return node("weft.depthwise", source.value, weights, strides=g.strides, padding=g.padding, dilation=g.dilation)

    def dense(self, x: Value, g: _Geometry) -> Value | None:
        if g.groups > 1 and isinstance(g.weights, Value):
            return None  # packed by the compiler alone
        packed = pack_blocked(g.weights, g.groups)
        source = self._source(x, g).value
        if g.skips_pixels and g.weights.shape[0] >= _MANY_FEATURES:
            limits, steps = source.shape, (1, 1, *g.strides, 1)
            source = node("slice", source, start_indices=(0,) * 5, limit_indices=limits, strides=steps)
            g = replace(g, strides=(1, 1))
        return self._conv(source, as_value(packed.weights), g, first=packed.first, counts=packed.counts)

    def _source(self, x: Value, g: _Geometry) -> Blocked:
        source = self.as_blocked(x, g.input)
        return source if source.is_clean else cleaned(source)

    def _conv(self, x: Value, weights: Value, g: _Geometry, **blocks: object) -> Value:
        """`weft.conv` with the window of a convolution; `blocks` says what is read of which layout."""
        window = {"strides": g.strides, "padding": g.padding, "dilation": g.dilation, "input_dilation": g.input_dilation}
        return node("weft.conv", x, weights, **window, **blocks, precise=g.precise)

    # -- what blocked images pass through -------------------------------------------------------------------------------------

    def _roles(self, values: Sequence[Value]) -> Roles | None:
        """The roles of the first of `values` that is blocked."""
        return next((self.blocked[v].roles for v in values if v in self.blocked), None)

    def elementwise(self, n: Node) -> Blocked | None:
        roles = self._roles(n.operands)
        if roles is None or op_of(n).lower is None:
            return None
        channels = n.result.shape[roles.channel]
        assert isinstance(channels, int)
        parts: list[Blocked] = []
        for i, v in enumerate(n.operands):
            fill = 1 if n.op in ("divide", "remainder", "power") and i == 1 else 0
            parts.append(self.spread(v, roles, fill))
        keywords = {"result": parts[0].value.tensor.with_dtype(n.result.dtype)} if op_of(n).result_keyword else {}
        value = node(n.op, *(p.value for p in parts), **n.attrs, **keywords)
        assert isinstance(value, Value)
        return Blocked(value, roles, channels, self.padding_after(n, parts))

    def spread(self, v: Value, roles: Roles, fill: float) -> Blocked:
        """An operand of an elementwise op in blocked form; `fill` is what the padding of something broadcast shall hold."""
        known = self.blocked.get(v)
        if known is not None and known.roles == roles:
            return known
        if v.tensor.rank == 0:  # the bounds of a clamp, the condition of a select
            return Blocked(self.as_plain(v), roles, 1, _numbers(v))
        if v.node is not None and v.op == "broadcast_in_dim":
            return self.broadcast(v.node, roles, fill)
        return self.as_blocked(v, roles)

    def broadcast(self, n: Node, roles: Roles, fill: float) -> Blocked:
        """A broadcast into a blocked image."""
        dims = n.ints("broadcast_dimensions")
        x = self.as_plain(n.operands[0])
        size = n.result.shape[roles.channel]
        assert isinstance(size, int)
        shape = tuple(roles.spread(n.result.shape, PANEL, 1))
        result = x.tensor.with_shape((shape[0], -(-size // PANEL), *shape[2:]))
        holds: np.ndarray | None = np.full(1, fill, x.dtype.numpy)
        at = next((i for i, d in enumerate(dims) if d == roles.channel), None)
        if at is not None and x.shape[at] == size:
            padded = pad_channels(x, at, fill)
            split = reshape_to(padded, (*x.shape[:at], -(-size // PANEL), PANEL, *x.shape[at + 1 :]))
            places = [(1, 4) if i == at else (roles.place(d),) for i, d in enumerate(dims)]
            source, to = _in_order(split, [p for place in places for p in place])
        else:
            kept = [i for i in range(len(dims)) if i != at]
            squeezed = reshape_to(x, tuple(x.shape[i] for i in kept))
            source, to = _in_order(squeezed, [roles.place(dims[i]) for i in kept])
            holds = _numbers(x)
        value = op_of("broadcast_in_dim")(source, broadcast_dimensions=to, result=result)
        assert isinstance(value, Value)
        return Blocked(value, roles, size, holds)

    def padding_after(self, n: Node, parts: Sequence[Blocked]) -> np.ndarray | None:
        """What an elementwise op makes of the padding."""
        op = op_of(n)
        held = [p.padding for p in parts if p.padding is not None]
        if op.reference is None or len(held) != len(parts) or math.prod(map(len, held)) > _MOST_NUMBERS:
            return None
        every = [np.ravel(x) for x in np.meshgrid(*held, indexing="ij")]
        keywords = {"result": TensorType(n.result.dtype, (len(every[0]),))} if op.result_keyword else {}
        with np.errstate(all="ignore"):
            return np.unique(np.asarray(op.reference(*every, **n.attrs, **keywords)))

    def reduce_window(self, n: Node) -> Blocked | None:
        """Pooling over space."""
        source = self.blocked.get(n.operands[0])
        if source is None or len(n.operands) != 2:
            return None
        roles, window = source.roles, reduce_window_of(n)
        still = all(
            window.size[d] == window.stride[d] == window.dilation[d] == window.base_dilation[d] == 1 and window.padding[d] == (0, 0)
            for d in (roles.batch, roles.channel)
        )
        if not still:
            return None
        value = op_of("reduce_window")(
            source.value,
            self.as_plain(n.operands[1]),
            window_dimensions=roles.spread(window.size, 1, 1),
            window_strides=roles.spread(window.stride, 1, 1),
            window_dilations=roles.spread(window.dilation, 1, 1),
            base_dilations=roles.spread(window.base_dilation, 1, 1),
            padding=roles.spread(window.padding, (0, 0), (0, 0)),
            body=n.regions[0],
        )
        assert isinstance(value, Value)
        # Sums of zeros are zeros; of anything else at the edges it is not followed.
        zero = _is_zero(source) and splat_of(n.operands[1]) == 0 and monoid_of(n.regions[0]) == "add"
        inside = all(
            is_nonnegative(k - 1 - lo) and is_nonnegative(k - 1 - hi)
            for k, (lo, hi) in zip(window.size, window.padding, strict=True)
            if (lo, hi) != (0, 0)
        )
        kept = inside and monoid_of(n.regions[0]) in ("max", "min") and set(window.base_dilation) == {1} and set(window.dilation) == {1}
        return Blocked(value, roles, source.channels, source.padding if zero or kept else None)

    def pad(self, n: Node) -> Blocked | None:
        source = self.blocked.get(n.operands[0])
        if source is None:
            return None
        low, high, interior = (_ints(n, k) for k in ("edge_padding_low", "edge_padding_high", "interior_padding"))
        c = source.roles.channel
        if (low[c], high[c], interior[c]) != (0, 0, 0):
            return None
        value = op_of("pad")(
            source.value,
            self.as_plain(n.operands[1]),
            edge_padding_low=source.roles.spread(low, 0, 0),
            edge_padding_high=source.roles.spread(high, 0, 0),
            interior_padding=source.roles.spread(interior, 0, 0),
        )
        assert isinstance(value, Value)
        added = _numbers(n.operands[1])
        known = source.padding is not None and added is not None
        return Blocked(value, source.roles, source.channels, np.union1d(source.padding, added) if known else None)  # type: ignore[arg-type]

    def concatenate(self, n: Node) -> Blocked | None:
        roles = self._roles(n.operands)
        dim = n.attr("dimension", int)
        if roles is None:
            return None
        along_channels = dim == roles.channel
        if along_channels and not all(isinstance(v.shape[dim], int) and v.shape[dim] for v in n.operands):
            return None
        parts = [self.as_blocked(v, roles) for v in n.operands]
        if along_channels and any(p.is_padded for p in parts[:-1]):
            return selected(parts, [(i, c) for i, p in enumerate(parts) for c in range(p.channels)])
        value = op_of("concatenate")(*(p.value for p in parts), dimension=1 if along_channels else roles.place(dim))
        assert isinstance(value, Value)
        held = [p.padding for p in (parts[-1:] if along_channels else parts)]
        known = [x for x in held if x is not None]
        channels = n.result.shape[roles.channel]
        assert isinstance(channels, int)
        return Blocked(value, roles, channels, np.unique(np.concatenate(known)) if len(known) == len(held) else None)

    def slice(self, n: Node) -> Blocked | None:
        """Any part of the image."""
        source = self.blocked.get(n.operands[0])
        if source is None:
            return None
        c = source.roles.channel
        start, limit, stride = (_ints(n, k) for k in ("start_indices", "limit_indices", "strides"))
        first, stop, step = start[c], limit[c], stride[c]
        if not (isinstance(first, int) and isinstance(stop, int) and isinstance(step, int) and first < stop):
            return None
        if step != 1 or first % PANEL or (stop % PANEL and stop != source.channels):
            chosen = selected([source], [(0, k) for k in range(first, stop, step)])
            if all(n.result.shape[d] == n.operands[0].shape[d] for d in range(source.roles.rank) if d != c):
                return chosen
            source, first, stop = chosen, 0, chosen.channels
        starts = list(source.roles.spread(start, 0, 0))
        limits = list(source.roles.spread(limit, PANEL, 1))
        strides = list(source.roles.spread(stride, 1, 1))
        starts[1], limits[1], strides[1] = first // PANEL, -(-stop // PANEL), 1
        value = op_of("slice")(source.value, start_indices=tuple(starts), limit_indices=tuple(limits), strides=tuple(strides))
        assert isinstance(value, Value)
        return Blocked(value, source.roles, stop - first, source.padding)

    def shuffle(self, n: Node) -> Blocked | None:
        """A reshape that ends a shuffle of the channels."""
        x = turned_inside(n)
        source = None if x is None else self.blocked.get(x)
        order = None if source is None else shuffle_order(n, source.roles.channel)
        return None if source is None or order is None else selected([source], [(0, k) for k in order])

    def transpose(self, n: Node) -> Blocked | None:
        """Only the roles of the dims change."""
        source = self.blocked.get(n.operands[0])
        if source is None:
            return None
        return replace(source, roles=source.roles.permuted(n.ints("permutation")))

    def reduce(self, n: Node) -> bool:
        """A reduction over all of space; its result is plain, a number per image and channel."""
        source = self.blocked.get(n.operands[0])
        if source is None or len(n.operands) != 2:
            return False
        roles = source.roles
        if sorted(n.ints("dimensions")) != sorted(roles.spatial) or roles.batch > roles.channel:
            return False
        value = op_of("reduce")(source.value, self.as_plain(n.operands[1]), dimensions=(2, 3), body=n.regions[0])
        assert isinstance(value, Value)
        flat = reshape_to(value, (value.shape[0], value.shape[1] * PANEL))
        self.plain[n.result] = cut(flat, 1, source.channels)
        return True


def _ints(n: Node, attr: str) -> tuple[Dim, ...]:
    return n.attrs[attr]  # type: ignore[return-value]


def _numbers(v: Value) -> np.ndarray | None:
    """The numbers that a constant holds, if they are few."""
    while v.node is not None and v.op in ("broadcast_in_dim", "reshape"):
        v = v.node.operands[0]
    array = constant_of(v)
    return np.unique(array) if array is not None and 0 < array.size <= _MOST_NUMBERS else None


def _is_zero(b: Blocked) -> bool:
    return b.padding is not None and not b.padding.any()


def _in_order(x: Value, places: Sequence[int]) -> tuple[Value, tuple[int, ...]]:
    """`x` transposed, if need be, so that its dims go to increasing places: what kernels read in order."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    if order == list(range(len(places))):
        return x, tuple(places)
    moved = op_of("transpose")(x, permutation=tuple(order))
    assert isinstance(moved, Value)
    return moved, tuple(sorted(places))
