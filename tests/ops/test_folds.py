"""reduce, map, reduce_window, select_and_scatter."""

import numpy as np
import pytest
from ml_dtypes import bfloat16
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.bodies import identity_of, monoid_of, monoids_of
from weft.compiler.ops.helpers import const
from weft.compiler.ops.registry import OPS
from weft.compiler.ops.window import reduce_window_of
from weft.proto.dtypes import BF16, BOOL, F16, F32, F64, I8, I32, U8, from_numpy

from .calls import body, check, rejects, run, scalar, scalars
from .harness import array_of

reduce, reduce_window = OPS["reduce"], OPS["reduce_window"]
FOLDS = ("add", "multiply", "minimum", "maximum", "and", "or", "xor")


@pytest.mark.parametrize("name", FOLDS)
@pytest.mark.parametrize("dtype", ["f32", "f64", "f16", "bf16", "i8", "ui8", "i4", "i64", "ui64", "i1", "complex<f32>"])
def test_monoids_of_every_dtype(name, dtype):
    from weft.proto.dtypes import BY_NAME

    d = BY_NAME[dtype]
    if (name in ("and", "or", "xor")) != (d.is_int or d.is_bool) and name in ("and", "or", "xor"):
        pytest.skip("bits of floats")
    x = array_of(TensorType(d, (3, 4, 5)), 1, tame=not d.is_int)
    init = array_of(TensorType(d, ()), 2, tame=True)
    rtol = {"f16": 4e-3, "bf16": 3e-2, "f32": 1e-5, "f64": 1e-12}.get(dtype, 1e-5)
    # StableHLO's interpreter rounds after every step, so narrow sums are compared with the reference alone.
    check(lambda x, i: reduce(x, i, dimensions=(2, 0), body=body(name, d)), x, init, rtol=rtol, oracle=dtype not in ("f16", "bf16"))


def test_nan_and_infinity_come_through():
    x = np.array([[1, np.nan, 3], [np.inf, 2, -np.inf]], np.float32)
    for name in ("add", "minimum", "maximum"):
        check(lambda x, i, name=name: reduce(x, i, dimensions=(1,), body=body(name)), x, np.float32(0), rtol=1e-6)


def test_nothing_to_reduce():
    (r,) = check(lambda x, i: reduce(x, i, dimensions=(0,), body=body("add")), np.zeros((0, 3), np.float32), np.float32(7))
    assert r.tolist() == [7, 7, 7]
    (r,) = check(lambda x, i: reduce(x, i, dimensions=(), body=body("add")), np.ones((2, 2), np.float32), np.float32(7))
    assert r.tolist() == [[8, 8], [8, 8]]
    (r,) = run(lambda x, i: reduce(x, i, dimensions=(0,), body=body("subtract")), np.zeros((0, 3), np.float32), np.float32(7))
    assert r.tolist() == [7, 7, 7]
    (r,) = run(lambda x, i: reduce(x, i, dimensions=(0,), body=body("subtract")), np.zeros((3, 0), np.float32), np.float32(7))
    assert r.shape == (0,)


def test_a_body_of_any_ops_folds_in_order():
    x = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    step = scalars(lambda a, b: OPS["add"](OPS["multiply"](a, const(np.float32(0.5))), b), F32, F32)
    (r,) = check(lambda x, i: reduce(x, i, dimensions=(0,), body=step), x, np.float32(1), rtol=1e-6)
    want = np.ones(3)
    for row in x:
        want = want * 0.5 + row
    np.testing.assert_allclose(r, want, rtol=1e-5)


def argmax_body():
    def f(a, i, b, j):
        better = OPS["compare"](a, b, comparison_direction="GE")
        return OPS["select"](better, a, b), OPS["select"](better, i, j)

    return scalars(f, F32, I32, F32, I32)


def test_argmax_folds_pairs():
    x = np.random.default_rng(0).standard_normal((3, 7)).astype(np.float32)
    at = np.broadcast_to(np.arange(7, dtype=np.int32), (3, 7)).copy()
    values, places = check(
        lambda x, i, u, v: reduce(x, i, u, v, dimensions=(1,), body=argmax_body()), x, at, np.float32(-np.inf), np.int32(0)
    )
    assert np.array_equal(places, x.argmax(1)) and np.array_equal(values, x.max(1))


def test_inputs_are_promoted_to_the_type_of_the_body():
    x = np.full((300,), 100, np.int8)
    (r,) = run(lambda x, i: reduce(x, i, dimensions=(0,), body=body("add", I32)), x, np.int8(0))
    assert r.dtype == np.int32 and r == 30000


def test_captures_of_a_body():
    s = param(scalar(F32))
    p = [param(scalar(F32)) for _ in range(3)]
    from weft.compiler.ir.graph import region

    step = region(p, [OPS["add"](p[0], OPS["multiply"](p[1], p[2]))])
    (r,) = run(
        lambda x, i, s: reduce(x, i, dimensions=(0,), body=step, captures=(s,)),
        np.arange(5, dtype=np.float32),
        np.float32(0),
        np.float32(3),
    )
    assert r == 30 and s is not None


def test_monoids_are_recognised():
    assert [monoid_of(body(n)) for n in ("add", "multiply", "minimum", "maximum")] == ["add", "mul", "min", "max"]
    assert [monoid_of(body(n, I8)) for n in ("and", "or", "xor")] == ["and", "or", "xor"]
    assert monoid_of(body("subtract")) is None
    assert monoid_of(scalars(lambda a, b: OPS["add"](a, a), F32, F32)) is None
    assert monoids_of(scalars(lambda a, i, b, j: (OPS["add"](a, b), OPS["maximum"](j, i)), F32, I32, F32, I32)) == ("add", "max")
    assert monoids_of(argmax_body()) is None


@pytest.mark.parametrize("dtype", [F32, I8, U8, BOOL])
def test_identities(dtype):
    x = array_of(TensorType(dtype, (6,)), 3)
    x = x if x.dtype.kind != "f" else np.nan_to_num(x)
    for monoid, f in {"min": np.minimum, "max": np.maximum, "add": np.add, "mul": np.multiply}.items():
        assert np.array_equal(f(x, np.asarray(identity_of(monoid, dtype)).astype(x.dtype)), x), monoid


def test_map():
    x, y = (array_of(TensorType(F32, (2, 3)), k) for k in (0, 1))
    f = scalars(lambda a, b: OPS["add"](OPS["multiply"](a, b), const(np.float32(1))), F32, F32)
    check(lambda x, y: OPS["map"](x, y, dimensions=(0, 1), computation=f), x, y)
    to_bool = body("compare", F32, comparison_direction="LT")
    (r,) = run(lambda x, y: OPS["map"](x, y, dimensions=(0, 1), computation=to_bool), x, y)
    assert r.dtype == np.bool_


def windows(seed: int):
    rng = np.random.default_rng(seed)
    rank = int(rng.integers(1, 4))
    draw = lambda lo, hi: tuple(rng.integers(lo, hi, rank).tolist())  # noqa: E731
    padding = tuple(zip(draw(-1, 3), draw(-1, 3), strict=True))
    return draw(0, 6), {
        "window_dimensions": draw(1, 4), "window_strides": draw(1, 4), "base_dilations": draw(1, 3), "window_dilations": draw(1, 3),
        "padding": padding,
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("name", ["add", "maximum", "subtract"])
def test_reduce_window(seed, name):
    shape, attrs = windows(seed)
    x = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    dilated = [max(0, (n - 1) * b + 1) + lo + hi for n, b, (lo, hi) in zip(shape, attrs["base_dilations"], attrs["padding"], strict=True)]
    if any(n < 0 for n in dilated):
        pytest.skip("cut off more than there is")
    check(lambda x, i: reduce_window(x, i, body=body(name), **attrs), x, np.float32(0.5), rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.float16, bfloat16, np.int32, np.uint8, np.float64])
def test_pooling_of_dtypes(dtype):
    x = (np.random.default_rng(0).standard_normal((2, 7, 5)) * 4).astype(dtype)
    attrs = {"window_dimensions": (1, 3, 2), "window_strides": (1, 2, 1), "padding": ((0, 0), (1, 1), (0, 1))}
    d = from_numpy(x.dtype)
    for name in ("add", "maximum"):
        init = np.asarray(identity_of({"add": "add", "maximum": "max"}[name], d)).astype(dtype)
        check(lambda x, i, name=name: reduce_window(x, i, body=body(name, d), **attrs), x, init, rtol=2e-2 if d.bits == 16 else 1e-9,
              oracle=d.bits != 16)  # fmt: skip


def test_windows_of_several_operands():
    x = np.random.default_rng(0).standard_normal((6,)).astype(np.float32)
    values, places = check(
        lambda x, i, u, v: reduce_window(x, i, u, v, window_dimensions=(3,), window_strides=(2,), body=argmax_body()),
        x, np.arange(6, dtype=np.int32), np.float32(-np.inf), np.int32(-1),
    )  # fmt: skip
    assert places.tolist() == [int(x[k : k + 3].argmax()) + k for k in (0, 2)] and np.array_equal(values, x[places])


def test_symbolic_windows():
    n = symbol("N", 1)
    x, i = param(TensorType(F32, (n, 8))), param(scalar(F32))
    same = reduce_window(x, i, window_dimensions=(3, 1), padding=((1, 1), (0, 0)), body=body("add"))
    assert same.shape == (n, 8)
    half = reduce_window(x, i, window_dimensions=(2, 2), window_strides=(2, 2), body=body("add"))
    assert str(half.shape[0]) == "floordiv(N, 2)" and half.shape[1] == 4
    assert reduce_window_of(half.node).base_dilation == (1, 1)


@pytest.mark.parametrize("seed", range(8))
def test_select_and_scatter(seed):
    lax = pytest.importorskip("jax.lax")
    windowed = pytest.importorskip("jax._src.lax.windowed_reductions")
    rng = np.random.default_rng(seed)
    shape, size, stride = (
        tuple(rng.integers(3, 7, 2).tolist()),
        tuple(rng.integers(1, 4, 2).tolist()),
        tuple(rng.integers(1, 4, 2).tolist()),
    )
    padding = tuple((int(rng.integers(0, k)), int(rng.integers(0, k))) for k in size)
    x = rng.standard_normal(shape).astype(np.float32)
    out = lax.reduce_window(x, np.float32(-np.inf), lax.max, size, stride, padding).shape
    source = rng.standard_normal(out).astype(np.float32)
    (r,) = check(
        lambda x, s, i: OPS["select_and_scatter"](
            x, s, i, window_dimensions=size, window_strides=stride, padding=padding,
            select=body("compare", F32, comparison_direction="GE"), scatter=body("add"),
        ), x, source, np.float32(0), rtol=1e-5,
    )  # fmt: skip
    want = windowed._select_and_scatter(x, lax.ge, size, stride, padding, source, np.float32(0), lax.add)
    np.testing.assert_allclose(r, want, rtol=1e-5)


def _p(*shape, dtype=F32):
    return param(TensorType(dtype, shape))


def _reduce(*xs, dimensions=(0,), b=None):
    return lambda: reduce(*xs, dimensions=dimensions, body=b or body("add"))


REDUCE = [
    ("reduce.C1", _reduce(_p(2, 3), _p(3, 2), _p(), _p(), b=argmax_body())),
    ("reduce.C2", _reduce(_p(2), _p(1))),
    ("reduce.C2", _reduce(_p(2), _p(dtype=F64))),
    ("reduce.C3", _reduce(_p(2))),
    ("reduce.C3", _reduce()),
    ("reduce.C4", _reduce(_p(2), _p(), dimensions=(1,))),
    ("reduce.C4", _reduce(_p(2), _p(), dimensions=(-1,))),
    ("reduce.C5", _reduce(_p(2), _p(), dimensions=(0, 0))),
    ("reduce.C6", _reduce(_p(2), _p(), b=body("add", F16))),
    ("reduce.C6", _reduce(_p(2), _p(), b=body("compare", F32, comparison_direction="LT"))),
    ("reduce.C6", _reduce(_p(2), _p(), b=scalars(lambda a: a, F32))),
    ("reduce.C6", _reduce(_p(2), _p(), b=argmax_body())),
    ("map.C1", lambda: OPS["map"](_p(2), _p(3), dimensions=(0,), computation=body("add"))),
    ("map.C2", lambda: OPS["map"](dimensions=(), computation=scalars(lambda: const(np.float32(0))))),
    ("map.C3", lambda: OPS["map"](_p(2, 2), _p(2, 2), dimensions=(1, 0), computation=body("add"))),
    ("map.C4", lambda: OPS["map"](_p(2), dimensions=(0,), computation=body("add"))),
    ("map.C4", lambda: OPS["map"](_p(2), _p(2), dimensions=(0,), computation=scalars(lambda a, b: (a, b), F32, F32))),
]


def _window(*xs, b=None, **attrs):
    attrs = {"window_dimensions": (2,) * len(xs[0].shape) if xs else (), **attrs}
    return lambda: reduce_window(*xs, body=b or body("add"), **attrs)


X = _p(4, 4)
WINDOW = [
    ("C1", _window(X)),
    ("C2", _window(_p(4), _p(5), _p(), _p(), b=argmax_body())),
    ("C3", _window(X, _p(1))),
    ("C3", _window(X, _p(dtype=F64))),
    ("C4", _window(X, _p(), window_dimensions=(2,))),
    ("C5", _window(X, _p(), window_dimensions=(2, 0))),
    ("C6", _window(X, _p(), window_strides=(2,))),
    ("C7", _window(X, _p(), window_strides=(2, 0))),
    ("C8", _window(X, _p(), base_dilations=(2,))),
    ("C9", _window(X, _p(), base_dilations=(0, 1))),
    ("C10", _window(X, _p(), window_dilations=(2, 2, 2))),
    ("C11", _window(X, _p(), window_dilations=(2, -1))),
    ("C12", _window(X, _p(), padding=((0, 0),))),
    ("C13", _window(X, _p(), b=body("add", BF16))),
]


def _select(operand=X, source=None, init=None, select=None, scatter=None, **attrs):
    attrs = {"window_dimensions": (2, 2), "window_strides": (2, 2), **attrs}
    return lambda: OPS["select_and_scatter"](
        operand, source or _p(2, 2), init or _p(), select=select or body("compare", F32, comparison_direction="GE"),
        scatter=scatter or body("add"), **attrs,
    )  # fmt: skip


SELECT = [
    ("C1", _select(source=_p(2, 2, dtype=F64))),
    ("C2", _select(source=_p(2, 3))),
    ("C3", _select(init=_p(1))),
    ("C3", _select(init=_p(dtype=F16))),
    ("C4", _select(window_dimensions=(2,))),
    ("C5", _select(window_dimensions=(2, 0))),
    ("C6", _select(window_strides=(2,))),
    ("C7", _select(window_strides=(2, 0))),
    ("C8", _select(padding=((0, 0),))),
    ("C9", _select(select=body("add"))),
    ("C10", _select(scatter=body("add", F16))),
]
REJECTIONS = REDUCE + [(f"reduce_window.{c}", f) for c, f in WINDOW] + [(f"select_and_scatter.{c}", f) for c, f in SELECT]


@pytest.mark.parametrize(("code", "build"), REJECTIONS, ids=[c for c, _ in REJECTIONS])
def test_rejections(code, build):
    rejects(code, build)
