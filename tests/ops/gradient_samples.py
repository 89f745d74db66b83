"""A call of every op that has a derivative, to check it by; and why the others have none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from weft.compiler.autodiff import differentiable
from weft.compiler.ir.attrs import ConvDims, DotDims, GatherDims, ScatterDims
from weft.compiler.ir.graph import Region, Value, param, region
from weft.compiler.ir.text import parse
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.convolution import conv
from weft.compiler.ops.gradients.common import inline
from weft.compiler.ops.helpers import const
from weft.compiler.ops.nodes import node, results_of
from weft.compiler.ops.registry import OPS
from weft.proto.dtypes import F32, F64, I64

Build = Callable[..., Value | tuple[Value, ...]]
Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def uniform(low: float, high: float) -> Draw:
    return lambda rng, shape: rng.uniform(low, high, shape)


def signed(low: float, high: float) -> Draw:
    return lambda rng, shape: rng.uniform(low, high, shape) * rng.choice([-1, 1], shape)


def integers(low: int, high: int) -> Draw:
    return lambda rng, shape: rng.integers(low, high, shape)


def flags(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(0, 2, shape).astype(bool)


def fixed(value: Any) -> Draw:
    return lambda rng, shape: np.asarray(value)


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers without ties, so that differences see no kinks."""
    count = int(np.prod(shape))
    return (rng.permutation(count).reshape(shape) + 0.5) / (count + 1) + 0.3


def positive_definite(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    x = rng.standard_normal(shape)
    return x @ x.swapaxes(-1, -2) + shape[-1] * np.eye(shape[-1])


def triangular(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.tril(rng.uniform(0.3, 1, shape)) + 2 * np.eye(shape[-1])


@dataclass(frozen=True)
class Sample:
    """A call of an op: its operands' distributions and shapes, and how exactly differences agree with its derivatives."""

    build: Build
    draws: tuple[Draw, ...]
    shapes: tuple[tuple[int, ...], ...] = ()
    tolerance: float = 1e-6
    second: bool = True
    more: tuple[tuple[tuple[int, ...], ...], ...] = ()
    """other shapes, zero sizes among them"""

    def operands(self, rng: np.random.Generator, shapes: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
        return [np.asarray(draw(rng, s)) for draw, s in zip(self.draws, shapes, strict=True)]


_LINE = signed(0.2, 1.4)
_UNIT = signed(0.1, 0.9)
_PLUS = uniform(0.2, 1.7)

# One draw per operand, and the name in jax.lax.
ELEMENTWISE: dict[str, tuple[tuple[Draw, ...], str]] = {
    "abs": ((_LINE,), "abs"),
    "cbrt": ((_LINE,), "cbrt"),
    "ceil": ((_LINE,), "ceil"),
    "cosine": ((_LINE,), "cos"),
    "exponential": ((_LINE,), "exp"),
    "exponential_minus_one": ((_LINE,), "expm1"),
    "floor": ((_LINE,), "floor"),
    "log": ((_PLUS,), "log"),
    "log_plus_one": ((_PLUS,), "log1p"),
    "logistic": ((_LINE,), "logistic"),
    "negate": ((_LINE,), "neg"),
    "round_nearest_afz": ((uniform(0.6, 1.4),), "round"),
    "round_nearest_even": ((uniform(0.6, 1.4),), ""),
    "rsqrt": ((_PLUS,), "rsqrt"),
    "sign": ((_LINE,), "sign"),
    "sine": ((_LINE,), "sin"),
    "sqrt": ((_PLUS,), "sqrt"),
    "tan": ((_LINE,), "tan"),
    "tanh": ((_LINE,), "tanh"),
    "weft.acos": ((_UNIT,), "acos"),
    "weft.acosh": ((uniform(1.2, 3),), "acosh"),
    "weft.asin": ((_UNIT,), "asin"),
    "weft.asinh": ((_LINE,), "asinh"),
    "weft.atan": ((_LINE,), "atan"),
    "weft.atanh": ((_UNIT,), "atanh"),
    "weft.bessel_i1e": ((_LINE,), "bessel_i1e"),
    "weft.conj": ((_LINE,), ""),
    "weft.cosh": ((_LINE,), "cosh"),
    "weft.digamma": ((_PLUS,), "digamma"),
    "weft.erf": ((_LINE,), "erf"),
    "weft.erf_inv": ((_UNIT,), "erf_inv"),
    "weft.erfc": ((_LINE,), "erfc"),
    "weft.lgamma": ((_PLUS,), "lgamma"),
    "weft.sinh": ((_LINE,), "sinh"),
    "weft.square": ((_LINE,), "square"),
    "add": ((_LINE, _LINE), "add"),
    "atan2": ((_LINE, _LINE), "atan2"),
    "complex": ((_LINE, _LINE), "complex"),
    "divide": ((_LINE, _LINE), "div"),
    "imag": ((_LINE,), ""),
    "maximum": ((_LINE, _LINE), "max"),
    "minimum": ((_LINE, _LINE), "min"),
    "multiply": ((_LINE, _LINE), "mul"),
    "power": ((_PLUS, _LINE), "pow"),
    "real": ((_LINE,), ""),
    "remainder": ((uniform(2.1, 2.9), uniform(0.8, 0.95)), "rem"),
    "subtract": ((_LINE, _LINE), "sub"),
    "select": ((flags, _LINE, _LINE), "select_n"),
    "clamp": ((uniform(0.2, 0.5), signed(0.1, 1.5), uniform(0.8, 1.2)), "clamp"),
}


def _scalar(*dtypes: Any) -> list[Value]:
    return [param(TensorType(d, ())) for d in dtypes]


def body(name: str) -> Region:
    x, y = _scalar(F64, F64)
    return region((x, y), (node(name, x, y),))


def second() -> Region:
    x, y = _scalar(F64, F64)
    return region((x, y), (y,))


def mixed() -> Region:
    """x + y + x·y: a fold of no name, in whatever order."""
    x, y = _scalar(F64, F64)
    return region((x, y), (node("add", node("multiply", x, y), node("add", x, y)),))


def pairs() -> Region:
    """(a, b), (c, d) -> (a·c, a·d + b·c): a fold of pairs."""
    a, b, c, d = _scalar(F64, F64, F64, F64)
    return region((a, b, c, d), (node("multiply", a, c), node("add", node("multiply", a, d), node("multiply", b, c))))


def comparator(direction: str, operands: int) -> Region:
    params = _scalar(*[F64] * (2 * operands))
    return region(params, (node("compare", params[0], params[1], comparison_direction=direction),))


def call(name: str, **keywords: Any) -> Build:
    return lambda *xs: OPS[name](*xs, **keywords)


def programs() -> dict[str, list[Sample]]:
    """Samples in StableHLO's text, as `gradient` differentiates them; integers are drawn from [0, 4)."""
    found: dict[str, list[Sample]] = {}
    for part in (Path(__file__).parent / "gradient_programs.mlir").read_text().split("// -----\n"):
        name, source = part.removeprefix("// ").split("\n", 1)
        main = differentiable(parse(source)).main
        draws = tuple(integers(0, 4) if p.dtype.is_int else _x for p in main.params)
        build: Build = lambda *xs, main=main: inline(main, xs)  # noqa: E731
        found[name] = [Sample(build, draws, tuple(p.tensor.static_shape for p in main.params))]
    return found


ROWS = GatherDims((1,), (0,), (), (), (0,), 1)
PUT = ScatterDims((1,), (0,), (), (), (0,), 1)
NCHW = ConvDims(0, 1, (2, 3), 1, 0, (2, 3), 0, 1, (2, 3))

BATCH = {"epsilon": 1e-3, "feature_index": 1}
WINDOW = {"window_dimensions": (2, 3), "window_strides": (2, 1), "padding": ((1, 0), (0, 2))}
DILATED = {"window_dimensions": (2,), "base_dilations": (2,), "window_dilations": (3,), "padding": ((2, -1),)}
_x = uniform(0.3, 1.6)


def one(build: Build, *shapes: tuple[int, ...], draw: Draw = _x, more: tuple[Any, ...] = (), **keywords: Any) -> Sample:
    """A sample whose operands are of one kind."""
    return Sample(build, (draw,) * len(shapes), shapes, more=more, **keywords)


def host(name: str, *results: tuple[int, ...], config: str = "") -> Build:
    types = tuple(TensorType(F64, shape) for shape in results)
    return lambda *xs: results_of(OPS["custom_call"](*xs, call_target_name=name, backend_config=config, result=types))


def branches(op: str) -> Build:
    def build(selector: Value, x: Value) -> tuple[Value, ...]:
        p, q = param(x.type), param(x.type)
        regions = region((p,), (node("sine", p),)), region((q,), (node("multiply", q, q),))
        keywords: Any = {"true_branch": regions[0], "false_branch": regions[1]} if op == "if" else {"branches": regions}
        return results_of(OPS[op](selector, captures=(x,), **keywords))

    return build


def turning(x: Value, w: Value, n: Value) -> Value:
    """x ← sin(x) · w, n times."""
    i, c, cw, cn = (param(v.type) for v in (n, x, w, n))
    cond = region((i, c, cw, cn), (node("compare", i, cn, comparison_direction="LT"),))
    j, d, dw, dn = (param(v.type) for v in (n, x, w, n))
    turned = region((j, d, dw, dn), (node("add", j, const(1, I64)), node("multiply", node("sine", d), dw)))
    return results_of(OPS["while"](const(0, I64), x, captures=(w, n), cond=cond, body=turned))[1]


def mapped(x: Value, y: Value, c: Value) -> Value:
    p, q, r = _scalar(F64, F64, F64)
    computation = region((p, q, r), (node("multiply", node("sine", p), node("multiply", q, r)),))
    return node("map", x, y, captures=(c,), computation=computation, dimensions=(0, 1))


def cubed(x: Value) -> Value:
    """x³ with 3·x²·ct spelled out."""
    p, q, ct = param(x.type), param(x.type), param(x.type)
    forward = region((p,), (node("multiply", p, node("multiply", p, p)),))
    three = node("multiply", ct, node("broadcast_in_dim", const(3.0), broadcast_dimensions=(), result=x.type))
    return node("weft.custom_vjp", x, body=forward, backward=region((q, ct), (node("multiply", three, node("multiply", q, q)),)))


def fused(op: str) -> dict[str, Sample]:
    shapes = ((2, 3), (3,)), ((0, 3), (1, 3)), ((4, 1), (1, 5))
    draws = ELEMENTWISE[op][0]
    return {f"weft.broadcast_{op}": Sample(call(f"weft.broadcast_{op}", broadcast_dimensions=None), draws, shapes[0], more=shapes[1:])}


def broadcast_samples() -> dict[str, Sample]:
    found: dict[str, Sample] = {}
    for op in ("add", "atan2", "complex", "divide", "maximum", "minimum", "multiply", "power", "remainder", "subtract"):
        found |= fused(op)
    return found


SAMPLES: dict[str, list[Sample]] = {
    **{name: [sample] for name, sample in broadcast_samples().items()},
    "cross-replica-sum": [one(call("cross-replica-sum"), (2, 3))],
    "batch_norm_training": [one(call("batch_norm_training", **BATCH), (4, 3, 2), (3,), (3,), tolerance=1e-5)],
    "batch_norm_inference": [one(call("batch_norm_inference", **BATCH), (4, 3), (3,), (3,), (3,), (3,))],
    "batch_norm_grad": [one(call("batch_norm_grad", **BATCH), (4, 3), (3,), (3,), (3,), (4, 3), tolerance=1e-5)],
    "broadcast": [one(call("broadcast", broadcast_sizes=(2, 3)), (4,), more=(((0,),), ((),)))],
    "broadcast_in_dim": [
        one(call("broadcast_in_dim", broadcast_dimensions=(2, 1), result=TensorType(F64, (2, 3, 4))), (4, 1)),
        one(call("broadcast_in_dim", broadcast_dimensions=(), result=TensorType(F64, (2, 0))), ()),
    ],
    "case": [Sample(branches("case"), (fixed(np.int32(k)), _x), ((), (3,))) for k in (0, 1, 7)],
    "if": [Sample(branches("if"), (fixed(k), _x), ((), (3,))) for k in (True, False)],
    "while": [Sample(turning, (_x, _x, fixed(n)), ((2,), (2,), ())) for n in (0, 3, 40)],
    "cholesky": [Sample(call("cholesky", lower=lower), (positive_definite,), ((2, 3, 3),), tolerance=1e-5) for lower in (True, False)],
    "concatenate": [one(call("concatenate", dimension=1), (2, 3), (2, 0), (2, 1), more=(((0, 3), (0, 2), (0, 0)),))],
    "convert": [
        one(
            lambda x: node("convert", node("convert", x, result=x.tensor.with_dtype(F32)), result=x.type),
            (2, 3),
            tolerance=1e-1,
            second=False,
        ),
        one(call("convert", result=TensorType(F64, (2, 3))), (2, 3), more=()),
    ],
    "convolution": [
        one(lambda x, w: conv(x, w, NCHW, strides=(2, 1), padding=((1, 1), (0, 2)), rhs_dilation=(1, 2)), (2, 3, 6, 5), (4, 3, 3, 2)),
        one(lambda x, w: conv(x, w, NCHW, feature_groups=2, lhs_dilation=(2, 1), reversal=(True, False)), (1, 4, 5, 5), (6, 2, 3, 3)),
        one(lambda x, w: conv(x, w, NCHW, batch_groups=2), (4, 3, 5, 5), (6, 3, 2, 2)),
        one(lambda x, w: conv(x, w, NCHW), (0, 3, 5, 5), (2, 3, 2, 2)),
    ],
    "custom_call": [
        Sample(host("linalg_solve", (3, 2)), (positive_definite, _x), ((3, 3), (3, 2)), tolerance=1e-5),
        Sample(host("linalg_slogdet", (2,), (2,)), (positive_definite,), ((2, 3, 3),), tolerance=1e-5),
        Sample(
            host("linalg_eigh", (3, 3), (3,)),
            (lambda rng, shape: positive_definite(rng, shape) + np.diag([1.0, 2, 4]),),
            ((3, 3),),
            tolerance=1e-4,
        ),
        Sample(
            host("linalg_qr", (4, 3), (3, 3), config='{"mode": "reduced"}'),
            (lambda rng, shape: rng.standard_normal(shape),),
            ((4, 3),),
            tolerance=1e-4,
        ),
        Sample(
            host("linalg_svd", (3, 3), (3,), (3, 3), config='{"full_matrices": false}'),
            (lambda rng, shape: rng.standard_normal(shape) + np.diag([1.0, 3, 5]),),
            ((3, 3),),
            tolerance=1e-4,
        ),
    ],
    "dot": [one(call("dot", result=TensorType(F64, (3, 5))), (3, 4), (4, 5))],
    "dot_general": [
        one(
            call("dot_general", dot_dimension_numbers=DotDims((1,), (0,), (0, 3), (3, 1)), result=TensorType(F64, (3, 4, 6))),
            (2, 3, 4, 5),
            (3, 5, 6, 2),
        ),
        one(call("dot_general", dot_dimension_numbers=DotDims((), (), (1,), (0,)), result=TensorType(F64, (3, 4))), (3, 0), (0, 4)),
    ],
    "einsum": [
        one(call("einsum", einsum_config="ij,jk->ki"), (2, 3), (3, 4)),
        one(call("einsum", einsum_config="bij,bj->bi"), (2, 3, 4), (2, 4)),
    ],
    "unary_einsum": [one(call("unary_einsum", einsum_config="ijk->ki"), (2, 3, 4))],
    "dynamic_slice": [
        Sample(call("dynamic_slice", slice_sizes=(2, 2)), (_x, integers(0, 5), integers(-1, 2)), ((4, 3), (), ())),
        Sample(call("dynamic_slice", slice_sizes=(0,)), (_x, integers(0, 5)), ((4,), ())),
    ],
    "dynamic_update_slice": [Sample(call("dynamic_update_slice"), (_x, _x, integers(0, 5), integers(-1, 3)), ((4, 3), (2, 1), (), ()))],
    "fft": [
        one(
            lambda x: (
                node("real", node("fft", node("multiply", s, s), fft_type="IRFFT", fft_length=(4, x.shape[-1])))  # type: ignore[arg-type]
                if (s := node("fft", x, fft_type="RFFT", fft_length=(4, x.shape[-1])))
                else x
            ),
            (2, 4, 6),
            more=(((4, 5),),),
        ),
        one(lambda x, y: node("fft", node("complex", x, y), fft_type="IFFT", fft_length=(5,)), (2, 5), (2, 5)),
    ],
    "gather": [
        Sample(call("gather", dimension_numbers=ROWS, slice_sizes=(1, 3)), (_x, integers(-2, 9)), ((4, 3), (5,)), more=(((4, 3), (0,)),)),
        Sample(
            call("gather", dimension_numbers=GatherDims((), (1,), (0,), (0,), (1,), 2), slice_sizes=(1, 1)),
            (_x, integers(0, 5)),
            ((2, 5), (2, 3)),
        ),
    ],
    "map": [Sample(mapped, (_x, _x, _x), ((2, 3), (2, 3), ()))],
    "optimization_barrier": [one(call("optimization_barrier"), (2, 3), (4,))],
    "pad": [
        one(call("pad", edge_padding_low=(1, -1), edge_padding_high=(-2, 3), interior_padding=(1, 2)), (4, 3), (), more=(((2, 0), ()),))
    ],
    "reduce": [
        *(
            one(
                lambda x, i, n=n: node("reduce", x, i, dimensions=(0, 2), body=body(n)),
                (3, 4, 5),
                (),
                draw=distinct if n in ("maximum", "minimum") else _x,
                more=(((0, 4, 5), ()), ((2, 0, 3), ())),
            )
            for n in ("add", "multiply", "maximum", "minimum")
        ),
        one(lambda x, i: node("reduce", x, i, dimensions=(1,), body=mixed()), (2, 4), (), more=(((3, 0), ()), ((0, 3), ()))),
        one(lambda x, y, i, j: OPS["reduce"](x, y, i, j, dimensions=(0, 2), body=pairs()), (2, 3, 2), (2, 3, 2), (), ()),
        one(lambda x, y, i, j: OPS["reduce"](x, y, i, j, dimensions=(0,), body=sums()), (3, 2), (3, 2), (), ()),
    ],
    "reduce_precision": [one(lambda x: node("reduce_precision", x, exponent_bits=11, mantissa_bits=52), (2, 3))],
    "reduce_window": [
        *(
            one(
                lambda x, i, n=n: node("reduce_window", x, i, **WINDOW, body=body(n)),
                (5, 6),
                (),
                draw=distinct if n in ("maximum", "minimum") else _x,
            )
            for n in ("add", "multiply", "maximum", "minimum")
        ),
        *(
            one(
                lambda x, i, n=n: node("reduce_window", x, i, **DILATED, body=body(n)),
                (7,),
                (),
                draw=distinct if n in ("maximum", "minimum") else _x,
            )
            for n in ("add", "multiply", "maximum")
        ),
        one(lambda x, i: node("reduce_window", x, i, **WINDOW, body=mixed()), (3, 4), ()),
        one(lambda x, y, i, j: OPS["reduce_window"](x, y, i, j, **DILATED, body=pairs()), (4,), (4,), (), ()),
    ],
    "reshape": [one(call("reshape", result=TensorType(F64, (3, 2))), (2, 3)), one(call("reshape", result=TensorType(F64, (0, 2))), (2, 0))],
    "reverse": [one(call("reverse", dimensions=(0,)), (3, 2), more=(((0, 2),),))],
    "scatter": [
        *(
            Sample(
                lambda x, i, u, n=n: node("scatter", x, i, u, scatter_dimension_numbers=PUT, update_computation=body(n)),
                (distinct, fixed(np.array([2, 0, 2, 7, -1, 2])), lambda rng, s: distinct(rng, s) + 0.01),
                ((4, 3), (6,), (6, 3)),
                more=(((4, 0), (6,), (6, 0)),),
            )
            for n in ("add", "subtract", "multiply", "maximum", "minimum")
        ),
        Sample(
            lambda x, i, u: node("scatter", x, i, u, scatter_dimension_numbers=PUT, update_computation=second()),
            (_x, fixed(np.array([2, 0, 2, 7])), _x),
            ((4, 3), (4,), (4, 3)),
        ),
        Sample(
            lambda x, i, u: node(
                "scatter", x, i, u, scatter_dimension_numbers=PUT, unique_indices=True, update_computation=body("multiply")
            ),
            (_x, fixed(np.array([2, 0, 7])), _x),
            ((4, 3), (3,), (3, 3)),
        ),
        Sample(
            lambda x, i, u: node("scatter", x, i, u, scatter_dimension_numbers=PUT, update_computation=mixed()),
            (_x, fixed(np.array([2, 0, 2, -3])), _x),
            ((4, 3), (4,), (4, 3)),
            more=(((4, 3), (4,), (4, 3)),),
        ),
        Sample(
            lambda x, y, i, u, v: OPS["scatter"](x, y, i, u, v, scatter_dimension_numbers=PUT, update_computation=pairs()),
            (_x, _x, fixed(np.array([2, 2, 9])), _x, _x),
            ((4, 3), (4, 3), (3,), (3, 3), (3, 3)),
        ),
    ],
    "select_and_scatter": [
        one(
            lambda x, s, i: node(
                "select_and_scatter",
                x,
                s,
                i,
                window_dimensions=(2, 2),
                window_strides=(2, 2),
                padding=((0, 0), (1, 1)),
                select=comparator("GE", 1),
                scatter=body("add"),
            ),
            (4, 4),
            (2, 3),
            (),
            draw=distinct,
        ),
        one(
            lambda x, s, i: node("select_and_scatter", x, s, i, window_dimensions=(3,), select=comparator("LT", 1), scatter=mixed()),
            (5,),
            (3,),
            (),
            draw=distinct,
        ),
    ],
    "slice": [
        one(call("slice", start_indices=(1, 0), limit_indices=(6, 4), strides=(2, 3)), (7, 4)),
        one(call("slice", start_indices=(3,), limit_indices=(3,), strides=(1,)), (4,)),
    ],
    "sort": [
        one(
            lambda x, y: OPS["sort"](x, y, dimension=0, comparator=comparator("GT", 2)),
            (5, 2),
            (5, 2),
            draw=distinct,
            more=(((0, 2), (0, 2)),),
        )
    ],
    "torch_index_select": [Sample(call("torch_index_select", dim=1, batch_dims=1), (_x, integers(0, 4)), ((2, 4, 3), (2, 5)))],
    "transpose": [one(call("transpose", permutation=(2, 0, 1)), (2, 3, 4), more=(((2, 0, 4),),))],
    "triangular_solve": [
        Sample(
            call("triangular_solve", left_side=left, lower=True, unit_diagonal=unit, transpose_a=t),
            (triangular, _x),
            ((2, 3, 3), (2, 3, 2) if left else (2, 2, 3)),
            tolerance=1e-5,
        )
        for left in (True, False)
        for t, unit in (("NO_TRANSPOSE", False), ("TRANSPOSE", True), ("ADJOINT", False))
    ],
    "weft.check_shape": [one(lambda x: node("weft.check_shape", x, result=x.type), (2, 3))],
    "weft.custom_vjp": [one(cubed, (3,))],
    "weft.polygamma": [
        Sample(
            lambda x: node("weft.polygamma", node("broadcast_in_dim", const(2.0), broadcast_dimensions=(), result=x.type), x),
            (uniform(1, 3),),
            ((3,),),
            tolerance=1e-5,
        )
    ],
    "weft.broadcast_polygamma": [
        Sample(lambda x: node("weft.broadcast_polygamma", const(1.0), x), (uniform(1, 3),), ((3,),), tolerance=1e-5)
    ],
    "weft.zeta": [
        Sample(
            lambda q: node("weft.zeta", node("broadcast_in_dim", const(3.0), broadcast_dimensions=(), result=q.type), q),
            (uniform(1, 3),),
            ((3,),),
            tolerance=1e-5,
        )
    ],
    "weft.broadcast_zeta": [Sample(lambda q: node("weft.broadcast_zeta", const(3.0), q), (uniform(1, 3),), ((3,),), tolerance=1e-5)],
    "weft.broadcast_select": [Sample(call("weft.broadcast_select"), (flags, _x, _x), ((), (2, 3), ()))],
    "weft.ragged_dot": [
        Sample(
            lambda x, w, n: node("weft.ragged_dot", x, w, n, result=TensorType(F64, (5, 4))),
            (_x, _x, fixed(np.array([2, 2]))),
            ((5, 3), (2, 3, 4), (2,)),
        )
    ],
    "weft.top_k": [one(call("weft.top_k", k=2), (3, 5), draw=distinct, more=(((0, 5),),))],
}


def sums() -> Region:
    """Two sums side by side."""
    a, b, c, d = _scalar(F64, F64, F64, F64)
    return region((a, b, c, d), (node("add", a, c), node("add", b, d)))


SAMPLES["weft.transfer"] = [one(call("weft.transfer", device="cpu:0"), (2, 3))]
SAMPLES |= programs()
SAMPLES["weft.stop_gradient"] = [
    one(lambda x: node("multiply", x, node("floor", node("weft.stop_gradient", x))), (2, 3), draw=uniform(1.1, 1.9))
]
_DISCRETE = "its results are integers or booleans, which do not change by small steps"
_SOURCE = "it has no operand that could change by small steps"
_EFFECT = "what it exchanges with the world outside the program is not a function"
_KERNEL = "the passes behind differentiation make it, and a saved graph has none"
_DRIVER = "shapes change from turn to turn: the states before the turns cannot be kept in one tensor"
# Op → why it has no derivative, and what a derivative through it does: "zero" it is, or "refused".
WITHOUT: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        (
            "and",
            "or",
            "not",
            "xor",
            "popcnt",
            "count_leading_zeros",
            "shift_left",
            "shift_right_arithmetic",
            "shift_right_logical",
            "compare",
            "is_finite",
            "get_dimension_size",
            "weft.is_inf",
            "weft.is_neg_inf",
            "weft.is_pos_inf",
            "weft.mulhi",
            "weft.broadcast_and",
            "weft.broadcast_or",
            "weft.broadcast_xor",
            "weft.broadcast_compare",
            "weft.broadcast_shift_left",
            "weft.broadcast_shift_right_arithmetic",
            "weft.broadcast_shift_right_logical",
            "rng_bit_generator",
            "weft.bind_dims",
        ),
        ("zero", _DISCRETE),
    ),
    **dict.fromkeys(
        ("constant", "iota", "dynamic_iota", "partition_id", "replica_id", "create_token", "after_all", "weft.constant_like"),
        ("zero", _SOURCE),
    ),
    **dict.fromkeys(("infeed", "outfeed", "send", "recv"), ("refused", _EFFECT)),
    **dict.fromkeys(
        (
            "weft.attention",
            "weft.conv",
            "weft.depthwise",
            "weft.matmul",
            "weft.pack_rhs",
            "weft.channels",
            "weft.winograd",
            "weft.winograd_weights",
            "weft.fusion",
        ),
        ("refused", _KERNEL),
    ),
    **dict.fromkeys(("weft.while", "weft.case"), ("refused", _DRIVER)),
    **dict.fromkeys(
        ("weft.next_after", "weft.broadcast_next_after", "bitcast_convert"), ("refused", "it computes with the bits of numbers")
    ),
    **dict.fromkeys(
        ("uniform_quantize", "uniform_dequantize"),
        ("refused", "rounding has the derivative zero; x + stop_gradient(rounded - x) passes it straight through"),
    ),
    "rng": ("sampled", "every run draws other numbers: checked by what they sum to"),
}
