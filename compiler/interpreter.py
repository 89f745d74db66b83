"""The reference interpreter: runs any graph on numpy through the ops' references.

It is the oracle kernels are tested against, folds constants and runs the graph after any pass. Every result is checked against the
type that inference gave it, so an op whose inference and reference disagree is found here.
"""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..proto.dtypes import STRING, from_numpy
from ..proto.errors import InternalError, WeftError, check, fail
from .ir.attrs import Symref
from .ir.dims import Dim, Expr, Symbol, substitute, symbols
from .ir.graph import Function, Module, Node, Region, Value, definitions, param, region, tensor_type_of
from .ir.instantiate import concrete_attr, concrete_type
from .ir.types import (
    MapType,
    OptionalType,
    SequenceType,
    TensorType,
    TokenType,
    TupleType,
    Type,
    UnrankedTensorType,
    is_host,
    type_symbols,
)
from .ops.decomposition import expand
from .ops.registry import Op, op_of
from .ops.values import TOKEN, Data, Tuple

Env = dict[str, int]
# The most bytes that one value may take: numbers in the data may ask for any amount.
MAX_BYTES = 1 << 34
_MOST_CALLS = 100  # functions are entered recursively


def evaluate(
    program: Module | Region, *arguments: object, fetch: Sequence[str] = (), max_bytes: int = MAX_BYTES, max_steps: int | None = None
) -> list[np.ndarray]:
    """Run the module's main function (or the given function) on arrays, and on lists, dicts and None for host values.

    Returns its results; with `fetch`, the values of those names instead, from wherever in the program they are computed (the last
    time, in a loop). Symbols in the shapes of parameters take their values from the arguments. Raises `WeftError` where arguments
    don't fit the signature, a name is unknown, a value has more than `max_bytes` (`evaluate.memory`) or loops take more than `max_steps`
    operations (`evaluate.steps`), `InternalError` where an op's reference contradicts its inferred type.
    """
    functions = program.functions if isinstance(program, Module) else {}
    main = program.main if isinstance(program, Module) else program
    interpreter = Interpreter(functions, fetch, max_bytes, max_steps)
    with np.errstate(all="ignore"):
        results = interpreter.enter(main, _arguments(main, arguments))
    return interpreter.fetched() if fetch else results  # type: ignore[return-value]


def bind_symbols(pairs: Iterable[tuple[Dim, int]], known: Mapping[str, int] | None = None) -> Env:
    """Values of symbols such that every dim equals its number.

    Dims that are linear in one unknown symbol determine it. `WeftError` if dims contradict each other, a bound is violated, or a symbol
    stays unknown.
    """
    env = dict(known or {})
    pending = list(pairs)
    while pending:
        left = [(dim, n) for dim, n in pending if not _bind(dim, n, env)]
        if len(left) == len(pending):
            dim, n = left[0]
            raise fail("evaluate.symbols", f"the size {n} does not determine the symbols of `{substitute(dim, env)}`")
        pending = left
    return env


def _bind(dim: Dim, n: int, env: Env) -> bool:
    """Whether `dim = n` is settled: it holds under `env`, or it has given one more symbol its value."""
    match substitute(dim, env):
        case int(value):
            check(value == n, "evaluate.shape", f"the dim `{dim}` is {value}, got {n}")
            return True
        case Expr(terms=(((Symbol() as s,), factor),)):
            offset = 0
        case Expr(terms=(((Symbol() as s,), factor), ((), offset))):
            pass
        case _:
            return False
    value, odd = divmod(n - offset, factor)
    lo, hi = (None if b is None else substitute(b, env) for b in (s.lo, s.hi))
    fits = not odd and (not isinstance(lo, int) or value >= lo) and (not isinstance(hi, int) or value <= hi)
    check(fits, "evaluate.shape", f"no value of `{s}` in [{lo}, {'…' if hi is None else hi}] makes `{dim}` {n}")
    env[s.name] = value
    return True


def _arguments(main: Region, arguments: Sequence[object]) -> list[Data]:
    names = main.param_names if isinstance(main, Function) else tuple(p.name or f"arg{i}" for i, p in enumerate(main.params))
    count = f"{len(main.params)} arguments expected ({', '.join(names)}), {len(arguments)} given"
    check(len(arguments) == len(main.params), "evaluate.arguments", count)
    return [_argument(a, p.type, n) for a, p, n in zip(arguments, main.params, names, strict=True)]


def _argument(x: object, t: Type, name: str) -> Data:
    if isinstance(t, SequenceType | MapType):
        wanted = (list, tuple) if isinstance(t, SequenceType) else (dict,)
        check(isinstance(x, wanted), "evaluate.dtype", f"`{name}` must be {t}, got a {type(x).__name__}")
    match t:
        case SequenceType(element):
            return [_argument(v, element, name) for v in x]  # type: ignore[attr-defined]
        case OptionalType(element):
            return None if x is None else _argument(x, element, name)
        case MapType(_, value):
            held = {k: _argument(v, value, name) for k, v in x.items()}  # type: ignore[attr-defined]
            return {k: v[()] if isinstance(v, np.ndarray) else v for k, v in held.items()}
        case TensorType() | UnrankedTensorType():
            return _array(x, t, name)
        case TokenType() | TupleType():
            return x  # type: ignore[return-value]


def _array(x: object, t: TensorType | UnrankedTensorType, name: str) -> np.ndarray:
    plain = isinstance(x, (bool, int, float, complex, str, list))
    array = np.asarray(x, t.dtype.numpy) if plain or t.dtype is STRING else np.asarray(x)
    check(_dtype_name(array) == t.dtype.name, "evaluate.dtype", f"`{name}` must be {t}, got an array of {_dtype_name(array)}")
    ranked = isinstance(t, UnrankedTensorType) or array.ndim == t.rank
    check(ranked, "evaluate.shape", f"`{name}` must be {t}, got an array of shape {array.shape}")
    return array


def _dtype_name(array: np.ndarray) -> str:
    try:
        return from_numpy(array.dtype).name
    except KeyError:
        return str(array.dtype)


def _dims_of(values: Sequence[Data], types: Sequence[Type]) -> list[tuple[Dim, int]]:
    """Every dim of tensor types beside its size."""
    pairs: list[tuple[Dim, int]] = []
    for v, t in zip(values, types, strict=True):
        match t:
            case TensorType():
                pairs += zip(t.shape, v.shape, strict=True)  # type: ignore[union-attr]
            case TupleType():
                pairs += _dims_of(v, t.types)  # type: ignore[arg-type]
            case _:
                pass
    return pairs


@dataclass(frozen=True, slots=True)
class Step:
    """A node, and what is known of it before it runs."""

    node: Node
    op: Op
    symbolic: bool  # whether attributes or result types mention symbols
    guarded: bool  # whether results may be large
    dead: tuple[Value, ...]  # values without a later use


def has_symbols(a: object) -> bool:
    """Whether an attribute or a type, or one in a tuple of them, mentions symbols."""
    match a:
        case Expr():
            return True
        case tuple():
            return any(map(has_symbols, a))
        case TensorType():
            return not a.is_static
        case TupleType() | SequenceType() | OptionalType() | MapType():
            return bool(type_symbols(a))
        case _:
            return False


def _is_large(t: Type) -> bool:
    return isinstance(t, TensorType) and (not isinstance(t.nbytes, int) or t.nbytes > 1 << 16)


def steps_of(body: Region) -> tuple[Step, ...]:
    """What running a region takes, in order."""
    seen = set(body.results)
    steps: list[Step] = []
    for node in reversed(body.nodes):
        dead = tuple(dict.fromkeys(v for v in (*node.operands, *node.results) if v not in seen))
        seen.update(dead)
        symbolic = has_symbols(tuple(node.attrs.values())) or has_symbols(node.types)
        steps.append(Step(node, op_of(node), symbolic, symbolic or any(map(_is_large, node.types)), dead))
    return tuple(reversed(steps))


@cache
def result_keyword(reference: object) -> str:
    """The keyword by which a reference takes the types of its results; empty if it does not."""
    names = inspect.signature(reference).parameters  # type: ignore[arg-type]
    return next((k for k in ("result", "results") if k in names), "")


# Ops that do nothing to a scalar.
_SCALAR_IDENTITIES = frozenset({"reshape", "broadcast_in_dim", "transpose", "reverse"})


def _is_scalar(t: Type) -> bool:
    return isinstance(t, TensorType) and t.rank == 0


def _lifts(step: Step) -> bool:
    """Whether the node computes on arrays what it computes on each of their elements."""
    node = step.node
    if not all(map(_is_scalar, node.types)) or not all(_is_scalar(v.type) for v in node.operands):
        return False
    by_element = step.op.lower is not None or (step.op.is_elementwise and step.op.decompose is not None)
    return by_element or node.op in _SCALAR_IDENTITIES or (not node.operands and not step.op.has_effect)


@dataclass(frozen=True, slots=True)
class BoundRegion:
    """A region with its captures and symbols bound: `ops.bodies.Body`."""

    interpreter: "Interpreter"
    region: Region
    captured: tuple[Data, ...]
    env: Env
    binds: bool  # whether its parameters have symbols of their own

    def __call__(self, *arrays: Data) -> tuple[Data, ...]:
        args = (*arrays, *self.captured)
        own = self.region.params[: len(arrays)]
        if self.binds:
            env = bind_symbols(_dims_of(arrays, [p.type for p in own]), self.env)
            return tuple(self.interpreter.run(self.region, args, env))
        lifted = all(_is_scalar(p.type) for p in own) and any(isinstance(a, np.ndarray) and a.ndim for a in arrays)
        if lifted:
            return self.interpreter.lift(self.region, args, len(arrays), self.env)  # type: ignore[arg-type, return-value]
        return tuple(self.interpreter.run(self.region, args, dict(self.env)))


class Interpreter:
    """Runs regions on arrays; what is to be done for one is planned once."""

    def __init__(self, functions: Mapping[str, Function], fetch: Sequence[str], max_bytes: int, max_steps: int | None) -> None:
        self._functions = functions
        self._max_bytes = max_bytes
        self._steps_left = max_steps
        self._fetch = tuple(fetch)
        self._fetched: dict[str, Data] = {}
        self._plans: dict[Region, tuple[Step, ...]] = {}
        self._active: list[str] = []

    def fetched(self) -> list[Data]:
        for name in self._fetch:
            check(name in self._fetched, "evaluate.fetch", f"no value named `{name}` was computed")
        return [self._fetched[name] for name in self._fetch]

    def enter(self, function: Region, arguments: Sequence[Data]) -> list[Data]:
        """Call a function: it has symbols of its own, bound by its arguments."""
        env = bind_symbols(_dims_of(arguments, [p.type for p in function.params]))
        results = self.run(function, arguments, env)
        if self._fetch and isinstance(function, Function):
            self._fetched |= {n: v for n, v in zip(function.result_names, results, strict=False) if n in self._fetch}
        return results

    def run(self, body: Region, arguments: Sequence[Data], env: Env) -> list[Data]:
        """The results of a region; symbols its nodes define are added to `env`."""
        values = dict(zip(body.params, arguments, strict=True))
        self._record(body.params, values)
        plan = self._plan(body)
        self._spend(1 + len(plan))
        for step in plan:
            node = step.node
            results = self.execute(step, [values[v] for v in node.operands], env)
            values.update(zip(node.results, results, strict=True))
            self._record(node.results, values)
            for v in step.dead:
                del values[v]
        return [values[v] for v in body.results]

    def execute(self, step: Step, operands: list[Data], env: Env) -> list[Data]:
        """The results of one node, held against its types; symbols it defines are added to `env`."""
        results = self._results(step, operands, env)
        self._check(step, results, env)
        return results

    def _spend(self, steps: int) -> None:
        if self._steps_left is not None:
            self._steps_left -= steps
            check(self._steps_left >= 0, "evaluate.steps", "the graph takes more operations than allowed", help="evaluate(…, max_steps=…)")

    def lift(self, body: Region, arguments: Sequence[np.ndarray], n: int, env: Env) -> tuple[np.ndarray, ...]:
        """Apply a region of scalars to each element of the first `n` arguments, the others being captures."""
        shape = np.broadcast_shapes(*(a.shape for a in arguments[:n]))
        plan = self._plan(body)
        self._spend(1 + len(plan))
        if not all(map(_lifts, plan)) or not all(_is_scalar(p.type) for p in body.params):
            return self._apply_each(body, arguments, n, shape, env)
        values: dict[Value, np.ndarray] = dict(zip(body.params, arguments, strict=True))
        for step in plan:
            node = step.node
            operands = [values[v] for v in node.operands]
            (result,) = operands if node.op in _SCALAR_IDENTITIES else self._apply(step.op, node, operands, env, shape)
            same = isinstance(result, np.ndarray) and result.dtype == node.result.dtype.numpy
            self._require(same, node, f"{_describe(result)} for elements of {node.result.dtype}")
            values[node.result] = result  # type: ignore[assignment]
        return tuple(np.broadcast_to(values[v], shape) for v in body.results)

    def _apply_each(
        self, body: Region, arguments: Sequence[np.ndarray], n: int, shape: tuple[int, ...], env: Env
    ) -> tuple[np.ndarray, ...]:
        outs = tuple(np.empty(shape, v.dtype.numpy) for v in body.results)
        own = [np.broadcast_to(a, shape) for a in arguments[:n]]
        for i in np.ndindex(shape):
            results = self.run(body, [*(a[i][()] for a in map(np.asarray, own)), *arguments[n:]], dict(env))
            for out, r in zip(outs, results, strict=True):
                out[i] = r
        return outs

    def _plan(self, body: Region) -> tuple[Step, ...]:
        if body not in self._plans:
            self._plans[body] = steps_of(body)
        return self._plans[body]

    def _record(self, names: Iterable[Value], values: Mapping[Value, Data]) -> None:
        if self._fetch:
            self._fetched |= {v.name: values[v] for v in names if v.name in self._fetch}

    def _results(self, step: Step, operands: list[Data], env: Env) -> list[Data]:
        node = step.node
        try:
            if step.guarded:
                self._check_size(node, env)
            if "call" in step.op.traits:
                return self._call(node, operands)
            return self._apply(step.op, node, operands, env if step.symbolic or node.regions else {}, None)
        except WeftError as e:
            raise e.at(node.loc) from None
        except MemoryError:
            sizes = ", ".join(str(concrete_type(t, env)) for t in node.types)
            raise fail("evaluate.memory", f"there is not enough memory to compute {sizes}", loc=node.loc) from None

    def _check_size(self, node: Node, env: Env) -> None:
        """Before it is computed, a value must be known to be of a size that can be."""
        for t in node.types:
            nbytes = substitute(t.nbytes, env) if isinstance(t, TensorType) else 0
            unknown = ", ".join(symbols(nbytes).keys() - node.defined_symbols)
            check(not unknown, "evaluate.symbols", f"no argument says what `{unknown}` is, which {t} depends on")
            if isinstance(nbytes, int) and nbytes > self._max_bytes:
                fact = f"a value of type {concrete_type(t, env)} has {nbytes} bytes, more than {self._max_bytes}"
                raise fail("evaluate.memory", fact, help="evaluate(…, max_bytes=…) allows more")

    def _apply(self, op: Op, node: Node, operands: Sequence[Data], env: Env, lifted: tuple[int, ...] | None) -> list[Data]:
        """The results of an op's reference; `lifted` is the shape of its results where scalars stand for arrays of that shape."""
        if op.reference is None:
            return self._decomposed(op, node, operands, env, lifted)
        n = len(operands) - node.captures
        keywords: dict[str, object] = {k: concrete_attr(a, env) for k, a in node.attrs.items()} if env else dict(node.attrs)
        keywords |= op.bind_regions([BoundRegion(self, r, tuple(operands[n:]), env, node.op == "weft.while") for r in node.regions])
        if wanted := result_keyword(op.reference):
            types = tuple(t.with_shape(lifted) if lifted is not None else concrete_type(t, env) for t in node.types)  # type: ignore[union-attr]
            keywords[wanted] = types if wanted == "results" else types[0]
        got = op.reference(*operands[:n], **keywords)
        results = list(got) if isinstance(got, (tuple, list)) and not isinstance(got, Tuple) else [got]
        return [np.asarray(r) if isinstance(r, np.generic) else r for r in results]  # type: ignore[misc]

    def _decomposed(self, op: Op, node: Node, operands: Sequence[Data], env: Env, lifted: tuple[int, ...] | None) -> list[Data]:
        """The results of an op that has no reference: those of its decomposition, built for these operands."""
        if op.decompose is None:
            raise InternalError(f"`{op.name}` has no reference evaluation")
        data = [np.broadcast_to(x, lifted) if lifted is not None else x for x in operands]  # type: ignore[arg-type, call-overload]
        params = [param(tensor_type_of(x) if isinstance(x, np.ndarray) else v.type) for x, v in zip(data, node.operands, strict=True)]
        attrs = {k: concrete_attr(a, env) for k, a in node.attrs.items()}
        types = [t.with_shape(lifted) if lifted is not None else concrete_type(t, env) for t in node.types]  # type: ignore[union-attr]
        with definitions() as definers:
            results = expand(op, params, attrs, node.regions, types)
        return self.run(region(params, results, definers=definers), data, {})

    def _call(self, node: Node, operands: Sequence[Data]) -> list[Data]:
        name = next(a.name for a in node.attrs.values() if isinstance(a, Symref))
        check(name in self._functions, f"{node.op}.function", f"the module has no function `{name}`")
        if name in self._active:
            raise fail(f"{node.op}.cycle", f"functions call each other without end: {' → '.join([*self._active, name])}")
        what = f"more than {_MOST_CALLS} calls stand inside each other"
        check(len(self._active) < _MOST_CALLS, "evaluate.calls", what, help="compile it: calls are inlined")
        self._active.append(name)
        try:
            return self.enter(self._functions[name], operands)
        finally:
            self._active.pop()

    def _check(self, step: Step, results: Sequence[Data], env: Env) -> None:
        node = step.node
        self._require(len(results) == len(node.types), node, f"{len(results)} results for {len(node.types)}")
        for r, t in zip(results, node.types, strict=True):
            if not _fits(r, t):
                if any(is_host(v.type) for v in node.operands):  # whose types do not say all
                    raise fail("run.type", f"`{node.op}` gives {_describe(r)} where the graph says {t}", loc=node.loc)
                self._require(False, node, f"{_describe(r)} for {t}")
        if step.symbolic:
            try:
                env |= bind_symbols(_dims_of(results, node.types), env)
            except WeftError as e:
                if "symbols" in step.op.traits:  # the data is at fault
                    raise e.at(node.loc) from None
                raise InternalError(f"the reference of `{node.op}` contradicts its type at {node.loc}: {e}") from e

    def _require(self, condition: bool, node: Node, fact: str) -> None:
        if not condition:
            raise InternalError(f"the reference of `{node.op}` gave {fact}{f' at {node.loc}' if node.loc else ''}")


def _fits(x: object, t: Type) -> bool:
    """Whether data has the dtype and rank of a type, and its dims where those are numbers."""
    match t:
        case TensorType():
            if not isinstance(x, np.ndarray) or x.dtype != t.dtype.numpy or x.ndim != t.rank:
                return False
            return all(isinstance(d, Expr) or d == n for d, n in zip(t.shape, x.shape, strict=True))
        case UnrankedTensorType():
            return isinstance(x, np.ndarray) and x.dtype == t.dtype.numpy
        case SequenceType(element):
            return isinstance(x, list) and all(_fits(v, element) for v in x)
        case OptionalType(element):
            return x is None or _fits(x, element)
        case MapType(key, value):
            kind = str if key is STRING else int
            return isinstance(x, dict) and all(isinstance(k, kind) and _fits(_scalar(v, value), value) for k, v in x.items())
        case TokenType():
            return x is TOKEN
        case TupleType():
            return isinstance(x, Tuple) and len(x) == len(t.types) and all(map(_fits, x, t.types))


def _scalar(x: object, t: Type) -> object:
    """An entry of a dict: scalars there are numpy's own, and strings."""
    plain = isinstance(x, np.generic | str) and isinstance(t, TensorType)
    return np.asarray(x, t.dtype.numpy) if plain else x  # type: ignore[union-attr]


def _describe(x: object) -> str:
    return f"{x.dtype} of shape {x.shape}" if isinstance(x, np.ndarray) else repr(x)
