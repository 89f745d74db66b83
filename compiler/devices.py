"""Devices as the compiler knows them: their names, what they can do per second, and what nodes cost there.

A name is a kind and a number: `cpu:0` is the host, where programs start, take arguments and leave results; `sim:N` are further CPU devices
with a memory of their own. Inside the graph the host is "", so that a graph which nobody placed says nothing of devices.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod, sqrt

from ..proto.errors import fail
from .ir.attrs import ConvDims, DotDims
from .ir.dims import Dim, Expr, evaluate, symbols
from .ir.graph import Node, Region
from .ir.types import TensorType, Type

HOST = ""
"""`cpu:0`, in `Node.device` and `Function.device` of a graph whose nodes have been placed"""
HOST_NAME = "cpu:0"
KINDS = ("cpu", "sim")

_NAME = re.compile(r"(?P<kind>[a-z]+):(?P<number>\d{1,4})")
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[KMGT]?i?B?)", re.IGNORECASE)
_TYPICAL_SIZE = 64  # of a dim that only a call knows
_TYPICAL_TURNS = 16  # of a loop
# Elementary functions take some ten times as long as an addition.
_SLOW = {"exponential", "log", "tanh", "logistic", "power", "sine", "cosine", "weft.erf", "cbrt", "exponential_minus_one", "log_plus_one"}


@dataclass(frozen=True, slots=True)
class Device:
    """What placement assumes of a device, in SI units: floating-point operations and bytes per second, seconds to start a kernel, bytes
    of memory (None: no limit is known)."""

    name: str
    flops: float = 1e11
    bandwidth: float = 1e10
    launch: float = 1e-6
    memory: int | None = None

    @property
    def key(self) -> str:
        """The name as nodes have it: "" for the host."""
        return HOST if self.name == HOST_NAME else self.name


TRANSFER_LATENCY = 5e-5
"""seconds until a value that another device computed can be used: a driver instruction on either side, and waking a thread"""
TRANSFER_BANDWIDTH = 5e9
"""bytes per second between the memories of two devices"""


def device(name: str) -> Device:
    """The device of this name. Raises `WeftError` (`device.name`) if it is none."""
    m = _NAME.fullmatch(name)
    if m is None or m["kind"] not in KINDS:
        raise fail("device.name", f"there is no device {name!r}", help="devices are cpu:0, the host, and sim:0, sim:1, …")
    if m["kind"] == "cpu" and name != HOST_NAME:
        raise fail("device.name", f"there is no device {name!r}", help="the CPU is one device, cpu:0, with as many threads as it has")
    return Device(f"{m['kind']}:{int(m['number'])}")


def parse_device(text: str) -> Device:
    """`sim:1` or, with a limit to its memory, `sim:1=512MB`. Raises `WeftError` (`device.name`, `device.memory`)."""
    name, sign, size = text.partition("=")
    found = device(name.strip())
    return replace(found, memory=_bytes(size, found.name)) if sign else found


def parse_devices(names: Iterable[str]) -> tuple[Device, ...]:
    """The host and the devices of these names, each once; `device.twice` for one that is named again."""
    given = [parse_device(name) for name in names]
    seen: set[str] = set()
    for d in given:
        if d.name in seen:
            raise fail("device.twice", f"device {d.name} is named twice")
        seen.add(d.name)
    return (*(() if HOST_NAME in seen else (Device(HOST_NAME),)), *given)


def _bytes(text: str, name: str) -> int:
    m = _SIZE.fullmatch(text.strip())
    if m is None:
        raise fail("device.memory", f"{text!r} is no size of the memory of {name}", help="write a number of bytes, or 512MB, 2GiB")
    unit = m["unit"].upper()
    base = 1024 if "I" in unit else 1000
    return int(float(m["number"]) * base ** (" KMGT".index(unit[0]) if unit and unit[0] in "KMGT" else 0))


# -- cost ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Work:
    """What computing a node takes: floating-point operations and bytes read and written."""

    flops: float
    bytes: float

    def seconds(self, d: Device) -> float:
        """On a device, if nothing else runs there."""
        return max(self.flops / d.flops, self.bytes / d.bandwidth) + d.launch


def size_of(d: Dim) -> int:
    """A dim as a number; symbols that no bound fixes count as 64."""
    if not isinstance(d, Expr):
        return d
    return max(evaluate(d, {s.name: _typical(s.lo, s.hi) for s in symbols(d).values()}), 0)


def _typical(lo: Dim | None, hi: Dim | None) -> int:
    low, high = (b if isinstance(b, int) else None for b in (lo, hi))
    size = _TYPICAL_SIZE if high is None else min(high, _TYPICAL_SIZE)
    return size if low is None else max(low, size)


def elements(t: Type) -> int:
    """How many elements a tensor has; 0 for what is none."""
    return prod(map(size_of, t.shape)) if isinstance(t, TensorType) else 0


def nbytes(types: Iterable[Type]) -> int:
    """The bytes of tensors of these types."""
    return sum(elements(t) * t.dtype.itemsize for t in types if isinstance(t, TensorType))


def work_of(node: Node) -> Work:
    """What a node takes, regions of control flow included."""
    if node.op in ("while", "weft.while"):
        return _repeated(node.regions, _TYPICAL_TURNS)
    if node.op in ("if", "case", "weft.case"):
        branches = [_repeated((r,), 1) for r in node.regions]
        return max(branches, key=lambda w: (w.flops, w.bytes), default=Work(0, 0))
    moved = nbytes(v.type for v in node.operands) + nbytes(node.types)
    return Work(_flops(node), moved)


def _repeated(regions: Sequence[Region], turns: int) -> Work:
    parts = [work_of(n) for r in regions for n in r.nodes]
    return Work(turns * sum(w.flops for w in parts), turns * sum(w.bytes for w in parts))


def _flops(node: Node) -> float:
    count = _FLOPS.get(node.op)
    if count is not None:
        return count(node)
    sizes = [elements(t) for t in (*(v.type for v in node.operands), *node.types)]
    return max(sizes, default=0) * (10 if node.op in _SLOW else 1)


def _dot(node: Node) -> float:
    dims = node.attrs["dot_dimension_numbers"]
    assert isinstance(dims, DotDims)
    lhs = node.operands[0].shape
    return 2.0 * elements(node.types[0]) * prod(size_of(lhs[k]) for k in dims.lhs_contracting)


def _matmul(node: Node) -> float:
    a, b = (elements(v.type) for v in node.operands[:2])
    return 2.0 * sqrt(float(a) * b * elements(node.types[0]))


def _convolution(node: Node) -> float:
    dims = node.attrs["dimension_numbers"]
    assert isinstance(dims, ConvDims)
    kernel = node.operands[1].type
    assert isinstance(kernel, TensorType)
    return 2.0 * elements(node.types[0]) * elements(kernel) / max(size_of(kernel.shape[dims.kernel_output_feature]), 1)


def _cubic(node: Node) -> float:
    return float(elements(node.operands[0].type)) ** 1.5


_FLOPS: dict[str, Callable[[Node], float]] = {
    "dot_general": _dot,
    "weft.matmul": _matmul,
    "convolution": _convolution,
    "cholesky": _cubic,
    "triangular_solve": _cubic,
}
