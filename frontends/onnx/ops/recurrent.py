"""`RNN`, `GRU`, `LSTM`: for each direction one product with the whole input, then a loop over time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ....compiler.ir.attrs import DotDims
from ....compiler.ir.dims import maximum
from ....compiler.ir.graph import Value, param, region
from ....compiler.ir.types import TensorType
from ....compiler.ops import helpers
from ....compiler.ops.helpers import const, reshape_to, splat
from ....compiler.ops.registry import op_of
from ....proto import dtypes
from .. import build
from ..assumption import assume_at_least
from ..build import elementwise, op, scalar, select, size_of
from ..node import NodeView
from ..registry import handles

Activation = Callable[[Value], Value]
# (gates' share of the input [B, G·H], states [B, H], weights by name, activations) -> new states, the hidden one first
Step = Callable[[Value, Sequence[Value], Mapping[str, Value], Sequence[Activation]], tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind of cell: what it does in a step, how many gates and states it has, its activations by default."""

    step: Step
    gates: int
    states: int
    activations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Direction:
    """What one direction runs on: gates' share of the input [T, B, G·H], how many of the T steps there are, first states [B, H],
    weights by name."""

    z: Value
    length: Value
    start: tuple[Value, ...]
    weights: dict[str, Value]
    activations: tuple[Activation, ...]
    backwards: bool


@handles("RNN")
def rnn(node: NodeView, x: Value, w: Value, r: Value, *rest: Value | None) -> tuple[Value | None, ...]:
    """h = f(x·Wᵀ + h·Rᵀ + b)."""
    b, lengths, h = _given(rest, 3)
    return _recurrent(node, Cell(_rnn_step, 1, 1, ("Tanh",)), x, (w, r, b, None), lengths, (h,))


@handles("GRU")
def gru(node: NodeView, x: Value, w: Value, r: Value, *rest: Value | None) -> tuple[Value | None, ...]:
    """Update gate z, reset gate q, candidate n: h = (1 - z)·n + z·h; the reset is before or after the product with R."""
    b, lengths, h = _given(rest, 3)
    step = _gru_linear_step if node.int("linear_before_reset", 0) else _gru_step
    return _recurrent(node, Cell(step, 3, 1, ("Sigmoid", "Tanh")), x, (w, r, b, None), lengths, (h,))


@handles("LSTM")
def lstm(node: NodeView, x: Value, w: Value, r: Value, *rest: Value | None) -> tuple[Value | None, ...]:
    """c = f·c + i·n, h = o·h(c), with the gates i, o, f and the candidate n."""
    b, lengths, h, c, p = _given(rest, 5)
    step = partial(_lstm_step, coupled=bool(node.int("input_forget", 0)))
    return _recurrent(node, Cell(step, 4, 2, ("Sigmoid", "Tanh", "Tanh")), x, (w, r, b, p), lengths, (h, c))


def _given(inputs: Sequence[Value | None], count: int) -> list[Value | None]:
    return [*inputs, *[None] * (count - len(inputs))]


def _recurrent(
    node: NodeView,
    cell: Cell,
    x: Value,
    tensors: tuple[Value, Value, Value | None, Value | None],
    lengths: Value | None,
    start: Sequence[Value | None],
) -> tuple[Value | None, ...]:
    """Y [T, D, B, H] and the last states [D, B, H]; with `layout` 1 the batch comes first in all of them and in the input."""
    for values, rank in (((x, *tensors[:2], *start), 3), (tensors[2:], 2), ((lengths,), 1)):
        for v in values:
            if v is not None:
                node.check_rank(v, rank)
    batch_first = bool(node.int("layout", 0))
    if batch_first:
        x = build.transpose(x, (1, 0, 2))
        start = [None if s is None else build.transpose(s, (1, 0, 2)) for s in start]
    assume_at_least(x.shape[0], 1)
    steps, length = x.shape[0], size_of(x, 0)
    x = _with_a_step(x)
    given = [v for v in start if v is not None]
    x, *given = build.agreeing([x, *given], [1] * (1 + len(given)))
    start = [None if s is None else given.pop(0) for s in start]
    if lengths is not None:
        x, lengths = build.agreeing([x, lengths], [1, 0])
    wanted = bool(node.proto.output[0])
    ran = [_run(d, cell, lengths, wanted) for d in _directions(node, cell, x, length, tensors, start)]
    states = [build.concatenate([build.unsqueeze(last[k], [0]) for _, last in ran], 0) for k in range(cell.states)]
    ys = [build.unsqueeze(build.resized(y, 0, 0, steps), [1]) for y, _ in ran if y is not None]
    y = build.concatenate(ys, 1) if ys else None
    if batch_first:
        states = [build.transpose(s, (1, 0, 2)) for s in states]
        y = None if y is None else build.transpose(y, (2, 0, 1, 3))
    return (y, *states)


def _with_a_step(x: Value) -> Value:
    """x [T, B, I], with a step of zeros if it has none: what the loop would read in a turn is there, though it makes no turn."""
    more = maximum(x.shape[0], 1) - x.shape[0]
    return x if more == 0 else build.pad(x, (0, 0, 0), (more, 0, 0))


def _directions(
    node: NodeView,
    cell: Cell,
    x: Value,
    length: Value,
    tensors: tuple[Value, Value, Value | None, Value | None],
    start: Sequence[Value | None],
) -> Iterator[Direction]:
    w, r, b, p = tensors
    backwards = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}.get(node.string("direction", "forward"))
    if backwards is None:
        raise node.error("attribute", f"`direction` is {node.string('direction')!r}")
    hidden, rows, count = r.shape[2], r.shape[1], len(backwards)
    fits = isinstance(hidden, int) and rows == w.shape[1] == cell.gates * hidden and w.shape[0] == r.shape[0] == count
    if not fits or not isinstance(hidden, int):
        raise node.error("shape", f"weights {w.type} and {r.type} do not fit `{node.op_type}` in {count} direction(s)")
    activations = _activations(node, cell, count)
    for d, back in enumerate(backwards):
        part = partial(_part, d)
        weights = {"r": part(r)}
        if p is not None:
            weights["p"] = part(p)
        z = _product(x, part(w))
        if b is not None:
            z = _add_biases(z, part(b), weights, rows, hidden, late=cell.step is _gru_linear_step)
        zero = splat(0, TensorType(x.dtype, (x.shape[1], hidden)))
        yield Direction(z, length, tuple(zero if s is None else part(s) for s in start), weights, activations[d], back)


def _part(d: int, v: Value) -> Value:
    """What direction d has of a tensor [D, …]."""
    return reshape_to(build.slice_axis(v, 0, d, d + 1), v.shape[1:])


def _add_biases(z: Value, b: Value, weights: dict[str, Value], rows: int, hidden: int, *, late: bool) -> Value:
    """z + Wb + Rb; `late`: Rb of the last gate is a weight of its own, as it is added within the step."""
    z = elementwise("add", z, build.slice_axis(b, 0, 0, rows))
    if not late:
        return elementwise("add", z, build.slice_axis(b, 0, rows, 2 * rows))
    weights["b"] = build.slice_axis(b, 0, 2 * rows - hidden, 2 * rows)
    early = build.slice_axis(b, 0, rows, 2 * rows - hidden)
    return elementwise("add", z, build.pad(early, [0], [hidden]))


def _product(x: Value, w: Value) -> Value:
    """x·wᵀ."""
    last = len(x.shape) - 1
    x, w = build.agreeing((x, w), (last, 1))
    return build.dot(x, w, DotDims((), (), (last,), (1,)), (*x.shape[:-1], w.shape[0]))


def _run(d: Direction, cell: Cell, lengths: Value | None, wanted: bool) -> tuple[Value | None, tuple[Value, ...]]:
    """Y [T, B, H] where `wanted`, and the last states, of one direction.

    A sequence that is over (or, backwards, has not begun) keeps its states, and its Y is 0.
    """
    last = op("subtract", d.length, const(1, dtypes.I64))
    outer = {"z": d.z, "last": last, **d.weights, **({} if lengths is None else {"lengths": lengths})}
    buffer = [splat(0, TensorType(d.z.dtype, (d.z.shape[0], *d.start[0].shape)))] if wanted else []
    state = [const(0, dtypes.I64), *d.start, *buffer]
    heads, head_outer = [param(v.type) for v in state], {k: param(v.type) for k, v in outer.items()}
    holds = op("compare", heads[0], head_outer["last"], comparison_direction="LE")
    params, inner = [param(v.type) for v in state], {k: param(v.type) for k, v in outer.items()}
    results = _turn(d, cell, params, inner)
    built = op_of("while")(
        *state,
        cond=region([*heads, *head_outer.values()], [holds]),
        body=region([*params, *inner.values()], results),
        captures=tuple(outer.values()),
    )
    assert isinstance(built, tuple)
    return built[-1] if wanted else None, built[1 : 1 + cell.states]


def _turn(d: Direction, cell: Cell, params: Sequence[Value], inner: Mapping[str, Value]) -> list[Value]:
    """The loop's body: the values it carries after one step."""
    turn, states, buffer = params[0], params[1 : 1 + cell.states], params[1 + cell.states :]
    at, zero = op("subtract", inner["last"], turn) if d.backwards else turn, const(0, dtypes.I64)
    z = inner["z"]
    slice_ = op("dynamic_slice", z, at, zero, zero, slice_sizes=(1, *z.shape[1:]))
    new = cell.step(reshape_to(slice_, z.shape[1:]), states, inner, d.activations)
    y = new[0]
    if "lengths" in inner:
        lengths = helpers.cast(inner["lengths"], dtypes.I64)
        active = op("compare", helpers.broadcast(at, lengths.shape, ()), lengths, comparison_direction="LT")
        mask = helpers.broadcast(active, y.shape, (0,))
        y = op("select", mask, y, scalar(0, y))
        new = tuple(op("select", mask, after, before) for after, before in zip(new, states, strict=True))
    stored = [op("dynamic_update_slice", b, build.unsqueeze(y, [0]), at, zero, zero) for b in buffer]
    return [op("add", turn, const(1, dtypes.I64)), *new, *stored]


def _split(x: Value, hidden: int) -> list[Value]:
    """Gates [B, H] of a tensor [B, G·H]; vectors [H] of one [G·H]."""
    axis = len(x.shape) - 1
    total = x.shape[axis]
    assert isinstance(total, int)
    return [build.slice_axis(x, axis, i, i + hidden) for i in range(0, total, hidden)]


def _hidden(h: Value) -> int:
    assert isinstance(h.shape[1], int)
    return h.shape[1]


def _rnn_step(z: Value, states: Sequence[Value], weights: Mapping[str, Value], activations: Sequence[Activation]) -> tuple[Value, ...]:
    (h,), (f,) = states, activations
    return (f(op("add", z, _product(h, weights["r"]))),)


def _gru_step(z: Value, states: Sequence[Value], weights: Mapping[str, Value], activations: Sequence[Activation]) -> tuple[Value, ...]:
    (h,), (f, g), n = states, activations, _hidden(states[0])
    zu, zr, zn = _split(z, n)
    ru, rr = _split(_product(h, build.slice_axis(weights["r"], 0, 0, 2 * n)), n)
    update, reset = f(op("add", zu, ru)), f(op("add", zr, rr))
    share = _product(op("multiply", reset, h), build.slice_axis(weights["r"], 0, 2 * n, 3 * n))
    return (_blend(update, h, g(op("add", zn, share))),)


def _gru_linear_step(
    z: Value, states: Sequence[Value], weights: Mapping[str, Value], activations: Sequence[Activation]
) -> tuple[Value, ...]:
    (h,), (f, g), n = states, activations, _hidden(states[0])
    zu, zr, zn = _split(z, n)
    ru, rr, rn = _split(_product(h, weights["r"]), n)
    update, reset = f(op("add", zu, ru)), f(op("add", zr, rr))
    share = elementwise("add", rn, weights["b"]) if "b" in weights else rn
    return (_blend(update, h, g(op("add", zn, op("multiply", reset, share)))),)


def _blend(update: Value, old: Value, new: Value) -> Value:
    """(1 - update)·new + update·old."""
    return op("add", op("multiply", op("subtract", scalar(1, update), update), new), op("multiply", update, old))


def _lstm_step(
    z: Value, states: Sequence[Value], weights: Mapping[str, Value], activations: Sequence[Activation], *, coupled: bool
) -> tuple[Value, ...]:
    """With peepholes the gates see the cell too, o the new one; `coupled`: what is not forgotten is not taken in."""
    (h, c), (f, g, out), n = states, activations, _hidden(states[0])
    i, o, forget, candidate = _split(op("add", z, _product(h, weights["r"])), n)
    peeps = _split(weights["p"], n) if "p" in weights else None
    if peeps:
        i, forget = (op("add", gate, elementwise("multiply", peep, c)) for gate, peep in ((i, peeps[0]), (forget, peeps[2])))
    i = f(i)
    forget = op("subtract", scalar(1, i), i) if coupled else f(forget)
    c = op("add", op("multiply", forget, c), op("multiply", i, g(candidate)))
    if peeps:
        o = op("add", o, elementwise("multiply", peeps[1], c))
    return op("multiply", f(o), out(c)), c


def _line(x: Value, slope: float, offset: float) -> Value:
    y = op("multiply", x, scalar(slope, x))
    return op("add", y, scalar(offset, x)) if offset else y


def _tail(x: Value) -> Value:
    """log(1 + e^-|x|)."""
    return op("log_plus_one", op("exponential", op("negate", op("abs", x))))


# name: (function of x, alpha, beta; their defaults: the activation takes as many parameters as there are)
_ACTIVATIONS: dict[str, tuple[Callable[..., Value], tuple[float, ...]]] = {
    "relu": (lambda x: op("maximum", x, scalar(0, x)), ()),
    "tanh": (lambda x: op("tanh", x), ()),
    "sigmoid": (lambda x: op("logistic", x), ()),
    "softsign": (lambda x: op("divide", x, op("add", op("abs", x), scalar(1, x))), ()),
    "softplus": (lambda x: op("add", op("maximum", x, scalar(0, x)), _tail(x)), ()),
    "affine": (_line, (1.0, 0.0)),
    "leakyrelu": (lambda x, a: select(build.compare("LT", x, scalar(0, x)), _line(x, a, 0), x), (0.01,)),
    "thresholdedrelu": (lambda x, a: select(build.compare("GT", x, scalar(a, x)), x, scalar(0, x)), (1.0,)),
    "scaledtanh": (lambda x, a, b: _line(op("tanh", _line(x, b, 0)), a, 0), (1.0, 1.0)),
    "hardsigmoid": (lambda x, a, b: op("clamp", const(0, x.dtype), _line(x, a, b), const(1, x.dtype)), (0.2, 0.5)),
    "elu": (lambda x, a: select(build.compare("LT", x, scalar(0, x)), _line(op("exponential_minus_one", x), a, 0), x), (1.0,)),
}


def _activations(node: NodeView, cell: Cell, directions: int) -> list[tuple[Activation, ...]]:
    """The activations of each direction; each takes its parameters from `activation_alpha` and `_beta` in turn.

    `clip` bounds the gates, the inputs of the first two, but not what LSTM's third is given, the cell: so do other runtimes.
    """
    n = len(cell.activations)
    names = node.strings("activations", ()) or cell.activations * directions
    node.check_length(names, n * directions, "`activations`")
    given = [iter(node.floats(name, ())) for name in ("activation_alpha", "activation_beta")]
    clip = node.float("clip") if node.has("clip") else None
    functions: list[Activation] = []
    for k, name in enumerate(names):
        known = _ACTIVATIONS.get(name.lower())
        if known is None:
            raise node.error("unsupported", f"activation {name!r} of `{node.op_type}` is not supported")
        function, defaults = known
        parameters = [next(values, default) for values, default in zip(given, defaults, strict=False)]
        functions.append(partial(_activate, function, parameters, clip if k % n < 2 else None))
    return [tuple(functions[i : i + n]) for i in range(0, len(functions), n)]


def _activate(function: Callable[..., Value], parameters: Sequence[float], clip: float | None, x: Value) -> Value:
    if clip is not None:
        x = op("clamp", const(-clip, x.dtype), x, const(clip, x.dtype))
    return function(x, *parameters)
