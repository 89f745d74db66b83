"""The verifier: each kind of damage is reported with its code, its node and its place, all at once."""

from dataclasses import replace

import numpy as np
import pytest
from weft.compiler.ir.attrs import DotDims, Symref
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import Function, Module, Node, function, module, param, region
from weft.compiler.ir.types import TensorType, TokenType
from weft.compiler.ops.contraction import dot
from weft.compiler.ops.helpers import const
from weft.compiler.ops.registry import OPS
from weft.compiler.verify import verify
from weft.proto.dtypes import F32, F64, I32
from weft.proto.errors import Loc, WeftError

N = symbol("N", 1)
X = TensorType(F32, (2, 3))
add = OPS["add"]


def node(op: str, *operands, types=(X,), attrs=None, **more) -> Node:
    """A node that nothing has checked."""
    return Node(op, operands, attrs or {}, more.pop("regions", ()), tuple(types), **more)


def raw(params, nodes, results, **more) -> Module:
    """A module around nodes in the order given."""
    return module(replace(Function(tuple(params), tuple(nodes), tuple(results)), **more))


def problems(m: Module) -> dict[str, str]:
    """The diagnostics by code."""
    with pytest.raises(WeftError) as e:
        verify(m)
    return {d.code: str(d) for d in e.value.diagnostics}


def while_of(x, y, **changes):
    """A loop on x that captures y, its regions changed."""
    c, b = [param(X), param(X)], [param(X), param(X)]
    flag = OPS["constant"](value=const(np.bool_(True)).node.attrs["value"])
    regions = {"cond": region(c, [flag]), "body": region(b, [add(*b)]), **changes}
    return Node("while", (x, y), {}, tuple(regions.values()), (X,), captures=1)


def test_a_sound_module():
    x, y = param(TensorType(F32, (N, 3)), "x"), param(TensorType(F32, (3, 4)))
    verify(module(function("main", [x, y], [dot(x, y, DotDims((), (), (1,), (0,)))])))
    x, y = param(X), param(X)
    loop = while_of(x, y)
    verify(raw([x, y], [loop], loop.results))


def test_every_problem_is_reported_with_its_node():
    x = param(X)
    first = node("add", x, x, types=[TensorType(F64, (2, 3))], loc=Loc("m.onnx", "first"))
    second = node("nonsense", x, loc=Loc("m.onnx", "second"))
    third = node("reshape", x, types=[TensorType(F32, (7,))], loc=Loc("m.onnx", "third"))
    found = problems(raw([x], [first, second, third], [third.result]))
    assert set(found) == {"add.type", "op.unknown", "reshape.C2"}
    assert 'node "first"' in found["add.type"] and "add(_: tensor<2x3xf32>, _: tensor<2x3xf32>) -> tensor<2x3xf64>" in found["add.type"]
    assert "while: verifying the graph" in found["op.unknown"] and 'node "second"' in found["op.unknown"]


def test_uses_before_definitions():
    x = param(X)
    a = node("negate", x)
    b = node("negate", a.result)
    assert "used before `negate` computes it" in problems(raw([x], [b, a], [b.result]))["verify.ssa"]
    assert "occurs twice" in problems(raw([x], [a, a], [a.result]))["verify.ssa"]
    assert "occurs twice" in problems(raw([x, x], [], [x]))["verify.ssa"]


def test_values_of_other_regions():
    x, other = param(X), param(X, "other")
    a = node("negate", other)
    assert "the parameter `other` of another region" in problems(raw([x], [a], [a.result]))["verify.ssa"]
    assert "result 0 of function `main` is a result of `negate`" in problems(raw([x], [], [node("negate", x).result]))["verify.ssa"]
    b = [param(X), param(X)]
    loop = while_of(x, x, body=region(b, [b[0]]))
    outside = Node("while", loop.operands, {}, (loop.regions[0], replace(loop.regions[1], results=(x,))), (X,), captures=1)
    assert "region 1 of `while`" in problems(raw([x], [outside], outside.results))["verify.ssa"]


def test_captures():
    x, y = param(X), param(X)
    short = while_of(x, y, body=region(b := [param(X)], [b[0]]))
    assert "must take" in problems(raw([x, y], [short], short.results))["while.C2"]
    wrong = while_of(x, y, body=region(b := [param(X), param(TensorType(F32, ()))], [b[0]]))
    assert "region 1 of `while` must end with" in problems(raw([x, y], [wrong], wrong.results))["verify.captures"]
    extra = while_of(x, y, body=region(b := [param(X), param(X), param(X)], [b[0]]))
    assert "while.C2" in problems(raw([x, y], [extra], extra.results))
    many = replace(while_of(x, y), captures=3)
    assert "verify.captures" in problems(raw([x, y], [many], many.results))


def test_nested_regions_are_inferred_again():
    x, y = param(X), param(X)
    b = [param(X), param(X)]
    bad = node("add", b[0], b[1], types=[X.with_dtype(F64)])
    loop = while_of(x, y, body=replace(region(b, [b[0]]), nodes=(bad,)))
    assert "add.type" in problems(raw([x, y], [loop], loop.results))


def test_attributes_and_operands():
    x = param(X)
    more = {"permutation": (1, 0), "more": 1}
    for attrs, fact in (({}, "needs the attribute"), ({"permutation": "no"}, "must be"), (more, "has no attribute")):
        t = node("transpose", x, types=[TensorType(F32, (3, 2))], attrs=attrs)
        assert fact in problems(raw([x], [t], t.results))["transpose.attributes"]
    partial = node("gather", x, param(TensorType(I32, ())), attrs={})
    assert "gather.attributes" in problems(raw(partial.operands, [partial], partial.results))
    token = param(TokenType())
    t = node("add", x, token)
    assert set(problems(raw([x, token], [t], t.results))) & {"add.operands", "add.I2"}
    few = node("add", x)
    assert "add.operands" in problems(raw([x], [few], few.results))


def test_symbols():
    x, y = param(TensorType(F32, (N,))), param(TensorType(F32, (symbol("N", 2),)))
    assert "different bounds" in problems(raw([x, y], [], [x]))["verify.symbols"]
    m = symbol("M")
    r = node("reshape", x, types=[TensorType(F32, (m,))])
    found = problems(raw([x], [r], r.results))
    assert "the symbol `M` occurs in no parameter" in found["verify.symbols"]


def test_names_and_aliases():
    x, y = param(X, "x"), param(X, "x")
    assert "two parameters of `main` are called 'x'" in problems(raw([x, y], [], [x]))["verify.names"]
    assert "verify.names" in problems(raw([x], [], [x, x], result_names=("a", "a")))
    assert "verify.names" in problems(raw([x], [], [x], result_names=("a", "b")))
    assert "verify.names" in problems(Module({"other": function("main", [x], [x])}))
    assert "verify.aliases" in problems(raw([x], [], [x], aliases={0: 3}))
    s = param(TensorType(F32, ()))
    assert "verify.aliases" in problems(raw([x, s], [], [x], aliases={0: 1}))
    verify(raw([x], [], [x], aliases={0: 0}))


def calling(callee: str, argument: TensorType, result: TensorType, op="call") -> Function:
    x = param(argument)
    attrs = {"callee": Symref(callee)} if op == "call" else {"name": "a.b", "decomposition": Symref(callee)}
    return function("main", [x], [OPS[op](x, result=(result,), **attrs)])


def test_calls():
    y = param(TensorType(F32, (N, 2)))
    f = function("f", [y], [add(y, y)], public=False)
    m = symbol("M")
    good = TensorType(F32, (m * 3, 2))
    verify(module(calling("f", good, good), f))
    assert "it has main, f" in problems(module(calling("g", good, good), f))["call.C1"]
    wide = TensorType(F32, (m, 3))
    assert "`f` takes tensor<(N)x2xf32>" in problems(module(calling("f", wide, wide), f))["call.C2"]
    assert "`f` returns" in problems(module(calling("f", good, TensorType(F32, (m, 2))), f))["call.C2"]
    cases = (("g", good, good), ("f", wide, wide), ("f", good, wide))
    codes = [set(problems(module(calling(g, t, r, "composite"), f))) for g, t, r in cases]
    assert codes == [{"composite.C2"}, {"composite.C3"}, {"composite.C4"}]


def test_functions_that_call_each_other():
    def f(name: str, callee: str) -> Function:
        x = param(X)
        return function(name, [x], [OPS["call"](x, callee=Symref(callee), result=(X,))])

    x = param(X)
    leaf = function("leaf", [x], [x])
    assert "`a`, `b`" in problems(module(f("main", "a"), f("a", "b"), f("b", "a"), f("c", "leaf"), leaf))["call.C3"]
    verify(module(f("main", "c"), f("c", "leaf"), leaf))
