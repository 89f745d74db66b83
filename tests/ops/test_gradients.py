"""Gradients of ops against finite differences in float64, first and second order, and against JAX for complex numbers and ties."""

import json
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from weft.compiler.autodiff import gradient, vjp
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.attrs import ConvDims, DotDims, GatherDims, ScatterDims
from weft.compiler.ir.graph import Function, Region, Value, function, module, param, region, tensor_type_of
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.contraction import dot
from weft.compiler.ops.convolution import conv
from weft.compiler.ops.helpers import const
from weft.compiler.ops.registry import OPS, op_of
from weft.compiler.verify import verify
from weft.proto.dtypes import F64, I64
from weft.proto.errors import WeftError

from .calls import body, results_of

Build = Callable[..., Value | tuple[Value, ...]]


def build(f: Build, arrays: Sequence[np.ndarray]) -> Function:
    params = [param(tensor_type_of(a), f"x{i}") for i, a in enumerate(arrays)]
    return function("main", params, results_of(f(*params)))


def is_float(x: np.ndarray) -> bool:
    return x.dtype.kind in "fc"


def check_vjp(f: Function, arrays: Sequence[np.ndarray], seed: int = 0, tolerance: float = 1e-6) -> Function:
    """The derivative along a random direction, by `vjp` and by central differences; the vjp's function."""
    rng = np.random.default_rng(seed)
    made = vjp(f)
    verify(module(f, made))
    outs = evaluate(f, *arrays)
    cts = [rng.standard_normal(y.shape) for y in outs if is_float(y)]
    grads = evaluate(made, *arrays, *cts)[len(outs) :]
    directions = [rng.standard_normal(x.shape) if is_float(x) else None for x in arrays]
    step = 1e-6

    def along(scale: float) -> float:
        moved = [x if d is None else x + scale * d for x, d in zip(arrays, directions, strict=True)]
        ys = [y for y in evaluate(f, *moved) if is_float(y)]
        return sum(float((ct * y).sum()) for ct, y in zip(cts, ys, strict=True))

    wanted = (along(step) - along(-step)) / (2 * step)
    got = sum(float((g * d).sum()) for g, d in zip(grads, (d for d in directions if d is not None), strict=True))
    assert got == pytest.approx(wanted, rel=tolerance, abs=tolerance)
    return made


def check_both(f: Build, *arrays: np.ndarray) -> None:
    """First order, and the vjp of the vjp."""
    made = check_vjp(build(f, arrays), arrays)
    rng = np.random.default_rng(9)
    cts = [rng.standard_normal(p.tensor.static_shape) for p in made.params[len(arrays) :]]
    check_vjp(made, [*arrays, *cts], 1, 1e-4)


def a(*shape: int, seed: int = 1, low: float = 0.2, high: float = 1.7) -> np.ndarray:
    return np.random.default_rng((seed, *shape)).uniform(low, high, shape)


UNARY = [
    "abs", "sqrt", "rsqrt", "cbrt", "exponential", "exponential_minus_one", "log", "log_plus_one", "logistic", "tanh", "sine", "cosine",
    "tan", "negate", "weft.erf",
]  # fmt: skip
BINARY = ["add", "subtract", "multiply", "divide", "remainder", "power", "maximum", "minimum", "atan2"]


@pytest.mark.parametrize("name", UNARY)
def test_unary(name: str) -> None:
    check_both(OPS[name], a(3, 4) * np.where(a(3, 4, seed=2) > 1, -1, 1) if name in ("abs", "negate", "tanh", "sine") else a(3, 4))


@pytest.mark.parametrize("name", BINARY)
def test_binary(name: str) -> None:
    check_both(OPS[name], a(3, 4), a(3, 4, seed=7))


def test_power_at_the_edges() -> None:
    """x^0 and 0^y: no NaN from log(0) or from 0^-1."""
    f = build(OPS["power"], [a(4), a(4)])
    grads = evaluate(vjp(f), np.array([0.0, 2.0, 0.0, 3.0]), np.array([2.0, 0.0, 1.0, 2.0]), np.ones(4))[1:]
    np.testing.assert_allclose(grads[0], [0, 0, 1, 6])
    np.testing.assert_allclose(grads[1], [0, np.log(2), 0, 9 * np.log(3)])


def test_shapes() -> None:
    t = TensorType(F64, (2, 3, 4))
    check_both(lambda x: OPS["broadcast_in_dim"](x, broadcast_dimensions=(2, 1), result=t), a(4, 1))
    check_both(lambda x: OPS["broadcast_in_dim"](x, broadcast_dimensions=(), result=t), a())
    check_both(lambda x, y: OPS["concatenate"](x, y, x, dimension=1), a(2, 3), a(2, 1))
    check_both(lambda x: OPS["slice"](x, start_indices=(1, 0), limit_indices=(6, 4), strides=(2, 3)), a(7, 4))
    check_both(lambda x: OPS["transpose"](OPS["reverse"](x, dimensions=(0,)), permutation=(1, 0)), a(3, 4))
    low = {"edge_padding_low": (1, -1), "edge_padding_high": (-2, 3), "interior_padding": (1, 2)}
    check_both(lambda x, v: OPS["pad"](x, v, **low), a(4, 3), a())
    start = const(1, I64)
    check_both(lambda x: OPS["dynamic_slice"](x, start, start, slice_sizes=(2, 2)), a(4, 3))
    check_both(lambda x, u: OPS["dynamic_update_slice"](x, u, start, start), a(4, 3), a(2, 1))
    check_both(OPS["clamp"], np.asarray(0.5), a(5), np.asarray(1.1))
    check_both(OPS["select"], a(5) > 0.9, a(5), a(5, seed=3))


def test_zero_sizes() -> None:
    check_both(lambda x, y: OPS["concatenate"](OPS["tanh"](x), y, dimension=0), a(0, 3), a(2, 3))
    check_both(lambda x: OPS["reduce"](x, const(0.0), dimensions=(0,), body=body("add", F64)), a(0, 3))


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "minimum"])
def test_reduce(name: str) -> None:
    check_both(lambda x, i: OPS["reduce"](x, i, dimensions=(0, 2), body=body(name, F64)), a(3, 4, 5), np.asarray(0.9))


def test_products_with_zeros() -> None:
    x = np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 5.0], [1.0, 2.0, 4.0]])
    f = build(lambda x: OPS["reduce"](x, const(1.0), dimensions=(1,), body=body("multiply", F64)), [x])
    (grad,) = evaluate(vjp(f), x, np.ones(3))[1:]
    np.testing.assert_allclose(grad, [[0, 6, 0], [0, 0, 0], [8, 4, 2]])


@pytest.mark.parametrize("name", ["add", "maximum", "multiply"])
def test_reduce_window(name: str) -> None:
    init = const({"add": 0.0, "maximum": -np.inf, "multiply": 1.3}[name])
    check_both(
        lambda x: OPS["reduce_window"](
            x, init, window_dimensions=(2, 3), window_strides=(2, 1), padding=((1, 0), (0, 2)), body=body(name, F64)
        ),
        a(5, 6),
    )
    if name != "maximum":
        check_both(
            lambda x, i: OPS["reduce_window"](
                x, i, window_dimensions=(2,), base_dilations=(2,), window_dilations=(3,), padding=((2, -1),), body=body(name, F64)
            ),
            a(7),
            a(),
        )


@pytest.mark.parametrize(
    ("dims", "x", "y"),
    [
        (DotDims((), (), (1,), (0,)), (3, 4), (4, 5)),
        (DotDims((1,), (0,), (0, 3), (3, 1)), (2, 3, 4, 5), (3, 5, 6, 2)),
        (DotDims((), (), (), ()), (2,), (3,)),
    ],
)
def test_dot(dims: DotDims, x: tuple[int, ...], y: tuple[int, ...]) -> None:
    check_both(lambda p, q: dot(p, q, dims), a(*x), a(*y))


NCHW = ConvDims(0, 1, (2, 3), 1, 0, (2, 3), 0, 1, (2, 3))
NHWC = ConvDims(0, 3, (1, 2), 2, 3, (0, 1), 0, 3, (1, 2))


@pytest.mark.parametrize(
    ("x", "w", "dims", "keywords"),
    [
        ((2, 3, 6, 5), (4, 3, 3, 2), NCHW, {"strides": (2, 1), "padding": ((1, 1), (0, 2))}),
        ((2, 6, 5, 3), (3, 3, 3, 4), NHWC, {"rhs_dilation": (2, 1), "lhs_dilation": (1, 2), "padding": ((2, 2), (1, 0))}),
        ((1, 4, 5, 5), (6, 2, 3, 3), NCHW, {"feature_groups": 2, "strides": (1, 2), "reversal": (True, False)}),
        ((4, 3, 5, 5), (6, 3, 2, 2), NCHW, {"batch_groups": 2}),
    ],
)
def test_convolution(x: tuple[int, ...], w: tuple[int, ...], dims: ConvDims, keywords: dict) -> None:
    check_both(lambda p, q: conv(p, q, dims, **keywords), a(*x), a(*w))


ROWS = GatherDims((1,), (0,), (), (), (0,), 1)


def test_gather() -> None:
    index = np.array([2, 0, 2, 9, -4])
    check_both(lambda x, i: OPS["gather"](x, i, dimension_numbers=ROWS, slice_sizes=(1, 3)), a(4, 3), index)
    windows = GatherDims((1, 2), (), (), (), (0, 1), 1)
    check_both(lambda x, i: OPS["gather"](x, i, dimension_numbers=windows, slice_sizes=(2, 2)), a(4, 3), np.array([[0, 1], [3, 0], [1, 1]]))
    batched = GatherDims((), (1,), (0,), (0,), (1,), 2)
    check_both(lambda x, i: OPS["gather"](x, i, dimension_numbers=batched, slice_sizes=(1, 1)), a(2, 5), np.array([[1, 1, 4], [0, 2, 0]]))


@pytest.mark.parametrize("kind", ["add", "replace", "maximum", "multiply"])
def test_scatter(kind: str) -> None:
    dims = ScatterDims((1,), (0,), (), (), (0,), 1)
    unique = kind == "multiply"
    made = replacing() if kind == "replace" else body(kind, F64)
    index = np.array([2, 0, 7, 1]) if unique else np.array([2, 0, 2, 7, -1])
    check_both(
        lambda x, i, u: OPS["scatter"](x, i, u, scatter_dimension_numbers=dims, unique_indices=unique, update_computation=made),
        a(4, 3), index, a(len(index), 3),
    )  # fmt: skip


def replacing() -> Region:
    x, y = param(TensorType(F64, ())), param(TensorType(F64, ()))
    return region((x, y), (y,))


def test_sort() -> None:
    p, q, r, s = (param(TensorType(t, ())) for t in (F64, F64, F64, F64))
    descending = region((p, q, r, s), (OPS["compare"](p, q, comparison_direction="GT"),))
    check_both(lambda x, y: OPS["sort"](x, y, dimension=0, comparator=descending), a(5, 2), a(5, 2, seed=4))


def test_sort_of_nothing() -> None:
    p, q = param(TensorType(F64, ())), param(TensorType(F64, ()))
    ascending = region((p, q), (OPS["compare"](p, q, comparison_direction="LT"),))
    check_both(lambda x: OPS["sort"](x, dimension=0, comparator=ascending), a(0, 2))


def test_map() -> None:
    p, q, r = (param(TensorType(F64, ())) for _ in range(3))
    computation = region((p, q, r), (OPS["multiply"](OPS["sine"](p), OPS["multiply"](q, r)),))
    check_both(lambda x, y, c: OPS["map"](x, y, captures=(c,), computation=computation, dimensions=(0, 1)), a(2, 3), a(2, 3, seed=5), a())


def test_linear_algebra() -> None:
    square = a(2, 3, 3, seed=3)
    positive = square @ square.swapaxes(-1, -2) + 3 * np.eye(3)
    for lower in (True, False):
        check_both(lambda x, lower=lower: OPS["cholesky"](x, lower=lower), positive)
    triangular = np.tril(a(2, 3, 3)) + 2 * np.eye(3)
    for left in (True, False):
        for t in ("NO_TRANSPOSE", "TRANSPOSE", "ADJOINT"):
            rhs = a(2, 3, 2) if left else a(2, 2, 3)
            keywords = {"left_side": left, "lower": True, "unit_diagonal": False, "transpose_a": t}
            check_both(lambda x, y, k=keywords: OPS["triangular_solve"](x, y, **k), triangular, rhs)


def test_fourier() -> None:
    def power(x: Value) -> Value:
        spectrum = OPS["fft"](x, fft_type="RFFT", fft_length=(4, x.shape[-1]))
        squared = OPS["multiply"](spectrum, spectrum)
        return OPS["real"](OPS["fft"](squared, fft_type="IRFFT", fft_length=(4, x.shape[-1])))

    check_both(power, a(2, 4, 6))
    check_both(power, a(4, 5))


def test_branches() -> None:
    t, x = param(TensorType(F64, (3,))), param(TensorType(F64, (3,)))
    yes, no = region((t,), (OPS["sine"](t),)), region((x,), (OPS["multiply"](x, x),))
    for flag in (True, False):
        check_both(lambda p, v: OPS["if"](p, captures=(v,), true_branch=yes, false_branch=no), np.asarray(flag), a(3))


def loop(limit: int | None) -> Build:
    """x ← sin(x)·w, `limit` times, or as often as an argument says."""

    def made(x: Value, w: Value, n: Value) -> tuple[Value, ...]:
        bound = n if limit is None else const(limit, I64)
        i, c, cw, cn = (param(v.type) for v in (n, x, w, n))
        cond = region((i, c, cw, cn), (OPS["compare"](i, cn, comparison_direction="LT"),))
        j, d, dw, dn = (param(v.type) for v in (n, x, w, n))
        turned = region((j, d, dw, dn), (OPS["add"](j, const(1, I64)), OPS["multiply"](OPS["sine"](d), dw)))
        return op_of("while")(const(0, I64), x, captures=(w, bound), cond=cond, body=turned)[1:]  # type: ignore[return-value]

    return made


@pytest.mark.parametrize("limit", [None, 0, 3])
def test_loops(limit: int | None) -> None:
    check_both(loop(limit), a(2), a(2, seed=5), np.asarray(4, np.int64))


def test_loops_of_unknown_length_take_few_passes() -> None:
    """The states of 528 turns are computed from 32 checkpoints in two passes, and those of more in three."""
    calls = 0
    reference = OPS["sine"].reference
    assert reference is not None

    def counted(x: np.ndarray) -> object:
        nonlocal calls
        calls += 1
        return reference(x)

    x, w = a(2), np.ones(2)
    made = vjp(build(loop(None), [x, w, np.asarray(0)]))
    verify(module(made))
    real = OPS["sine"]
    object.__setattr__(real, "reference", counted)
    try:
        for n, passes in ((0, 0), (1, 0), (2, 1), (32, 1), (33, 2), (600, 3)):
            calls = 0
            got = evaluate(made, x, w, np.asarray(n), np.ones(2))[1]
            state, wanted = x, np.ones(2)
            for _ in range(n):
                state, wanted = np.sin(state), wanted * np.cos(state)
            np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-300)
            assert calls <= (3 + passes) * n  # the loop itself, to count its turns, and in the derivative of a turn
    finally:
        object.__setattr__(real, "reference", reference)


def host(name: str, results: Sequence[tuple[int, ...]], **config: object) -> Build:
    types = [TensorType(F64, shape) for shape in results]
    return lambda *xs: results_of(
        OPS["custom_call"](*xs, call_target_name=name, backend_config=json.dumps(config) if config else "", result=types)
    )


def test_decompositions() -> None:
    square = np.random.default_rng(3).standard_normal((2, 3, 3)) + 2 * np.eye(3)
    check_both(host("linalg_solve", [(2, 3, 2)]), square, a(2, 3, 2))
    check_both(host("linalg_slogdet", [(2,), (2,)]), square)
    singular = np.stack([a(3, 1) * a(3), np.diag([2.0, 2, 0]), np.zeros((3, 3)), np.eye(3)])
    for x in (square, singular, a(2, 1, 1), a(2, 2, 2)):
        check_both(host("linalg_det", [x.shape[:1]]), x)
    check_both(host("linalg_adjugate", [square.shape]), square)
    check_both(host("linalg_eigh", [(2, 3, 3), (2, 3)]), square @ square.swapaxes(-1, -2) + np.diag([1.0, 2, 4]))
    for m, n in ((3, 3), (4, 2), (2, 4)):
        x, k = np.random.default_rng((m, n)).standard_normal((2, m, n)), min(m, n)
        check_both(host("linalg_qr", [(2, m, k), (2, k, n)], mode="reduced"), x)
        check_both(host("linalg_svd", [(2, m, k), (2, k), (2, k, n)], full_matrices=False), x)
    with pytest.raises(WeftError, match="full_matrices=False has one"):
        vjp(build(host("linalg_svd", [(3, 3), (2,), (2, 2)], full_matrices=True), [a(3, 2)]))


def test_the_sign_of_a_complex_number_turns() -> None:
    z, direction = np.array([0.3 + 0.4j, -1.2 + 0.5j]), np.array([0.2 - 0.7j, 1.1 + 0.3j])
    ct = np.array([0.5 + 1.5j, -0.7 + 0.1j])
    got = evaluate(vjp(build(OPS["sign"], [z])), z, ct)[1]
    step = 1e-6
    moved = ((z + step * direction) / abs(z + step * direction) - (z - step * direction) / abs(z - step * direction)) / (2 * step)
    np.testing.assert_allclose((got * direction).sum().real, (ct * moved).sum().real, rtol=1e-8)


def test_complex_numbers_agree_with_jax() -> None:
    jax = pytest.importorskip("jax")
    rng = np.random.default_rng(0)
    z = (rng.standard_normal(5) + 1j * rng.standard_normal(5)).astype(np.complex64)
    lax = jax.lax
    pairs = {
        "abs": lax.abs, "exponential": lax.exp, "log": lax.log, "sqrt": lax.sqrt, "tanh": lax.tanh, "real": lax.real, "imag": lax.imag,
        "sine": lax.sin, "negate": lax.neg,
    }  # fmt: skip
    for name, f in pairs.items():
        y, pull = jax.vjp(f, z)
        ct = np.asarray(rng.standard_normal(y.shape) + (1j * rng.standard_normal(y.shape) if np.iscomplexobj(y) else 0), y.dtype)
        got = evaluate(vjp(build(OPS[name], [z])), z, ct)[1]
        np.testing.assert_allclose(got, pull(ct)[0], rtol=2e-5, atol=1e-6, err_msg=name)


def test_ties_agree_with_jax() -> None:
    jax = pytest.importorskip("jax")
    x, y = np.array([1.0, 2.0, 3.0, 3.0], np.float32), np.array([1.0, 3.0, 2.0, 3.0], np.float32)
    ct = np.array([1.0, 2.0, 3.0, 4.0], np.float32)
    for name, f in {"maximum": jax.lax.max, "minimum": jax.lax.min}.items():
        wanted = jax.vjp(f, x, y)[1](ct)
        np.testing.assert_allclose(evaluate(vjp(build(OPS[name], [x, y])), x, y, ct)[1:], wanted)
    wanted = jax.vjp(lambda v: v.max(), x)[1](np.float32(2))[0]
    f = build(lambda v: OPS["reduce"](v, const(np.float32(-np.inf)), dimensions=(0,), body=body("maximum")), [x])
    np.testing.assert_allclose(evaluate(vjp(f), x, np.float32(2))[1], wanted)


def test_gradient_of_a_module() -> None:
    x, w = a(4, 3), a(3, 2)

    def loss(p: Value, q: Value) -> Value:
        y = OPS["tanh"](dot(p, q, DotDims((), (), (1,), (0,))))
        return OPS["reduce"](y, const(0.0), dimensions=(0, 1), body=body("add", F64))

    made = gradient(module(build(loss, [x, w])), ["x1"])
    verify(made)
    value, grad = evaluate(made.functions["main.grad"], x, w)
    y = np.tanh(x @ w)
    np.testing.assert_allclose(value, y.sum())
    np.testing.assert_allclose(grad, x.T @ (1 - y**2))
    with pytest.raises(WeftError, match="`nothing` is no float parameter"):
        gradient(made, ["nothing"])
