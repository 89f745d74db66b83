"""Computations referred to: functions of the module, host functions, and the fused regions that become kernels."""

import re
from collections.abc import Callable

import numpy as np

from ...proto.errors import check, fail
from ...vm import host
from ..ir.attrs import Attr, Dict, Symref
from ..ir.graph import Region
from ..ir.types import TensorType, TokenType, Type
from .bodies import check_region, listed
from .registry import define
from .values import TOKEN, Data


def _infer_call(*operands: Type, callee: Symref, results: tuple[Type, ...]) -> tuple[Type, ...]:
    return results


call = define(
    "call",
    doc="""The results of a function of the module.

    What `verify` checks of the module: C1: the function exists. C2: operands and results have its types (each function has
    symbols of its own). C3: no function calls itself, directly or not.""",
    infer=_infer_call,
    traits=("call",),
)


def _infer_composite(
    *inputs: Type,
    name: str,
    composite_attributes: Dict = Dict(()),
    decomposition: Symref,
    version: int = 0,
    results: tuple[Type, ...],
) -> tuple[Type, ...]:
    namespaced = re.fullmatch(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+", name) is not None
    check(namespaced, "composite.C1", f"`name` must be an op name with a namespace, like `acme.op`, got {name!r}")
    check(version >= 0, "composite.version", f"`version` must not be negative, got {version}")
    return results


composite = define(
    "composite",
    doc="""An op of a library, given by name, attributes and version; it means the same as its decomposition, a function of the module.

    C1: the name is namespaced. What `verify` checks of the module: C2: the decomposition exists. C3, C4: inputs and results have
    its types.""",
    infer=_infer_composite,
    traits=("call",),
)


def _infer_custom_call(
    *inputs: Type,
    call_target_name: str,
    has_side_effect: bool = False,
    backend_config: str | Dict | None = "",
    api_version: int = 1,
    called_computations: tuple[Symref, ...] = (),
    operand_layouts: tuple[Attr, ...] | None = None,
    result_layouts: tuple[Attr, ...] | None = None,
    results: tuple[Type, ...],
) -> tuple[Type, ...]:
    check(call_target_name != "", "custom_call.I2", "`call_target_name` must not be empty")
    function = host.TABLE.get(call_target_name)
    if function is None:
        return results  # Somebody else's: it can be looked at, not run.
    attributes = host.parse_attributes(_json(backend_config))
    tensors = [t for t in inputs if isinstance(t, TensorType)]
    count = f"the host function `{call_target_name}` takes {function.operands} operands, got {listed(tensors)}"
    check(function.operands in (None, len(tensors)), "custom_call.C1", count)
    try:
        returned = function.results(attributes, *(host.ArrayType(t.dtype, t.shape) for t in tensors))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise fail("custom_call.I4", f"`backend_config` does not suit the host function `{call_target_name}`: {error!r}") from error
    expected = [TensorType(t.dtype, t.shape) for t in returned if isinstance(t, host.ArrayType)]
    given = [t for t in results if isinstance(t, TensorType)]
    check(given == expected, "custom_call.C2", f"`{call_target_name}` returns {listed(expected)}, results are given as {listed(given)}")
    return results


def _json(backend_config: str | Dict | None) -> str:
    return backend_config if isinstance(backend_config, str) else ""


def _reference_custom_call(
    *inputs: Data, call_target_name: str, backend_config: str | Dict | None = "", results: tuple[Type, ...], **_: object
) -> tuple[Data, ...]:
    function = host.lookup(call_target_name)
    arrays = [x for x in inputs if isinstance(x, np.ndarray)]
    found = iter(function.call(host.parse_attributes(_json(backend_config)), *arrays))
    return tuple(TOKEN if isinstance(t, TokenType) else next(found) for t in results)


custom_call = define(
    "custom_call",
    doc="""A host function, from the closed list in `vm.host`; its attributes are the JSON object in `backend_config`.

    A target that is not in the list can be kept in a graph but not run. Tokens only order the call. I2: a target is named. I4:
    `backend_config` suits it. C1: it has the host function's number of operands. C2: and its result types.""",
    infer=_infer_custom_call,
    reference=_reference_custom_call,
)


def _infer_fusion(*operands: Type, kind: str, body: Region) -> tuple[Type, ...]:
    check_region(body, operands, None, "weft.fusion.C1", "`body`")
    return body.result_types


def _reference_fusion(*operands: Data, kind: str, body: Callable[..., tuple[Data, ...]]) -> tuple[Data, ...]:
    return body(*operands)


fusion = define(
    "weft.fusion",
    doc="""The nodes of one kernel: results are those of `body`; `kind` names the schedule it was clustered for.

    C1: `body` takes the operands.""",
    infer=_infer_fusion,
    reference=_reference_fusion,
    regions=("body",),
)
