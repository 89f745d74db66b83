"""Computations referred to: functions of the module, host functions, and the fused regions that become kernels."""

import re
from collections.abc import Callable

from ...proto.errors import WeftError, check, fail
from ...vm import host
from ..ir.attrs import Attr, Dict, Symref
from ..ir.dims import Dim, Expr
from ..ir.graph import Region
from ..ir.types import ANY_DIM, MapType, OptionalType, SequenceType, TensorType, TokenType, TupleType, Type, UnrankedTensorType
from .bodies import check_region, listed
from .dynamic import check_symbols
from .gradients.decompositions import host_grad
from .registry import define
from .values import TOKEN, Data, Token


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
    symbols: tuple[Expr | int, ...] = (),
    results: tuple[Type, ...],
) -> tuple[Type, ...]:
    check(call_target_name != "", "custom_call.I2", "`call_target_name` must not be empty")
    check_symbols(symbols, "custom_call.C3")
    function = host.find(call_target_name)
    if function is None:
        return results  # Somebody else's: it can be looked at, not run.
    attributes = host.parse_attributes(_json(backend_config))
    values = [t for t in inputs if not isinstance(t, TokenType)]
    count = f"the host function `{call_target_name}` takes {function.operands} operands, got {listed(values)}"
    check(function.operands in (None, len(values)), "custom_call.C1", count)
    types = [value_type(t) for t in values]
    try:
        returned = function.promise(attributes, types)
    except WeftError as error:
        raise fail("custom_call.I4", error.diagnostics[0].message) from error
    given = [t for t in results if not isinstance(t, TokenType)]
    good = len(given) == len(returned) and all(_suits(t, r, symbols) for t, r in zip(given, returned, strict=True))
    fact = f"`{call_target_name}` returns ({', '.join(map(_described, returned))}), results are given as {listed(given)}"
    check(good, "custom_call.C2", fact)
    return results


def value_type(t: Type) -> host.ValueType:
    """A type as host functions speak of it; `WeftError` `custom_call.I1` if they do not."""
    match t:
        case TensorType(dtype, shape):
            return host.ArrayType(dtype, tuple(None if d == ANY_DIM else d for d in shape))
        case UnrankedTensorType(dtype):
            return host.UnrankedType(dtype)
        case SequenceType(element):
            return host.SequenceType(value_type(element))
        case OptionalType(element):
            return host.OptionalType(value_type(element))
        case MapType(key, value):
            return host.MapType(key, value_type(value))
        case TokenType() | TupleType():
            raise fail("custom_call.I1", f"a host function takes no {t}")


def _suits(declared: Type, returned: host.ValueType, symbols: tuple[Dim, ...]) -> bool:
    """Whether a result may be declared so: dims that the host function knows are those, unless a symbol is defined in their place."""
    if not isinstance(declared, TensorType) or not isinstance(returned, host.ArrayType):
        return host.compatible(value_type(declared), returned)
    same = declared.dtype == returned.dtype and declared.rank == len(returned.shape)
    return same and all(r is None or d == r or d in symbols for d, r in zip(declared.shape, returned.shape, strict=True))


def _described(t: host.ValueType) -> str:
    match t:
        case host.ArrayType(dtype, shape):
            dims = "".join("?x" if d is None else f"{d}x" for d in shape)
            return f"tensor<{dims}{dtype.name}>"
        case _:
            return str(t)


def _json(backend_config: str | Dict | None) -> str:
    return backend_config if isinstance(backend_config, str) else ""


def _reference_custom_call(
    *inputs: Data, call_target_name: str, backend_config: str | Dict | None = "", results: tuple[Type, ...], **_: object
) -> tuple[Data, ...]:
    function = host.lookup(call_target_name)
    values = [x for x in inputs if not isinstance(x, Token)]
    found = iter(function.run(host.parse_attributes(_json(backend_config)), values))
    return tuple(TOKEN if isinstance(t, TokenType) else next(found) for t in results)


custom_call = define(
    "custom_call",
    doc="""A host function, from the closed list in `vm.host`; its attributes are the JSON object in `backend_config`.

    A target that is not in the list can be kept in a graph but not run. Tokens only order the call. `symbols` are those that the result
    types define, where a size is known to data alone. I1: no tuples. I2: a target is named. I4: operands and `backend_config` suit it.
    C1: it has the host function's number of operands. C2: and its result types, perhaps with symbols for dims. C3: `symbols` are plain.""",
    infer=_infer_custom_call,
    reference=_reference_custom_call,
    grad=host_grad,
    traits=("symbols",),
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
