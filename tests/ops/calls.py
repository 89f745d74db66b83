"""Calls of ops with regions, checked from three sides: inference, elements one by one, and StableHLO's own interpreter."""

from collections.abc import Callable

import numpy as np
import pytest
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import Node, Region, Value, function, module, param, region, tensor_type_of
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import OPS, op_of
from weft.compiler.verify import verify
from weft.proto.dtypes import F32, DType
from weft.proto.errors import WeftError

from . import stablehlo
from .elements import ScalarBuilder

Build = Callable[..., Value | tuple[Value, ...]]


def scalar(dtype: DType) -> TensorType:
    """The type of one element."""
    return TensorType(dtype, ())


def body(name: str, dtype: DType = F32, **attrs: object) -> Region:
    """A region of two scalars that is one op."""
    params = [param(scalar(dtype)) for _ in range(2)]
    return region(params, [OPS[name](*params, **attrs)])


def scalars(f: Callable[..., Value | tuple[Value, ...]], *dtypes: DType) -> Region:
    """The region `f` of scalars of these types."""
    params = [param(scalar(d)) for d in dtypes]
    built = f(*params)
    return region(params, built if isinstance(built, tuple) else (built,))


def results_of(built: Value | tuple[Value, ...]) -> tuple[Value, ...]:
    return built if isinstance(built, tuple) else (built,)


def run(build: Build, *arrays: np.ndarray) -> list[np.ndarray]:
    """The results of what `build` makes of parameters for the arrays; the module is verified on the way."""
    params = [param(tensor_type_of(a)) for a in arrays]
    m = module(function("main", params, results_of(build(*params))))
    verify(m)
    return evaluate(m, *arrays)


def check(build: Build, *arrays: np.ndarray, rtol: float = 0, oracle: bool = True) -> list[np.ndarray]:
    """Run one op and compare with its elements (where it has any) and with StableHLO's interpreter; returns the results."""
    got = run(build, *arrays)
    params = tuple(param(tensor_type_of(a)) for a in arrays)
    node = results_of(build(*params))[0].node
    assert node is not None
    if op_of(node).element is not None:
        check_elements(node, params, list(arrays), got, rtol)
    if oracle:
        for r, want in zip(got, stablehlo.evaluate(node, params, list(arrays)), strict=True):
            close(r, want, rtol)
    return got


def check_elements(node: Node, params: tuple[Value, ...], arrays: list[np.ndarray], got: list[np.ndarray], rtol: float) -> None:
    builder = ScalarBuilder(dict(zip(params, arrays, strict=True)))
    index = tuple(symbol(f"i{k}", 0, n - 1) for k, n in enumerate(got[0].shape))
    places = list(np.ndindex(got[0].shape))
    places = places[:: max(1, len(places) // 25)]
    found: list[list[np.ndarray]] = [[] for _ in got]
    for at in places:
        builder.env = {f"i{k}": i for k, i in enumerate(at)}
        elements = builder.node(node, index)
        for row, e in zip(found, elements if isinstance(elements, tuple) else (elements,), strict=True):
            row.append(np.asarray(e))
    for row, r in zip(found, got, strict=True):
        if row:
            close(np.stack(row), np.stack([r[at] for at in places]), rtol)


def close(x: np.ndarray, y: np.ndarray, rtol: float) -> None:
    """The same dtype, shape and, to a relative precision of the largest value, numbers."""
    assert (x.dtype, x.shape) == (y.dtype, y.shape)
    wide = np.complex128 if x.dtype.kind == "c" else np.float64
    if x.dtype.kind in "biu":
        np.testing.assert_array_equal(x, y)
        return
    with np.errstate(all="ignore"):
        a, b = x.astype(wide), y.astype(wide)
    largest = float(np.abs(b[np.isfinite(b)]).max(initial=0))
    np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * largest, equal_nan=True)


def rejects(code: str, build: Callable[[], object]) -> None:
    """Building the node fails with `code`."""
    with pytest.raises(WeftError) as e:
        build()
    assert e.value.code == code, str(e.value)
