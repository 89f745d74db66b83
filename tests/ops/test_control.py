"""while, if, case, call, composite, custom_call, weft.fusion."""

import numpy as np
import pytest
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.attrs import Symref
from weft.compiler.ir.graph import Region, function, module, param, region
from weft.compiler.ir.types import TensorType, TokenType, Type
from weft.compiler.ops.helpers import const
from weft.compiler.ops.registry import OPS
from weft.compiler.verify import verify
from weft.proto.dtypes import BOOL, F32, I32, I64
from weft.proto.errors import WeftError
from weft.vm import host

from .calls import check, rejects, run, scalar, scalars

I = scalar(I32)  # noqa: E741


def returns(*values: object) -> Region:
    """A branch without inputs that returns constants."""
    return region((), [const(v) for v in values])


def count_to(limit: int):
    cond = scalars(lambda i, x: OPS["compare"](i, const(np.int32(limit)), comparison_direction="LT"), I32, F32)
    body = scalars(lambda i, x: (OPS["add"](i, const(np.int32(1))), OPS["multiply"](x, const(np.float32(2)))), I32, F32)
    return {"cond": cond, "body": body}


def test_while():
    got = check(lambda i, x: OPS["while"](i, x, **count_to(5)), np.int32(0), np.float32(1))
    assert got[0] == 5 and got[1] == 32
    got = check(lambda i, x: OPS["while"](i, x, **count_to(-1)), np.int32(0), np.float32(1))
    assert got[0] == 0 and got[1] == 1


def test_while_with_captures():
    c = [param(I), param(scalar(F32)), param(I), param(scalar(F32))]
    cond = region(c, [OPS["compare"](c[0], c[2], comparison_direction="LT")])
    b = [param(I), param(scalar(F32)), param(I), param(scalar(F32))]
    body = region(b, [OPS["add"](b[0], const(np.int32(1))), OPS["add"](b[1], b[3])])
    arrays = np.int32(0), np.float32(1), np.int32(4), np.float32(0.5)
    got = check(lambda i, x, n, d: OPS["while"](i, x, cond=cond, body=body, captures=(n, d)), *arrays)
    assert got[0] == 4 and got[1] == 3


@pytest.mark.parametrize("pred", [True, False])
def test_if(pred):
    x, y = param(TensorType(F32, (3,))), param(TensorType(F32, (3,)))
    add = region((x,), [OPS["add"](x, x), x])
    keep = region((y,), [y, y])
    got = check(
        lambda p, x: OPS["if"](p, true_branch=add, false_branch=keep, captures=(x,)), np.bool_(pred), np.arange(3, dtype=np.float32)
    )
    assert got[0].tolist() == ([0, 2, 4] if pred else [0, 1, 2])


@pytest.mark.parametrize(("index", "value"), [(0, 10), (1, 20), (2, 30), (3, 30), (-1, 30), (2**31 - 1, 30)])
def test_case_takes_the_last_branch_out_of_range(index, value):
    (got,) = check(lambda i: OPS["case"](i, branches=tuple(returns(np.int32(v)) for v in (10, 20, 30))), np.int32(index))
    assert got == value


def _call(op: str, **attrs):
    x = param(TensorType(F32, (3,)))
    double = param(TensorType(F32, (3,)))
    callee = function("double", [double], [OPS["add"](double, double)], public=False)
    built = OPS[op](x, result=(x.type,), **attrs)
    return module(function("main", [x], [built]), callee)


def test_call_and_composite():
    x = np.arange(3, dtype=np.float32)
    for m in (_call("call", callee=Symref("double")), _call("composite", name="acme.double", decomposition=Symref("double"))):
        verify(m)
        assert evaluate(m, x)[0].tolist() == [0, 2, 4]


def test_custom_call():
    a = np.array([[4, 2], [2, 3]], np.float32)
    (got,) = run(lambda a: OPS["custom_call"](a, call_target_name="cholesky", backend_config='{"lower": true}', result=(a.type,)), a)
    np.testing.assert_allclose(got, np.linalg.cholesky(a), rtol=1e-6)


def test_custom_call_with_tokens():
    a = np.array([[4, 2], [2, 3]], np.float32)

    def build(a):
        token = OPS["after_all"]()
        return OPS["custom_call"](token, a, call_target_name="cholesky", backend_config='{"lower": true}', result=(TokenType(), a.type))[1]

    np.testing.assert_allclose(run(build, a)[0], np.linalg.cholesky(a), rtol=1e-6)


def test_a_foreign_custom_call_can_be_kept_but_not_run():
    x = np.ones(3, np.float32)
    with pytest.raises(WeftError) as e:
        run(lambda x: OPS["custom_call"](x, call_target_name="acme_kernel", result=(x.type,)), x)
    assert e.value.code == "host.unknown" and "acme_kernel" not in host.table()


def test_fusion():
    p = [param(TensorType(F32, (2, 3))) for _ in range(2)]
    s = OPS["add"](*p)
    fused = region(p, [s, OPS["multiply"](s, p[0])])
    x, y = np.ones((2, 3), np.float32), np.full((2, 3), 2, np.float32)
    got = run(lambda x, y: OPS["weft.fusion"](x, y, kind="map", body=fused), x, y)
    assert got[0][0, 0] == 3 and got[1][0, 0] == 3


def _while(*operands: Type, cond=None, body=None):
    parts = count_to(3)
    return lambda: OPS["while"](*map(param, operands), cond=cond or parts["cond"], body=body or parts["body"])


def _if(true_branch, false_branch, pred: Type = scalar(BOOL)):
    return lambda: OPS["if"](param(pred), true_branch=true_branch, false_branch=false_branch)


ONE, HALF = returns(np.int32(1)), returns(np.float32(0.5))
IDENTITY = scalars(lambda x: x, I32)
STATE = (I, scalar(F32))


def _custom(*operands: Type, target="cholesky", config='{"lower": true}', results=None):
    results = results or operands[:1]
    return lambda: OPS["custom_call"](*map(param, operands), call_target_name=target, backend_config=config, result=tuple(results))


MATRIX = TensorType(F32, (2, 2))
CASES = [
    ("while.C1", _while(*STATE, cond=scalars(lambda i: OPS["compare"](i, i, comparison_direction="EQ"), I32))),
    ("while.C1", _while(*STATE, cond=scalars(lambda i, x: i, I32, F32))),
    ("while.C2", _while(*STATE, body=scalars(lambda i, x: (x, i), I32, F32))),
    ("while.C2", _while(*STATE, body=scalars(lambda i: i, I32))),
    ("if.I1", _if(ONE, ONE, TensorType(BOOL, (1,)))),
    ("if.C1", _if(IDENTITY, ONE)),
    ("if.C1", _if(ONE, IDENTITY)),
    ("if.C2", _if(ONE, HALF)),
    ("case.I1", lambda: OPS["case"](param(scalar(I64)), branches=(ONE,))),
    ("case.C1", lambda: OPS["case"](param(I), branches=())),
    ("case.C2", lambda: OPS["case"](param(I), branches=(ONE, IDENTITY))),
    ("case.C3", lambda: OPS["case"](param(I), branches=(ONE, HALF))),
    ("composite.C1", lambda: OPS["composite"](name="double", decomposition=Symref("f"), result=())),
    ("custom_call.I2", _custom(MATRIX, target="")),
    ("custom_call.I4", _custom(MATRIX, target="fft", config="{}")),
    ("custom_call.C1", _custom(MATRIX, MATRIX)),
    ("custom_call.C2", _custom(MATRIX, results=[TensorType(F32, (2, 3))])),
    ("weft.fusion.C1", lambda: OPS["weft.fusion"](param(MATRIX), kind="map", body=IDENTITY)),
]


@pytest.mark.parametrize(("code", "build"), CASES, ids=[c for c, _ in CASES])
def test_rejections(code, build):
    rejects(code, build)
