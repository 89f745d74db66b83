"""What other frontends' texts say beside StableHLO: calls by name, the check dialect of StableHLO's tests."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..attrs import Attr, Dict
from ..types import TensorType, Type

# Checks, and how many tensors each compares; `…_const` has one of them as an attribute.
CHECKS = {
    "check.expect_eq": 2,
    "check.expect_eq_const": 1,
    "check.expect_almost_eq": 2,
    "check.expect_almost_eq_const": 1,
    "check.expect_close": 2,
}
HostCall = tuple[str, dict[str, Any], bool]


def host_call_of(attrs: Mapping[str, Attr], operands: Sequence[Type], results: Sequence[Type]) -> HostCall | None:
    """The host function that a `custom_call` stands for, its attributes, and whether it has an effect; None if weft knows none."""
    target = attrs.get("call_target_name")
    if not isinstance(target, str):
        return None
    if target == "shape_assertion":
        return target, {"message": attrs.get("error_message", "")}, True
    if target in CHECKS:
        wanted = ("tolerance", "min_ulp_difference", "max_ulp_difference")
        return target.removesuffix("_const"), {k: v for k, v in attrs.items() if k in wanted and isinstance(v, int | float)}, True
    config = attrs.get("mhlo.backend_config")
    if target.startswith("lapack_") and target.endswith("_ffi"):
        routine = target.removeprefix("lapack_").removesuffix("_ffi")[1:]
        given = {k: v for k, v in config.items if isinstance(v, bool | int)} if isinstance(config, Dict) else {}
        if routine == "gesdd" and given.get("mode") == ord("N"):
            given["mode"] = ord("A" if _has_all_vectors(operands, results) else "S")
        return f"lapack_{routine}", given, False
    return None


def _has_all_vectors(operands: Sequence[Type], results: Sequence[Type]) -> bool:
    """Whether a singular value decomposition has room for all vectors: where none are wanted, only the types of its results tell it."""
    match operands, results:
        case [TensorType(shape=(*_, m, n))], [_, _, TensorType(shape=(*_, left)), TensorType(shape=(*_, right, _)), _]:
            return (left, right) == (m, n)
        case _:
            return False
