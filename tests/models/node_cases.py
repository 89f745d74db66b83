"""The test cases of single operators that come with the onnx package: a model, inputs, and the results ONNX's authors expect."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import onnx
import weft
from onnx import TensorProto, numpy_helper
from weft.compiler.ir.types import TensorType, Type
from weft.frontends.onnx import from_model

# Operators whose results are up to chance: of these the types are compared.
_RANDOM = {"Bernoulli", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial"}
_LARGEST_SHAPE = 64  # elements of an input that may be a shape, axes, a scale …


@dataclass(frozen=True)
class Case:
    """One model with one set of inputs and results, in the order of the graph's; what is no tensor is a list or None."""

    name: str
    model: onnx.ModelProto
    inputs: tuple[object, ...]
    results: tuple[object, ...]
    rtol: float
    atol: float

    def module(self) -> weft.Module:
        """The imported model, with all inputs as they are in the case: shapes, axes, sizes too."""
        return from_model(self.model)

    def with_constants(self) -> onnx.ModelProto:
        """The model with its small inputs made constants."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        for info, value in zip(list(model.graph.input), self.inputs, strict=False):
            if isinstance(value, np.ndarray) and value.ndim <= 1 and value.size <= _LARGEST_SHAPE and value.dtype != object:
                model.graph.initializer.append(numpy_helper.from_array(value, info.name))
                model.graph.input.remove(info)
        return model

    def feeds(self, module: weft.Module) -> dict[str, object]:
        """The inputs of the imported model by name, in its own element types (onnx gives those of narrow types as others)."""
        named = dict(zip((i.name for i in self.model.graph.input), self.inputs, strict=False))
        params = zip(module.main.param_names, module.main.params, strict=True)
        return {name: _as(named[name], p.type) for name, p in params}

    def check(self, results: Sequence[object]) -> None:
        """Assert that results are what is expected; bfloat16 up to the last two bits."""
        for got, want in zip(results, self.results, strict=True):
            self._check(got, want)

    def _check(self, got: object, want: object) -> None:
        if want is None or isinstance(want, list):
            assert type(got) is type(want), f"{got} instead of {want}"
            for g, w in zip(got or (), want or (), strict=True):  # type: ignore[call-overload]
                self._check(g, w)
            return
        want = np.asarray(want)
        assert isinstance(got, np.ndarray) and (got.shape, got.dtype) == (want.shape, want.dtype), f"{got} instead of {want}"
        if got.dtype == object:
            assert (got == want).all()
            return
        if any(node.op_type in _RANDOM for node in self.model.graph.node):
            return
        wide = np.complex128 if got.dtype.kind == "c" else np.float64
        rtol = max(self.rtol, 2.0**-6) if got.dtype.name == "bfloat16" else self.rtol
        exact = want.astype(wide)
        # What is expected was rounded on the way, too: a few units of f32 of its largest element.
        atol = max(self.atol, 2.0**-21 * float(np.abs(exact, where=np.isfinite(exact), out=np.zeros(exact.shape)).max(initial=0)))
        np.testing.assert_allclose(got.astype(wide), exact, rtol=rtol, atol=atol)


def _as(value: object, t: Type) -> object:
    return np.asarray(value).astype(t.dtype.numpy, copy=False) if isinstance(t, TensorType) else value


@cache
def node_cases() -> tuple[Case, ...]:
    """All of them; takes a few seconds."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        return tuple(
            Case(case.name, case.model, tuple(map(_array, inputs)), tuple(map(_array, results)), case.rtol, case.atol)
            for case in collect_testcases(None)
            for inputs, results in case.data_sets or ()
        )


def _array(value: object) -> object:
    if isinstance(value, TensorProto):
        return numpy_helper.to_array(value)
    return np.asarray(value) if isinstance(value, np.generic) else value
