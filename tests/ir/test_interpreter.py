"""The reference interpreter: arguments, symbols, functions, regions, and what it does when an op lies."""

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
from weft.compiler import interpreter
from weft.compiler.interpreter import bind_symbols, evaluate
from weft.compiler.ir.attrs import Symref
from weft.compiler.ir.dims import floordiv, symbol
from weft.compiler.ir.graph import Node, function, module, param, region
from weft.compiler.ir.types import TensorType, TokenType
from weft.compiler.ops.helpers import const
from weft.compiler.ops.registry import OPS, define
from weft.proto.dtypes import BF16, F32, I32, STRING
from weft.proto.errors import InternalError, Loc, WeftError

N, M = symbol("N", 1), symbol("M", 1)
add, multiply = OPS["add"], OPS["multiply"]


def vector(*shape, dtype=F32, name=""):
    return param(TensorType(dtype, shape), name)


def rejected(code: str, call, *args, **kwargs) -> str:
    with pytest.raises(WeftError) as e:
        call(*args, **kwargs)
    assert e.value.code == code, str(e.value)
    return str(e.value)


def test_main_of_a_module_and_a_function_alone():
    x = vector(3)
    f = function("main", [x], [add(x, x), x])
    for program in (f, module(f), module(f, function("other", [x], [x]))):
        doubled, same = evaluate(program, np.arange(3, dtype=np.float32))
        assert doubled.tolist() == [0, 2, 4] and same.tolist() == [0, 1, 2]


def test_arguments_are_checked():
    x, y = vector(2, N, name="x"), vector(N, name="y")
    f = function("main", [x, y], [x])
    ones = np.ones((2, 3), np.float32)
    assert "arguments expected (x, y), 1 given" in rejected("evaluate.arguments", evaluate, f, ones)
    assert "`x` must be tensor<2x(N)xf32>, got an array of f64" in rejected("evaluate.dtype", evaluate, f, ones.astype(float), ones[0])
    rejected("evaluate.shape", evaluate, f, ones[0], ones[0])
    rejected("evaluate.shape", evaluate, f, np.ones((3, 3), np.float32), np.ones(3, np.float32))
    rejected("evaluate.shape", evaluate, f, ones, np.ones(4, np.float32))
    rejected("evaluate.shape", evaluate, f, np.ones((2, 0), np.float32), np.ones(0, np.float32))
    assert evaluate(f, [[1, 2, 3], [4, 5, 6]], [1, 2, 3])[0].dtype == np.float32


def test_scalars_and_strings():
    assert evaluate(function("main", [x := vector()], [add(x, x)]), 1.5)[0] == 3
    s = vector(2, dtype=STRING)
    assert evaluate(function("main", [s], [s]), np.array(["a", "b"]))[0].tolist() == ["a", "b"]


def test_symbols_take_their_values_from_arguments():
    assert bind_symbols([(N * M, 6), (N * 2 + 1, 5), (M, 3)]) == {"N": 2, "M": 3}
    assert bind_symbols([(floordiv(N, 2), 3), (N, 7)]) == {"N": 7}
    rejected("evaluate.symbols", bind_symbols, [(N * M, 6)])
    rejected("evaluate.shape", bind_symbols, [(N * 2, 5)])
    rejected("evaluate.shape", bind_symbols, [(N, 5), (N, 6)])
    rejected("evaluate.shape", bind_symbols, [(symbol("S", 0, 4), 5)])


def test_symbolic_result_types_and_attributes():
    x = vector(N, 4)
    flat = OPS["reshape"](x, result=TensorType(F32, (N * 4,)))
    head = OPS["slice"](flat, start_indices=(0,), limit_indices=(N,), strides=(1,))
    (r,) = evaluate(function("main", [x], [head]), np.arange(12, dtype=np.float32).reshape(3, 4))
    assert r.tolist() == [0, 1, 2]


def test_functions_have_symbols_of_their_own():
    y = vector(N)
    double = function("double", [y], [add(y, y)], public=False)
    a, b = vector(N), vector(M)
    called = [OPS["call"](v, callee=Symref("double"), result=(v.type,)) for v in (a, b)]
    got = evaluate(module(function("main", [a, b], called), double), np.ones(2, np.float32), np.ones(5, np.float32))
    assert [g.shape for g in got] == [(2,), (5,)]


def test_calls_of_nothing_and_of_oneself():
    x = vector(2)
    call = OPS["call"](x, callee=Symref("f"), result=(x.type,))
    rejected("call.function", evaluate, module(function("main", [x], [call])), np.ones(2, np.float32))
    f = function("f", [x], [call])
    main = function("main", [y := vector(2)], [OPS["call"](y, callee=Symref("f"), result=(y.type,))])
    assert "f → f" in rejected("call.cycle", evaluate, module(main, f), np.ones(2, np.float32))


def test_loops_in_loops_with_captures_and_symbols():
    def count(limit, state, body, captures):
        """A loop of `limit` turns over (turn, state), its body seeing captures."""
        c = [param(v.type) for v in (state[0], *state[1:], *captures)]
        cond = region(c, [OPS["compare"](c[0], const(np.int32(limit)), comparison_direction="LT")])
        b = [param(v.type) for v in (state[0], *state[1:], *captures)]
        n = len(state)
        next_turn = add(b[0], const(np.int32(1)))
        return OPS["while"](*state, cond=cond, body=region(b, [next_turn, *body(b[1:n], b[n:])]), captures=captures)

    x, step = vector(N), vector(N)

    def inner(state, captures):
        return [add(state[0], captures[0])]

    def outer(state, captures):
        return [count(3, (const(np.int32(0)), state[0]), inner, captures)[1]]

    _, r = count(4, (const(np.int32(0)), x), outer, (step,))
    (got,) = evaluate(function("main", [x, step], [r]), np.zeros(2, np.float32), np.array([1, 2], np.float32))
    assert got.tolist() == [12, 24]


def test_a_body_that_is_not_elementwise_is_applied_to_each_element():
    p = [vector(), vector()]
    summed = OPS["reduce"](
        OPS["concatenate"](*(OPS["reshape"](v, result=TensorType(F32, (1,))) for v in p), dimension=0),
        const(np.float32(0)),
        dimensions=(0,),
        body=region(q := [vector(), vector()], [add(*q)]),
    )
    x = vector(2, 3)
    total = OPS["reduce"](x, const(np.float32(0)), dimensions=(1,), body=region(p, [summed]))
    (r,) = evaluate(function("main", [x], [total]), np.arange(6, dtype=np.float32).reshape(2, 3))
    assert r.tolist() == [3, 12]


def test_tuples_and_tokens():
    x = vector(2)
    pair = OPS["tuple"](x, OPS["after_all"]())
    first = OPS["get_tuple_element"](pair, index=0)
    token = OPS["get_tuple_element"](pair, index=1)
    assert token.type == TokenType()
    joined = OPS["tuple"](add(first, first), OPS["after_all"](token))
    (r,) = evaluate(function("main", [x], [OPS["get_tuple_element"](joined, index=0)]), np.ones(2, np.float32))
    assert r.tolist() == [2, 2]


def test_fetch():
    x = vector(2, name="x")
    hidden = add(x, x, names=("hidden",))
    f = function("main", [x], [multiply(hidden, hidden)], result_names=("out",))
    got = evaluate(f, np.ones(2, np.float32), fetch=("out", "hidden", "x"))
    assert [g.tolist() for g in got] == [[4, 4], [2, 2], [1, 1]]
    rejected("evaluate.fetch", evaluate, f, np.ones(2, np.float32), fetch=("nothing",))


def test_long_chains_need_no_recursion_and_free_what_is_dead(monkeypatch):
    alive: list[weakref.ref] = []
    most = 0
    original = interpreter.Interpreter._apply

    def counting(self, *args):
        nonlocal most
        got = original(self, *args)
        alive.extend(weakref.ref(g) for g in got)
        most = max(most, sum(r() is not None for r in alive[-50:]))
        return got

    monkeypatch.setattr(interpreter.Interpreter, "_apply", counting)
    x = y = vector(2)
    for _ in range(5000):
        y = add(y, x)
    gc.collect()
    (r,) = evaluate(function("main", [x], [y]), np.ones(2, np.float32))
    assert r.tolist() == [5001, 5001] and most <= 3


@pytest.fixture
def lying(monkeypatch):
    """An op whose reference returns whatever `answer` holds."""
    monkeypatch.setattr("weft.compiler.ops.registry.OPS", dict(OPS))
    answer: list[object] = []
    op = define("test.lying", doc="", infer=lambda x: x, reference=lambda x: answer[0])
    monkeypatch.setitem(OPS, "test.lying", op)
    return answer


WRONG = [np.ones(3, np.float32), np.ones(2), np.ones((2, 1), np.float32), (np.ones(2, np.float32),) * 2, None]


@pytest.mark.parametrize("value", WRONG)
def test_a_reference_that_contradicts_its_type(lying, value):
    lying.append(value)
    x = vector(2)
    node = Node("test.lying", (x,), {}, (), (x.type,), loc=Loc("m.onnx", "liar"))
    with pytest.raises(InternalError, match=r"test\.lying.*liar"):
        evaluate(function("main", [x], [node.result]), np.ones(2, np.float32))


def test_a_reference_that_contradicts_a_symbol(lying):
    lying.append(np.ones(3, np.float32))
    x = vector(N)
    node = Node("test.lying", (x,), {}, (), (x.type,))
    with pytest.raises(InternalError):
        evaluate(function("main", [x], [node.result]), np.ones(2, np.float32))


def test_errors_name_the_node():
    x = vector(2)
    made = OPS["custom_call"](x, call_target_name="acme", result=(x.type,), loc=Loc("m.onnx", "there"))
    assert 'node "there"' in rejected("host.unknown", evaluate, function("main", [x], [made]), np.ones(2, np.float32))


def test_narrow_types_and_empty_arrays():
    x = vector(N, dtype=BF16)
    f = function("main", [x], [add(x, x)])
    assert evaluate(f, np.ones(2, BF16.numpy))[0].dtype == BF16.numpy
    z = symbol("Z")
    e = vector(z, 2, dtype=I32)
    assert evaluate(function("main", [e], [add(e, e)]), np.zeros((0, 2), np.int32))[0].shape == (0, 2)


def test_a_function_may_be_replaced():
    x = vector(2)
    f = function("main", [x], [add(x, x)])
    assert evaluate(replace(f, results=(x,)), np.ones(2, np.float32))[0].tolist() == [1, 1]
