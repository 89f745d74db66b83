"""`weft.numpy` and the Python array API standard 2024.12: names, signatures, promotion, Python scalars, errors, interchange."""

import inspect
import itertools
import math
import operator
from typing import Any

import numpy as np
import pytest
import weft
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.array_api import make_strategies_namespace
from weft import numpy as wnp

from .numpy_cases import COMPLEX, EVERY, FLOATS, INTS, NUMERIC, SIGNED, UNSIGNED, agree, both, some

UNARY = """abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag isfinite isinf isnan log log10
log1p log2 logical_not negative positive real reciprocal round sign signbit sin sinh sqrt square tan tanh trunc matrix_transpose nonzero
unique_all unique_counts unique_inverse unique_values"""
BINARY = """add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign divide equal floor_divide greater
greater_equal hypot less less_equal logaddexp logical_and logical_or logical_xor matmul maximum minimum multiply nextafter not_equal pow
remainder subtract"""
OTHERS = """
all(x, /, axis=None, *, keepdims=False)
any(x, /, axis=None, *, keepdims=False)
arange(start, /, stop=None, step=1, *, dtype=None, device=None)
argmax(x, /, axis=None, *, keepdims=False)
argmin(x, /, axis=None, *, keepdims=False)
argsort(x, /, axis=-1, *, descending=False, stable=True)
asarray(obj, /, *, dtype=None, device=None, copy=None)
astype(x, dtype, /, *, copy=True, device=None)
broadcast_arrays(*arrays)
broadcast_to(x, /, shape)
can_cast(from_, to, /)
clip(x, /, min=None, max=None)
concat(arrays, /, axis=0)
count_nonzero(x, /, axis=None, *, keepdims=False)
cumulative_prod(x, /, axis=None, *, dtype=None, include_initial=False)
cumulative_sum(x, /, axis=None, *, dtype=None, include_initial=False)
diff(x, /, *, axis=-1, n=1, prepend=None, append=None)
empty(shape, *, dtype=None, device=None)
empty_like(x, /, *, dtype=None, device=None)
expand_dims(x, /, axis=0)
eye(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None)
finfo(type, /)
flip(x, /, axis=None)
from_dlpack(x, /, *, device=None, copy=None)
full(shape, fill_value, *, dtype=None, device=None)
full_like(x, /, fill_value, *, dtype=None, device=None)
iinfo(type, /)
isdtype(dtype, kind)
linspace(start, stop, /, num, *, dtype=None, device=None, endpoint=True)
max(x, /, axis=None, *, keepdims=False)
mean(x, /, axis=None, *, keepdims=False)
meshgrid(*arrays, indexing='xy')
min(x, /, axis=None, *, keepdims=False)
moveaxis(x, source, destination, /)
ones(shape, *, dtype=None, device=None)
ones_like(x, /, *, dtype=None, device=None)
permute_dims(x, /, axes)
prod(x, /, axis=None, *, dtype=None, keepdims=False)
repeat(x, repeats, /, axis=None)
reshape(x, /, shape, *, copy=None)
result_type(*arrays_and_dtypes)
roll(x, /, shift, axis=None)
searchsorted(x1, x2, /, side='left', *, sorter=None)
sort(x, /, axis=-1, *, descending=False, stable=True)
squeeze(x, /, axis=None)
stack(arrays, /, axis=0)
std(x, /, axis=None, *, correction=0.0, keepdims=False)
sum(x, /, axis=None, *, dtype=None, keepdims=False)
take(x, indices, /, axis=None)
take_along_axis(x, indices, /, axis=-1)
tensordot(x1, x2, /, *, axes=2)
tile(x, repetitions, /)
tril(x, /, *, k=0)
triu(x, /, *, k=0)
unstack(x, /, axis=0)
var(x, /, axis=None, *, correction=0.0, keepdims=False)
vecdot(x1, x2, /, axis=-1)
where(condition, x1, x2, /)
zeros(shape, *, dtype=None, device=None)
zeros_like(x, /, *, dtype=None, device=None)
linalg.cholesky(x, /, *, upper=False)
linalg.cross(x1, x2, /, *, axis=-1)
linalg.det(x, /)
linalg.diagonal(x, /, *, offset=0)
linalg.eigh(x, /)
linalg.eigvalsh(x, /)
linalg.inv(x, /)
linalg.matmul(x1, x2, /)
linalg.matrix_norm(x, /, *, keepdims=False, ord='fro')
linalg.matrix_power(x, n, /)
linalg.matrix_rank(x, /, *, rtol=None)
linalg.matrix_transpose(x, /)
linalg.outer(x1, x2, /)
linalg.pinv(x, /, *, rtol=None)
linalg.qr(x, /, *, mode='reduced')
linalg.slogdet(x, /)
linalg.solve(x1, x2, /)
linalg.svd(x, /, *, full_matrices=True)
linalg.svdvals(x, /)
linalg.tensordot(x1, x2, /, *, axes=2)
linalg.trace(x, /, *, offset=0, dtype=None)
linalg.vecdot(x1, x2, /, axis=-1)
linalg.vector_norm(x, /, *, axis=None, keepdims=False, ord=2)
fft.fft(x, /, *, n=None, axis=-1, norm='backward')
fft.ifft(x, /, *, n=None, axis=-1, norm='backward')
fft.fftn(x, /, *, s=None, axes=None, norm='backward')
fft.ifftn(x, /, *, s=None, axes=None, norm='backward')
fft.rfft(x, /, *, n=None, axis=-1, norm='backward')
fft.irfft(x, /, *, n=None, axis=-1, norm='backward')
fft.rfftn(x, /, *, s=None, axes=None, norm='backward')
fft.irfftn(x, /, *, s=None, axes=None, norm='backward')
fft.hfft(x, /, *, n=None, axis=-1, norm='backward')
fft.ihfft(x, /, *, n=None, axis=-1, norm='backward')
fft.fftfreq(n, /, *, d=1.0, dtype=None, device=None)
fft.rfftfreq(n, /, *, d=1.0, dtype=None, device=None)
fft.fftshift(x, /, *, axes=None)
fft.ifftshift(x, /, *, axes=None)
"""
FUNCTIONS = [f"{n}(x, /)" for n in UNARY.split()] + [f"{n}(x1, x2, /)" for n in BINARY.split()] + OTHERS.split("\n")[1:-1]
DUNDERS = [
    "add",
    "and",
    "eq",
    "floordiv",
    "ge",
    "gt",
    "le",
    "lshift",
    "lt",
    "matmul",
    "mod",
    "mul",
    "ne",
    "or",
    "pow",
    "rshift",
    "sub",
    "truediv",
    "xor",
]
REFLECTED = ["radd", "rand", "rfloordiv", "rlshift", "rmatmul", "rmod", "rmul", "ror", "rpow", "rrshift", "rsub", "rtruediv", "rxor"]
METHODS = [
    *(f"__{n}__(other, /)" for n in (*DUNDERS, *REFLECTED)),
    *(f"__{n}__()" for n in ["abs", "bool", "complex", "float", "index", "int", "invert", "neg", "pos", "dlpack_device"]),
    "__array_namespace__(*, api_version=None)", "__dlpack__(*, stream=None, max_version=None, dl_device=None, copy=None)",
    "__getitem__(key, /)", "__setitem__(key, value, /)", "to_device(device, /, *, stream=None)",
]  # fmt: skip


def shown(f: Any) -> str:
    signature = inspect.signature(f)
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=plain, return_annotation=inspect.Signature.empty))


@pytest.mark.parametrize("signature", FUNCTIONS)
def test_signatures(signature: str) -> None:
    name, bracket, rest = signature.partition("(")
    assert shown(operator.attrgetter(name)(wnp)) == bracket + rest


@pytest.mark.parametrize("signature", METHODS)
def test_signatures_of_methods(signature: str) -> None:
    name, bracket, rest = signature.partition("(")
    assert shown(getattr(wnp.ones((2, 2)), name)) == bracket + rest


def test_attributes_and_namespace() -> None:
    x = wnp.ones((2, 3))
    assert (x.dtype, x.shape, x.ndim, x.size, x.device) == (wnp.float32, (2, 3), 2, 6, "cpu:0")
    assert (x.T.shape, x.mT.shape, x.to_device("cpu:0") is x) == ((3, 2), (3, 2), True)
    assert x.__array_namespace__() is x.__array_namespace__(api_version="2024.12") is wnp
    assert wnp.__array_api_version__ == "2024.12"
    assert (wnp.pi, wnp.e, wnp.inf, wnp.newaxis) == (math.pi, math.e, math.inf, None)
    assert math.isnan(wnp.nan)
    with pytest.raises(ValueError, match="2019"):
        x.__array_namespace__(api_version="2019.1")
    with pytest.raises(ValueError, match="gpu"):
        wnp.zeros(3, device="gpu")


def test_information() -> None:
    info = wnp.__array_namespace_info__()
    assert info.default_device() in info.devices()
    assert info.default_dtypes()["real floating"] == wnp.float32
    assert set(info.dtypes(kind="signed integer")) == set(SIGNED)
    assert set(info.dtypes(kind=("bool", "complex floating"))) == {"bool", *COMPLEX}
    assert set(info.dtypes()) == set(EVERY)
    assert info.capabilities() == {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}


def table(x: str, y: str) -> str:
    """The standard's promotion table, from its rules: the wider of one kind; of signed and unsigned the signed one that holds both; of real
    and complex the complex one of the wider parts."""
    dtype, other = np.dtype(x), np.dtype(y)
    if {dtype.kind, other.kind} == {"i", "u"}:
        signed, unsigned = sorted((dtype, other), key=lambda d: d.kind)
        return f"int{8 * max(signed.itemsize, 2 * unsigned.itemsize)}"
    if {dtype.kind, other.kind} == {"f", "c"}:
        real, whole = sorted((dtype, other), key=lambda d: d.kind, reverse=True)
        return f"complex{8 * max(2 * real.itemsize, whole.itemsize)}"
    return max(x, y, key=lambda d: np.dtype(d).itemsize)


def promotable() -> list[tuple[str, str]]:
    groups = [["bool"], INTS, [*FLOATS, *COMPLEX]]
    pairs = [pair for group in groups for pair in itertools.product(group, group)]
    return [(x, y) for x, y in pairs if {"uint64"} != {x, y} & {"uint64"} or (x in UNSIGNED and y in UNSIGNED)]


def test_promotion() -> None:
    pairs = promotable()
    for x, y in pairs:
        want = np.dtype(table(x, y))
        assert wnp.result_type(getattr(wnp, x), getattr(wnp, y)) == want, (x, y)
        assert wnp.can_cast(getattr(wnp, x), want)
        assert wnp.result_type(wnp.ones(1, dtype=x), getattr(wnp, y)) == want
    numbers = [(x, y) for x, y in pairs if x != "bool"]
    arrays = {d: some(d, (2,)) for d in NUMERIC}
    f = lambda xs: [wnp.add(xs[x], xs[y]) for x, y in numbers]  # noqa: E731
    for how in (f({d: wnp.asarray(x) for d, x in arrays.items()}), weft.function(f)(arrays)):
        for (x, y), got in zip(numbers, how, strict=True):
            agree(got, (arrays[x] + arrays[y]).astype(table(x, y)), f"{x} + {y}")


def scalars_beside(dtype: str) -> list[Any]:
    kind = np.dtype(dtype).kind
    return {"b": [True], "i": [2, -1], "u": [2], "f": [2, 0.5], "c": [2, 0.5, 1j]}[kind]


OPERATORS = [operator.add, operator.sub, operator.mul, operator.eq, operator.ne]
REAL_OPERATORS = [operator.floordiv, operator.mod, operator.lt, operator.le, operator.gt, operator.ge]
BIT_OPERATORS = [operator.and_, operator.or_, operator.xor]


@pytest.mark.parametrize("dtype", EVERY)
def test_python_scalars(dtype: str) -> None:
    kind = np.dtype(dtype).kind
    chosen = [] if kind == "b" else list(OPERATORS)
    chosen += REAL_OPERATORS if kind in "iuf" else []
    chosen += [operator.truediv] if kind in "fc" else []
    chosen += [operator.pow] if kind == "f" else []
    chosen += BIT_OPERATORS if kind in "biu" else []
    x = some(dtype, (2, 3)) + np.ones((), dtype)
    for op in chosen:
        for s in scalars_beside(dtype):

            def f(x: Any, op: Any = op, s: Any = s) -> Any:
                return op(x, s), op(s, x)

            with np.errstate(all="ignore"):
                want = f(x)
            agree(f(wnp.asarray(x)), want, f"{op.__name__} {dtype} {s}", 4)
    every = lambda x: [(op(x, s), op(s, x)) for op in chosen for s in scalars_beside(dtype)]  # noqa: E731
    with np.errstate(all="ignore"):
        agree(weft.function(every)(x), every(x), dtype, 4)


def test_scalars_in_functions() -> None:
    x = some("int8", (3,))
    assert wnp.maximum(wnp.asarray(x), 3).dtype == wnp.int8
    assert wnp.where(wnp.asarray([True, False]), 1.5, wnp.asarray([1.0, 2.0], dtype=wnp.float64)).dtype == wnp.float64
    assert wnp.clip(wnp.asarray(x), 1, 3).dtype == wnp.int8
    assert wnp.result_type(wnp.int8, 1) == wnp.int8
    assert [float(wnp.copysign(wnp.ones(()), s)) for s in (0.0, -0.0, 0.0)] == [1, -1, 1]
    assert wnp.result_type(wnp.float32, 1j) == wnp.complex64
    with pytest.raises(OverflowError):
        wnp.asarray(x) + 300
    with pytest.raises(ValueError, match="result_type"):
        wnp.result_type(1, 2.0)


@pytest.mark.parametrize("dtype", INTS + FLOATS)
def test_clip(dtype: str) -> None:
    x, low, high = some(dtype, (4, 3)), some(dtype, (3,), 1), some(dtype, (4, 1), 2)
    for got in both(lambda x, a, b: (wnp.clip(x), wnp.clip(x, a), wnp.clip(x, max=b), wnp.clip(x, a, b), wnp.clip(x, 1, b)), x, low, high):
        agree(got, (x, np.maximum(x, low), np.minimum(x, high), np.minimum(np.maximum(x, low), high), np.minimum(np.maximum(x, 1), high)))


def test_in_place_operators_rebind() -> None:
    x = y = wnp.asarray([1, 2], dtype=wnp.int16)
    x += 1
    x *= wnp.asarray([2, 3], dtype=wnp.int16)
    agree(x, np.array([4, 9], np.int16))
    agree(y, np.array([1, 2], np.int16))


def test_python_types() -> None:
    one = wnp.asarray(1)
    assert (bool(one), int(one), float(one), complex(one), operator.index(one)) == (True, 1, 1.0, 1 + 0j, 1)
    assert [10, 20, 30][one] == 20
    assert [1, 2, 3][: wnp.asarray(2, dtype=wnp.uint8)] == [1, 2]
    for bad in (
        lambda: float(wnp.asarray(1j)),
        lambda: int(wnp.asarray(1j)),
        lambda: operator.index(wnp.asarray(1.0)),
        lambda: bool(wnp.ones(2)),
    ):
        with pytest.raises(TypeError):
            bad()


RAISES: list[tuple[type[Exception], Any]] = [
    (IndexError, lambda x: x[2]),
    (IndexError, lambda x: x[0, -4]),
    (IndexError, lambda x: x[0, 0, 0]),
    (IndexError, lambda x: x[..., ...]),
    (IndexError, lambda x: x[wnp.asarray([True, False, True])]),
    (IndexError, lambda x: x[wnp.asarray([0.5])]),
    (IndexError, lambda x: x["a"]),
    (IndexError, lambda x: x[:0][wnp.asarray([0])]),
    (IndexError, lambda x: wnp.expand_dims(x, axis=4)),
    (ValueError, lambda x: wnp.expand_dims(x, axis=-4)),
    (ValueError, lambda x: wnp.squeeze(x, 0)),
    (ValueError, lambda x: wnp.sum(x, axis=2)),
    (IndexError, lambda x: wnp.sum(x, axis=-3)),
    (ValueError, lambda x: wnp.sum(x, axis=(0, 0))),
    (TypeError, lambda x: wnp.sum(x, axis=0.5)),
    (ValueError, lambda x: x + wnp.ones((4,))),
    (ValueError, lambda x: wnp.reshape(x, (4, 2))),
    (ValueError, lambda x: wnp.reshape(x, (4, -1))),
    (ValueError, lambda x: wnp.broadcast_to(x, (2, 2))),
    (ValueError, lambda x: wnp.concat((x, wnp.ones((2, 2))))),
    (ValueError, lambda x: wnp.stack((x, wnp.ones((2, 2))))),
    (ValueError, lambda x: x @ x),
    (TypeError, lambda x: wnp.bitwise_and(x, x)),
    (ValueError, lambda x: wnp.max(x[:0], axis=0)),
    (ValueError, lambda x: wnp.argmax(x[:0])),
    (ValueError, wnp.linalg.inv),
    (ValueError, lambda x: wnp.permute_dims(x, (0, 0))),
    (ValueError, lambda x: wnp.searchsorted(x[0], x[0], side="up")),
    (ValueError, lambda x: wnp.isdtype(wnp.int8, "odd")),
    (TypeError, wnp.add),
    (TypeError, lambda x: wnp.add(x, x, x)),
    (TypeError, lambda x: wnp.sin(x=x)),
    (ValueError, lambda x: wnp.asarray([1.0], copy=False)),
    (TypeError, lambda x: x + "a"),
    (ValueError, lambda x: wnp.fft.fft(x, norm="odd")),
    (ValueError, wnp.cumulative_sum),
    (ValueError, lambda x: wnp.unstack(x, axis=3)),
    (IndexError, lambda x: wnp.take(x, wnp.asarray([0]), axis=2)),
    (ValueError, lambda x: wnp.moveaxis(x, 0, 2)),
    (ValueError, lambda x: wnp.tensordot(x, x, axes=3)),
    (TypeError, lambda x: wnp.asarray("text")),
]


@pytest.mark.parametrize("number", range(len(RAISES)))
def test_errors(number: int) -> None:
    kind, f = RAISES[number]
    with pytest.raises(kind):
        f(wnp.ones((2, 3)))
    if number < 14:
        with pytest.raises(kind) as caught:
            weft.function(f)(np.ones((2, 3), np.float32))
        assert isinstance(caught.value, weft.WeftError)
        assert __file__ in str(caught.value)


def test_interchange() -> None:
    x = wnp.asarray([[1.0, 2.0], [3.0, 4.0]])
    agree(np.from_dlpack(x), np.asarray(x))
    agree(wnp.from_dlpack(np.asarray(x)), np.asarray(x))
    agree(wnp.from_dlpack(x), np.asarray(x))
    assert x.__dlpack_device__() == (1, 0)
    assert np.from_dlpack(wnp.broadcast_to(x, (2, 2, 2))).shape == (2, 2, 2)
    data = np.arange(3.0)
    assert np.shares_memory(wnp.asarray(data, copy=False).numpy(), data)
    assert not np.shares_memory(wnp.asarray(data).numpy(), data)
    with pytest.raises(ValueError, match="read-only"):
        x.numpy()[0, 0] = 5
    agree(np.asarray(x, dtype=np.float64), np.array([[1.0, 2.0], [3.0, 4.0]]))
    torch = pytest.importorskip("torch")
    assert torch.from_dlpack(x).tolist() == x.tolist()
    agree(wnp.from_dlpack(torch.arange(3)), np.arange(3))


def test_creation() -> None:
    for got, want in (
        (wnp.asarray([1.0, 2]), np.array([1, 2], np.float32)),
        (wnp.asarray([[1, 2]]), np.array([[1, 2]])),
        (wnp.asarray(True), np.array(True)),
        (wnp.asarray([1j, 2.0]), np.array([1j, 2], np.complex64)),
        (wnp.asarray([wnp.float64.type(1)]), np.array([1.0])),
        (wnp.asarray([wnp.asarray(2, dtype=wnp.int8), wnp.asarray(3, dtype=wnp.int8)]), np.array([2, 3], np.int8)),
        (wnp.asarray([1, 0], dtype=wnp.bool), np.array([True, False])),
        (wnp.asarray(2**63, dtype=wnp.uint64), np.array(2**63, np.uint64)),
        (wnp.arange(5), np.arange(5)),
        (wnp.arange(1, 2, 0.25), np.arange(1, 2, 0.25, dtype=np.float32)),
        (wnp.arange(5.0), np.arange(5, dtype=np.float32)),
        (wnp.arange(7, -3, -3, dtype=wnp.int8), np.array([7, 4, 1, -2], np.int8)),
        (wnp.arange(3, dtype=wnp.float64), np.arange(3.0)),
        (wnp.arange(2, 1), np.arange(0)),
        (wnp.full((2, 0), 3), np.full((2, 0), 3)),
        (wnp.full(3, 1.5), np.full(3, 1.5, np.float32)),
        (wnp.full((), True), np.array(True)),
        (wnp.full((1,), 1j), np.array([1j], np.complex64)),
        (wnp.zeros(2), np.zeros(2, np.float32)),
        (wnp.ones((2, 1), dtype=wnp.uint8), np.ones((2, 1), np.uint8)),
        (wnp.eye(2, 3, k=1), np.eye(2, 3, 1, np.float32)),
        (wnp.eye(0), np.eye(0, dtype=np.float32)),
        (wnp.linspace(0, 1, 5), np.linspace(0, 1, 5, dtype=np.float32)),
        (wnp.linspace(0, 1j, 3), np.linspace(0, 1j, 3).astype(np.complex64)),
        (wnp.linspace(1, 5, 4, endpoint=False, dtype=wnp.float64), np.linspace(1, 5, 4, endpoint=False)),
        (wnp.linspace(1, 2, 0), np.zeros(0, np.float32)),
        (wnp.empty_like(wnp.ones((2, 3))), np.zeros((2, 3), np.float32)),
        (wnp.full_like(wnp.ones(2), 3, dtype=wnp.int8), np.full(2, 3, np.int8)),
    ):
        agree(got, want)


def test_facts_about_types() -> None:
    for name in FLOATS + COMPLEX:
        got, want = wnp.finfo(getattr(wnp, name)), np.finfo(name)
        assert (got.bits, got.eps, got.max, got.min, got.smallest_normal) == (want.bits, want.eps, want.max, want.min, want.smallest_normal)
        assert type(got.eps) is float
    for name in INTS:
        got, want = wnp.iinfo(getattr(wnp, name)), np.iinfo(name)
        assert (got.bits, got.max, got.min, got.dtype) == (want.bits, want.max, want.min, want.dtype)
    kinds = ["bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric"]
    for name, kind in itertools.product(EVERY, kinds):
        assert wnp.isdtype(getattr(wnp, name), kind) is bool(np.isdtype(np.dtype(name), kind))


xps = make_strategies_namespace(wnp, api_version="2024.12")


@settings(max_examples=60, deadline=None)
@given(x=xps.arrays(xps.scalar_dtypes(), xps.array_shapes(min_dims=0, max_dims=3, min_side=0)), data=st.data())
def test_arrays_of_hypothesis(x: Any, data: st.DataObject) -> None:
    """Hypothesis' own strategies for the standard build and index these arrays."""
    index = data.draw(xps.indices(x.shape))
    agree(x[index], np.asarray(x)[index])
    flat = wnp.reshape(x, (-1,)) if x.size else wnp.reshape(x, (0,))
    agree(wnp.concat((flat, flat)), np.concatenate((np.asarray(x).ravel(),) * 2))
