"""Programs as JAX exports them, through parser, verifier and interpreter."""

import numpy as np
import pytest
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.text import parse
from weft.compiler.verify import verify

jax = pytest.importorskip("jax")
jnp, lax = jax.numpy, jax.lax

RNG = np.random.default_rng(0)
V = RNG.standard_normal(24).astype(np.float32)
A, B = RNG.standard_normal((4, 6)).astype(np.float32), RNG.standard_normal((6, 5)).astype(np.float32)
IMAGE, KERNEL = RNG.standard_normal((2, 8, 9, 4)).astype(np.float32), RNG.standard_normal((3, 3, 4, 6)).astype(np.float32)
AT = np.array([3, 0, 3, 7, -1], np.int32)
NHWC = ("NHWC", "HWIO", "NHWC")


def grouped(x, w):
    return lax.conv_general_dilated(x, w[:, :, :2], (2, 1), ((1, 0), (-1, 3)), (1, 2), (2, 1), NHWC, feature_group_count=2)


def power_iteration(a):
    return lax.fori_loop(0, 5, lambda i, v: (a @ v) / jnp.linalg.norm(a @ v), jnp.ones(a.shape[0]))


def pooled_gradient(x):
    pool = lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")  # noqa: E731
    return jax.grad(lambda x: (pool(x) ** 2).sum())(x)


PROGRAMS = {
    "softmax": (lambda x: jax.nn.softmax(x, axis=-1), A),
    "layer_norm": (lambda x: (x - x.mean(-1, keepdims=True)) / jnp.sqrt((x * x).mean(-1, keepdims=True) + 1e-5), A),
    "matmul": (lambda a, b: a @ b, A, B),
    "batched": (lambda a: jnp.einsum("bij,bkj->bik", a.reshape(2, 2, 6), a.reshape(2, 2, 6)), A),
    "bfloat16": (lambda a, b: jnp.dot(a.astype(jnp.bfloat16), b.astype(jnp.bfloat16), preferred_element_type=jnp.float32), A, B),
    "convolution": (lambda x, w: lax.conv_general_dilated(x, w, (2, 1), "SAME", dimension_numbers=NHWC), IMAGE, KERNEL),
    "grouped convolution": (grouped, IMAGE, KERNEL),
    "gradients of a convolution": (
        jax.grad(lambda x, w: (lax.conv_general_dilated(x, w, (2, 1), "SAME", dimension_numbers=NHWC) ** 2).sum(), (0, 1)), IMAGE, KERNEL,
    ),
    "pooling": (lambda x: lax.reduce_window(x, 0.0, lax.add, (1, 3, 3, 1), (1, 2, 2, 1), "SAME"), IMAGE),
    "gradient of pooling": (pooled_gradient, IMAGE),
    "cumulative sum": (lambda x: jnp.cumsum(x, axis=1), A),
    "argmax": (lambda x: (x.argmax(1), x.argmin(0)), A),
    "sort": (lambda x: (jnp.sort(x), jnp.argsort(x, stable=True), jnp.sort(x, descending=True)), V),
    "lexicographic sort": (lambda x: lax.sort(((x * 3).astype(int), x, jnp.arange(24)), num_keys=2), V),
    "take": (lambda x, i: (x[i], jnp.take(x, i, mode="clip"), x.at[i].get(mode="fill", fill_value=0)), V, AT),
    "take rows of batches": (lambda a: jnp.take_along_axis(a, jnp.argsort(a, axis=1)[:, :2], axis=1), A),
    "batched gather": (jax.vmap(lambda row, i: row[i]), A, np.array([0, 5, 2, 9], np.int32)),
    "scatter": (lambda x, i: (x.at[i].add(1.0), x.at[i[:3]].mul(2.0), x.at[i].max(0.5), x.at[2:5].set(0)), V, AT),
    "gradient of take": (lambda x, i: jax.grad(lambda x: (x[i] ** 2).sum())(x), V, AT),
    "loop": (power_iteration, A[:4, :4]),
    "branch": (lambda x: lax.cond(x.sum() > 0, lambda x: x * 2, lambda x: -x, x), V),
    "switch": (lambda x, i: lax.switch(i[0], [lambda x: x, lambda x: x * 2, lambda x: x + 1], x), V, AT),
    "scan": (lambda x: lax.scan(lambda c, v: (c * 0.5 + v, c), jnp.float32(0), x), V),
    "search": (lambda x, v: jnp.searchsorted(jnp.sort(x), v), V, A),
    "random": (lambda x: x + jax.random.uniform(jax.random.key(3), x.shape), V),
    "permutation": (lambda x: jax.random.permutation(jax.random.key(3), x), V),
    "called functions": (lambda x: jax.jit(jnp.tanh)(x) + jax.jit(jnp.tanh)(x * 2), V),
    "interpolation": (lambda x: jax.image.resize(x, (2, 12, 6, 4), "bilinear"), IMAGE),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    f, *arrays = PROGRAMS[name]
    lowered = jax.jit(f).lower(*arrays)
    m = parse(lowered.as_text())
    verify(m)
    wanted = jax.tree.leaves(jax.jit(f)(*arrays))
    for got, want in zip(evaluate(m, *arrays), map(np.asarray, wanted), strict=True):
        assert (got.dtype, got.shape) == (want.dtype, want.shape)
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-4)
