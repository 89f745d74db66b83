"""What happens to the tiles of a contraction before they are stored.

A bias, the sum with another tensor, a ReLU and, of a convolution, a cap on it (ReLU6), in this order, stay in registers. Anything else is
a rolled pass over the tile just computed, written by the elemental emitter: register fusion of an exponential spills and compiles three
times slower for nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ....proto.errors import InternalError
from ...ir.attrs import Tensor
from ...ir.graph import Node, Region, Value
from ...ops.registry import op_of
from ..lltypes import Val
from ..writer import Writer

CORES = ("weft.matmul", "weft.conv", "weft.winograd", "weft.depthwise")


@dataclass(frozen=True, slots=True)
class Epilogue:
    """`start` is the vector the sums begin with, `add` the tensor added to them, `cap` a positive number that a ReLU is
    not to exceed; `rest` is whether more follows `value`, the last value
    these cover.
    """

    core: Node
    value: Value
    start: Value | None = None
    add: Value | None = None
    relu: bool = False
    cap: float | None = None
    rest: bool = False

    def __str__(self) -> str:
        named = ("bias", self.start), ("add", self.add), ("relu", self.relu), ("cap", self.cap), ("…", self.rest)
        parts = [name for name, there in named if there]
        return " + ".join(parts) or "none"


def core_of(body: Region) -> Node:
    """The one contraction of a fusion."""
    cores = [n for n in body.nodes if n.op in CORES]
    if len(cores) != 1:
        raise InternalError(f"a contraction fusion holds {len(cores)} contractions")
    return cores[0]


def address_of(w: Writer, fusion: Node, value: Value) -> Val:
    """Where a parameter of a fusion's region is, or a constant inside it: these become part of the code."""
    params = fusion.regions[0].params
    if value in params:
        return w.operand(params.index(value))
    tensor = value.node.attrs.get("value") if value.node else None
    if not isinstance(tensor, Tensor):
        raise InternalError(f"{value!r} is neither a parameter nor a constant")
    return w.module.constant(np.ascontiguousarray(tensor.array).tobytes())


def inplace_pairs(body: Region) -> tuple[tuple[int, int], ...]:
    """(operand, 0) for operands that the result may overwrite: elementwise ops alone, after a tile's sums, lead from them to it."""
    if len(body.results) != 1:
        return ()
    (result,) = body.results

    elsewhere: set[Value] = set()  # read at other places of it, too
    for n in reversed(body.nodes):
        pointwise = op_of(n).is_elementwise and n.result.shape == result.shape and n.result not in elsewhere
        if not pointwise:
            elsewhere.update(n.operands)

    def fits(p: Value) -> bool:
        return p.shape == result.shape and p.dtype.itemsize == result.dtype.itemsize and p not in elsewhere

    return tuple((o, 0) for o, p in enumerate(body.params) if fits(p))


def analyse(body: Region, vector_dims: Sequence[int], *, caps: bool = False) -> Epilogue:
    """The epilogue of a fusion, with a cap if `caps`. A bias is a tensor broadcast along `vector_dims` of the result."""
    core = core_of(body)
    found = Epilogue(core, core.result)
    while (user := _only_user(body, found.value)) is not None and (longer := _extend(body, found, user, tuple(vector_dims))) is not None:
        found = longer
    if caps and found.relu and user is not None and (cap := _cap(user, found.value)) is not None:
        found = replace(found, value=user.result, cap=cap)
    done = len(body.results) == 1 and body.results[0] is found.value
    return replace(found, rest=not done)


def _only_user(body: Region, value: Value) -> Node | None:
    users = [n for n in body.nodes if value in n.operands]
    if len(users) != 1 or value in body.results or users[0].operands.count(value) != 1:
        return None
    return users[0]


def _extend(body: Region, e: Epilogue, user: Node, vector_dims: tuple[int, ...]) -> Epilogue | None:
    """`e` with one more node in it, or None if that has to wait for the pass over the tile."""
    if e.relu or user.op not in ("add", "maximum"):
        return None
    x, y = user.operands
    other = y if x is e.value else x
    if user.op == "maximum":
        return Epilogue(e.core, user.result, e.start, e.add, True) if _is_zero(other) else None
    if e.start is None and e.add is None and (vector := _vector(body, other, vector_dims)) is not None:
        return Epilogue(e.core, user.result, vector)
    if e.add is None and other in body.params and other.type == e.core.result.type:
        return Epilogue(e.core, user.result, e.start, other)
    if e.start is None and e.add is None and (parts := _biased(body, other, vector_dims)) is not None:
        return Epilogue(e.core, user.result, *parts)
    return None


def _biased(body: Region, value: Value, vector_dims: tuple[int, ...]) -> tuple[Value, Value] | None:
    """If `value` is a parameter and a bias added up for nobody else: the bias, and the parameter."""
    if value.node is None or value.op != "add" or _only_user(body, value) is None:
        return None
    for x, y in (value.node.operands, value.node.operands[::-1]):
        vector = _vector(body, y, vector_dims)
        if vector is not None and x in body.params:
            return vector, x
    return None


def _vector(body: Region, value: Value, dims: tuple[int, ...]) -> Value | None:
    """What `value` broadcasts along `dims`, if it is a parameter or a constant of those dims' full sizes."""
    if value.node is None or value.op != "broadcast_in_dim" or value.node.attrs["broadcast_dimensions"] != dims:
        return None
    (source,) = value.node.operands
    if source.shape != tuple(value.shape[d] for d in dims):
        return None
    return source if source in body.params or source.op == "constant" else None


def _cap(user: Node, value: Value) -> float | None:
    """The positive number at which `user` cuts `value` off, if it does that."""
    if user.op != "minimum":
        return None
    x, y = user.operands
    array = _constant(y if x is value else x)
    if array is None or array.dtype.kind != "f" or not (array == array.flat[0]).all():
        return None
    number = float(array.flat[0])
    return number if 0 < number < math.inf else None


def _is_zero(value: Value) -> bool:
    """Whether every element is shown to be zero."""
    array = _constant(value)
    return array is not None and not array.any()


def _constant(value: Value) -> np.ndarray | None:
    """The elements that `value` is shown to consist of, perhaps repeated or in another shape; at least one."""
    while value.node is not None and value.op in ("broadcast_in_dim", "reshape"):
        value = value.node.operands[0]
    tensor = value.node.attrs.get("value") if value.node is not None and value.op == "constant" else None
    return tensor.array if isinstance(tensor, Tensor) and tensor.array.size > 0 else None
