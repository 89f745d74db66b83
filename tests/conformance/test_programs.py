"""What programs consist of: native launches, copies, jumps, and host calls from the closed list; never a call of the interpreter."""

import numpy as np
import pytest
import weft
from weft.compiler.ir.graph import function, module, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import OPS
from weft.proto.artifact import Program
from weft.proto.dtypes import F32, STRING
from weft.proto.errors import WeftError
from weft.vm import host, isa, model

from .batch import Batch
from .graphs import random_graph
from .structured import KINDS

NATIVE = (isa.Return, isa.Jump, isa.BranchIfFalse, isa.Switch, isa.Launch, isa.Copy)
DRIVER = (isa.Invoke, isa.HostValue, isa.LoadConstant, isa.Move, isa.Release, isa.Transfer, isa.BranchUnless, isa.SwitchOn)


def instructions(program: Program) -> tuple[list[isa.Instr], list[str]]:
    decoded = model.decode(model.parse(program.pb))
    return [i for f in decoded.functions for i in f.code], [name for name, _ in decoded.host_calls]


def test_the_instructions_are_these() -> None:
    """A new instruction must be judged here: may it leave native code?"""
    assert set(isa.TABLE.values()) == {*NATIVE, isa.HostCall, *DRIVER}
    assert {cls for cls in isa.TABLE.values() if isa.in_native_code(cls)} == {*NATIVE, isa.HostCall}


@pytest.mark.parametrize("kind", KINDS)
def test_structured_ops_are_native(kind: str) -> None:
    code, calls = instructions(KINDS[kind](0).compile())
    assert code and not calls and all(isinstance(i, NATIVE) for i in code)


def test_random_graphs_are_native() -> None:
    batch = Batch()
    for seed in range(12):
        made, runs, _ = random_graph(seed, control=True)
        batch.add(str(seed), made, *runs)
    code, calls = instructions(batch.compile())
    assert code and not calls and all(isinstance(i, NATIVE) for i in code)


def matrix_call(target: str) -> weft.Module:
    a = param(TensorType(F32, (3, 3)))
    result = OPS["custom_call"](a, call_target_name=target, backend_config='{"lower": true}', result=(a.type,))
    return module(function("main", [a], [result[0] if isinstance(result, tuple) else result]))


def test_a_host_call_is_one_of_the_list() -> None:
    code, calls = instructions(weft.compile(matrix_call("cholesky")))
    assert calls == ["cholesky"] and set(calls) <= set(host.table())
    assert [type(i) for i in code] == [isa.HostCall, isa.Return]
    with pytest.raises(WeftError) as e:
        weft.compile(matrix_call("acme_kernel"))
    assert e.value.code == "host.unknown"


def test_what_has_no_kernel_is_a_compile_error() -> None:
    x = param(TensorType(STRING, (2,)))
    reshaped = OPS["concatenate"](x, x, dimension=0)
    with pytest.raises(WeftError):
        weft.compile(module(function("main", [x], [reshaped])))


def test_the_list_is_documented() -> None:
    assert all(h.doc for h in host.table().values()) and np.isin(["fft", "cholesky", "triangular_solve"], list(host.table())).all()
