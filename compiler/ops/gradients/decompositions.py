"""Gradients of the host functions of linear algebra (`linalg_*`): solutions, determinants, eigenvectors, QR, singular values.

The formulas are in terms of bars, ā = conj(ct), for which dL = Re tr(āᴴ da); cotangents here pair without conjugation. Sources: Giles,
Collected matrix derivative results for forward and reverse mode algorithmic differentiation (2008); Walter and Lehmann, Algorithmic
differentiation of linear algebra functions (2012); Roberts and Roberts, QR and LQ decomposition matrix backpropagation (2020).

Where eigenvalues or singular values coincide their vectors have no derivative; what depends on the values alone still has the right one.
"""

import json
from collections.abc import Callable, Sequence

from ....proto.dtypes import C64, C128, F32, F64, I64
from ....proto.errors import fail
from ...ir.dims import Dim
from ...ir.graph import Value
from ...ir.types import TensorType
from ..nodes import node, nodes
from .common import Cotangents, compare, concatenate, full, iota, masked, scalar, scalar_body, slice_of, spread
from .linalg import adjoint, conj, matmul, triangle

Bars = Sequence[Value]
_REAL = {C64: F32, C128: F64}


def host_grad(*values: Value, call_target_name: str, backend_config: object = "", **_: object) -> Cotangents:
    """Of a call of one of the host functions of linear algebra."""
    rule = _RULES.get(call_target_name)
    if rule is None:
        raise fail(
            "grad.host", f"the host function `{call_target_name}` has no derivative", help="stop_gradient(x) says that none is wanted"
        )
    config: dict[str, object] = json.loads(backend_config) if isinstance(backend_config, str) and backend_config else {}
    count = _COUNTS[call_target_name]
    found = rule([conj(g) for g in values[:count]], values[count:], config)
    return tuple(conj(bar) for bar in found)


def _host(name: str, *operands: Value, results: Sequence[TensorType], **config: object) -> tuple[Value, ...]:
    text = json.dumps(config, sort_keys=True) if config else ""
    return nodes("custom_call", *operands, call_target_name=name, backend_config=text, result=tuple(results))


def _solve(a: Value, b: Value) -> Value:
    return _host("linalg_solve", a, b, results=[b.tensor])[0]


def _sub(x: Value, y: Value) -> Value:
    return node("subtract", x, y)


def _like(v: Value, x: Value) -> Value:
    """Real numbers as elements of the type of `x`."""
    return v if v.dtype == x.dtype else node("convert", v, result=v.tensor.with_dtype(x.dtype))


def _rows(v: Value, x: Value) -> Value:
    """v[..., i] at element [..., i, j] of the shape of `x`."""
    return spread(_like(v, x), x.tensor, range(len(v.shape)))


def _columns(v: Value, x: Value) -> Value:
    """v[..., j] at element [..., i, j] of the shape of `x`."""
    rank = len(x.shape)
    return spread(_like(v, x), x.tensor, (*range(rank - 2), rank - 1))


def _diagonal(x: Value) -> Value:
    """Square matrices without what is beside the diagonal."""
    rank = len(x.shape)
    grid = TensorType(I64, x.shape)
    return masked(compare("EQ", iota(grid, rank - 2), iota(grid, rank - 1)), x)


def _imaginary(x: Value) -> Value:
    """i · Im(x), zeros for real numbers."""
    return node("multiply", _sub(x, conj(x)), full(x.tensor, 0.5))


def _identity(x: Value) -> Value:
    """Unit matrices of the shape of square `x`."""
    return _diagonal(full(x.tensor, 1))


def _inverse_differences(values: Value, like: Value) -> Value:
    """1 / (v[j] - v[i]) at [i, j]; 0 where the two are equal."""
    grid = like.tensor.with_dtype(values.dtype)
    differences = _sub(_columns(values, full(grid, 0)), _rows(values, full(grid, 0)))
    equal = compare("EQ", differences, full(grid, 0))
    inverse = node("divide", full(grid, 1), node("select", equal, full(grid, 1), differences))
    return _like(node("select", equal, full(grid, 0), inverse), like)


def _solve_bars(bars: Bars, operands: Sequence[Value], _: dict[str, object]) -> tuple[Value, ...]:
    """b̄ = a⁻ᴴ x̄, ā = -b̄ xᴴ."""
    (bar,), (a, b) = bars, operands
    right = _solve(adjoint(a), bar)
    return node("negate", matmul(right, adjoint(_solve(a, b)))), right


def _slogdet_bars(bars: Bars, operands: Sequence[Value], _: dict[str, object]) -> tuple[Value, ...]:
    """d log|det a| = Re tr(a⁻¹ da), d sign = i · sign · Im tr(a⁻¹ da)."""
    (sign_bar, size_bar), (a,) = bars, operands
    factor = _like(size_bar, a)
    if a.dtype.is_complex:
        sign = _host("linalg_slogdet", a, results=[sign_bar.tensor, size_bar.tensor])[0]
        turned = node("multiply", conj(sign_bar), sign)
        # Re(conj(s̄) · i · s) = -Im(conj(s̄) · s), times i.
        factor = node("subtract", factor, _imaginary(turned))
    inverse = _solve(adjoint(a), _identity(a))
    return (node("multiply", inverse, spread(factor, a.tensor, range(len(factor.shape)))),)


def _det_bars(bars: Bars, operands: Sequence[Value], _: dict[str, object]) -> tuple[Value, ...]:
    """Jacobi's formula: d det a = tr(adj(a) da), singular or not."""
    (bar,), (a,) = bars, operands
    (adjugate,) = _host("linalg_adjugate", a, results=[a.tensor])
    return (node("multiply", adjoint(adjugate), spread(bar, a.tensor, range(len(bar.shape)))),)


def _adjugate_bars(bars: Bars, operands: Sequence[Value], _: dict[str, object]) -> tuple[Value, ...]:
    """From a = u s vᴴ, where adj(s + x) is, to first order, Σ_j γ[i, j] x[j, j] on the diagonal and -γ[i, j] x[i, j] beside it.

    γ[i, j] is the product of the singular values other than i and j, 0 where i = j: polynomials, so that no value has to differ from
    another, or from zero.
    """
    (bar,), (a,) = bars, operands
    values = TensorType(_REAL.get(a.dtype, a.dtype), a.shape[:-1])
    u, s, vh = _host("linalg_svd", a, results=[a.tensor, values, a.tensor], full_matrices=True)
    number = a.tensor.with_shape(a.shape[:-2])
    sign = _host("linalg_slogdet", matmul(u, vh), results=[number, number.with_dtype(values.dtype)])[0]
    turned = node("multiply", matmul(matmul(vh, bar), u), spread(conj(sign), a.tensor, range(len(sign.shape))))
    products = _like(_products_of_others(s), a)
    across = matmul(matmul(products, _diagonal(turned)), full(a.tensor, 1))
    return (matmul(matmul(u, _sub(_diagonal(across), node("multiply", products, turned))), vh),)


def _products_of_others(s: Value) -> Value:
    """The product of all s[k] but s[i] and s[j] at [i, j]; 0 where i = j."""
    rank, n = len(s.shape), s.shape[-1]
    cube = s.tensor.with_shape((*s.shape[:-1], n, n, n))
    i, j, k = (iota(cube.with_dtype(I64), rank - 1 + d) for d in range(3))
    others = spread(s, cube, (*range(rank - 1), rank + 1))
    for own in (i, j):
        others = node("select", compare("EQ", k, own), full(cube, 1), others)
    found = node("reduce", others, scalar(1, s.dtype), dimensions=(rank + 1,), body=scalar_body("multiply", s.dtype))
    return _sub(found, _diagonal(found))


def _eigh_bars(bars: Bars, operands: Sequence[Value], _: dict[str, object]) -> tuple[Value, ...]:
    """v (diag(w̄) + F ∘ (vᴴ v̄)) vᴴ, moved to the lower triangle, which is the one that is read."""
    (v_bar, w_bar), (a,) = bars, operands
    v, w = _host("linalg_eigh", a, results=[v_bar.tensor, w_bar.tensor])
    turned = node("multiply", _inverse_differences(w, a), matmul(adjoint(v), v_bar))
    middle = node("add", _diagonal(_columns(w_bar, a)), turned)
    whole = matmul(matmul(v, middle), adjoint(v))
    both = node("add", whole, adjoint(whole))
    return (node("add", triangle(both, True, True), node("multiply", _diagonal(both), full(a.tensor, 0.5))),)


def _qr_bars(bars: Bars, operands: Sequence[Value], config: dict[str, object]) -> tuple[Value, ...]:
    """Of a tall or square matrix [q̄ + q (K - N)ᴴ] r⁻ᴴ for N = q̄ᴴ q - r r̄ᴴ; of a wide one through its first square part."""
    (q_bar, r_bar), (a,) = bars, operands
    m, n = a.shape[-2:]
    if not isinstance(m, int) or not isinstance(n, int) or (config["mode"] == "complete" and m > n):
        fact = f"the derivative of a {config['mode']} QR decomposition of {a.type} is not defined"
        raise fail("grad.host", fact, help='mode="reduced" of matrices of known size has one')
    q, r = _host("linalg_qr", a, results=[q_bar.tensor, r_bar.tensor], mode=config["mode"])
    if m >= n:
        return (_tall_qr_bar(q, r, q_bar, r_bar),)
    rest_bar = _part(r_bar, m, n)
    own = _tall_qr_bar(q, _part(r, 0, m), node("add", q_bar, matmul(_part(a, m, n), adjoint(rest_bar))), _part(r_bar, 0, m))
    return (concatenate([own, matmul(q, rest_bar)], len(a.shape) - 1),)


def _part(x: Value, start: int, limit: int) -> Value:
    """Columns of matrices."""
    lead: list[Dim] = [0] * (len(x.shape) - 1)
    return slice_of(x, [*lead, start], [*x.shape[:-1], limit])


def _tall_qr_bar(q: Value, r: Value, q_bar: Value, r_bar: Value) -> Value:
    mixed = _sub(matmul(adjoint(q_bar), q), matmul(r, adjoint(r_bar)))
    kept = node("add", triangle(_sub(mixed, adjoint(mixed)), False, True), _imaginary(_diagonal(mixed)))
    inner = node("add", q_bar, matmul(q, adjoint(_sub(kept, mixed))))
    return node("triangular_solve", r, inner, left_side=False, lower=False, unit_diagonal=False, transpose_a="ADJOINT")


def _svd_bars(bars: Bars, operands: Sequence[Value], config: dict[str, object]) -> tuple[Value, ...]:
    """u [(skew(uᴴ ū) ∘ F) s + s (skew(vᴴ v̄) ∘ F) + s̄] vᴴ, and what of ū and v̄ lies outside of u and v."""
    (u_bar, s_bar, vh_bar), (a,) = bars, operands
    m, n = a.shape[-2:]
    if m != n and config["full_matrices"]:
        fact = f"the derivative of an SVD of {a.type} with full matrices is not defined"
        raise fail("grad.host", fact, help="full_matrices=False has one")
    u, s, vh = _host("linalg_svd", a, results=[u_bar.tensor, s_bar.tensor, vh_bar.tensor], full_matrices=config["full_matrices"])
    v, v_bar = adjoint(vh), adjoint(vh_bar)
    of_u, of_v = matmul(adjoint(u), u_bar), matmul(adjoint(v), v_bar)
    inverse = _inverse_differences(node("multiply", s, s), of_u)
    by_u = node("multiply", _columns(s, of_u), node("multiply", inverse, _sub(of_u, adjoint(of_u))))
    by_v = node("multiply", _rows(s, of_v), node("multiply", inverse, _sub(of_v, adjoint(of_v))))
    turned = _diagonal(node("divide", _imaginary(of_u), _columns(s, of_u))) if a.dtype.is_complex else None
    middle = node("add", node("add", by_u, by_v), _diagonal(_columns(s_bar, of_u)))
    whole = matmul(matmul(u, middle if turned is None else node("add", middle, turned)), vh)
    if m != vh.shape[-2]:
        beyond = _sub(u_bar, matmul(u, of_u))
        whole = node("add", whole, matmul(node("divide", beyond, _columns(s, beyond)), vh))
    if n != u.shape[-1]:
        beyond = adjoint(_sub(v_bar, matmul(v, of_v)))
        whole = node("add", whole, matmul(u, node("divide", beyond, _rows(s, beyond))))
    return (whole,)


_RULES: dict[str, Callable[[Bars, Sequence[Value], dict[str, object]], tuple[Value, ...]]] = {
    "linalg_adjugate": _adjugate_bars,
    "linalg_det": _det_bars,
    "linalg_eigh": _eigh_bars,
    "linalg_qr": _qr_bars,
    "linalg_slogdet": _slogdet_bars,
    "linalg_solve": _solve_bars,
    "linalg_svd": _svd_bars,
}
_COUNTS = {
    "linalg_adjugate": 1, "linalg_det": 1, "linalg_eigh": 2, "linalg_qr": 2, "linalg_slogdet": 2, "linalg_solve": 1,
    "linalg_svd": 3,
}  # fmt: skip
