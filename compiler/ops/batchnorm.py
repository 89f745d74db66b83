"""Batch normalization: `batch_norm_inference`, `batch_norm_training`, `batch_norm_grad`, built from reductions and arithmetic."""

from ...proto.errors import check
from ..ir.dims import Dim, product
from ..ir.graph import Value
from ..ir.types import TensorType, Type
from . import helpers, rules
from .formula import Term, sqrt
from .nodes import node
from .registry import define


def _check_operand(op: str, operand: Type, feature_index: int) -> tuple[TensorType, TensorType]:
    """The operand's type and that of one number per feature."""
    x = rules.tensor(operand, f"{op}.I1", "operand", rules.FLOAT)
    rules.check_axis(feature_index, x.rank, f"{op}.C1", "feature_index")
    return x, x.with_shape((x.shape[feature_index],))


def _check_features(op: str, code: str, want: TensorType, **given: Type) -> None:
    for name, t in given.items():
        check(t == want, f"{op}.{code}", f"`{name}` must be {want}, one number per feature, got {t}")


class _Frame:
    """The dims of an operand: over which it is normalized, and how numbers per feature spread over it."""

    def __init__(self, x: Value, feature_index: int) -> None:
        self.type = x.tensor
        self.feature = feature_index
        self.reduced = tuple(d for d in range(len(x.shape)) if d != feature_index)
        self.x = Term(x)

    def spread(self, v: Term) -> Term:
        """A number per feature at every element."""
        return Term(helpers.broadcast(v.value, self.type.shape, (self.feature,)))

    def total(self, v: Term) -> Term:
        """The sum for each feature."""
        init = helpers.const(0, v.dtype)
        return Term(node("reduce", v.value, init, dimensions=self.reduced, body=helpers.scalar_region("add", v.dtype)))

    def count(self, like: Term) -> Term:
        """How many elements each feature has."""
        n: Dim = product(self.type.shape[d] for d in self.reduced)
        if isinstance(n, int):
            return like.like(n)
        total = None
        for d in self.reduced:
            term = Term(helpers.cast(node("get_dimension_size", self.x.value, dimension=d), like.dtype))
            total = term if total is None else total * term
        assert total is not None
        return Term(helpers.broadcast(total.value, like.tensor.shape, ()))

    def mean(self, v: Term) -> Term:
        """The mean for each feature."""
        summed = self.total(v)
        return summed / self.count(summed)


def _infer_inference(
    operand: Type, scale: Type, offset: Type, mean: Type, variance: Type, *, epsilon: float, feature_index: int
) -> TensorType:
    x, features = _check_operand("batch_norm_inference", operand, feature_index)
    _check_features("batch_norm_inference", "C3", features, scale=scale, offset=offset, mean=mean, variance=variance)
    return x


def _inference(operand: Value, scale: Value, offset: Value, mean: Value, variance: Value, *, epsilon: float, feature_index: int) -> Value:
    f = _Frame(operand, feature_index)
    centred = f.x - f.spread(Term(mean))
    deviation = sqrt(f.spread(Term(variance)) + epsilon)
    return (f.spread(Term(scale)) * (centred / deviation) + f.spread(Term(offset))).value


batch_norm_inference = define(
    "batch_norm_inference",
    doc="""scale · (operand - mean) / √(variance + ε) + offset, with a number of each for every feature.

    I1: floats. C1: 0 ≤ `feature_index` < rank(operand). C2: the result has the operand's type. C3 to C6: `scale`, `offset`, `mean` and
    `variance` are vectors of the operand's element type with an element for each feature.""",
    infer=_infer_inference,
    decompose=_inference,
)


def _infer_training(operand: Type, scale: Type, offset: Type, *, epsilon: float, feature_index: int) -> tuple[TensorType, ...]:
    x, features = _check_operand("batch_norm_training", operand, feature_index)
    _check_features("batch_norm_training", "C3", features, scale=scale, offset=offset)
    return x, features, features


def _training(operand: Value, scale: Value, offset: Value, *, epsilon: float, feature_index: int) -> tuple[Value, ...]:
    f = _Frame(operand, feature_index)
    mean = f.mean(f.x)
    centred = f.x - f.spread(mean)
    variance = f.mean(centred * centred)
    result = _inference(operand, scale, offset, mean.value, variance.value, epsilon=epsilon, feature_index=feature_index)
    return result, mean.value, variance.value


batch_norm_training = define(
    "batch_norm_training",
    doc="""The operand normalized by its own mean and (population) variance over all dims but `feature_index`, and these two.

    I1: floats. C1: 0 ≤ `feature_index` < rank(operand). C2: one element type. C3, C4: `scale` and `offset` have an element for each
    feature. C5, C6: so have the mean and the variance. C7: the first result has the operand's type.""",
    infer=_infer_training,
    decompose=_training,
)


def _infer_grad(
    operand: Type, scale: Type, mean: Type, variance: Type, grad_output: Type, *, epsilon: float, feature_index: int
) -> tuple[TensorType, ...]:
    x, features = _check_operand("batch_norm_grad", operand, feature_index)
    _check_features("batch_norm_grad", "C4", features, scale=scale, mean=mean, variance=variance)
    check(grad_output == x, "batch_norm_grad.C3", f"`grad_output` must be {x}, as `operand`, got {grad_output}")
    return x, features, features


def _grad(
    operand: Value, scale: Value, mean: Value, variance: Value, grad_output: Value, *, epsilon: float, feature_index: int
) -> tuple[Value, ...]:
    f = _Frame(operand, feature_index)
    g = Term(grad_output)
    deviation = sqrt(Term(variance) + epsilon)
    centred = f.x - f.spread(Term(mean))
    normal = centred / f.spread(deviation)
    grad_scale = f.total(g * normal)
    grad_offset = f.total(g)
    n = f.count(grad_offset)
    # The gradient less its mean, and less its part along the normalized operand.
    rest = g - f.spread(grad_offset / n) - normal * f.spread(grad_scale / n)
    return (f.spread(Term(scale) / deviation) * rest).value, grad_scale.value, grad_offset.value


batch_norm_grad = define(
    "batch_norm_grad",
    doc="""The gradients of `batch_norm_training`: of the operand, of `scale` and of `offset`, from that of its first result.

    I1: floats. C1: 0 ≤ `feature_index` < rank(operand). C2: one element type. C3: `grad_output` has the operand's type. C4, C5, C6:
    `scale`, `mean` and `variance` have an element for each feature, and so have the gradients of scale and offset.""",
    infer=_infer_grad,
    decompose=_grad,
)
