"""Optimizers of ai.onnx.preview.training: each takes a learning rate, a count of steps, and the tensors of any number of parameters."""

from collections.abc import Sequence

from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import broadcast, cast, const, reshape_to
from ....proto import dtypes
from ..build import compare, op, scalar, select
from ..node import NodeView
from ..registry import handles

TRAINING = "ai.onnx.preview.training"


@handles("Adagrad", domain=TRAINING)
def adagrad(node: NodeView, rate: Value, step: Value, *tensors: Value) -> tuple[Value, ...]:
    """Duchi et al. 2011: parameters X, gradients G, accumulated squares H; new X and H."""
    decay = _plus(1.0, _times(node.float("decay_factor", 0.0), _wide(step)))
    speed = op("divide", _wide(rate), decay)
    xs: list[Value] = []
    hs: list[Value] = []
    for x, gradient, h in _groups(node, tensors, 3):
        g = _regularized(node, x, gradient)
        h = op("add", h, op("multiply", g, g))
        root = _plus(node.float("epsilon", 1e-6), op("sqrt", h))
        xs.append(op("subtract", x, op("divide", op("multiply", _like(speed, g), g), root)))
        hs.append(h)
    return (*xs, *hs)


@handles("Adam", domain=TRAINING)
def adam(node: NodeView, rate: Value, step: Value, *tensors: Value) -> tuple[Value, ...]:
    """Kingma and Ba 2015: parameters X, gradients G, momenta V, their squares H; new X, V, H. From step 1 on they are free of bias."""
    alpha, beta = node.float("alpha", 0.9), node.float("beta", 0.999)
    speed = _unbiased(_wide(rate), _wide(step), alpha, beta)
    left = 1 - node.float("norm_coefficient_post", 0.0)
    new: list[tuple[Value, Value, Value]] = []
    for x, gradient, v, h in _groups(node, tensors, 4):
        g = _regularized(node, x, gradient)
        v = op("add", _times(alpha, v), _times(1 - alpha, g))
        h = op("add", _times(beta, h), _times(1 - beta, op("multiply", g, g)))
        ratio = op("divide", v, _plus(node.float("epsilon", 1e-6), op("sqrt", h)))
        new.append((_times(left, op("subtract", x, op("multiply", _like(speed, ratio), ratio))), v, h))
    return tuple(values[k] for k in range(3) for values in new)


def _unbiased(rate: Value, step: Value, alpha: float, beta: float) -> Value:
    """rate·√(1 - betaᵗ)/(1 - alphaᵗ) for t > 0."""
    rest = [op("subtract", const(1.0), op("power", const(b), step)) for b in (beta, alpha)]
    adjusted = op("divide", op("multiply", rate, op("sqrt", rest[0])), rest[1])
    return select(compare("GT", step, const(0.0)), adjusted, rate)


@handles("Momentum", domain=TRAINING)
def momentum(node: NodeView, rate: Value, step: Value, *tensors: Value) -> tuple[Value, ...]:
    """Stochastic gradient descent with momentum, the usual or Nesterov's: parameters X, gradients G, momenta V; new X and V."""
    alpha, mode = node.float("alpha"), node.string("mode")
    node.check(mode in ("standard", "nesterov"), "attribute", f"`mode` is {mode!r}")
    later = compare("GT", _wide(step), const(0.0))
    share = select(later, const(node.float("beta"), dtypes.F64), const(1.0))
    xs: list[Value] = []
    vs: list[Value] = []
    for x, gradient, v in _groups(node, tensors, 3):
        g = _regularized(node, x, gradient)
        v = op("add", _times(alpha, v), op("multiply", _like(share, g), g))
        way = v if mode == "standard" else op("add", g, _times(alpha, v))
        xs.append(op("subtract", x, op("multiply", _like(_wide(rate), way), way)))
        vs.append(v)
    return (*xs, *vs)


def _groups(node: NodeView, tensors: Sequence[Value], kinds: int) -> list[tuple[Value, ...]]:
    """The tensors of each parameter; in the node all of one kind come before those of the next."""
    node.check(len(tensors) % kinds == 0, "arity", f"`{node.op_type}` has {kinds} tensors for each parameter, {len(tensors)} given")
    count = len(tensors) // kinds
    groups = [tuple(tensors[k * count + i] for k in range(kinds)) for i in range(count)]
    alike = all(len({v.type for v in group}) == 1 for group in groups)
    node.check(alike, "shape", f"the tensors of a parameter of `{node.op_type}` differ in type")
    return groups


def _regularized(node: NodeView, x: Value, gradient: Value) -> Value:
    """The gradient with that of norm_coefficient/2·|x|²."""
    return op("add", _times(node.float("norm_coefficient", 0.0), x), gradient)


def _wide(v: Value) -> Value:
    """A number as f64."""
    return cast(reshape_to(v, ()), dtypes.F64)


def _like(number: Value, x: Value) -> Value:
    return broadcast(cast(number, x.dtype), x.shape, ())


def _times(factor: float, x: Value) -> Value:
    return op("multiply", scalar(factor, x), x)


def _plus(term: float, x: Value) -> Value:
    return op("add", x, scalar(term, x))
