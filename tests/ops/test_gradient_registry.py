"""Every op of the registry against central differences in float64, forward and reverse, first and second order, and against JAX.

An op without samples says why it has no derivative; a new op is in one of the two lists, or this fails.
"""

import zlib
from collections.abc import Sequence

import numpy as np
import pytest
import weft
import weft.compiler.ops.helpers
from weft.compiler.autodiff import vjp
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.graph import Function, Value, function, module, param, tensor_type_of
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import OPS
from weft.compiler.verify import verify
from weft.proto.dtypes import F64, I8, I64

from .calls import results_of
from .gradient_samples import ELEMENTWISE, SAMPLES, WITHOUT, Build, Sample, body, call, pairs

STEP = 1e-6


def function_of(f: Build, arrays: Sequence[np.ndarray]) -> Function:
    params = [param(tensor_type_of(a), f"x{i}") for i, a in enumerate(arrays)]
    return function("main", params, results_of(f(*params)))


def is_float(x: np.ndarray) -> bool:
    return x.dtype.kind in "fc"


def like(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Random numbers of the shape of `x`, complex ones if it is."""
    found = rng.standard_normal(x.shape)
    return found + 1j * rng.standard_normal(x.shape) if x.dtype.kind == "c" else found


def moved(arrays: Sequence[np.ndarray], directions: Sequence[np.ndarray | None], scale: float) -> list[np.ndarray]:
    return [x if d is None else x + scale * d for x, d in zip(arrays, directions, strict=True)]


def differences(f: Function, arrays: Sequence[np.ndarray], directions: Sequence[np.ndarray | None]) -> list[np.ndarray]:
    """The derivatives of the floating results along the directions."""
    ahead, behind = (evaluate(f, *moved(arrays, directions, s)) for s in (STEP, -STEP))
    return [(a - b) / (2 * STEP) for a, b in zip(ahead, behind, strict=True) if is_float(a)]


def paired(xs: Sequence[np.ndarray], ys: Sequence[np.ndarray]) -> float:
    return sum(float((x * y).sum().real) for x, y in zip(xs, ys, strict=True))


def check_reverse(f: Function, arrays: Sequence[np.ndarray], rng: np.random.Generator, tolerance: float) -> Function:
    """The vjp of `f`, whose cotangents were compared with differences along one direction."""
    made = vjp(f)
    verify(module(f, made))
    outs = evaluate(f, *arrays)
    cts = [like(rng, y) for y in outs if is_float(y)]
    grads = evaluate(made, *arrays, *cts)[len(outs) :]
    directions = [like(rng, x) if is_float(x) else None for x in arrays]
    wanted = paired(cts, differences(f, arrays, directions))
    got = paired(grads, [d for d in directions if d is not None])
    assert got == pytest.approx(wanted, rel=tolerance, abs=tolerance)
    return made


def check_forward(build: Build, f: Function, arrays: Sequence[np.ndarray], rng: np.random.Generator, tolerance: float) -> None:
    """`weft.jvp` along one direction against differences."""
    directions = [like(rng, x) if is_float(x) else None for x in arrays]
    places = [i for i, d in enumerate(directions) if d is not None]
    kept = [i for i, y in enumerate(evaluate(f, *arrays)) if is_float(y)]

    def applied(*xs: weft.Tensor) -> tuple[weft.Tensor, ...]:
        whole = [weft.compiler.ops.helpers.const(x) for x in arrays]
        for i, x in zip(places, xs, strict=True):
            whole[i] = x.value
        outs = results_of(build(*whole))
        return tuple(weft.Tensor(None, outs[i]) for i in kept)

    got = weft.jvp(applied, tuple(arrays[i] for i in places), tuple(directions[i] for i in places))[1]
    for g, w in zip(got, differences(f, arrays, directions), strict=True):
        np.testing.assert_allclose(np.asarray(g), w, rtol=tolerance, atol=tolerance * max(1.0, float(np.abs(w).max(initial=0))))


def check(build: Build, arrays: Sequence[np.ndarray], rng: np.random.Generator, tolerance: float, second: bool = True) -> None:
    f = function_of(build, arrays)
    made = check_reverse(f, arrays, rng, tolerance)
    check_forward(build, f, arrays, rng, 10 * tolerance)
    if second:
        outs = [y for y in evaluate(f, *arrays) if is_float(y)]
        check_reverse(made, [*arrays, *(like(rng, y) for y in outs)], rng, 100 * tolerance)


def seeded(name: str, n: int = 0) -> np.random.Generator:
    return np.random.default_rng((zlib.crc32(name.encode()), n))


def test_every_op_is_checked_or_says_why_not() -> None:
    listed = [*ELEMENTWISE, *SAMPLES, *WITHOUT]
    assert len(listed) == len(set(listed))
    assert set(OPS) - set(listed) == set(), "enter a sample of these into gradient_samples.py, or into WITHOUT why they have no derivative"
    assert set(listed) - set(OPS) == set()


@pytest.mark.parametrize("shape", [(2, 3), (), (0, 3)])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name: str, shape: tuple[int, ...]) -> None:
    rng = seeded(name)
    draws, _ = ELEMENTWISE[name]
    check(call(name), [np.asarray(draw(rng, shape)) for draw in draws], rng, 1e-6)


@pytest.mark.parametrize(("name", "n"), [(name, n) for name, samples in SAMPLES.items() for n in range(len(samples))])
def test_samples(name: str, n: int) -> None:
    check_sample(name, SAMPLES[name][n], seeded(name, n))


def check_sample(name: str, sample: Sample, rng: np.random.Generator) -> None:
    for shapes in (sample.shapes, *sample.more):
        check(sample.build, sample.operands(rng, shapes), rng, sample.tolerance, sample.second)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_many_points_and_shapes(seed: int) -> None:
    for name, (draws, _) in ELEMENTWISE.items():
        rng = seeded(name, 100 + seed)
        shape = tuple(int(n) for n in rng.integers(0, 5, rng.integers(0, 4)))
        check(call(name), [np.asarray(draw(rng, shape)) for draw in draws], rng, 1e-5)
    for name, samples in SAMPLES.items():
        for n, sample in enumerate(samples):
            check_sample(name, sample, seeded(name, 100 * (seed + 1) + n))


def complexes(name: str) -> list[str]:
    """`name` if the op takes complex numbers."""
    draws, _ = ELEMENTWISE[name]
    try:
        function_of(call(name), [np.zeros(2, np.complex128)] * len(draws))
    except weft.WeftError:
        return []
    return [name]


@pytest.mark.parametrize("name", [n for name in ELEMENTWISE for n in complexes(name)])
def test_complex_numbers(name: str) -> None:
    rng = seeded(name, 1)
    draws, _ = ELEMENTWISE[name]
    arrays = [draw(rng, (2, 3)) + 1j * rng.uniform(0.2, 0.8, (2, 3)) for draw in draws]
    check(call(name), arrays, rng, 1e-6)


@pytest.mark.parametrize("name", [name for name, (_, lax) in ELEMENTWISE.items() if lax])
def test_elementwise_agrees_with_jax(name: str) -> None:
    jax = pytest.importorskip("jax")
    rng = seeded(name, 2)
    draws, lax = ELEMENTWISE[name]
    arrays = [np.asarray(draw(rng, (3, 4))) for draw in draws]
    with jax.enable_x64(True):
        g = getattr(jax.lax, lax)
        if name == "select":
            g = lambda p, x, y: jax.lax.select_n(p, y, x)  # noqa: E731 - the cases come the other way round
        y, pull = jax.vjp(g, *arrays)
        ct = like(rng, np.asarray(y))
        wanted = [np.asarray(w) for w, x in zip(pull(jax.numpy.asarray(ct)), arrays, strict=True) if is_float(x)]
    got = evaluate(vjp(function_of(call(name), arrays)), *arrays, ct)[1:]
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def refused() -> dict[str, Build]:
    """Calls of the ops that are refused, as far as a graph to be differentiated can have them."""
    scales = {"scales": (0.1,), "zero_points": (0,)}

    def quantized(x: Value) -> Value:
        i = OPS["uniform_quantize"](x, **scales, result=TensorType(I8, x.shape))
        return OPS["uniform_dequantize"](OPS["reshape"](i, result=i.type), **scales, result=x.type)

    def bits(x: Value) -> Value:
        return OPS["bitcast_convert"](OPS["bitcast_convert"](x, result=TensorType(I64, x.shape)), result=x.type)

    def held(x: Value) -> Value:
        return OPS["get_tuple_element"](OPS["tuple"](x, x), index=1)

    nexts = {f"weft.{name}": lambda x, name=name: OPS[f"weft.{name}"](x, x) for name in ("next_after", "broadcast_next_after")}
    return {"uniform_quantize": quantized, "uniform_dequantize": quantized, "bitcast_convert": bits, "tuple": held, **nexts}


@pytest.mark.parametrize("name", refused())
def test_what_has_no_derivative_is_refused(name: str) -> None:
    with pytest.raises(weft.WeftError) as e:
        vjp(function_of(refused()[name], [np.ones(3)]))
    assert e.value.code == "grad.opaque"
    # Without anything to differentiate by there is nothing to refuse.
    evaluate(vjp(function_of(lambda x, y: (refused()[name](OPS["weft.stop_gradient"](x)), y), [np.ones(3)] * 2)), *[np.ones(3)] * 4)


def test_random_numbers_move_with_their_bounds() -> None:
    """y = a + u · (b - a) for the same u: the cotangents of the bounds sum to that of y."""

    def drawn(low: Value, high: Value) -> Value:
        shape = weft.compiler.ops.helpers.const(np.array([5]))
        return OPS["rng"](low, high, shape, rng_distribution="UNIFORM", result=TensorType(F64, (5,)))

    f = vjp(function_of(drawn, [np.asarray(1.0), np.asarray(3.0)]))
    y, low, high = evaluate(f, np.asarray(1.0), np.asarray(3.0), np.ones(5))
    np.testing.assert_allclose([low + high, low + 3 * high], [5, y.sum()])


def test_operands_that_are_one_another() -> None:
    """An operand that stands twice, or is computed from another one, counts once for each way."""
    rng = seeded("operands")
    x = rng.uniform(0.3, 1.2, (3, 4))
    check(lambda x: OPS["weft.broadcast_multiply"](x, x), [x], rng, 1e-6)
    check(lambda x: OPS["weft.broadcast_power"](x, OPS["sine"](x)), [x], rng, 1e-6)

    def normalized(x: Value) -> Value:
        mean = OPS["reduce"](x, weft.compiler.ops.helpers.const(0.0), dimensions=(0,), body=body("add"))
        return OPS["batch_norm_inference"](x, mean, mean, mean, OPS["multiply"](mean, mean), epsilon=0.1, feature_index=1)

    check(normalized, [x], rng, 1e-6)
    check(lambda x: OPS["reduce"](x, x, s := weft.compiler.ops.helpers.const(0.5), s, dimensions=(0,), body=pairs()), [x], rng, 1e-6)
