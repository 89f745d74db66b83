"""Values in blocked layout: what stands for an image of the graph while the layout pass works, and how to get there and back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..ir.dims import Dim
from ..ir.graph import Value
from ..ops.blocked import PANEL
from ..ops.helpers import const, reshape_to
from ..ops.registry import op_of


@dataclass(frozen=True, slots=True)
class Roles:
    """Which dims of an image are batch, channels, and space (one dim or two)."""

    batch: int
    channel: int
    spatial: tuple[int, ...]

    @property
    def rank(self) -> int:
        return 2 + len(self.spatial)

    def permuted(self, permutation: Sequence[int]) -> "Roles":
        """The roles of the dims after a transpose."""
        where = {old: new for new, old in enumerate(permutation)}
        return Roles(where[self.batch], where[self.channel], tuple(where[d] for d in self.spatial))

    def place(self, dim: int) -> int:
        """The dim of the blocked image that a dim other than the channels becomes."""
        if dim == self.batch:
            return 0
        return self.spatial.index(dim) + 4 - len(self.spatial)

    def spread(self, values: Sequence[object], channel: object, fill: object) -> tuple:
        """One entry per dim as one per dim of the blocked image; `channel` is the entry of the lanes, `fill` that of a missing dim."""
        space = [values[d] for d in self.spatial]
        return (values[self.batch], values[self.channel], *([fill] * (2 - len(space))), *space, channel)


@dataclass(frozen=True, slots=True)
class Blocked:
    """`value` is `[N, C/16, H, W, 16]`; lanes past the last of `channels` hold none but the numbers in `padding` (None: any)."""

    value: Value
    roles: Roles
    channels: int
    padding: np.ndarray | None = None

    @property
    def is_padded(self) -> bool:
        return self.channels % PANEL != 0

    @property
    def is_clean(self) -> bool:
        """Whether weights of zero make nothing of the padding: no lane of it is infinite or NaN."""
        return not self.is_padded or (self.padding is not None and bool(np.isfinite(self.padding).all()))


def _one(built: Value | tuple[Value, ...]) -> Value:
    assert isinstance(built, Value)
    return built


def zeros_of(x: Value) -> np.ndarray:
    """The padding of a value padded with zeros."""
    return np.zeros(1, x.dtype.numpy)


def pad_channels(x: Value, dim: int, fill: float) -> Value:
    """`x` with dim `dim` padded at its end to a multiple of 16."""
    size = x.shape[dim]
    assert isinstance(size, int)
    if size % PANEL == 0:
        return x
    high = tuple(-size % PANEL if d == dim else 0 for d in range(x.tensor.rank))
    none = (0,) * x.tensor.rank
    return _one(op_of("pad")(x, const(fill, x.dtype), edge_padding_low=none, edge_padding_high=high, interior_padding=none))


def block(x: Value, roles: Roles) -> Blocked:
    """An image in blocked layout: padded, cut into blocks, transposed."""
    channels = x.shape[roles.channel]
    assert isinstance(channels, int)
    padded = pad_channels(x, roles.channel, 0)
    c = roles.channel
    shape = padded.shape
    split = reshape_to(padded, (*shape[:c], -(-channels // PANEL), PANEL, *shape[c + 1 :]))
    # After the split, dims behind the channels have moved by one, and the lanes follow the blocks.
    moved = [d + (d > c) for d in (roles.batch, c, *roles.spatial)]
    value = _one(op_of("transpose")(split, permutation=(*moved, c + 1)))
    if len(roles.spatial) == 1:
        n, blocks, w, lanes = value.shape
        value = reshape_to(value, (n, blocks, 1, w, lanes))
    return Blocked(value, roles, channels, zeros_of(x))


def unblock(b: Blocked) -> Value:
    """The image that a blocked one stands for."""
    value, roles = b.value, b.roles
    if len(roles.spatial) == 1:
        n, blocks, _, w, lanes = value.shape
        value = reshape_to(value, (n, blocks, w, lanes))
    order: dict[int, list[int]] = {roles.batch: [0], roles.channel: [1, value.tensor.rank - 1]}
    order |= {d: [2 + i] for i, d in enumerate(roles.spatial)}
    moved = _one(op_of("transpose")(value, permutation=tuple(p for d in range(roles.rank) for p in order[d])))
    c = roles.channel
    shape: tuple[Dim, ...] = moved.shape
    merged = reshape_to(moved, (*shape[:c], value.shape[1] * PANEL, *shape[c + 2 :]))
    return cut(merged, c, b.channels)


def cut(x: Value, dim: int, size: int) -> Value:
    """The first `size` entries along `dim`."""
    if x.shape[dim] == size:
        return x
    limits = tuple(size if d == dim else n for d, n in enumerate(x.shape))
    none = (0,) * len(limits)
    return _one(op_of("slice")(x, start_indices=none, limit_indices=limits, strides=(1,) * len(limits)))


def cleaned(b: Blocked) -> Blocked:
    """The image with zeros in the lanes that are padding."""
    blocks = -(-b.channels // PANEL)
    real = np.arange(blocks * PANEL).reshape(blocks, PANEL) < b.channels
    mask = op_of("broadcast_in_dim")(const(real), broadcast_dimensions=(1, 4), result=b.value.tensor.with_dtype(const(real).dtype))
    zero = const(0, b.value.dtype)
    zeros = op_of("broadcast_in_dim")(zero, broadcast_dimensions=(), result=b.value.type)
    return replace(b, value=_one(op_of("select")(_one(mask), b.value, _one(zeros))), padding=zeros_of(b.value))
