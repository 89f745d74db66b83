"""Programs written with JAX: functions of numpy and lax in batches, networks, programs of open shapes."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy import special

Function = Callable[..., Any]
rng = np.random.default_rng(0)


def floats(*shape: int) -> np.ndarray:
    """Normally distributed numbers."""
    return rng.standard_normal(shape).astype(np.float32)


X = floats(4, 6)
POSITIVE = np.abs(X) + np.float32(0.1)
INSIDE = np.clip(X / 3, -0.95, 0.95)
INTS = rng.integers(-20, 20, (4, 6)).astype(np.int32)
UINTS = rng.integers(0, 200, (4, 6)).astype(np.uint8)
BOOLS = X > 0
COMPLEX = (X + 1j * floats(4, 6)).astype(np.complex64)
SQUARE = (floats(4, 4) + 4 * np.eye(4)).astype(np.float32)
SPD = (SQUARE @ SQUARE.T + np.eye(4)).astype(np.float32)
IMAGE = floats(2, 8, 8, 3)
KERNEL = floats(3, 3, 3, 5)

UNARY = {
    name: (getattr(jnp, name), (X,))
    for name in (
        "abs", "sign", "floor", "ceil", "rint", "trunc", "exp", "exp2", "expm1", "tanh", "sin", "cos", "tan", "sinh", "cosh", "arctan",
        "arcsinh",
        "square", "negative", "cbrt", "sinc", "deg2rad", "isfinite", "isinf", "isnan", "signbit", "logical_not", "spacing", "nan_to_num",
    )
}  # fmt: skip
POSITIVES = {name: (getattr(jnp, name), (POSITIVE,)) for name in ("log", "log2", "log10", "log1p", "sqrt", "reciprocal")}
POSITIVES |= {
    "arccosh": (lambda x: jnp.arccosh(x + 1), (POSITIVE,)),
    "rsqrt": (lax.rsqrt, (POSITIVE,)),
    "lgamma": (lax.lgamma, (POSITIVE,)),
    "digamma": (lax.digamma, (POSITIVE,)),
    "zeta": (lambda x: lax.zeta(x + 1.1, x), (POSITIVE,)),
    "polygamma": (lambda x: lax.polygamma(jnp.full_like(x, 2), x), (POSITIVE,)),
    "igamma": (lambda x: lax.igamma(x, x + 0.5), (POSITIVE,)),
    "gammainc": (lambda x: special.gammaincc(x, x), (POSITIVE,)),
    "betainc": (lambda x: special.betainc(x, x + 1, jnp.full_like(x, 0.4)), (POSITIVE,)),
    "bessel": (lambda x: (special.i0e(x), special.i1e(x), special.i0(x)), (POSITIVE,)),
    "logit": (lambda x: special.logit(x / 10), (POSITIVE,)),
}
INNER = {name: (getattr(jnp, name), (INSIDE,)) for name in ("arcsin", "arccos", "arctanh")}
INNER |= {
    "erf": (lax.erf, (X,)),
    "erfc": (lax.erfc, (X,)),
    "erf_inv": (lax.erf_inv, (INSIDE,)),
    "ndtri": (lambda x: special.ndtri(x / 2 + 0.5), (INSIDE,)),
    "nextafter": (lambda x: lax.nextafter(x, x * 2), (INSIDE,)),
    "logistic": (jax.nn.sigmoid, (X,)),
    "gelu": (lambda x: (jax.nn.gelu(x), jax.nn.gelu(x, approximate=False)), (X,)),
    "softplus": (lambda x: (jax.nn.softplus(x), jax.nn.selu(x), jax.nn.silu(x), jax.nn.hard_tanh(x)), (X,)),
    "round_even": (lambda x: (jnp.round(x * 2), lax.round(x * 2)), (X,)),
    "reduce_precision": (lambda x: lax.reduce_precision(x, 5, 10), (X,)),
    "xlogy": (lambda x: (special.xlogy(x, jnp.abs(x) + 1), special.entr(jnp.abs(x))), (X,)),
}
BINARY = {
    name: (getattr(jnp, name), (X, X[::-1] + np.float32(0.5)))
    for name in (
        "add", "subtract", "multiply", "divide", "maximum", "minimum", "arctan2", "hypot", "logaddexp", "copysign", "fmod", "remainder",
        "floor_divide", "heaviside", "equal", "less", "greater_equal", "fmax", "float_power",
    )
}  # fmt: skip
BINARY |= {
    "power": (jnp.power, (POSITIVE, X)),
    "integer_pow": (lambda x: (x**3, x**-2), (X,)),
    "clamp": (lambda x: (lax.clamp(-0.5, x, 0.5), jnp.clip(x, -1, None)), (X,)),
    "where": (lambda c, x: jnp.where(c, x, -x), (BOOLS, X)),
    "select": (lambda x: jnp.select([x > 1, x > 0], [x, x * 2], -1), (X,)),
    "broadcast": (lambda x: x[:, None] + x[None, :, 0, None], (X,)),
}
INTEGERS = {
    name: (getattr(jnp, name), (INTS, INTS[::-1] | 1))
    for name in (
        "add", "multiply", "floor_divide", "remainder", "bitwise_and", "bitwise_or", "bitwise_xor", "maximum", "gcd", "lcm", "not_equal",
    )
}  # fmt: skip
INTEGERS |= {
    "divide": (lambda x, y: (lax.div(x, y), lax.rem(x, y)), (INTS, INTS[::-1] | 1)),
    "shifts": (lambda x: (x << 3, x >> 2, lax.shift_right_logical(x, jnp.int32(3))), (INTS,)),
    "bits": (lambda x: (lax.population_count(x), lax.clz(x), ~x, jnp.abs(x), jnp.sign(x)), (INTS,)),
    "power": (lambda x: jnp.power(x, 3), (INTS,)),
    "unsigned": (lambda x: (x + 100, x * 3, x // 7, x % 5, x > 50, x.astype(jnp.float32)), (UINTS,)),
    "widths": (lambda x: (x.astype(jnp.int8) * 9, x.astype(jnp.int16), x.astype(jnp.uint16), x.astype(jnp.uint32) >> 1), (INTS,)),
    "small": (lambda x: (x.astype(jnp.int4).astype(jnp.int8), x.astype(jnp.uint4).astype(jnp.uint8)), (INTS,)),
    "booleans": (lambda x: (x & ~x[::-1], x | x, x ^ x[::-1], jnp.all(x, 0), jnp.any(x), x.sum()), (BOOLS,)),
    "bitcast": (lambda x: (lax.bitcast_convert_type(x, jnp.float32), lax.bitcast_convert_type(x, jnp.int8)), (INTS,)),
    "packbits": (lambda x: (jnp.packbits(x), jnp.unpackbits(x.astype(jnp.uint8))), (BOOLS,)),
    "bincount": (lambda x: (jnp.bincount(jnp.abs(x).ravel(), length=21), jnp.digitize(x, jnp.array([-5, 0, 5]))), (INTS,)),
}
NARROW = {
    "bf16": (lambda x: (x.astype(jnp.bfloat16) * 3 + 1, jnp.tanh(x.astype(jnp.bfloat16)), x.astype(jnp.bfloat16).sum(0)), (X,)),
    "f16": (lambda x: (jnp.exp(x.astype(jnp.float16)), (x.astype(jnp.float16) @ x.T.astype(jnp.float16)).astype(jnp.float32)), (X,)),
    "f8": (lambda x: (x.astype(jnp.float8_e4m3fn).astype(jnp.float32), x.astype(jnp.float8_e5m2).astype(jnp.float32)), (X,)),
    "bf16_dot": (lambda x: lax.dot(x.astype(jnp.bfloat16), x.T.astype(jnp.bfloat16), preferred_element_type=jnp.float32), (X,)),
    "int8_dot": (lambda x: lax.dot(x.astype(jnp.int8), x.T.astype(jnp.int8), preferred_element_type=jnp.int32), (INTS,)),
    "asin16": (lambda x: (jnp.arcsin(x.astype(jnp.float16)), lax.erf_inv(x.astype(jnp.bfloat16))), (INSIDE,)),
}
COMPLEXES = {
    name: (getattr(jnp, name), (COMPLEX,))
    for name in ("exp", "log", "sqrt", "sin", "cos", "tanh", "abs", "angle", "conj", "real", "imag", "log1p", "expm1")
}
COMPLEXES |= {
    "arithmetic": (lambda z: (z * z[::-1], z / (z[::-1] + 3), z - 1j, z @ z.T, z.sum(0), jnp.prod(z, 1)), (COMPLEX,)),
    "inverse": (lambda z: (jnp.arctan(z), jnp.arcsin(z), jnp.arcsinh(z)), (COMPLEX,)),
    "polar": (lambda x: lax.complex(jnp.cos(x), jnp.sin(x)), (X,)),
    "fft": (lambda z: (jnp.fft.fft(z), jnp.fft.ifft(z), jnp.fft.fft2(z), jnp.fft.fftshift(z)), (COMPLEX,)),
    "rfft": (lambda x: (jnp.fft.rfft(x), jnp.fft.irfft(jnp.fft.rfft(x)), jnp.fft.rfft2(x)), (X,)),
}
SHAPES = {
    "reshape": (
        lambda x: (x.reshape(8, 3), x.ravel(), x.T, jnp.swapaxes(x[None], 0, 2), jnp.expand_dims(x, 1), jnp.moveaxis(x[None], 0, -1)),
        (X,),
    ),
    "join": (
        lambda x: (jnp.concatenate([x, x[:1]]), jnp.stack([x, x * 2], 1), jnp.hstack([x, x]), jnp.tile(x, (2, 2)), jnp.repeat(x, 2, 0)),
        (X,),
    ),
    "split": (lambda x: (*jnp.split(x, 3, axis=1), *jnp.array_split(x, 3)), (X,)),
    "flip": (lambda x: (jnp.flip(x), x[:, ::-1], jnp.rot90(x), jnp.roll(x, 2, 1), jnp.roll(x, (1, 2), (0, 1))), (X,)),
    "pad": (
        lambda x: (jnp.pad(x, 1), lax.pad(x, 0.5, ((1, -1, 2), (0, 2, 1))), *(jnp.pad(x, 2, mode=m) for m in ("edge", "reflect", "wrap"))),
        (X,),
    ),
    "triangles": (lambda x: (jnp.tril(x), jnp.triu(x, 1), jnp.diag(x[:, 0]), jnp.diagonal(x), jnp.trace(x), jnp.eye(3, 4, 1)), (X,)),
    "iota": (lambda x: (jnp.arange(7) + x[0, 0], jnp.linspace(0, 1, 5) * x[0, 0], lax.broadcasted_iota(jnp.int32, (2, 3), 1)), (X,)),
    "meshgrid": (lambda x: jnp.meshgrid(x[0], x[1, :3]), (X,)),
    "kron": (lambda x: (jnp.kron(x[:2, :2], x), jnp.outer(x[0], x[1]), jnp.vander(x[0], 3), jnp.cross(x[:, :3], x[:, 3:])), (X,)),
}
REDUCTIONS = {
    name: (lambda f: lambda x: (f(x), f(x, axis=0), f(x, axis=1, keepdims=True)))(getattr(jnp, name))
    for name in (
        "sum",
        "prod",
        "max",
        "min",
        "mean",
        "std",
        "var",
        "any",
        "all",
        "ptp",
        "nansum",
        "median",
        "argmax",
        "argmin",
        "count_nonzero",
    )
}
REDUCTIONS = {name: (f, (X,)) for name, f in REDUCTIONS.items()} | {
    "scans": (lambda x: (jnp.cumsum(x, 1), jnp.cumprod(x, 0), lax.cummax(x), lax.cummin(x, 1), lax.cumlogsumexp(x, 1), jnp.diff(x)), (X,)),
    "logsumexp": (lambda x: (jax.nn.logsumexp(x, 1), jax.nn.softmax(x), jax.nn.log_softmax(x, 0)), (X,)),
    "windows": (
        lambda x: (
            lax.reduce_window(x, -jnp.inf, lax.max, (2, 3), (1, 2), "VALID"),
            lax.reduce_window(x, 0.0, lax.add, (3, 3), (1, 1), "SAME"),
            jax.grad(lambda y: lax.reduce_window(y, -jnp.inf, lax.max, (2, 2), (2, 2), "VALID").sum())(x),
        ),
        (X,),
    ),
    "own_reduce": (lambda x: lax.reduce(x, jnp.float32(0), lambda a, b: jnp.maximum(jnp.abs(a), jnp.abs(b)), (1,)), (X,)),
    "associative_scan": (lambda x: lax.associative_scan(lambda a, b: a * 0.5 + b, x, axis=1), (X,)),
    "average": (
        lambda x: (jnp.average(x, 0, jnp.arange(4.0)), jnp.quantile(x, 0.3, axis=1), jnp.histogram(x, 5)[0], jnp.cov(x), jnp.corrcoef(x)),
        (X,),
    ),
}
ORDER = {
    "sort": (lambda x: (jnp.sort(x), jnp.sort(x, 0, descending=True), jnp.argsort(x), lax.sort((x, -x), num_keys=1)), (X,)),
    "top_k": (lambda x: lax.top_k(x, 3), (X,)),
    "top_k_ints": (lambda x: lax.top_k(x, 2), (INTS,)),
    "unique": (lambda x: jnp.unique(x, size=30, fill_value=0), (INTS,)),
    "searchsorted": (lambda x: jnp.searchsorted(jnp.sort(x[0]), x[1]), (X,)),
    "nonzero": (lambda x: jnp.nonzero(x, size=24, fill_value=-1), (BOOLS,)),
    "lexsort": (lambda x: jnp.lexsort((x[0], x[1])), (INTS,)),
    "partition": (lambda x: (jnp.partition(x, 2), jnp.argpartition(x, 2).shape[0] + x[0]), (X,)),
}
INDEXING = {
    "gather": (
        lambda x, i: (
            x[i % 4],
            x[:, i[0] % 6],
            x[i[:, 0] % 4, i[:, 1] % 6],
            jnp.take(x, i, mode="clip"),
            jnp.take(x, i[0], axis=1, mode="fill"),
        ),
        (X, INTS),
    ),
    "along": (lambda x, i: (jnp.take_along_axis(x, jnp.abs(i) % 6, 1), jnp.choose(i, [x, -x], mode="wrap"), x.at[1, 2].get()), (X, INTS)),
    "slices": (lambda x, i: (x[1:3, ::2], lax.dynamic_slice(x, (i[0, 0], 1), (2, 3)), lax.dynamic_index_in_dim(x, i[0, 1] % 4)), (X, INTS)),
    "set": (
        lambda x, i: (x.at[1].set(0), x.at[:, 2].add(1), x.at[i[0] % 4].add(2), x.at[i[0] % 4, i[1] % 6].mul(2), x.at[1:3].max(0)),
        (X, INTS),
    ),
    "update": (
        lambda x, i: (lax.dynamic_update_slice(x, x[:2, :2], (i[0, 0], 2)), x.at[i[0, :3] % 4].min(-1), x.at[..., -1].divide(2)),
        (X, INTS),
    ),
    "segments": (
        lambda x, i: (jax.ops.segment_sum(x.ravel(), jnp.abs(i.ravel()) % 5, 5), jax.ops.segment_max(x.ravel(), jnp.abs(i.ravel()) % 5, 5)),
        (X, INTS),
    ),
    "one_hot": (lambda i: jax.nn.one_hot(jnp.abs(i[0]) % 5, 5), (INTS,)),
    "batched": (lambda x, i: (jax.vmap(lambda r, k: r[k % 6])(x, i), jax.vmap(lambda r, k: r.at[k % 6].add(1.0))(x, i)), (X, INTS)),
}
PRODUCTS = {
    "dots": (lambda x: (x @ x.T, jnp.dot(x[0], x[1]), jnp.vdot(x, x), jnp.inner(x, x), jnp.tensordot(x, x, ((0,), (0,)))), (X,)),
    "einsum": (
        lambda x: (
            jnp.einsum("ij,kj->ik", x, x),
            jnp.einsum("ij,ij->i", x, x),
            jnp.einsum("ij->ji", x),
            jnp.einsum("ij,j,k->ik", x, x[0], x[1]),
        ),
        (X,),
    ),
    "batch": (lambda a: lax.dot_general(a, a, (((2,), (2,)), ((0,), (0,)))), (floats(3, 4, 5),)),
    "ragged": (lambda x, w: lax.ragged_dot(x, w, jnp.array([1, 0, 3], jnp.int32)), (X, floats(3, 6, 5))),
    "conv": (lambda x, k: lax.conv_general_dilated(x, k, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")), (IMAGE, KERNEL)),
    "conv_strided": (
        lambda x, k: lax.conv_general_dilated(x, k, (2, 2), ((1, 0), (0, 2)), (1, 2), (2, 1), dimension_numbers=("NHWC", "HWIO", "NHWC")),
        (IMAGE, KERNEL),
    ),
    "conv_groups": (
        lambda x, k: lax.conv_general_dilated(x, k, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=3),
        (IMAGE, floats(3, 3, 1, 6)),
    ),
    "conv_transpose": (lambda x, k: lax.conv_transpose(x, k, (2, 2), "SAME"), (IMAGE, floats(2, 2, 3, 4))),
    "conv_1d": (
        lambda x, k: (jnp.convolve(x[0], k), jnp.correlate(x[0], k), lax.conv(x[None, None, 0], k[None, None], (1,), "SAME")),
        (X, floats(3)),
    ),
    "conv_gradient": (
        lambda x, k: jax.grad(lambda w: (lax.conv(x, w, (2, 2), "SAME") ** 2).sum())(k),
        (floats(1, 3, 7, 7), floats(4, 3, 3, 3)),
    ),
}
LINALG = {
    "cholesky": (jnp.linalg.cholesky, (SPD,)),
    "triangular": (
        lambda a, b: (jax.scipy.linalg.solve_triangular(a, b), jax.scipy.linalg.solve_triangular(a, b, lower=True, trans=1)),
        (SQUARE, X),
    ),
    "solve": (lambda a, b: (jnp.linalg.solve(a, b), jnp.linalg.inv(a), jnp.linalg.det(a), jnp.linalg.slogdet(a)[1]), (SQUARE, X)),
    "qr": (lambda a: (lambda q, r: (jnp.abs(q), jnp.abs(r), q @ r))(*jnp.linalg.qr(a)), (X.T,)),
    "eigh": (lambda a: (lambda w, v: (w, (v * w) @ v.T))(*jnp.linalg.eigh(a)), (SPD,)),
    "eig": (lambda a: (lambda w, v: (jnp.sort(jnp.abs(w)), 1 + jnp.abs(a @ v - v * w)))(*jnp.linalg.eig(a)), (SQUARE,)),
    "svd": (lambda a: (lambda u, s, v: (s, (u * s) @ v))(*jnp.linalg.svd(a, full_matrices=False)), (X,)),
    "svd_values": (lambda a: [jnp.linalg.svd(m, f, compute_uv=False) for m in (a, a.T, a[:, :4]) for f in (False, True)], (X,)),
    "norms": (
        lambda a: (jnp.linalg.norm(a), jnp.linalg.norm(a, 2), jnp.linalg.pinv(a), jnp.linalg.matrix_rank(a), jnp.linalg.lstsq(a, a)[0]),
        (SQUARE,),
    ),
    "batched": (lambda a: jnp.linalg.cholesky(jnp.stack([a, 2 * a])), (SPD,)),
    "expm": (lambda a: jax.scipy.linalg.expm(a / 4), (SQUARE,)),
    "lu": (jax.scipy.linalg.lu, (SQUARE,)),
}
CONTROL = {
    "cond": (lambda x: (lax.cond(x.sum() > 0, jnp.sin, jnp.cos, x), lax.cond(x[0, 0] > 0, lambda: x, lambda: x * 2)), (X,)),
    "switch": (lambda x, i: [lax.switch(i[0, 0] % 3 + k, [jnp.sin, jnp.cos, jnp.negative], x) for k in (-1, 0, 1)], (X, INTS)),
    "while": (
        lambda x: lax.while_loop(lambda s: s[0] < 10, lambda s: (s[0] + jnp.abs(s[1]).max() + 1, s[1] * 1.1), (jnp.float32(0), x)),
        (X,),
    ),
    "fori": (lambda x: lax.fori_loop(0, 5, lambda i, s: s.at[i % 4].add(i), x), (X,)),
    "fori_open": (lambda x, n: lax.fori_loop(0, jnp.abs(n[0, 0]), lambda i, s: s + jnp.float32(i), x), (X, INTS)),
    "scan": (lambda x: lax.scan(lambda c, r: (c + r, c * r), jnp.zeros(6), x), (X,)),
    "scan_reverse": (lambda x: lax.scan(lambda c, r: (jnp.tanh(c + r), (c, r.sum())), jnp.zeros(6), x, reverse=True, unroll=2), (X,)),
    "map": (lambda x: (lax.map(lambda r: r / r.sum(), x), jax.vmap(jnp.dot)(x, x)), (X,)),
    "nested": (
        lambda x: lax.fori_loop(
            0, 3, lambda i, s: lax.cond(i % 2 == 0, lambda v: lax.fori_loop(0, i, lambda j, t: t + j, v), jnp.sin, s), x
        ),
        (X,),
    ),
    "gradient_of_scan": (jax.grad(lambda y: lax.scan(lambda c, r: (jnp.sin(c + r), None), jnp.zeros(6), y)[0].sum()), (X,)),
    "checkpoint": (jax.grad(jax.checkpoint(lambda z: jnp.sin(jnp.sin(z)).sum())), (X,)),
    "custom": (lambda x: jax.jit(jax.nn.relu)(x) + jax.grad(lambda y: jax.nn.relu(y).sum())(x), (X,)),
}
RANDOM = {
    "threefry": (lambda k: (jax.random.bits(k, (5,)), jax.random.uniform(k, (3, 4)), jax.random.normal(k, (7,))), (jax.random.PRNGKey(3),)),
    "split": (lambda k: (jax.random.split(k, 3), jax.random.fold_in(k, 7), jax.random.permutation(k, 10)), (jax.random.PRNGKey(4),)),
    "draws": (
        lambda k: (
            jax.random.randint(k, (6,), -5, 50), jax.random.bernoulli(k, 0.3, (8,)), jax.random.categorical(k, jnp.zeros((3, 5))),
            jax.random.gumbel(k, (4,)), jax.random.truncated_normal(k, -1.0, 1.0, (4,)), jax.random.choice(k, 9, (3,), replace=False),
        ),
        (jax.random.PRNGKey(5),),
    ),
    "dropout": (lambda k, x: jnp.where(jax.random.bernoulli(k, 0.5, x.shape), x / 0.5, 0), (jax.random.PRNGKey(6), X)),
    "bit_generator": (lambda k: lax.rng_bit_generator(jnp.concatenate([k, k]), (6,)), (jax.random.PRNGKey(7),)),
}  # fmt: skip
OTHERS = {
    "barrier": (lambda x: lax.optimization_barrier((x, x * 2)), (X,)),
    "interp": (
        lambda x: (jnp.interp(x[0], jnp.arange(4.0), jnp.arange(4.0) ** 2), jnp.polyval(jnp.array([1.0, 2, 3]), x), jnp.trapezoid(x)),
        (X,),
    ),
    "resize": (lambda x: (jax.image.resize(x, (2, 4, 4, 3), "linear"), jax.image.resize(x, (2, 16, 16, 3), "nearest")), (IMAGE,)),
    "gradients": (
        lambda x: (
            jax.grad(lambda y: jnp.tanh(y @ y.T).sum())(x),
            jax.jacobian(lambda y: jnp.sin(y[0]))(x),
            jax.hessian(lambda y: (y**3).sum())(x[0]),
        ),
        (X,),
    ),
    "dtype_mix": (lambda x, i: (x * i, i / 2, x.astype(jnp.int32) + i, jnp.float32(2) ** i.astype(jnp.float32)), (X, INTS)),
    "linear_filter": (lambda x: jax.scipy.signal.convolve2d(x, x[:2, :2], mode="same"), (X,)),
}
BATCHES: Mapping[str, Mapping[str, tuple[Function, tuple[Any, ...]]]] = {
    "unary": UNARY, "positive": POSITIVES, "inner": INNER, "binary": BINARY, "integers": INTEGERS, "narrow": NARROW, "complex": COMPLEXES,
    "shapes": SHAPES, "reductions": REDUCTIONS, "order": ORDER, "indexing": INDEXING, "products": PRODUCTS, "linalg": LINALG,
    "control": CONTROL, "random": RANDOM, "others": OTHERS,
}  # fmt: skip


def attention(x: Any, w: Any) -> Any:
    """Causal attention of four heads."""
    q, k, v = (h.reshape(*h.shape[:-1], 4, -1).swapaxes(-2, -3) for h in jnp.split(x @ w, 3, axis=-1))
    scores = q @ k.swapaxes(-1, -2) / jnp.sqrt(jnp.float32(q.shape[-1]))
    mask = jnp.tril(jnp.ones((x.shape[-2], x.shape[-2]), bool))
    heads = jax.nn.softmax(jnp.where(mask, scores, -jnp.inf)) @ v
    return heads.swapaxes(-2, -3).reshape(*x.shape[:-1], -1)


def layer_norm(x: Any, scale: Any, bias: Any) -> Any:
    """Normalization of the last dim."""
    mean = x.mean(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(jnp.square(x - mean).mean(-1, keepdims=True) + 1e-5) * scale + bias


def convnet(parameters: Any, x: Any) -> Any:
    """Two convolutions with pooling between, a dense layer."""
    first, second, dense = parameters
    numbers = ("NHWC", "HWIO", "NHWC")
    x = jax.nn.relu(lax.conv_general_dilated(x, first, (1, 1), "SAME", dimension_numbers=numbers))
    x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    x = jax.nn.relu(lax.conv_general_dilated(x, second, (1, 1), "VALID", dimension_numbers=numbers))
    return x.reshape(x.shape[0], -1) @ dense


def loss(parameters: Any, x: Any, labels: Any) -> Any:
    """Cross entropy of the network."""
    chosen = jnp.take_along_axis(jax.nn.log_softmax(convnet(parameters, x)), labels[:, None], 1)
    return -chosen.mean()


def lstm(x: Any, w: Any, u: Any, b: Any) -> Any:
    """An LSTM over time, by scan."""

    def step(state: Any, row: Any) -> Any:
        h, c = state
        i, f, g, o = jnp.split(row @ w + h @ u + b, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zero = jnp.zeros((x.shape[1], u.shape[0]))
    return lax.scan(step, (zero, zero), x)


def adam(parameters: Any, gradients: Any, m: Any, v: Any, step: Any) -> Any:
    """One step of the optimizer Adam, on a tree of parameters."""
    m = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, m, gradients)
    v = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g * g, v, gradients)
    scale = jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    return jax.tree.map(lambda p, a, b: p - 1e-3 * scale * a / (jnp.sqrt(b) + 1e-8), parameters, m, v), m, v


CONVNET = (floats(3, 3, 3, 8) / 5, floats(3, 3, 8, 4) / 8, floats(16, 10) / 4)
LABELS = rng.integers(0, 10, 2).astype(np.int32)
NETWORKS: Mapping[str, tuple[Function, tuple[Any, ...]]] = {
    "attention": (attention, (floats(2, 7, 16), floats(16, 48) / 4)),
    "layer_norm": (layer_norm, (floats(5, 16), floats(16), floats(16))),
    "convnet": (convnet, (CONVNET, IMAGE)),
    "convnet_gradient": (jax.value_and_grad(loss), (CONVNET, IMAGE, LABELS)),
    "lstm": (lstm, (floats(6, 2, 5), floats(5, 32) / 2, floats(8, 32) / 3, floats(32))),
    "lstm_gradient": (
        jax.grad(lambda w, x, u, b: lstm(x, w, u, b)[1].sum()),
        (floats(5, 32) / 2, floats(6, 2, 5), floats(8, 32) / 3, floats(32)),
    ),
    "adam": (adam, (CONVNET, CONVNET, CONVNET, jax.tree.map(np.abs, CONVNET), np.float32(3))),
}


def polymorphic(x: Any, y: Any) -> Any:
    """What open shapes meet: reshapes, joins, sizes as numbers, halves, loops, sorts."""
    b = x.shape[0]
    total = lax.fori_loop(0, b, lambda i, s: s + x[i] * i, jnp.zeros(x.shape[1]))
    return (
        x + y, x.reshape(-1), jnp.concatenate([x, y[:1]]), x[: b // 2], x[1:], x[::-1], jnp.zeros((b + 2,)) + b, jnp.arange(b) * 2,
        total, x.mean(0), jnp.sort(x, 0), jnp.cumsum(x, 0), jnp.pad(x, ((1, 2), (0, 0))), x @ y.T, jnp.tile(x, (2, 1)),
        jnp.where(x > 0, x, y),
        jax.nn.softmax(x @ x.T) @ x, x.T.reshape(2, -1), lax.top_k(x.T, 1), x[jnp.arange(b) % 2], x.at[0].set(1.0), jnp.argmax(x, 0),
    )  # fmt: skip


# Programs of open shapes: the sizes of their inputs as JAX writes them, and what they may be.
OPEN: Mapping[str, tuple[Function, tuple[str, ...], tuple[dict[str, int], ...]]] = {
    "polymorphic": (polymorphic, ("b, 4", "b, 4"), ({"b": 3}, {"b": 6})),
    "two_sizes": (
        lambda x, w: (attention(x, w), x.reshape(x.shape[0] * x.shape[1], -1).sum(0)),
        ("b, t, 16", "16, 48"),
        ({"b": 2, "t": 5}, {"b": 1, "t": 9}),
    ),
    "multiples": (lambda x: (x.reshape(-1, 2).sum(1), x[: x.shape[0] // 2]), ("2*n",), ({"n": 4}, {"n": 1})),
    "scan": (lambda x: lax.scan(lambda c, r: (c + r, r.sum() * x.shape[0]), jnp.zeros(4), x), ("n, 4",), ({"n": 5},)),
    "convolution": (
        lambda x, k: lax.conv_general_dilated(x, k, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")),
        ("b, 8, 8, 3", "3, 3, 3, 5"),
        ({"b": 2},),
    ),
    "rounded": (
        lambda x: (
            jnp.pad(x, ((0, -x.shape[0] % 4), (0, 0))),
            jax.random.normal(jax.random.key(0), x.shape) + x,
            x[:, ::2][::2],
            lax.reduce_window(x, 0.0, lax.add, (2, 1), (2, 1), "SAME"),
        ),
        ("b, 4",),
        ({"b": 6}, {"b": 1}),
    ),
    "linalg": (
        lambda x: (
            jnp.linalg.cholesky(x @ x.T + 4 * jnp.eye(x.shape[0])),
            jnp.linalg.solve(x @ x.T + 4 * jnp.eye(x.shape[0]), x),
            jnp.linalg.svd(x, compute_uv=False),
            jnp.linalg.eigvalsh(x @ x.T),
        ),
        ("n, 4",),
        ({"n": 4}, {"n": 2}),
    ),
    "offsets": (lambda x: (x[2:-1], x[:, None] * x[None, :]), ("n + 3",), ({"n": 4},)),
}
# Those of them that take remainders of negative numbers, which no dim expresses: sizes made of them are bound as the program runs.
BOUND = {"rounded"}
