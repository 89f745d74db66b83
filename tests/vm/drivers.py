"""Programs with drivers, made by hand."""

import numpy as np
from weft.proto.dtypes import BOOL, F32, I32, I64
from weft.proto.value_types import ArrayType, SequenceType, UnrankedType
from weft.vm import isa

from .builder import READ, WRITE, FunctionBuilder, ProgramBuilder, add, fill, increment, less

ONE_F32 = ArrayType(F32, ())
I64_SCALAR, BOOL_SCALAR = ArrayType(I64, ()), ArrayType(BOOL, ())


def add_n(p: ProgramBuilder) -> FunctionBuilder:
    """add_n(x[N], y[N]) = x + y."""
    k = p.kernel(add, [(READ, "f32", "4 N *"), (READ, "f32", "4 N *"), (WRITE, "f32", "4 N *")], ("N",), "N")
    f = p.function("add_n", ("N",))
    f.launch(k, [f.input("x", "f32", ("N",)), f.input("y", "f32", ("N",)), f.output("z", "f32", ("N",))], ["N"])
    f.emit(isa.Return())
    return f


def fill_n(p: ProgramBuilder) -> FunctionBuilder:
    """fill_n(value, witness[N, 0]): an array of N values."""
    k = p.kernel(fill, [(READ, "f32", 4), (READ, "i1", 0), (WRITE, "f32", "4 N *")], ("N",), "N")
    f = p.function("fill_n", ("N",))
    f.launch(k, [f.input("value", "f32", ()), f.input("w", "i1", ("N", 0)), f.output("z", "f32", ("N",))], ["N"])
    f.emit(isa.Return())
    return f


def scalars(p: ProgramBuilder) -> tuple[FunctionBuilder, FunctionBuilder]:
    """increment(i) = i + 1 and less(i, j) = i < j, of i64."""
    inc, test = p.function("increment"), p.function("less")
    k = p.kernel(increment, [(READ, "i64", 8), (WRITE, "i64", 8)])
    inc.launch(k, [inc.input("i", "i64", ()), inc.output("next", "i64", ())])
    inc.emit(isa.Return())
    k = p.kernel(less, [(READ, "i64", 8), (READ, "i64", 8), (WRITE, "i1", 1)])
    test.launch(k, [test.input("i", "i64", ()), test.input("n", "i64", ()), test.output("more", "i1", ())])
    test.emit(isa.Return())
    return inc, test


def filling_program() -> ProgramBuilder:
    """main(value, sizes: i64[2]) gives `value` as often as the first size says, in an array whose size only data knows."""
    p = ProgramBuilder()
    f = fill_n(p)
    d = p.driver(symbols=("a", "b"))
    value, sizes = d.input("value", ONE_F32), d.input("sizes", ArrayType(I64, (2,)))
    witnesses = d.host("bind_dims", [sizes], ArrayType(BOOL, ("a", 0)), ArrayType(BOOL, ("b", 0)), symbols=["a", "b"])
    (z,) = d.invoke(f, [value, witnesses[0]], ArrayType(F32, ("a",)))
    d.output("z", z)
    d.emit(isa.Return())
    return p


def collecting_program(locs: bool = False) -> ProgramBuilder:
    """main(x: f32[N], n: i64[]) gives a sequence of n arrays: x, x + x, x + x + x…"""
    p = ProgramBuilder()
    plus, (inc, test) = add_n(p), scalars(p)
    vector, sequence = ArrayType(F32, ("N",)), SequenceType(ArrayType(F32, ("M",)))
    d = p.driver(symbols=("N", "M"))
    x, n = d.input("x", vector), d.input("n", I64_SCALAR)
    i, total, found = d.registers(I64_SCALAR, vector, sequence)
    zero = d.constant(np.zeros((), np.int64), "i64")
    d.emit(isa.Move(i, zero), isa.Move(total, x))
    d.emit(isa.HostValue(p.host_call("sequence_empty"), (), (found,)))
    (more,) = d.registers(BOOL_SCALAR)
    head = d.emit(isa.Invoke(isa.Function(2), (i, n), (more,)))
    branch = len(d.code)
    d.emit(isa.Return())  # replaced below, once the end is known
    (longer,) = d.host("sequence_insert", [found, total], sequence)
    (next_i,) = d.invoke(inc, [i], I64_SCALAR)
    (sum_,) = d.invoke(plus, [total, x], vector)
    d.emit(isa.Move(found, longer), isa.Move(i, next_i), isa.Move(total, sum_), isa.Release((longer, next_i, sum_)), isa.Jump(head))
    d.code[branch] = isa.BranchUnless(more, isa.Target(len(d.code)))
    d.output("found", found)
    d.emit(isa.Return())
    assert p.functions[2] is test
    if locs:
        p.pb.locs.add(file="model.onnx", name="loop")
        d.pb.locs.extend([1] * len(d.code))
    return p


def choosing_program() -> ProgramBuilder:
    """main(which: i32[], x: f32[N]) gives x, a sequence's second element, or an array of any rank, by a switch."""
    p = ProgramBuilder()
    plus = add_n(p)
    d = p.driver(symbols=("N",))
    vector = ArrayType(F32, ("N",))
    which, x = d.input("which", ArrayType(I32, ())), d.input("x", vector)
    result = d.register(UnrankedType(F32))
    at = d.emit(isa.Return())
    first = d.emit(isa.Move(result, x), isa.Return())
    (twice,) = d.invoke(plus, [x, x], vector)
    second = isa.Target(len(d.code) - 1)
    d.emit(isa.Move(result, twice), isa.Return())
    d.code[at] = isa.SwitchOn(which, (first, second))
    d.output("result", result)
    return p
