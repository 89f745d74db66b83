"""Variants of the cases of the ONNX suite: the same operators under other names, on other values and sizes.

What a variant gives is computed by ONNX's own reference evaluator. Sizes and values are changed without knowing the operator, so some
variants make no sense; those the reference refuses. In open variants a size is left to the run.
"""

import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, GraphProto, ModelProto, TensorProto, numpy_helper
from onnx.backend.test.case.test_case import TestCase
from onnx.reference import ReferenceEvaluator

Sizes = Callable[[int], int]


@dataclass(frozen=True)
class Variant:
    """A model, its inputs and the results ONNX's reference gives, in the order of the graph's."""

    name: str
    model: ModelProto
    inputs: list[Any]
    results: list[Any]
    rtol: float
    atol: float


def variants_of(case: TestCase) -> Iterator[Variant]:
    """One variant with other sizes, where some make sense, and one with other values."""
    rng = np.random.default_rng(zlib.crc32(case.name.encode()))
    inputs = [_plain(v) for v in case.data_sets[0][0]]
    for label, sizes in (("doubled", lambda d: 2 * d), ("grown", lambda d: d + 2), ("batch", None)):
        other = [_resized(v, sizes, rng) if sizes else _batched(v, rng) for v in inputs]
        found = _variant(case, label, other)
        if found:
            yield found
            break
    found = _variant(case, "values", [_redrawn(v, rng) for v in inputs])
    if found:
        yield found
    found = _open(case)
    if found:
        yield found


def _open(case: TestCase) -> Variant | None:
    """The case as it is, compiled for any size of the first input's first dim, and of every dim that is as long."""
    model = renamed(case.model)
    inputs, results = ([_plain(v) for v in values] for values in case.data_sets[0])
    size = next((v.shape[0] for v in inputs if not _is_small(v)), 1)
    if size == 1:
        return None
    for info, value in zip(model.graph.input, inputs, strict=True):
        for dim in info.type.tensor_type.shape.dim if not _is_small(value) else ():
            if dim.dim_value == size:
                dim.dim_param = "size"
    return Variant(f"{case.name}-open", model, inputs, results, case.rtol, case.atol)


def _variant(case: TestCase, label: str, inputs: list[Any]) -> Variant | None:
    """The case with these inputs and other names, or None if they are the old ones or the reference does not take them."""
    old = [_plain(v) for v in case.data_sets[0][0]]
    if all(a is b for a, b in zip(old, inputs, strict=True)):
        return None
    model = renamed(case.model)
    for info, value in zip(model.graph.input, inputs, strict=True):
        _set_shape(info.type, value)
    for info in model.graph.output:
        if info.type.HasField("tensor_type"):
            info.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
            feeds = {i.name: v for i, v in zip(model.graph.input, inputs, strict=True)}
            results = [_objects(r) for r in ReferenceEvaluator(model).run(None, feeds)]
    except Exception:  # noqa: BLE001 - whatever the reference raises, it does not take this variant
        return None
    return Variant(f"{case.name}-{label}", model, inputs, results, case.rtol, case.atol)


def renamed(model: ModelProto) -> ModelProto:
    """The model with other names for its graph, nodes, values and symbolic dims."""
    copy = ModelProto()
    copy.CopyFrom(model)
    _rename(copy.graph, {}, "g")
    return copy


def _rename(graph: GraphProto, names: dict[str, str], prefix: str) -> None:
    def new(name: str) -> str:
        return names.setdefault(name, f"{prefix}{len(names)}") if name else ""

    graph.name = prefix
    for info in (*graph.input, *graph.output, *graph.value_info):
        info.name = new(info.name)
        for dim in info.type.tensor_type.shape.dim if info.type.HasField("tensor_type") else ():
            if dim.dim_param:
                dim.dim_param = f"dim_{dim.dim_param}"
    for tensor in graph.initializer:
        tensor.name = new(tensor.name)
    for i, node in enumerate(graph.node):
        node.name = f"{prefix}n{i}"
        node.input[:] = [new(n) for n in node.input]
        node.output[:] = [new(n) for n in node.output]
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                _rename(attribute.g, names, f"{prefix}{i}")


def _plain(value: Any) -> Any:
    if isinstance(value, TensorProto):
        return numpy_helper.to_array(value)
    return np.asarray(value) if isinstance(value, np.generic) else value


def _objects(value: Any) -> Any:
    """Arrays of strings as arrays of objects, which ONNX's cases have them as."""
    return value.astype(object) if isinstance(value, np.ndarray) and value.dtype.kind in "US" else value


def _set_shape(type: onnx.TypeProto, value: Any) -> None:
    if isinstance(value, np.ndarray) and type.HasField("tensor_type"):
        shape = type.tensor_type.shape
        del shape.dim[:]
        shape.dim.extend(onnx.TensorShapeProto.Dimension(dim_value=d) for d in value.shape)
        shape.SetInParent()


def _is_small(value: Any) -> bool:
    """Whether an input may be a shape, axes, a scale …: it stays."""
    return not isinstance(value, np.ndarray) or value.ndim == 0 or value.size == 0 or (value.dtype == np.int64 and value.ndim == 1)


def _resized(value: Any, sizes: Sizes, rng: np.random.Generator) -> Any:
    """An array of another size, with elements of the old one; dims of size 1 stay."""
    if _is_small(value):
        return value
    return _drawn(value, tuple(d if d == 1 else sizes(d) for d in value.shape), rng)


def _batched(value: Any, rng: np.random.Generator) -> Any:
    """Three times as long in the first dim."""
    return value if _is_small(value) else _drawn(value, (3 * value.shape[0], *value.shape[1:]), rng)


def _redrawn(value: Any, rng: np.random.Generator) -> Any:
    return value if _is_small(value) else _drawn(value, value.shape, rng)


def _drawn(value: np.ndarray, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Elements of `value` in any order, floats scaled a little; whole numbers may be indices and stay whole."""
    drawn = rng.choice(value.reshape(-1), shape)
    if value.dtype.kind in "fc" and (value != np.trunc(value.real)).any():
        drawn = drawn * rng.uniform(0.75, 1.0, shape).astype(value.real.dtype)
    return np.asarray(drawn).astype(value.dtype)
