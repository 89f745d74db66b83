"""Kernels one by one, against NumPy, PyTorch and what the machine's memory allows.

The *roofline* of a case is the time that a plain copy takes over as many bytes in all as its arguments and results have: the copy is
measured beside it, at the same footprint, so it is that of the cache the case fits. A share above 1 is possible: a copy writes half
of its bytes, a reduction hardly any.
"""

import ctypes
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from ...compiler.codegen.target import Target
from ...compiler.driver import compile
from ...frontends.python import numpy as wnp
from ...frontends.python.function import function
from ...proto.errors import fail
from ...proto.optional import require
from ...vm import VM
from .kernel_cases import CASES, Case

SIZES = {"L1": 4 << 10, "L2": 64 << 10, "L3": 1 << 20, "memory": 16 << 20}
"""elements of f32 per argument, roughly"""

PEERS = ("numpy", "torch")
_SECONDS = 0.002
_ROUNDS = 5
_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Figure:
    """One case at one size. `roofline` is the share of it that weft reaches, `ratios` peers' times over weft's."""

    kind: str
    name: str
    size: str
    bytes: int
    microseconds: float
    roofline: float
    ratios: dict[str, float]


def measure_kernels(
    target: Target | str, cases: Iterable[Case], sizes: Sequence[str], peers: Sequence[str], threads: int, tell: Callable[[str], None]
) -> list[Figure]:
    """Measure cases. Raises WeftError `bench.result` where a peer's results differ."""
    keep_memory()
    with np.errstate(all="ignore"):
        return _measure_all(target, cases, sizes, peers, threads, tell)


def _measure_all(
    target: Target | str, cases: Iterable[Case], sizes: Sequence[str], peers: Sequence[str], threads: int, tell: Callable[[str], None]
) -> list[Figure]:
    prepared = [(case, size, _prepare(target, case, SIZES[size], peers, threads, tell)) for case in cases for size in sizes]
    figures: list[Figure] = []
    for case, size, job in prepared:
        tell(f"{case.kind}: {case.name}, {size}")
        figures.append(_measure(case, size, job))
    return figures


def select(pattern: str) -> list[Case]:
    """The cases whose kind or name contains one of the comma-separated words; all if there is none."""
    words = [w for w in pattern.split(",") if w]
    return [c for c in CASES if not words or any(w in f"{c.kind} {c.name}" for w in words)]


def keep_memory() -> None:
    """Have the C library keep memory that was freed, so that no peer pays for fresh pages at every call."""
    libc = ctypes.CDLL(None)
    trim_threshold, mmap_threshold = -1, -3
    libc.mallopt(mmap_threshold, 1 << 30)
    libc.mallopt(trim_threshold, (1 << 31) - 1)


@dataclass(frozen=True, slots=True)
class _Job:
    bytes: int
    weft: Callable[[], object]
    peers: dict[str, Callable[[], object]]


def _prepare(target: Target | str, case: Case, n: int, peers: Sequence[str], threads: int, tell: Callable[[str], None]) -> _Job:
    tell(f"compiling {case.name}")
    arrays = case.make(n)
    traced = function(lambda *xs: case.compute(wnp, *xs))
    run = VM(threads=threads).load(compile(traced.lower(*arrays), target))["main"]
    results = run(*arrays)
    results = results if isinstance(results, tuple) else (results,)
    # The peer's result is an array of its own at every call too: none has the advantage of memory that is there already.
    calls: dict[str, Callable[[], object]] = {}
    for peer in peers:
        call = _numpy(case, arrays) if peer == "numpy" else _torch(case, arrays, threads)
        if call is not None:
            _compare(case, peer, np.asarray(call()), results[0])
            calls[peer] = call
    total = sum(a.nbytes for a in (*arrays, *results))
    return _Job(total, lambda: run(*arrays), calls)


def _numpy(case: Case, arrays: Sequence[np.ndarray]) -> Callable[[], object]:
    return lambda: case.compute(np, *arrays)


def _torch(case: Case, arrays: Sequence[np.ndarray], threads: int) -> Callable[[], object] | None:
    torch = require("torch", "bench-train", "the comparison")
    torch.set_num_threads(threads)
    spelled = case.torch
    if spelled is None:
        return None
    tensors = [torch.from_numpy(a) for a in arrays]
    return lambda: spelled(torch, *tensors)


def _compare(case: Case, peer: str, theirs: np.ndarray, ours: np.ndarray) -> None:
    scale = float(np.abs(theirs[np.isfinite(theirs)].astype(np.float64)).max(initial=1.0))
    close = theirs.shape == ours.shape and np.allclose(
        theirs.astype(np.float64), ours.astype(np.float64), atol=_TOLERANCE * scale, equal_nan=True
    )
    if not close:
        raise fail("bench.result", f"{case.kind}, {case.name}: {peer} and weft have different results")


def _measure(case: Case, size: str, job: _Job) -> Figure:
    calls = {"weft": job.weft, "copy": _copy(job.bytes), **job.peers}
    counts = {name: max(1, ceil(_SECONDS / max(_seconds(call, 1), 1e-7))) for name, call in calls.items()}
    rounds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(_ROUNDS):
        for name, call in calls.items():
            rounds[name].append(_seconds(call, counts[name]))
    times = {name: median(found) for name, found in rounds.items()}
    ratios = {peer: times[peer] / times["weft"] for peer in job.peers}
    return Figure(case.kind, case.name, size, job.bytes, times["weft"] * 1e6, times["copy"] / times["weft"], ratios)


def _copy(total: int) -> Callable[[], object]:
    source, target = np.ones(max(1, total // 8), np.float32), np.empty(max(1, total // 8), np.float32)
    return lambda: np.copyto(target, source)


def _seconds(call: Callable[[], Any], count: int) -> float:
    start = perf_counter()
    for _ in range(count):
        call()
    return (perf_counter() - start) / count


def kernel_table(figures: Sequence[Figure], peers: Sequence[str]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| kind | what | size | µs | GB/s | of a copy | " + " | ".join(f"{p}'s time / weft's" for p in peers) + " |",
        "|---|---|---|---|---|---|" + "---|" * len(peers),
    ]
    for f in figures:
        ratios = " | ".join(f"{f.ratios[p]:.2f}" if p in f.ratios else "" for p in peers)
        speed = f.bytes / f.microseconds / 1e3
        lines.append(f"| {f.kind} | {f.name} | {f.size} | {f.microseconds:.1f} | {speed:.1f} | {f.roofline:.2f} | {ratios} |")
    return "\n".join(lines)
