"""Weights out of a module and into another, by way of a safetensors file."""

from pathlib import Path

import numpy as np
import pytest
from weft.compiler.ir.attrs import Tensor
from weft.compiler.ir.graph import Function, Module, Node, Region, module, tensor_type_of
from weft.compiler.weights import named_weights, with_weights
from weft.proto import safetensors
from weft.proto.errors import WeftError


def constant(array: np.ndarray, name: str) -> Node:
    return Node("constant", (), {"value": Tensor(array, name)}, (), (tensor_type_of(array),))


def net(scale: float = 1.0) -> Module:
    """add(w, w) and, inside a region, b; and a constant without a name."""
    w, b = constant(np.full((2, 3), scale, np.float32), "w"), constant(np.full(3, scale, np.float64), "b")
    unnamed = constant(np.ones(2), "")
    total = Node("add", (w.result, w.result), {}, (), w.types)
    owner = Node("map", (), {}, (Region((), (b,), (b.result,)),), b.types)
    return module(Function((), (w, unnamed, total, owner), (total.result, owner.result)))


def test_there_and_back(tmp_path: Path) -> None:
    safetensors.save(named_weights(net(2.0)), tmp_path / "w.safetensors")
    changed = with_weights(net(1.0), safetensors.load(tmp_path / "w.safetensors"))
    weights = named_weights(changed)
    assert weights.keys() == {"w", "b"}
    assert (weights["w"] == 2).all() and (weights["b"] == 2).all()
    w, _, total, _ = changed.main.nodes
    assert total.operands == (w.result, w.result) and changed.main.results[0] is total.result


def test_every_problem_is_told() -> None:
    with pytest.raises(WeftError) as e:
        with_weights(net(), {"w": np.zeros((3, 2), np.float32), "b": np.zeros(3, np.float32), "x": np.zeros(3)})
    assert [d.code for d in e.value.diagnostics] == ["weights.type", "weights.type", "weights.name"]
    assert "f64[3], not f32[3]" in str(e.value)


def test_one_name_for_two_weights() -> None:
    nodes = (constant(np.zeros(2), "w"), constant(np.ones(2), "w"))
    with pytest.raises(WeftError) as e:
        named_weights(module(Function((), nodes, ())))
    assert e.value.code == "weights.name"
