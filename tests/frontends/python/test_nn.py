"""`weft.nn` and `weft.random` beside JAX's."""

import numpy as np
import pytest
import weft
import weft.numpy as wnp
from weft import nn

jax = pytest.importorskip("jax")
jnp = jax.numpy

X = np.random.default_rng(0).standard_normal((3, 4, 6)).astype(np.float32) * 3


def near(got: object, want: object, tol: float = 2e-6) -> None:
    np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=tol, atol=tol)


@pytest.mark.parametrize(
    "name",
    ["relu", "relu6", "elu", "selu", "silu", "softplus", "softmax", "log_softmax", "log_sigmoid", "hard_sigmoid", "hard_tanh", "mish",
     "glu", "leaky_relu", "sigmoid", "tanh"],
)  # fmt: skip
def test_activations(name: str) -> None:
    ours, theirs = getattr(nn, name), getattr(jax.nn, name, None) or getattr(jnp, name)
    near(ours(wnp.asarray(X)), theirs(X))
    near(weft.grad(lambda x: wnp.sum(ours(x) ** 2))(X), jax.grad(lambda x: jnp.sum(theirs(x) ** 2))(X), 2e-5)


def test_names_that_differ() -> None:
    near(nn.gelu(X), jax.nn.gelu(X, approximate=False))
    near(nn.hard_swish(X), jax.nn.hard_swish(X))
    near(nn.softsign(X), jax.nn.soft_sign(X))
    near(nn.logsumexp(X, axis=1), jax.nn.logsumexp(X, axis=1))
    near(nn.one_hot(np.array([1, 0, 2]), 4), jax.nn.one_hot(np.array([1, 0, 2]), 4))


@pytest.mark.parametrize("padding", ["SAME", "VALID", [(1, 2), (0, 1)]])
@pytest.mark.parametrize(("strides", "dilation", "size"), [(1, 1, (3, 2)), (2, 1, (3, 3)), (3, 1, (2, 2)), ((2, 1), (1, 2), (2, 3))])
def test_transposed_convolution(padding: object, strides: object, dilation: object, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    x, w = rng.standard_normal((2, 5, 4, 3), dtype=np.float32), rng.standard_normal((*size, 3, 2), dtype=np.float32)
    pair = {"strides": (strides,) * 2 if isinstance(strides, int) else strides}
    spread = (dilation,) * 2 if isinstance(dilation, int) else dilation
    want = jax.lax.conv_transpose(x, w, padding=padding, rhs_dilation=spread, dimension_numbers=("NHWC", "HWIO", "NHWC"), **pair)
    near(nn.conv_transpose(x, w, np.ones(2, np.float32), strides=strides, padding=padding, dilation=dilation), want + 1, 1e-5)  # type: ignore[arg-type]


def test_group_norm() -> None:
    torch = pytest.importorskip("torch")
    scale, bias = (np.linspace(a, 2, 6, dtype=np.float32) for a in (1, -1))
    want = torch.nn.functional.group_norm(
        torch.from_numpy(np.moveaxis(X, -1, 1).copy()), 3, torch.from_numpy(scale), torch.from_numpy(bias)
    )
    near(nn.group_norm(X, 3, scale, bias), np.moveaxis(want.numpy(), 1, -1), 1e-5)
    with pytest.raises(weft.WeftError, match="6 features are not 4 groups"):
        nn.group_norm(X, 4)


def test_losses() -> None:
    torch = pytest.importorskip("torch")
    f = torch.nn.functional
    y = np.roll(X, 1, axis=0)
    a, b = torch.from_numpy(X), torch.from_numpy(y)
    near(nn.l1_loss(X, y), f.l1_loss(a, b), 1e-6)
    near(nn.mse_loss(X, y), f.mse_loss(a, b), 1e-6)
    near(nn.huber_loss(X, y, 0.7), f.huber_loss(a, b, delta=0.7), 1e-6)
    labels = np.array([[0, 5, 2, 1], [3, 3, 3, 0], [1, 2, 4, 5]])
    near(nn.cross_entropy(X, labels), f.cross_entropy(a.reshape(-1, 6), torch.from_numpy(labels.reshape(-1))), 1e-6)
    near(nn.cross_entropy(np.moveaxis(X, -1, 1), labels, axis=1), nn.cross_entropy(X, labels), 1e-6)
    want = f.cross_entropy(a.reshape(-1, 6), torch.from_numpy(labels.reshape(-1)), label_smoothing=0.1)
    near(nn.cross_entropy(X, labels, label_smoothing=0.1), want, 1e-6)
    logs, target = np.asarray(nn.log_softmax(X))[0].copy(), np.asarray(nn.softmax(y))[0].copy()
    target[0] = np.eye(6, dtype=np.float32)[2]
    near(nn.kl_divergence(logs, target), f.kl_div(torch.from_numpy(logs), torch.from_numpy(target), reduction="batchmean"), 1e-6)


@pytest.mark.parametrize("seed", [0, 12345])
def test_distributions_are_those_of_jax(seed: int) -> None:
    ours, theirs = weft.random.key(seed), jax.random.key(seed)
    r, j = weft.random, jax.random
    near(r.exponential(ours, (50, 3)), j.exponential(theirs, (50, 3)))
    near(r.gumbel(ours, (50,)), j.gumbel(theirs, (50,)), 1e-5)
    near(r.laplace(ours, (50,)), j.laplace(theirs, (50,)))
    near(r.truncated_normal(ours, -1, 2, (50,)), j.truncated_normal(theirs, -1, 2, (50,)), 1e-5)


def test_choice() -> None:
    key = weft.random.key(3)
    drawn = np.asarray(weft.random.choice(key, 10, (10,), replace=False))
    assert sorted(drawn.tolist()) == list(range(10))
    weighted = np.asarray(weft.random.choice(key, 3, (4000,), p=np.array([0.7, 0.3, 0.0], np.float32)))
    assert abs(np.mean(weighted == 0) - 0.7) < 0.03
    assert not np.any(weighted == 2)
    rows = np.asarray(weft.random.choice(key, X, (2, 5), axis=2))
    assert rows.shape == (3, 4, 2, 5)
    only = np.asarray(weft.random.choice(key, 4, (2,), replace=False, p=np.array([0.5, 0, 0.5, 0], np.float32)))
    assert sorted(only.tolist()) == [0, 2]
    with pytest.raises(weft.WeftError, match="5 of 4 entries"):
        weft.random.choice(key, 4, (5,), replace=False)


SMOOTH = [nn.softplus, nn.log_sigmoid, nn.mish, nn.silu, lambda x: wnp.logaddexp(x, 0.0), lambda x: wnp.logaddexp(0.0, x)]


@pytest.mark.parametrize("f", SMOOTH)
def test_smooth_functions_have_their_second_derivative_at_0(f) -> None:
    """Where `abs` and `maximum` would have a kink: logits of new heads, which start at 0, lie there."""
    first, second, third = weft.grad(f), weft.grad(weft.grad(f)), weft.grad(weft.grad(weft.grad(f)))
    at, near = np.float64(0), np.float64(1e-5)
    for lower, upper in ((f, first), (first, second), (second, third)):
        difference = (float(lower(near)) - float(lower(-near))) / 2e-5
        assert abs(float(upper(at)) - difference) < 1e-4


def test_labels_are_one_per_row_or_one_per_class() -> None:
    with pytest.raises(weft.WeftError, match=r"labels of shape \(4, 1\) for logits of shape \(4, 3\)"):
        nn.cross_entropy(np.ones((4, 3), np.float32), np.zeros((4, 1), np.int32))
