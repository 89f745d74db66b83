"""Derivatives, vectorisation, control flow and state of the Python frontend, eager and compiled, with JAX as the oracle."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import weft
from weft import numpy as wnp

jax = pytest.importorskip("jax")
jnp = jax.numpy


def near(got: Any, want: Any, rtol: float = 2e-5) -> None:
    got_leaves, want_leaves = weft.pytree.flatten(got)[0], jax.tree.leaves(want)
    assert len(got_leaves) == len(want_leaves)
    for g, w in zip(got_leaves, want_leaves, strict=True):
        np.testing.assert_allclose(np.asarray(g), np.asarray(w), rtol=rtol, atol=1e-5)


def both(f: Callable[..., Any], *args: Any) -> list[Any]:
    """What `f` gives eagerly and compiled."""
    return [f(*args), weft.function(f)(*args)]


X = np.random.default_rng(0).standard_normal((5, 3, 4)).astype(np.float32)
W = np.random.default_rng(1).standard_normal((4, 6)).astype(np.float32)


def test_value_and_grad_of_a_tree() -> None:
    def loss(lib: Any) -> Callable[..., Any]:
        return lambda p, x: lib.mean(lib.tanh(x @ p["w"] + p["b"]) ** 2)

    p = {"w": W, "b": np.zeros(6, np.float32)}
    want = jax.value_and_grad(loss(jnp))(p, X)
    for got in both(weft.value_and_grad(loss(wnp)), p, X):
        near(got, want)


def test_higher_orders() -> None:
    def f(lib: Any) -> Callable[..., Any]:
        return lambda x: (lib.sin(x) * lib.exp(x)).sum()

    def second(g: Any, lib: Any) -> Callable[..., Any]:
        return lambda x: (g(f(lib))(x) * x).sum()

    want = jax.grad(second(jax.grad, jnp))(X)
    for got in both(weft.grad(second(weft.grad, wnp)), X):
        near(got, want)


def test_vjp_and_jvp() -> None:
    def f(lib: Any) -> Callable[..., Any]:
        return lambda x, w: (lib.tanh(x @ w), lib.sum(x, axis=0))

    y, pull = weft.vjp(f(wnp), X, W)
    jy, jpull = jax.vjp(f(jnp), X, W)
    near(y, jy)
    near(pull(jy), jpull(jy))
    near(weft.jvp(f(wnp), (X, W), (X + 1, W * 2)), jax.jvp(f(jnp), (X, W), (X + 1, W * 2)))


def test_own_derivatives() -> None:
    slope = weft.custom_vjp(wnp.sin, lambda args, ct: (ct * 100,))
    for got in both(weft.grad(lambda x: (slope(x) * weft.stop_gradient(x)).sum()), X):
        near(got, 100 * X)
    again = weft.checkpoint(lambda x: wnp.tanh(wnp.sin(x)))
    for got in both(weft.grad(lambda x: again(x).sum()), X):
        near(got, jax.grad(lambda x: jnp.tanh(jnp.sin(x)).sum())(X))


def test_gradient_tape() -> None:
    with weft.GradientTape() as tape:
        w = wnp.asarray([1.0, 2.0])
        tape.watch(w)
        loss = (wnp.sin(w) * w).sum()
    (got,) = tape.gradient(loss, [w])
    v = np.array([1.0, 2.0])
    near(got, np.cos(v) * v + np.sin(v))


def test_control_flow() -> None:
    def f(c: Any, lib: Any) -> Callable[..., Any]:
        def program(x: Any, n: Any) -> Any:
            y = c["cond"](x.sum() > 0, lambda: x * 2, lambda: -x)
            s, ys = c["scan"](lambda s, r: (lib.tanh(s + r.sum()), s * r), x.sum(), y)
            z = c["while"](lambda s: s[0] < n, lambda s: (s[0] + 1, lib.sin(s[1])), (0, s))
            return ys, z[1], c["fori"](0, 3, lambda i, a: a + i * s, s), c["switch"](n, [lambda: s, lambda: s * 2, lambda: s * 3])

        return program

    ours = {"cond": weft.cond, "scan": weft.scan, "while": weft.while_loop, "fori": weft.fori_loop, "switch": weft.switch}
    lax = jax.lax
    theirs = {"cond": lax.cond, "scan": lax.scan, "while": lax.while_loop, "fori": lax.fori_loop, "switch": lax.switch}
    want = f(theirs, jnp)(jnp.asarray(X[0]), 2)
    for got in both(lambda x: f(ours, wnp)(x, 2), wnp.asarray(X[0])):
        near(got, want)
    near(weft.function(f(ours, wnp))(X[0], 2), want)


def test_gradients_through_loops() -> None:
    def scanned(c: Any, lib: Any) -> Callable[..., Any]:
        return lambda x: c(lambda s, r: (lib.tanh(s * r.sum() + r.mean()), s), lib.asarray(0.5, dtype=np.float32), x)[0]

    want = jax.grad(scanned(jax.lax.scan, jnp))(X)
    for got in both(weft.grad(scanned(weft.scan, wnp)), X):
        near(got, want)

    def turned(x: Any, n: Any) -> Any:
        return weft.while_loop(lambda s: s[0] < n, lambda s: (s[0] + 1, wnp.sin(s[1])), (0, x))[1].sum()

    want = jax.grad(lambda x: jnp.sin(jnp.sin(jnp.sin(x))).sum())(X)
    near(weft.function(weft.grad(turned))(X, 3), want)


def test_vmap() -> None:
    near(weft.vmap(lambda x: x @ W)(X), X @ W)
    near(weft.vmap(weft.nn.softmax)(X), jax.nn.softmax(X))
    index = np.random.default_rng(2).integers(0, 3, (5, 2))
    near(weft.vmap(lambda x, i: x[i].sum(axis=0))(X, index), np.stack([x[i].sum(0) for x, i in zip(X, index, strict=True)]))
    n = np.array([1, 4, 2, 7])
    doubled = weft.vmap(lambda n: weft.while_loop(lambda s: s[0] < n, lambda s: (s[0] + 1, s[1] * 2.0), (0, 1.0))[1])
    for got in both(doubled, n):
        near(got, 2.0**n)
    near(weft.vmap(lambda x: weft.cond(x > 2, lambda: x * 2, lambda: -x))(n), np.where(n > 2, n * 2, -n))
    near(weft.vmap(weft.vmap(lambda x, y: x * y, (None, 0)), (0, None))(n, n), np.outer(n, n))
    per_example = weft.function(weft.vmap(weft.grad(lambda x: (wnp.sin(x) @ W).sum())))
    near(per_example(X), jax.vmap(jax.grad(lambda x: (jnp.sin(x) @ W).sum()))(X))


def test_random_numbers_are_those_of_jax() -> None:
    key, jkey = weft.random.key(42), jax.random.PRNGKey(42)
    near(weft.random.split(key, 3), jax.random.split(jkey, 3), 0)
    near(weft.random.fold_in(key, 7), jax.random.fold_in(jkey, 7), 0)
    for got in both(lambda k: weft.random.uniform(k, (1000,)), key):
        near(got, jax.random.uniform(jkey, (1000,)), 0)
    near(weft.random.normal(key, (50,)), jax.random.normal(jkey, (50,)))
    assert sorted(weft.random.permutation(key, 20).tolist()) == list(range(20))


def test_variables_are_written_in_place() -> None:
    v = weft.Variable(np.zeros(3, np.float32), "v")
    memory = v.array

    @weft.function
    def add(x: Any) -> Any:
        v.assign(v.value + x)
        return v.value.sum()

    assert [float(add(np.ones(3, np.float32))) for _ in range(3)] == [3, 6, 9]
    assert v.array is memory
    with pytest.raises(weft.WeftError, match="`v` is float32"):
        v.assign(np.zeros(4, np.float32))


def test_signatures_and_static_arguments() -> None:
    seen: list[str] = []

    def f(x: Any, n: int, *, scale: float = 1.0) -> Any:
        seen.append("traced")
        return {"y": x * scale, "n": n, "none": None}

    g = weft.function(f, static="n")
    assert float(g(wnp.asarray(2.0), 3, scale=4.0)["y"]) == 8
    g(wnp.asarray(5.0), 3, scale=1.0)
    g(wnp.asarray([1.0]), 3)
    g(wnp.asarray(5.0), 4)
    assert len(seen) == 3
    assert len(g.traces) == 3
    module = weft.function(lambda x: wnp.tanh(x).sum(axis=1)).lower(weft.Spec(("batch", 4)))
    assert "batch" in str(module.main.params[0].type)


@pytest.mark.parametrize(
    ("f", "args", "text"),
    [
        (lambda x: 1 if x > 0 else 2, (1.0,), "weft.cond"),
        (lambda x: [float(x)], (1.0,), "float\\(\\) needs them"),
        (lambda x: x @ x, (np.ones((2, 3)),), "3 columns and 2 rows"),
        (lambda x: x + wnp.ones((4,)), (np.ones((2, 3)),), "3 and 4"),
        (lambda x: weft.cond(x.sum() > 0, lambda: x, lambda: (x, x)), (np.ones(3),), "same tree"),
        (lambda x: x, ("text",), "is a str"),
        (lambda x: weft.vjp(wnp.sin, x)[1](np.ones(5)), (np.ones(3),), r"cotangent of shape \(5,\) is given for tensor<3xf64>"),
        (lambda x: weft.jvp(wnp.sin, (x,), (x[:2],)), (np.ones(3),), r"tangent of shape \(2,\)"),
        (lambda x: weft.scan(lambda s, r: s, 0.0, x), (np.ones(3),), r"returns \(state, y\)"),
    ],
)
def test_mistakes_name_the_place_and_the_way_out(f: Callable[..., Any], args: tuple[Any, ...], text: str) -> None:
    with pytest.raises(weft.WeftError, match=text) as caught:
        weft.function(f)(*args)
    assert __file__ in str(caught.value)


def test_linear_algebra() -> None:
    rng = np.random.default_rng(4)
    real = rng.standard_normal((2, 3, 3)).astype(np.float32) + 2 * np.eye(3, dtype=np.float32)
    factors = rng.standard_normal((4, 2, 3, 3)).astype(np.float32)

    def program(lib: Any, weights: Any) -> Callable[..., Any]:
        def f(a: Any) -> Any:
            sym = a + lib.matrix_transpose(a)
            q, r = lib.linalg.qr(a)
            u, s, vh = lib.linalg.svd(a, full_matrices=False)
            values, vectors = lib.linalg.eigh(sym)
            parts = [
                lib.linalg.inv(a) * weights[0],
                q * weights[1] + r * weights[2],
                (u * s[..., None, :] ** 2) @ vh * weights[3],
                (vectors * values[..., None, :] ** 3) @ lib.matrix_transpose(vectors),
                lib.linalg.solve(a, weights[1]),
            ]
            return sum(lib.sum(p) for p in parts) + lib.sum(lib.linalg.det(a)) + lib.sum(lib.linalg.slogdet(a)[1])

        return f

    want = jax.grad(program(jnp, factors))(real)
    for got in both(weft.grad(program(wnp, factors)), real):
        near(got, want, 1e-3)
    for shape in ((5, 3), (3, 5)):
        a = rng.standard_normal(shape).astype(np.float32)
        near(
            weft.grad(lambda a: (wnp.linalg.qr(a)[1] ** 3).sum() + (wnp.linalg.pinv(a) ** 3).sum())(a),
            jax.grad(lambda a: (jnp.linalg.qr(a)[1] ** 3).sum() + (jnp.linalg.pinv(a) ** 3).sum())(a),
            1e-3,
        )
    near(weft.vmap(wnp.linalg.inv)(real), np.linalg.inv(real), 1e-4)
    # Singular matrices: the adjugate is there where the inverse is not.
    row, z = np.array([1.0, 2, -1]), rng.standard_normal((3, 2)) + 1j * rng.standard_normal((3, 2))
    for a in (np.outer(row, [3.0, 1, 1]), np.diag([2.0, 3, 0]), np.zeros((3, 3)), z @ z.T):
        e = 1e-4 * np.eye(9).reshape(9, 3, 3)
        for part in (wnp.real, wnp.imag) if a.dtype.kind == "c" else (wnp.real,):
            slope = (part(wnp.asarray(np.linalg.det(a + e) - np.linalg.det(a - e))) / 2e-4).numpy()
            turned = (part(wnp.asarray(np.linalg.det(a + 1j * e) - np.linalg.det(a - 1j * e))) / 2e-4).numpy()
            for got in both(weft.grad(lambda a, part=part: part(wnp.linalg.det(a))), a):
                near(got, (slope - 1j * turned if a.dtype.kind == "c" else slope).reshape(3, 3), 1e-6)
    # Equal singular values: their sum has a derivative all the same.
    near(weft.grad(lambda a: wnp.linalg.svd(a, full_matrices=False)[1].sum())(np.eye(3, dtype=np.float32)), np.eye(3))


def test_checkpoint_differentiates_what_it_closes_over() -> None:
    def f(again: Any, lib: Any) -> Callable[..., Any]:
        return lambda w: again(lambda x: lib.tanh(x @ w))(X[0]).sum()

    want = jax.grad(f(jax.checkpoint, jnp))(W)
    for got in both(weft.grad(f(weft.checkpoint, wnp)), W):
        near(got, want)


def test_loops_within_vectorised_derivatives() -> None:
    def f(lib: Any, grad: Any, vmap: Any, scan: Any) -> Callable[..., Any]:
        def loss(w: Any, x: Any) -> Any:
            return scan(lambda s, r: (lib.tanh(s @ w + r), s), lib.zeros(4, dtype=np.float32), x)[0].sum()

        return lambda x, w: (vmap(grad(loss), in_axes=(None, 0))(w, x), grad(lambda w: vmap(lambda x: loss(w, x))(x).sum())(w))

    w = W[:, :4]
    want = f(jnp, jax.grad, jax.vmap, jax.lax.scan)(X, w)
    for got in both(f(wnp, weft.grad, weft.vmap, weft.scan), X, w):
        near(got, want)


def test_products_over_windows_and_zero_sizes() -> None:
    x = np.array([[2.0, 0.0, 3.0], [1.0, 4.0, 0.5]], np.float32)
    near(weft.grad(lambda x: (wnp.cumulative_prod(x, axis=1) ** 2).sum())(x), jax.grad(lambda x: (jnp.cumprod(x, axis=1) ** 2).sum())(x))
    assert weft.grad(lambda x: wnp.sort(x, axis=0).sum())(np.zeros((0, 3), np.float32)).shape == (0, 3)
    assert weft.grad(lambda x: x * x)(np.float64(3)).dtype == np.float64


def test_tapes_see_functions_variables_and_transforms() -> None:
    w = weft.Variable(np.float32([1, 2, 3]), "w")
    calls: list[str] = []

    @weft.function
    def f(x: Any) -> Any:
        calls.append("run")
        return (w * x**2).sum()

    x = wnp.asarray(np.float32([2, 5, 7]))
    f(x)
    with weft.GradientTape() as tape:
        tape.watch(x)
        y = (
            f(x)
            + weft.vmap(wnp.sin)(x).sum()
            + weft.checkpoint(wnp.exp)(x).sum()
            + weft.custom_vjp(wnp.cos, lambda a, ct: (ct * 7,))(x).sum()
        )
    dw, dx = tape.gradient(y, [w, x])
    v = np.asarray(x)
    near(dw, v**2)
    near(dx, 2 * w.array * v + np.cos(v) + np.exp(v) + 7)
    assert calls == ["run", "run"]


def test_static_arguments_of_equal_value_and_other_type() -> None:
    kind = weft.function(lambda x, n: x * 0 + len(type(n).__name__), static="n")
    assert [int(kind(wnp.asarray(1), n)) for n in (1, 1.0, True)] == [3, 5, 4]


@weft.pytree.node
@dataclass
class Dense:
    kernel: Any
    bias: Any = None
    activation: str = weft.pytree.static("tanh")

    def __call__(self, x: Any) -> Any:
        y = weft.nn.linear(x, self.kernel, self.bias)
        return getattr(wnp, self.activation)(y)


def test_modules_are_dataclasses() -> None:
    model = [Dense(W), Dense(W.T, np.zeros(4, np.float32), "sin")]
    assert weft.pytree.paths(model, "model") == ["model[0].kernel", "model[1].kernel", "model[1].bias"]

    def loss(model: Any, x: Any) -> Any:
        return (model[1](model[0](x)) ** 2).sum()

    want = jax.grad(lambda p: (jnp.sin(jnp.tanh(X @ p[0]) @ p[1] + p[2]) ** 2).sum())((W, W.T, np.zeros(4, np.float32)))
    for got in both(weft.grad(loss), model, X):
        assert isinstance(got[1], Dense) and got[1].activation == "sin"
        near(got, want, 1e-4)
    with pytest.raises(weft.WeftError, match="is no dataclass"):
        weft.pytree.node(int)


def test_a_function_called_while_another_is_traced_is_part_of_it() -> None:
    v = weft.Variable(np.float32(1), "v")

    @weft.function
    def add(x: Any) -> Any:
        v.assign(v.value + x)
        return v.value * 1

    one = np.float32(1)
    assert float(add(one)) == 2

    @weft.function
    def twice(x: Any) -> Any:
        v.assign(v.value * x)
        return add(one) + add(one)

    assert float(twice(np.float32(10))) == 21 + 22
    assert float(twice(np.float32(10))) == 221 + 222
    assert float(v.value) == 222


def test_what_a_custom_vjp_closes_over_has_a_derivative_or_an_error() -> None:
    def scaled(w: Any) -> Callable[..., Any]:
        return weft.custom_vjp(lambda x: w * x, lambda args, ct: (ct * 7,))

    w, x = np.float32(3), np.float32(2)
    assert float(weft.function(weft.grad(scaled(w)))(x)) == 7
    for f in both_forms(weft.grad(lambda w: scaled(w)(x))):
        with pytest.raises(weft.WeftError, match="closes over a value of type tensor<f32>"):
            f(w)
    assert float(weft.grad(lambda w: w * scaled(weft.stop_gradient(w))(x))(w)) == 6
    # In a loop, too, data that no derivative is taken by may be closed over.
    found = weft.grad(lambda s: weft.scan(lambda s, _: (scaled(x * x)(s), ()), s, None, length=2)[0])(x)
    assert float(found) == 49


def both_forms(f: Callable[..., Any]) -> list[Callable[..., Any]]:
    return [f, weft.function(f)]


def test_tapes_see_what_transformed_functions_close_over() -> None:
    w, x = (weft.Tensor(np.asarray(a)) for a in ([1.0, 2.0], [3.0, 4.0]))
    with weft.GradientTape() as tape:
        tape.watch(w)
        by_grad = weft.grad(lambda x: (w * x * x * w).sum())(x).sum()
        by_vmap = weft.vmap(lambda a: (w * a).sum())(np.ones((3, 2))).sum()
        by_vjp = weft.vjp(lambda x: x * x * w, x)[1](w)[0].sum()
        by_jvp = weft.jvp(lambda x: x * x * w, (x,), (w,))[1].sum()
    near(tape.gradient(by_grad, w), np.array([12.0, 32.0]))
    near(tape.gradient(by_vmap, w), np.array([3.0, 3.0]))
    near(tape.gradient(by_vjp, w), np.array([12.0, 32.0]))
    near(tape.gradient(by_jvp, w), np.array([12.0, 32.0]))


def test_scan_traces_its_body_once() -> None:
    traced = []

    @weft.function
    def f(xs: Any) -> Any:
        return weft.scan(lambda s, x: (traced.append(1) or s + x, s * x), wnp.zeros(()), xs, reverse=True)

    last, rows = f(np.arange(4, dtype=np.float32))
    assert float(last) == 6
    assert rows.tolist() == [0, 5, 6, 0]
    assert len(traced) == 1


def test_loops_over_rows_and_of_open_length_in_reverse() -> None:
    """Rows of differentiated tensors, a symbolic number of turns, and a number that data decides."""

    def rolled(lib: Any, scan: Any) -> Callable[..., Any]:
        return lambda w, xs: scan(lambda s, x: (lib.tanh(s @ w + x), lib.sum(s * x)), lib.zeros(4, dtype=np.float32), xs)[1].sum()

    w, xs = W[:, :4], X.reshape(-1, 4)
    want = jax.grad(rolled(jnp, jax.lax.scan), (0, 1))(w, xs)
    f = weft.function(weft.grad(rolled(wnp, weft.scan), argnums=(0, 1)))
    near(f(w, xs), want)
    module = f.lower(w, weft.Spec(("turns", 4)))
    assert not any(v.type == weft.Spec((32, 4)).type() for n in module.main.walk() for v in n.results)  # no checkpoints
    near(weft.vm.VM().load(weft.compile(module))["main"](w, xs), want)

    def until(x: Any) -> Any:
        return weft.while_loop(lambda s: s[1] < 5, lambda s: (s[0] * 1.5, s[1] + s[0] ** 2), (x, x))[1]

    step = 1e-3
    for g in both_forms(weft.grad(until)):
        near(g(0.1), (float(until(np.float64(0.1 + step))) - float(until(np.float64(0.1 - step)))) / (2 * step), 1e-3)


def test_tapes_inside_tapes() -> None:
    """The gradients of an inner tape are recorded by the outer one, as often as wished."""
    v = weft.Variable(np.array([1.0, 2.0, -3.0]), name="v")
    unread = weft.Variable(np.ones(2), name="unread")
    with weft.GradientTape() as outer:
        with weft.GradientTape() as inner:
            x = v + 0.0
            y = wnp.sum(x**4)
        first = inner.gradient(y, v)
        norm = wnp.sum(first * first)
    second = outer.gradient(norm, {"v": v, "unread": unread})
    x0 = np.array([1.0, 2.0, -3.0])
    np.testing.assert_allclose(np.asarray(first), 4 * x0**3, rtol=1e-12)
    np.testing.assert_allclose(np.asarray(second["v"]), 2 * 4 * x0**3 * 12 * x0**2, rtol=1e-12)
    assert np.asarray(second["unread"]).tolist() == [0, 0]
    w = wnp.asarray(2.0)
    with weft.GradientTape() as a, weft.GradientTape() as b, weft.GradientTape() as c:
        for tape in (a, b, c):
            tape.watch(w)
        z = w**5
        one = c.gradient(z, w)
        two = b.gradient(one, w)
    np.testing.assert_allclose([float(one), float(two), float(a.gradient(two, w))], [80, 160, 240], rtol=1e-6)
