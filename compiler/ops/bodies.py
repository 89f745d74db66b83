"""Regions of scalars that ops fold, map, compare and scatter with: what they must look like, and what they are known to compute."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ...proto.dtypes import DType, Kind
from ...proto.errors import check
from ..ir.graph import Region
from ..ir.types import TensorType, Type


class Body(Protocol):
    """A region as the references see it: a function of arrays.

    A region of scalar parameters may also be called with arrays of one shape; it is then applied to every element.
    """

    @property
    def region(self) -> Region: ...

    def __call__(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]: ...


MONOIDS = {
    "add": "add",
    "multiply": "mul",
    "minimum": "min",
    "maximum": "max",
    "and": "and",
    "or": "or",
    "xor": "xor",
}


def monoids_of(region: Region) -> tuple[str, ...] | None:
    """What a region of 2N scalars computes if result k is a standard monoid of parameters k and N+k, else None.

    The monoids: add, mul, min, max, and, or, xor.
    """
    n = len(region.results)
    if len(region.params) < 2 * n:
        return None
    found: list[str] = []
    for k, v in enumerate(region.results):
        if v.op not in MONOIDS or v.node is None or set(v.node.operands) != {region.params[k], region.params[n + k]}:
            return None
        if v.dtype.is_complex and v.op in ("minimum", "maximum"):  # without a neutral element
            return None
        found.append(MONOIDS[v.op])
    return tuple(found)


def monoid_of(region: Region) -> str | None:
    """The monoid a region of two scalars computes (`monoids_of` for one result), or None."""
    found = monoids_of(region) if len(region.results) == 1 else None
    return found[0] if found else None


def region_of(body: object) -> Region | None:
    """The region behind a callable given to a reference; None for a plain function."""
    region = getattr(body, "region", None)
    return region if isinstance(region, Region) else None


def identity_of(monoid: str, dtype: DType) -> bool | int | float | complex:
    """The neutral element of a monoid for a dtype."""
    if dtype.is_bool:
        return monoid in ("and", "min", "mul")
    match monoid:
        case "add" | "or" | "xor":
            return 0
        case "mul":
            return 1
        case "and":
            return -1 if dtype.is_signed else (1 << dtype.bits) - 1
        case "min" | "max" if dtype.is_float:
            return np.inf if monoid == "min" else -np.inf
        case "min" | "max" if dtype.is_int:
            lo, hi = (-(1 << dtype.bits - 1), (1 << dtype.bits - 1) - 1) if dtype.is_signed else (0, (1 << dtype.bits) - 1)
            return hi if monoid == "min" else lo
        case _:
            raise ValueError(f"{monoid} has no neutral element for {dtype}")


def is_promotable(x: DType, y: DType) -> bool:
    """StableHLO's `is_promotable`: the same kind of number, and not narrower."""
    return x == y or (x.kind is y.kind and x.kind is not Kind.STRING and x.bits <= y.bits)


def listed(types: Sequence[Type]) -> str:
    """Types for a message."""
    return f"({', '.join(map(str, types))})"


def check_region(region: Region, params: Sequence[Type], results: Sequence[Type] | None, code: str, what: str) -> None:
    """A region must take `params` and, unless that is None, return `results`."""
    have = tuple(p.type for p in region.params)
    check(have == tuple(params), code, f"{what} must take {listed(params)}, takes {listed(have)}", help="pass outer values as captures")
    if results is not None:
        check(region.result_types == tuple(results), code, f"{what} must return {listed(results)}, returns {listed(region.result_types)}")


def check_fold(region: Region, inputs: Sequence[TensorType], code: str) -> tuple[DType, ...]:
    """The element types E of a folding body `(E..., E...) -> E...`, each promotable from the input's."""
    n = len(inputs)
    for t in region.result_types:
        check(isinstance(t, TensorType) and t.rank == 0, code, f"`body` must return scalars, returns {listed(region.result_types)}")
    check(len(region.results) == n, code, f"`body` must return {n} scalars, returns {listed(region.result_types)}")
    check_region(region, (*region.result_types, *region.result_types), None, code, "`body`")
    dtypes = tuple(v.dtype for v in region.results)
    for x, e in zip(inputs, dtypes, strict=True):
        check(is_promotable(x.dtype, e), code, f"`body` folds {e}, to which {x.dtype} cannot be promoted")
    return dtypes
