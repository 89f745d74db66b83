"""`@weft.function`: a Python function, traced once per signature, compiled, and run.

    @weft.function
    def step(w, x):
        return weft.numpy.tanh(x @ w)

    step(w, x)                  # traced, compiled and run; later calls of the same signature only run
    step.lower(w, x)            # the weft.Module
    step.compile(w, x)          # the Program

Arguments are trees (lists, tuples, dicts, dataclasses registered with `weft.pytree.register`) of tensors, arrays and numbers. A
signature is the tree, and the dtype and shape of every leaf; static arguments count by value. Python runs while tracing alone: prints
happen once per trace, lists that are appended to keep traced tensors. Values that are closed over are constants of the trace, unless they
are `weft.Variable`s.
"""

import functools
import inspect
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...compiler.driver import compile as compile_module
from ...compiler.ir.dims import Dim, symbol
from ...compiler.ir.graph import Module, Value, definitions, param
from ...compiler.ir.graph import function as ir_function
from ...compiler.ir.types import TensorType
from ...compiler.ops.gradients.common import inline
from ...proto.artifact import Program
from ...proto.dtypes import from_numpy
from ...proto.errors import WeftError, fail
from ...vm import VM
from .close import close, mark
from .hot import Make, Take, giver, maker, own_array, taker
from .lift import apart, as_value
from .place import raised_loc, user_loc
from .pytree import Tree, flatten, paths, unflatten
from .tape import recording
from .tensor import Tensor
from .trace import Trace, is_building, tracing

LOG = logging.getLogger("weft.function")
MANY_TRACES = 8


@dataclass(frozen=True, slots=True)
class Spec:
    """A tensor's type without the tensor: `Spec(("batch", 784))` has a symbolic first dim and float32 elements."""

    shape: tuple[int | str, ...]
    dtype: Any = np.float32

    def type(self) -> TensorType:
        """As the graph's type."""
        dims: tuple[Dim, ...] = tuple(symbol(n) if isinstance(n, str) else n for n in self.shape)
        return TensorType(from_numpy(np.dtype(self.dtype)), dims)


def name_of(f: Callable[..., Any]) -> str:
    """What to call a function: its name, that of what `functools.partial` was given, or of a callable object's class."""
    while isinstance(f, functools.partial):
        f = f.func
    return getattr(f, "__name__", type(f).__name__)


_SCALARS = {bool: np.dtype(bool), int: np.dtype(np.int64), float: np.dtype(np.float32), complex: np.dtype(np.complex64)}


def leaf_type(x: Any, name: str) -> TensorType:
    """The type of one argument."""
    if isinstance(x, Tensor):
        return TensorType(from_numpy(x.dtype), x.shape)
    if isinstance(x, (np.ndarray, np.generic)):
        return TensorType(from_numpy(x.dtype), x.shape)
    if isinstance(x, Spec):
        return x.type()
    if type(x) in _SCALARS:
        return TensorType(from_numpy(_SCALARS[type(x)]), ())
    kind = type(x).__name__
    help = "mark it static with weft.function(static=...), or register its class with weft.pytree.register"
    raise fail("function.argument", f"`{name}` is a {kind}, which is neither an array nor a number", loc=user_loc(), help=help)


def _key(x: Any) -> object:
    if isinstance(x, (Tensor, np.ndarray)):
        return x.dtype, x.shape
    if isinstance(x, Spec):
        return np.dtype(x.dtype), x.shape
    return type(x)


def array_of(x: Any) -> Any:
    """A leaf as the array that a program takes."""
    if type(x) is Tensor:
        return x.array
    if type(x) in _SCALARS:
        return np.asarray(x, _SCALARS[type(x)])
    return x


def _own(x: Any) -> Any:
    """A donated leaf as an array that the program may write. numpy's arrays are the caller's, who could not be told of misuse: copies."""
    return own_array(x) if type(x) is Tensor else array_of(x).copy()


@dataclass(eq=False)
class Traced:
    """One signature, traced: the module, how results go back into a tree, and the variables that come in and go out."""

    module: Module
    out_tree: Tree
    fixed: dict[int, Any]
    """results that are no tensors, by place among the leaves"""
    reads: list[Any]
    writes: list[Any]
    run: Callable[..., Any] | None = None
    make: Make | None = None
    """the results' arrays as their tree"""


class Function:
    """See `weft.function`."""

    def __init__(self, f: Callable[..., Any], static: Sequence[str] = (), donate: Sequence[str] = (), threads: int | None = None) -> None:
        functools.update_wrapper(self, f)
        self._f = f
        self._name = name_of(f)
        self._signature = inspect.signature(f)
        names = list(self._signature.parameters)
        for name in (*static, *donate):
            if name not in names:
                raise fail("function.name", f"`{name_of(f)}` has no argument `{name}`", help=f"its arguments are {', '.join(names)}")
        self._static, self._donate = frozenset(static), tuple(donate)
        self._threads = threads
        self._plain = [p.kind is p.POSITIONAL_OR_KEYWORD for p in self._signature.parameters.values()] if not static else []
        self._traces: dict[object, Traced] = {}
        self._latest: tuple[Take, Callable[[Any], None] | None, Traced] | None = None

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        latest = self._latest
        if latest is not None and not keywords and not _is_watched():
            take, give, traced = latest
            arrays = [v.array for v in traced.reads]
            if take(args, arrays):
                if give is not None:
                    give(args)
                return self._results(traced, traced.run(*arrays))  # type: ignore[misc]
        return self._call(args, keywords)

    def _call(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        dynamic, static = self._bind(args, keywords)
        leaves, tree = flatten(dynamic)
        if _is_watched() or any(type(x) is Tensor and x.array is None for x in leaves):
            # By value, as in a compiled call: what the function assigns to its arguments is not seen by the caller.
            return self._f(*apart(args), **apart(keywords))
        key = (tree, tuple([_key(x) for x in leaves]), static)
        traced = self._traces.get(key)
        if traced is None:
            traced = self._traces[key] = self._trace(dynamic, static, key)
        if traced.run is None:
            traced.run = self._load(traced)
        taken = traced.module.main.aliases.values()
        donated = [len(traced.reads) + i in taken for i in range(len(leaves))]
        if dynamic is args:  # all of them by position
            self._latest = taker(tree, zip(leaves, donated, strict=True), array_of), giver(tree, iter(donated)), traced
        arrays = [v.array for v in traced.reads]
        arrays += [_own(x) if d else array_of(x) for x, d in zip(leaves, donated, strict=True)]
        for x, d in zip(leaves, donated, strict=True):
            if d and type(x) is Tensor:
                x.give_up()
        return self._results(traced, traced.run(*arrays))

    def lower(self, *args: Any, **keywords: Any) -> Module:
        """The module for arguments like these, which may be `weft.Spec`s; nothing is compiled."""
        return self._entry(args, keywords).module

    def lower_frozen(self, *args: Any, **keywords: Any) -> Module:
        """The module for arguments like these, with variables as they are now in place of parameters: what is saved."""
        traced = self._entry(args, keywords)
        main = traced.module.main
        frozen = {p: as_value(Tensor(np.array(v.array))) for p, v in zip(main.params, traced.reads, strict=False)}
        params = main.params[len(frozen) :]
        with definitions() as definers:
            results = inline(main, [*frozen.values(), *params])[len(traced.writes) :]
        names = main.result_names[len(traced.writes) :]
        made = ir_function(main.name, params, results, result_names=names, definers=definers, loc=main.loc)
        return Module({"main": made}, traced.module.name)

    def compile(self, *args: Any, **keywords: Any) -> Program:
        """The program for arguments like these, which may be `weft.Spec`s."""
        return compile_module(self._entry(args, keywords).module)

    @property
    def traces(self) -> list[str]:
        """One line per signature traced so far."""
        return [_shown(key) for key in self._traces]

    def _entry(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> Traced:
        dynamic, static = self._bind(args, keywords)
        leaves, tree = flatten(dynamic)
        key = (tree, tuple([_key(x) for x in leaves]), static)
        if key not in self._traces:
            self._traces[key] = self._trace(dynamic, static, key)
        return self._traces[key]

    def _bind(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, tuple[tuple[str, type, object], ...]]:
        """Arguments by name: those that are traced, and the static ones."""
        if not keywords and not self._static and len(args) == len(self._plain) and all(self._plain):
            return args, ()
        try:
            bound = self._signature.bind(*args, **keywords)
        except TypeError as error:
            raise fail("function.arguments", f"`{self._name}`: {error}", loc=user_loc()) from None
        # A default that no call overrides stays what it is: a Python value of the trace.
        # The type counts too: 1, 1.0 and True are equal.
        static = tuple((k, type(v), v) for k, v in bound.arguments.items() if k in self._static)
        try:
            hash(static)
        except TypeError as error:
            raise fail("function.static", f"a static argument must have a hash: {error}", loc=user_loc()) from None
        return {k: v for k, v in bound.arguments.items() if k not in self._static}, static

    def _trace(self, dynamic: Any, static: tuple[tuple[str, type, object], ...], key: object) -> Traced:
        self._explain(key)
        leaves, tree = flatten(dynamic)
        names = _names(dynamic, self._signature)
        params = [param(leaf_type(x, n), n) for x, n in zip(leaves, names, strict=True)]
        start = mark()
        with tracing(self._name) as trace, definitions() as definers:
            inputs = unflatten(tree, [Tensor(None, p) for p in params])
            try:
                result = self._invoke(inputs, static)
            except WeftError as error:
                raise error.at(raised_loc(error)) from None
            outs, out_tree = flatten(result)
            fixed = {i: x for i, x in enumerate(outs) if not _is_array(x)}
            results = [as_value(x) for x in outs if _is_array(x)]
        return self._finish(trace, params, results, names, (out_tree, fixed, definers, start))

    def _finish(self, trace: Trace, params: list[Value], results: list[Value], names: list[str], rest: Any) -> Traced:
        out_tree, fixed, definers, start = rest
        reads = list(trace.variables)
        state = [trace.variables[v][0] for v in reads]
        writes = [v for v in reads if trace.variables[v][1].value is not trace.variables[v][0]]
        updates = [trace.variables[v][1].value for v in writes]
        everything = [*state, *params]
        body, leaked = close(everything, [*updates, *results], since=start, definers=definers)
        if leaked:
            fact = f"`{self._name}` uses a traced tensor of another trace: {leaked[0].type}"
            raise fail("trace.leak", fact, loc=user_loc(), help="pass it as an argument; what a trace makes is of no use after it")
        made = ir_function(
            "main", body.params, body.results,
            result_names=[*(f"{v.name}.new" for v in writes), *_result_names(out_tree, fixed)], definers=definers,
        )  # fmt: skip
        made = _with_aliases(made, self._aliases(made, len(state), len(updates), names, reads, writes))
        return Traced(Module({"main": made}, self._name), out_tree, fixed, reads, writes)

    def _invoke(self, inputs: Any, static: tuple[tuple[str, type, object], ...]) -> Any:
        if isinstance(inputs, tuple):
            return self._f(*inputs)
        bound = self._signature.bind_partial()
        order = list(self._signature.parameters)
        bound.arguments = dict(sorted({**inputs, **{k: v for k, _, v in static}}.items(), key=lambda item: order.index(item[0])))
        return self._f(*bound.args, **bound.kwargs)

    def _aliases(self, made: Any, states: int, updates: int, names: list[str], reads: list[Any], writes: list[Any]) -> dict[int, int]:
        """Result → parameter whose memory it takes over: variables' own, then donated arguments of the same type."""
        aliases = {i: reads.index(v) for i, v in enumerate(writes)}
        free = [states + i for i, n in enumerate(names) if n.split("[")[0].split(".")[0] in self._donate]
        for i, v in enumerate(made.results[updates:], updates):
            place = next((p for p in free if made.params[p].type == v.type), None)
            if place is not None:
                free.remove(place)
                aliases[i] = place
        return aliases

    def _load(self, traced: Traced) -> Callable[..., Any]:
        try:
            program = compile_module(traced.module)
        except WeftError as error:
            raise error.at(user_loc(), context=f"compiling `{self._name}`") from None
        return VM(threads=self._threads).load(program)["main"]

    def _results(self, traced: Traced, found: Any) -> Any:
        arrays = iter(found if type(found) is tuple else (found,))
        for v, new in zip(traced.writes, arrays, strict=False):
            v.array = new
        if traced.make is None:
            traced.make = maker(traced.out_tree, traced.fixed)
        return traced.make(arrays)

    def _explain(self, key: object) -> None:
        """Say why a function is traced again, to the log; as a warning when it happens often."""
        if self._traces:
            level = logging.WARNING if len(self._traces) == MANY_TRACES else logging.INFO
            LOG.log(
                level,
                "%s is traced for the %d. time, for %s; it knows %s",
                self._name,
                len(self._traces) + 1,
                _shown(key),
                "; ".join(self.traces),
            )


def _is_watched() -> bool:
    """Whether a call is part of a larger trace, or of what a tape records: then it runs as plain Python."""
    return is_building() or recording()


def _is_array(x: Any) -> bool:
    return isinstance(x, (Tensor, np.ndarray, np.generic, bool, int, float, complex))


def _names(dynamic: Any, signature: inspect.Signature) -> list[str]:
    """The name of every leaf, beginning with that of its argument."""
    named = dynamic if isinstance(dynamic, dict) else dict(zip(signature.parameters, dynamic, strict=True))
    order = sorted(named) if isinstance(dynamic, dict) else list(named)
    return [p for n in order for p in paths(named[n], n)]


def _result_names(tree: Tree, fixed: dict[int, Any]) -> list[str]:
    return [f"result{i}" if tree.leaves > 1 else "result" for i in range(tree.leaves) if i not in fixed]


def _with_aliases(made: Any, aliases: dict[int, int]) -> Any:
    from dataclasses import replace

    return replace(made, aliases=aliases)


def _shown(key: Any) -> str:
    tree, leaves, static = key
    types = ", ".join(f"{k[0]}{list(k[1])}" if isinstance(k, tuple) else k.__name__ for k in leaves)
    return f"({types}) in {tree}" + (f" with {', '.join(f'{k}={v!r}' for k, _, v in static)}" if static else "")


def function(
    f: Callable[..., Any] | None = None, *, static: str | Sequence[str] = (), donate: str | Sequence[str] = (), threads: int | None = None
) -> Any:
    """Compile a function of tensors; a decorator, with or without arguments.

    `static` names arguments that are Python values of the trace (they need a hash). `donate` names arguments whose memory results may
    take over: these tensors and arrays must not be used afterwards. Memory of a tensor that others hold, slices of it among them, is
    copied instead. `threads` limits the threads of a call. Retracing is logged to
    `weft.function`, with the signatures that are known.
    """
    if f is None:
        return lambda f: function(f, static=static, donate=donate, threads=threads)
    return Function(f, (static,) if isinstance(static, str) else static, (donate,) if isinstance(donate, str) else donate, threads)
