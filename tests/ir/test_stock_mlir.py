"""The text form against MLIR itself: what JAX exports is read, and what weft prints the StableHLO dialect accepts as the same program."""

from collections.abc import Callable

import numpy as np
import pytest
from weft.compiler.ir.compare import difference
from weft.compiler.ir.text import parse, to_text

jax = pytest.importorskip("jax")
jnp = jax.numpy
lax = jax.lax
export = pytest.importorskip("jax.export")
mlir = pytest.importorskip("jaxlib.mlir.ir")

F = np.float32
IMAGE = np.ones((4, 3, 8, 8), F)
KERNEL = np.ones((5, 3, 3, 3), F)
VECTOR = np.arange(4, dtype=F)

PROGRAMS: dict[str, tuple[Callable[..., object], tuple[np.ndarray, ...]]] = {
    "convolution": (lambda x, w: lax.conv_general_dilated(x, w, (2, 2), "SAME"), (IMAGE, KERNEL)),
    "softmax": (jax.nn.softmax, (VECTOR,)),
    "while": (lambda y: lax.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, c[1] * 2 + jnp.sum(y)), (0, y)), (VECTOR,)),
    "scan": (lambda x: lax.scan(lambda c, a: (c + a, c), 0.0, x), (VECTOR,)),
    "cond": (lambda y: lax.cond(y[0] > 3, lambda a: a, lambda a: -a, y), (VECTOR,)),
    "switch": (lambda x: lax.switch(x[0].astype(int), [lambda a: a, lambda a: a * 2, lambda a: a * 3], x), (VECTOR,)),
    "sort": (jnp.sort, (VECTOR,)),
    "argmax": (jnp.argmax, (VECTOR,)),
    "top_k": (lambda x: lax.top_k(x, 2), (VECTOR,)),
    "scatter": (lambda y: y.at[0].add(1.0), (VECTOR,)),
    "gather": (lambda y: y[jnp.array([0, 1])], (VECTOR,)),
    "pooling": (lambda x: lax.reduce_window(x, 0.0, lax.add, (1, 1, 2, 2), (1, 1, 2, 2), "SAME"), (IMAGE,)),
    "pooling gradient": (jax.grad(lambda x: lax.reduce_window(x, -np.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID").sum()), (IMAGE,)),
    "pad": (lambda x: jnp.pad(x, ((0, 0), (0, 0), (1, 1), (2, 2))), (IMAGE,)),
    "constants": (lambda x: (x + np.array([np.nan, np.inf, 1e-5, 3e20], F), x[0] + np.arange(400, dtype=F)), (VECTOR,)),
    "random": (lambda x: jax.random.normal(jax.random.PRNGKey(0), (4,)) + x, (VECTOR,)),
    "random bits": (lambda k: lax.rng_bit_generator(k, (4,)), (np.zeros(4, np.uint32),)),
    "bfloat16": (lambda x: x.astype(jnp.bfloat16) * np.array([1.5, np.nan, np.inf, 3], jnp.bfloat16), (VECTOR,)),
    "float8": (lambda x: x.astype(jnp.float8_e4m3fn).astype(F), (VECTOR,)),
    "int4": (lambda x: x.astype(jnp.int4), (VECTOR,)),
    "complex": (lambda x: (x + 1j) * np.array([1, 2, 3, 4j], np.complex64), (VECTOR,)),
    "booleans": (lambda x: np.array([True, False, True, True]) & (x > 0), (VECTOR,)),
    "batched product": (lambda x: jnp.einsum("bij,bjk->bik", x[0], x[1], precision="highest"), (IMAGE,)),
    "gelu": (lambda x: jax.nn.gelu(x, approximate=False), (VECTOR,)),
    "cumsum": (jnp.cumsum, (VECTOR,)),
    "dynamic slices": (lambda x: lax.dynamic_update_slice(x, lax.dynamic_slice(x, (1,), (2,)), (0,)), (VECTOR,)),
    "cholesky": (lambda x: jnp.linalg.cholesky(jnp.eye(4) + x), (VECTOR,)),
    "gradient": (jax.grad(lambda x: jnp.sum(jnp.tanh(x) * jnp.max(x))), (VECTOR,)),
    "reduce_precision": (lambda x: lax.reduce_precision(x, 5, 10), (VECTOR,)),
}


def stock(text: str) -> str:
    """The text as MLIR parses, verifies and prints it."""
    from jax._src.interpreters.mlir import make_ir_context

    with make_ir_context():
        m = mlir.Module.parse(text)
        m.operation.verify()
        return m.operation.get_asm(print_generic_op_form=True)


@pytest.mark.parametrize("name", PROGRAMS)
def test_jax_programs(name: str) -> None:
    f, arguments = PROGRAMS[name]
    module = parse(export.export(jax.jit(f))(*arguments).mlir_module())
    assert len(module.main.params) == len(arguments)
    for options in ({}, {"generic": True, "locations": True}):
        assert difference(module, parse(to_text(module, **options))) == ""
        assert difference(module, parse(stock(to_text(module, portable=True, **options))), names=False) == ""


def test_symbols_from_jax() -> None:
    """A symbolic dim arrives as a dim of its own."""
    shape = export.symbolic_shape("b, 4")
    exported = export.export(jax.jit(lambda x: jnp.tanh(x).sum(1)))(jax.ShapeDtypeStruct(shape, F))
    module = parse(exported.mlir_module())
    (x,) = [p for p in module.main.params if p.tensor.rank == 2]
    assert not isinstance(x.shape[0], int)
