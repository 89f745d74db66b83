"""Drivers: what they compute, what they take and give, and how they end."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from weft.proto.dtypes import F32, I64, STRING
from weft.proto.errors import WeftError
from weft.proto.value_types import ArrayType, MapType, OptionalType, SequenceType, UnrankedType, ValueType
from weft.vm import VM, DriverFunction, isa
from weft.vm.profile import profile, table

from .builder import ProgramBuilder
from .drivers import add_n, choosing_program, collecting_program, filling_program

X = np.arange(4, dtype=np.float32)


def load(p: ProgramBuilder, **options: int) -> DriverFunction:
    main = VM(**{"threads": 1, **options}).load(p.build())["main"]
    assert isinstance(main, DriverFunction)
    return main


def identity_program(*types: ValueType, symbols: tuple[str, ...] = ("N", "M")) -> ProgramBuilder:
    """main(x0, x1…) returns its arguments."""
    p = ProgramBuilder()
    d = p.driver(symbols=symbols)
    for n, t in enumerate(types):
        d.output(f"y{n}", d.input(f"x{n}", t))
    d.emit(isa.Return())
    return p


def fails(code: str, match: str, call: object) -> WeftError:
    with pytest.raises(WeftError, match=match) as info:
        call()  # type: ignore[operator]
    assert code in [d.code for d in info.value.diagnostics], info.value
    return info.value


# -- what they compute --------------------------------------------------------------------------------------------------------


def test_a_loop_collects_a_sequence() -> None:
    main = load(collecting_program())
    found = main(X, 3)
    assert [a.tolist() for a in found] == [X.tolist(), (2 * X).tolist(), (3 * X).tolist()]
    assert main(X, 0) == []
    assert str(main.signature) == "main(x: float32[N], n: int64[]) -> (found: sequence<float32[M]>)"


def test_a_size_from_data() -> None:
    main = load(filling_program())
    for size in (3, 0, 1000, 3):
        assert main(2.5, [size, 1]).tolist() == [2.5] * size


def test_a_switch_takes_the_last_branch_when_out_of_range() -> None:
    main = load(choosing_program())
    assert main(0, X).tolist() == X.tolist()
    for which in (1, 7, -1):
        assert main(which, X).tolist() == (2 * X).tolist()
    assert main.signature.outputs[0].kind == "unranked"


def test_private_functions_are_not_seen() -> None:
    program = VM(threads=1).load(filling_program().build())
    assert list(program) == ["main"] and "fill_n" not in program
    text = program.disassemble()
    assert "private function fill_n" in text and "invoke function=fill_n inputs=[r0, r2] outputs=[r4]" in text
    assert 'host_value call=bind_dims{"symbols": ["a", "b"]} inputs=[r1] outputs=[r2, r3]' in text


def test_profile_shows_segments_and_host_calls() -> None:
    samples = profile(load(collecting_program()), [X, 5], repeat=2)
    runs = {s.description: s.runs for s in samples}
    assert runs["add_n"] == 5 and runs["less"] == 6 and runs["sequence_insert"] == 5
    assert "invoke" in table(samples)


# -- what they take and give --------------------------------------------------------------------------------------------------

VALUES: list[tuple[ValueType, object, object]] = [
    (ArrayType(F32, (2,)), [1, 2], [1.0, 2.0]),
    (UnrankedType(I64), [[1]], [[1]]),
    (ArrayType(STRING, ("N",)), ["a", "äö"], ["a", "äö"]),
    (ArrayType(STRING, ()), "text", "text"),
    (ArrayType(STRING, (1, 2)), np.array([["a", "b"]]), [["a", "b"]]),
    (ArrayType(STRING, (1,)), np.array(["ä".encode()]), ["ä"]),
    (SequenceType(ArrayType(F32, ("N",))), [X, X[:2]], [[0, 1, 2, 3], [0, 1]]),
    (SequenceType(ArrayType(STRING, ("N",))), (["x"], []), [["x"], []]),
    (OptionalType(ArrayType(F32, ())), None, None),
    (OptionalType(SequenceType(ArrayType(I64, ()))), [1, 2], [1, 2]),
    (MapType(STRING, ArrayType(F32, ())), {"a": 1, "b": 2.5}, {"a": 1.0, "b": 2.5}),
    (SequenceType(MapType(I64, ArrayType(STRING, ()))), [{1: "a"}, {np.int32(2): "b"}], [{1: "a"}, {2: "b"}]),
]


def plain(value: object) -> object:
    match value:
        case np.ndarray() | np.generic():
            return value.tolist()
        case list():
            return [plain(v) for v in value]
        case dict():
            return {k: plain(v) for k, v in value.items()}
        case _:
            return value


def test_signatures_say_what_values_are() -> None:
    signature = load(identity_program(*(t for t, _, _ in VALUES))).signature
    kinds = [i.kind for i in signature.inputs]
    assert kinds == ["tensor", "unranked", *["tensor"] * 4, *["sequence"] * 2, *["optional"] * 2, "map", "sequence"]
    of = next(i for i in signature.inputs if i.type == SequenceType(ArrayType(F32, i.shape)))
    assert of.dtype == np.float32 and [str(d) for d in of.shape] == ["N"]
    texts = [str(i).split(": ")[1] for i in signature.inputs]
    assert texts[1:3] == ["int64[…]", "string[N]"] and texts[-3:] == [
        "optional<sequence<int64[]>>",
        "map<string, float32[]>",
        "sequence<map<int64, string[]>>",
    ]


@pytest.mark.parametrize(("t", "given", "wanted"), VALUES)
def test_values_go_through(t: ValueType, given: object, wanted: object) -> None:
    assert plain(load(identity_program(t))(given)) == wanted


@pytest.mark.parametrize(
    ("t", "given", "code", "match"),
    [
        (ArrayType(F32, (2,)), ["a", "b"], "call.dtype", "expected float32"),
        (ArrayType(F32, (2,)), X, "call.shape", r"dimension 0 of input 'x0' of main is 4, expected 2"),
        (ArrayType(STRING, ("N",)), [1, 2], "call.dtype", "holds a int, expected strings"),
        (ArrayType(STRING, (1,)), np.array([b"\xff"]), "call.value", "no UTF-8"),
        (ArrayType(STRING, ("N",)), "text", "call.rank", "has rank 0, expected 1"),
        (SequenceType(ArrayType(F32, ("N",))), X, "call.value", r"an array float32\[4\], expected a list: sequence<float32\[N\]>"),
        (SequenceType(ArrayType(F32, (2,))), [X], "call.shape", "element 0 of input 'x0' of main has shape"),
        (SequenceType(ArrayType(F32, ("N",))), [X, 1.0], "call.rank", "element 1 of input 'x0' of main has rank 0"),
        (SequenceType(ArrayType(F32, ("N",))), [None], "call.dtype", "element 0"),
        (MapType(STRING, ArrayType(F32, ())), {1: 2.0}, "call.value", "has the key 1, expected string"),
        (MapType(I64, ArrayType(F32, ())), {True: 2.0}, "call.value", "has the key True"),
        (MapType(I64, ArrayType(F32, ())), [1], "call.value", "expected a dict"),
    ],
)
def test_what_does_not_fit_is_refused(t: ValueType, given: object, code: str, match: str) -> None:
    main = load(identity_program(t))
    fails(code, match, lambda: main(given))


def test_arguments_by_name_and_symbols_that_agree() -> None:
    vector = ArrayType(F32, ("N",))
    main = load(identity_program(vector, vector))
    a, b = main(x1=X + 1, x0=X)
    assert a.tolist() == X.tolist() and b.tolist() == (X + 1).tolist()
    fails("call.shape", "is 2, expected 4", lambda: main(X, X[:2]))
    fails("call.missing", "misses x1", lambda: main(x0=X))


def test_results_belong_to_the_caller() -> None:
    vector = ArrayType(F32, ("N",))
    p = identity_program(vector, SequenceType(vector))
    d = p.drivers[0]
    (copy,) = d.registers(vector)
    d.code.insert(0, isa.Move(copy, isa.Register(0)))
    d.output("again", copy)
    constant = d.register(ArrayType(F32, (4,)))
    d.code.insert(0, isa.LoadConstant(constant, isa.Constant(p.constant(X, "f32"))))
    d.output("constant", constant)
    elements = [X, X]
    first, sequence, again, kept = load(p)(X, elements)
    arrays = [first, *sequence, again, kept]
    assert sequence is not elements
    for n, a in enumerate(arrays):
        a[...] = n + 10
    assert [a[0] for a in arrays] == [10, 11, 12, 13, 14] and X[1] == 1


def test_run_into_and_donation() -> None:
    main = load(filling_program())
    z = np.zeros(3, np.float32)
    main.run_into({"value": 1.5, "sizes": [3, 0]}, [z])
    assert z.tolist() == [1.5] * 3
    fails("call.output", r"float32\[2\]", lambda: main.run_into([1.5, [2, 0]], [z]))
    fails("call.output", "is no array", lambda: load(collecting_program()).run_into([X, 1], [z]))

    p = ProgramBuilder()
    f = add_n(p)
    d = p.driver(symbols=("N",))
    x = d.input("x", ArrayType(F32, ("N",)))
    y = d.register(ArrayType(F32, ("N",)))
    d.emit(isa.Invoke(isa.Function(p.functions.index(f)), (x, x), (y,)), isa.Return())
    d.output("y", y)
    d.pb.aliases.add(input=0, output=0)
    given = X.copy()
    assert load(p)(given) is given and given.tolist() == (2 * X).tolist()


# -- how they end -------------------------------------------------------------------------------------------------------------


def test_sizes_that_are_none() -> None:
    main = load(filling_program())
    fails("run.shape", "a is -1, which is no size", lambda: main(0, [-1, 1]))
    fails("run.shape", "b is 9223372036854775807, which is no size", lambda: main(0, [1, 2**63 - 1]))


def test_memory_is_limited() -> None:
    p = filling_program()
    fails("run.memory", "fill_n needs 4000000004 bytes, and a call may use 1000000", lambda: load(p, memory=10**6)(0, [10**9 + 1, 1]))
    fails("run.memory", "a call may use", lambda: load(filling_program())(0, [2**58, 1]))
    assert load(filling_program(), memory=10**6)(0, [10**5, 1]).size == 10**5


def test_what_is_held_counts_and_what_was_released_does_not() -> None:
    big = np.ones(1000, np.float32)
    assert len(load(collecting_program(), memory=50_000)(big, 9)) == 9
    fails("run.memory", "bytes are held and 4000 more", lambda: load(collecting_program(), memory=50_000)(big, 20))

    p = collecting_program()
    d = p.drivers[0]
    insert = next(n for n, i in enumerate(d.code) if isinstance(i, isa.HostValue) and i.inputs)
    kept = d.code[insert]
    assert isinstance(kept, isa.HostValue)
    d.code[insert] = isa.Move(kept.outputs[0], kept.inputs[0])  # nothing is collected
    assert load(p, memory=50_000)(big, 1000) == []


def test_the_text_of_strings_counts() -> None:
    p = ProgramBuilder()
    d = p.driver()
    text = d.input("x", ArrayType(STRING, (1,)))
    for _ in range(20):
        (text,) = d.host("string_concat", [text, text], ArrayType(STRING, (1,)))
    d.output("y", text)
    d.emit(isa.Return())
    program = p.build()
    assert VM(threads=1, memory=1 << 22).load(program)["main"](["x"])[0] == "x" * (1 << 20)
    main = VM(threads=1, memory=1 << 16).load(program)["main"]
    fails("run.memory", "bytes are held and", lambda: main(["x"]))


def test_results_of_host_functions_are_reserved() -> None:
    p = ProgramBuilder()
    d = p.driver()
    x = d.input("x", MapType(I64, ArrayType(F32, ())))
    d.output("y", *d.host("map_spread", [x], ArrayType(F32, (10**6,)), dtype="f32", length=10**6))
    d.emit(isa.Return())
    assert load(p)({7: 1.0}).sum() == 1
    p.pb.ClearField("images")
    p.pb.ClearField("drivers")
    fails("run.memory", "0 bytes are held and 4000000 more are needed", lambda: load(p, memory=10**6)({7: 1.0}))


def test_native_functions_have_the_limit_too() -> None:
    p = ProgramBuilder()
    f = add_n(p)
    f.pb.name = "main"
    main = VM(threads=1, memory=1000).load(p.build())["main"]
    assert main(X, X).tolist() == (2 * X).tolist()
    big = np.ones(1000, np.float32)
    fails("run.memory", "main needs 4000 bytes", lambda: main(big, big))


def test_timeout_in_a_loop() -> None:
    main = load(collecting_program(locs=True))
    assert len(main(X, 3, timeout=60)) == 3
    error = fails("run.timeout", "main did not end within 0.1 s", lambda: main(X, 2**62, timeout=0.1))
    assert 'node "loop"' in str(error)


def test_interrupt() -> None:
    main = load(collecting_program())
    assert threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt):
            main(X, 2**62, timeout=60)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_threads_share_a_driver() -> None:
    main = load(collecting_program(), threads=2)

    def work(n: int) -> bool:
        x = np.full(50 + n, n, np.float32)
        return all([float(a[-1]) for a in main(x, 5)] == [n, 2 * n, 3 * n, 4 * n, 5 * n] for _ in range(20))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(16)))


def test_errors_name_the_instruction() -> None:
    p = collecting_program(locs=True)
    d = p.drivers[0]
    x = d.register(ArrayType(F32, (7,)))
    d.code.insert(0, isa.Move(x, isa.Register(0)))
    for n, i in enumerate(d.code):  # everything moved down by one
        match i:
            case isa.Jump(target):
                d.code[n] = isa.Jump(isa.Target(target + 1))
            case isa.BranchUnless(pred, target):
                d.code[n] = isa.BranchUnless(pred, isa.Target(target + 1))
            case _:
                pass
    d.pb.locs.append(1)
    error = fails("run.shape", r"expected float32\[7\]", lambda: load(p)(X, 1))
    assert 'model.onnx: node "loop"' in str(error)


def test_sizes_that_do_not_fit_a_native_function() -> None:
    p = ProgramBuilder()
    f = add_n(p)
    d = p.driver(symbols=("N", "M"))
    x, y = d.input("x", ArrayType(F32, ("N",))), d.input("y", ArrayType(F32, ("M",)))
    d.output("z", *d.invoke(f, [x, y], ArrayType(F32, ("N",))))
    d.emit(isa.Return())
    main = load(p)
    assert main(X, X).tolist() == (2 * X).tolist()
    fails("run.shape", "the sizes that follow from the data do not fit together", lambda: main(X, X[:2]))
