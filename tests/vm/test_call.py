"""Calling functions: arguments, results, symbols, donation, control flow, host calls."""

import numpy as np
import pytest
from weft.proto.errors import WeftError
from weft.vm import VM, Function
from weft.vm.isa import Buffer, Copy, Host, HostCall, Return, Switch, Target

from .builder import READ, READWRITE, ProgramBuilder, add_program, counting_program, increment, status

VM1 = VM(threads=1)


def load(p: ProgramBuilder) -> Function:
    return VM1.load(p.build())["main"]


@pytest.fixture(scope="module")
def plus() -> Function:
    """x + y of f32[2, 3]."""
    return load(add_program((2, 3)))


@pytest.fixture(scope="module")
def plus_any() -> Function:
    """x + y of f32[N, 3]."""
    return load(add_program(("N", 3), ("N",)))


def ramp(*shape: int) -> np.ndarray:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


# -- arguments ----------------------------------------------------------------------------------------------------------------


def test_by_position_and_by_name(plus: Function) -> None:
    x, y = ramp(2, 3), np.ones((2, 3), np.float32)
    for got in (plus(x, y), plus(x, y=y), plus(y=y, x=x)):
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, x + y)


def test_signature(plus_any: Function) -> None:
    first = plus_any.signature.inputs[0]
    assert (first.name, first.dtype, [str(d) for d in first.shape]) == ("x", np.float32, ["N", "3"])
    assert str(plus_any.signature) == "main(x: float32[N, 3], y: float32[N, 3]) -> (z: float32[N, 3])"


def layouts() -> dict[str, np.ndarray]:
    big = np.zeros((4, 6), np.float32)
    big[::2, ::2] = ramp(2, 3)
    misaligned = np.zeros(25, np.uint8)[1:].view(np.float32).reshape(2, 3)
    misaligned[...] = ramp(2, 3)
    readonly = ramp(2, 3)
    readonly.flags.writeable = False
    reversed_ = ramp(2, 3)[::-1, ::-1].copy()[::-1, ::-1]
    return {
        "strided": big[::2, ::2],
        "column-major": np.asfortranarray(ramp(2, 3)),
        "misaligned": misaligned,
        "read-only": readonly,
        "reversed": reversed_,
        "big-endian": ramp(2, 3).astype(">f4"),
        "subclass": ramp(2, 3).view(np.matrix),
    }


@pytest.mark.parametrize("layout", list(layouts()))
def test_any_layout(plus: Function, layout: str) -> None:
    x = layouts()[layout]
    before = x.copy()
    np.testing.assert_array_equal(plus(x, x), 2 * ramp(2, 3))
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("x", [[[0, 1, 2], [3, 4, 5]], ((0.0, 1.0, 2.0), (3.0, 4.0, 5.0)), [[False, 1, 2], [3, 4, 5]]])
def test_numbers_in_lists(plus: Function, x: list[list[float]]) -> None:
    np.testing.assert_array_equal(plus(x, ramp(2, 3)), 2 * ramp(2, 3))


ONES = np.ones((2, 3), np.float32)


@pytest.mark.parametrize(
    ("code", "text", "args", "named"),
    [
        ("call.count", "takes 2 inputs, got 3", (ONES, ONES, ONES), {}),
        ("call.missing", "misses y: float32[2, 3]", (ONES,), {}),
        ("call.name", "has no input 'w'\n   = help: its inputs are x, y", (ONES,), {"w": ONES}),
        ("call.name", "got input 'x' twice", (ONES, ONES), {"x": ONES}),
        ("call.dtype", "input 'y' of main has dtype float64, expected float32", (ONES, ONES.astype(np.float64)), {}),
        ("call.dtype", "input 'x' of main has dtype int32, expected float32", (ONES.astype(np.int32), ONES), {}),
        ("call.dtype", "input 'x' of main has dtype <U1, expected float32", ("x", ONES), {}),
        ("call.dtype", "holds values of complex128, expected float32", ([[1j] * 3] * 2, ONES), {}),
        ("call.value", "integers that float32 cannot represent", ([[(1 << 24) + 1] * 3] * 2, ONES), {}),
        ("call.value", "is no array", ([[1], [1, 2]], ONES), {}),
        ("call.rank", "input 'x' of main has rank 1, expected 2: expected shape [2, 3], got [3]", (ONES[0], ONES), {}),
        ("call.shape", "dimension 1 of input 'y' of main is 2, expected 3", (ONES, np.ones((2, 2), np.float32)), {}),
    ],
)
def test_wrong_arguments(plus: Function, code: str, text: str, args: tuple[object, ...], named: dict[str, object]) -> None:
    with pytest.raises(WeftError) as info:
        plus(*args, **named)
    assert code in [d.code for d in info.value.diagnostics]
    assert text in str(info.value)


def test_every_wrong_argument_is_reported(plus: Function) -> None:
    with pytest.raises(WeftError) as info:
        plus(np.ones((2, 3)), np.ones((2, 3)))
    assert len(info.value.diagnostics) == 2


# -- shapes -------------------------------------------------------------------------------------------------------------------


def test_one_program_any_size(plus_any: Function) -> None:
    for n in (0, 1, 7, 1000, 7):
        x = ramp(n, 3)
        np.testing.assert_array_equal(plus_any(x, x), x + x)


def test_more_shapes_than_are_remembered(plus_any: Function) -> None:
    for n in (*range(1, 50), 1, 2):
        assert plus_any(ramp(n, 3), ramp(n, 3)).shape == (n, 3)


def test_symbol_with_two_values(plus_any: Function) -> None:
    text = r"dimension 0 of input 'y' of main is 5, expected 4 \(N, from input 'x'\): expected shape \[N, 3\], got \[5, 3\]"
    with pytest.raises(WeftError, match=text):
        plus_any(ramp(4, 3), ramp(5, 3))


def test_bounds_of_a_symbol() -> None:
    p = add_program(("N",), ("N",))
    p.functions[0].pb.symbols[0].lo.size = 2
    p.functions[0].pb.symbols[0].hi.size = 4
    f = load(p)
    assert f(ramp(2), ramp(2)).tolist() == [0, 2]
    with pytest.raises(WeftError, match=r"N is 5, which is not in \[2, 4\]"):
        f(ramp(5), ramp(5))


# -- results ------------------------------------------------------------------------------------------------------------------


def test_results_are_new_arrays(plus: Function) -> None:
    first = plus(ONES, ONES)
    second = plus(ramp(2, 3), ONES)
    assert not np.may_share_memory(first, second)
    assert (first == 2).all()


def test_run_into(plus: Function) -> None:
    z = np.empty((2, 3), np.float32)
    plus.run_into([ONES, ONES], [z])
    assert (z == 2).all()
    plus.run_into({"y": ramp(2, 3), "x": ONES}, [z])
    np.testing.assert_array_equal(z, ramp(2, 3) + 1)


def test_run_into_an_input(plus: Function) -> None:
    memory = np.ones(12, np.float32)
    x, z = memory[2:8].reshape(2, 3), memory[:6].reshape(2, 3)
    plus.run_into([x, x], [z])
    assert (z == 2).all()


@pytest.mark.parametrize(
    "z",
    [
        np.empty((3, 2), np.float32),
        np.empty((2, 3), np.float64),
        np.empty((2, 6), np.float32)[:, ::2],
        np.broadcast_to(np.float32(0), (2, 3)),
        [[0.0] * 3] * 2,
    ],
)
def test_run_into_what_cannot_be_written(plus: Function, z: np.ndarray) -> None:
    with pytest.raises(WeftError, match=r"call\.output.*output 'z' of main needs an array of float32\[2, 3\]"):
        plus.run_into([ONES, ONES], [z])


def donating() -> Function:
    """n becomes n + 1 in place; also returns what n was."""
    p = ProgramBuilder()
    k = p.kernel(increment, [(READ, "i64", 8), (READWRITE, "i64", 8)])
    f = p.function()
    n, was, now = f.input("n", "i64", ()), f.output("was", "i64", ()), f.output("now", "i64", ())
    f.pb.aliases.add(input=0, output=1)
    f.emit(Copy(Buffer(was), Buffer(n)))
    f.launch(k, [n, now])
    f.emit(Return())
    return load(p)


def test_donated_input_is_the_output() -> None:
    f = donating()
    assert f.signature.inputs[0].donated
    n = np.array(5)
    was, now = f(n)
    assert now is n and (was, now) == (5, 6)
    n.flags.writeable = False
    was, now = f(n)
    assert now is not n and (n, was, now) == (6, 6, 7)
    assert f(8) == (8, 9)


def test_donated_input_of_run_into() -> None:
    f = donating()
    n, was, now = np.array(5), np.array(0), np.array(0)
    f.run_into([n], [was, now])
    assert (n, was, now) == (5, 5, 6)
    f.run_into([now], [was, now])
    assert (was, now) == (6, 7)


def test_donated_array_that_is_another_input_too() -> None:
    """x, which is given up, becomes x + y; y is the same array."""
    p = add_program()
    p.functions[0].pb.aliases.add(input=0, output=0)
    f = load(p)
    x = np.array([1, 2, 3, 4], np.float32)
    assert f(x, x) is x
    assert x.tolist() == [2, 4, 6, 8]


# -- control flow, host calls, failures ---------------------------------------------------------------------------------------


def test_loop() -> None:
    count = load(counting_program())
    assert [int(count(n)) for n in (0, 1, 1000, -3)] == [0, 1, 1000, 0]


@pytest.mark.parametrize(("index", "chosen"), [(0, 10), (1, 20), (2, 30), (-1, 30), (3, 30), (-(2**31), 30)])
def test_switch_takes_the_last_target_for_what_is_out_of_range(index: int, chosen: int) -> None:
    p = ProgramBuilder()
    p.kernel(status, [(READ, "i32", 4)])
    f = p.function()
    i, out = f.input("i", "i32", ()), f.output("out", "i64", ())
    values = [Buffer(f.constant(np.array(v), "i64")) for v in (10, 20, 30)]
    f.emit(Switch(Buffer(i), (Target(1), Target(3), Target(5))))
    for v in values:
        f.emit(Copy(Buffer(out), v), Return())
    assert load(p)(index) == chosen


def test_host_call_between_native_instructions() -> None:
    p = ProgramBuilder()
    p.kernel(status, [(READ, "i32", 4)])
    p.pb.host_calls.add(name="cholesky", attributes='{"lower": true}')
    f = p.function(symbols=["N"])
    a, out = f.input("a", "f64", ("N", "N")), f.output("l", "f64", ("N", "N"))
    f.pb.arena_bytes.CopyFrom(f.pb.buffers[a].bytes)
    inside = f.arena(0, "f64", ("N", "N"))
    f.emit(HostCall(Host(0), f.args([a, inside])), Copy(Buffer(out), Buffer(inside)), Return())
    factor = load(p)
    for n in (3, 5):
        m = np.eye(n) * 4 + 1
        np.testing.assert_allclose(factor(m), np.linalg.cholesky(m))
    assert np.isnan(factor(-np.eye(2))).all()


def test_failing_kernel_names_its_place() -> None:
    p = ProgramBuilder()
    k = p.kernel(status, [(READ, "i32", 4)])
    f = p.function()
    f.launch(k, [f.input("status", "i32", ())])
    f.emit(Return())
    p.pb.locs.add(file="model.onnx", name="check")
    f.pb.locs.extend([1, 0])
    g = load(p)
    assert g(0) == ()
    with pytest.raises(WeftError, match=r'kernel .status0. failed with status 42\n  --> model\.onnx: node "check"'):
        g(42)
    assert g(0) == ()


def test_no_such_function() -> None:
    with pytest.raises(WeftError, match="its functions are: main"):
        VM1.load(add_program().build())["other"]


def test_disassembly_names_things() -> None:
    text = VM1.load(counting_program(locs=True).build()).disassemble()
    assert 'launch kernel=less1 args=(b2, b0, b3)  ; model.onnx: node "loop"' in text
    assert "b4 = constant 'c0', 8 bytes, i64[]" in text


def test_host_call_without_results() -> None:
    p = ProgramBuilder()
    f = p.function()
    operands = [f.input("holds", "i1", ()), f.input("x", "f32", (2,))]
    f.emit(HostCall(p.host_call("shape_assertion", message="x is {0}"), f.args(operands)), Return())
    main = VM(threads=1).load(p.build())["main"]
    assert main(True, [1, 2]) == ()
    with pytest.raises(WeftError, match=r"run\.assertion.*x is \[1\.0, 2\.0\]"):
        main(False, [1, 2])
