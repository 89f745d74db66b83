"""The native entry of functions: what it takes itself and leaves to Python, references, threads, forks, signals."""

import gc
import os
import resource
import signal
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from weft.proto.errors import WeftError
from weft.vm import VM, Function, fastcall
from weft.vm.isa import Buffer, Copy, Return
from weft.vm.native_abi import CALL_FREE, CALL_PORTS
from weft.vm.runner import Runner

from .builder import READ, ProgramBuilder, add_program, counting_program, status
from .test_threads import busy_program, run_script

pytestmark = pytest.mark.skipif(fastcall.api() is None, reason="this interpreter or numpy has no fast calls")


class Counted:
    """A function whose calls through Python are counted."""

    def __init__(self, p: ProgramBuilder, monkeypatch: pytest.MonkeyPatch, threads: int = 1) -> None:
        self.slow = 0
        original = Runner.call

        def call(runner: Runner, *args: Any, **named: Any) -> object:
            self.slow += 1
            return original(runner, *args, **named)

        monkeypatch.setattr(Runner, "call", call)
        self.function: Function = VM(threads=threads).load(p.build())["main"]

    def went_fast(self, *args: Any, **named: Any) -> bool:
        """Whether this call, whose result is checked against numpy's, needed no Python."""
        before = self.slow
        got = self.function(*args, **named)
        x, y = (*args, *named.values())
        np.testing.assert_array_equal(got, np.add(x, y))
        assert type(got) is np.ndarray and got.dtype == np.float32 and got.flags.owndata and got.flags.writeable
        return self.slow == before


@pytest.fixture
def plus(monkeypatch: pytest.MonkeyPatch) -> Counted:
    counted = Counted(add_program((2, 3)), monkeypatch)
    assert not counted.went_fast(ONES, ONES)  # makes the first frame
    return counted


ONES = np.ones((2, 3), np.float32)
RAMP = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_plain_calls_need_no_python(plus: Counted) -> None:
    readonly = RAMP.copy()
    readonly.flags.writeable = False
    for x in (RAMP, readonly, np.zeros((5, 2, 3), np.float32)[3], RAMP.T.copy().T.copy(), np.broadcast_to(RAMP, (2, 3)).copy()):
        assert plus.went_fast(x, RAMP)


def test_what_is_not_plain_is_left_to_python(plus: Counted) -> None:
    class Sub(np.ndarray):
        pass

    misaligned = np.zeros(25, np.uint8)[1:].view(np.float32).reshape(2, 3)
    wide = np.ones((2, 6), np.float32)[:, ::2]
    for x in (RAMP.view(Sub), misaligned, wide, np.asfortranarray(RAMP), RAMP.astype(">f4"), RAMP[::-1], RAMP.tolist()):
        assert not plus.went_fast(x, RAMP)
        assert not plus.went_fast(RAMP, x)
    assert not plus.went_fast(RAMP, y=RAMP)
    assert not plus.went_fast(x=RAMP, y=RAMP)
    assert plus.went_fast(RAMP, RAMP)


@pytest.mark.parametrize(
    ("code", "args"),
    [
        ("call.missing", ()),
        ("call.missing", (ONES,)),
        ("call.count", (ONES, ONES, ONES)),
        ("call.dtype", (ONES, ONES.astype(np.float64))),
        ("call.dtype", (None, ONES)),
        ("call.dtype", (ONES, object())),
        ("call.rank", (ONES, ONES[0])),
        ("call.rank", (ONES[None], ONES)),
        ("call.shape", (ONES, ONES[:, :2].copy())),
        ("call.shape", (ONES[:0], ONES)),
    ],
)
def test_wrong_arguments_are_reported(plus: Counted, code: str, args: tuple[object, ...]) -> None:
    with pytest.raises(WeftError) as info:
        plus.function(*args)
    assert code in [d.code for d in info.value.diagnostics]
    assert plus.went_fast(ONES, ONES)


def test_symbols_are_bound_once_per_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    plus = Counted(add_program(("N", 3), ("N",)), monkeypatch)
    shapes = [np.ones((n, 3), np.float32) for n in range(1, 8)]
    for x in shapes[:3]:
        assert not plus.went_fast(x, x)
    for x in shapes[:3]:
        assert plus.went_fast(x, x)
    for x in shapes * 2:  # more than the fast call looks at
        plus.went_fast(x, x)
    assert plus.went_fast(shapes[-1], shapes[-1])
    with pytest.raises(WeftError, match=r"call\.shape"):
        plus.function(shapes[0], shapes[1])


def test_without_proof_of_the_layout_there_is_no_fast_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fastcall, "api", lambda: None)
    plus = Counted(add_program((2, 3)), monkeypatch)
    for _ in range(3):
        assert not plus.went_fast(RAMP, ONES)


def test_layout_that_is_not_as_expected_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, offset in fastcall._FIELDS.items():
        monkeypatch.setitem(fastcall._FIELDS, name, offset + 8)
        assert not fastcall._fields_are_true.__wrapped__(), name
        monkeypatch.setitem(fastcall._FIELDS, name, offset)
    assert fastcall._fields_are_true.__wrapped__()


def several_results() -> Function:
    """x -> (x, x, 7)"""
    p = ProgramBuilder()
    f = p.function()
    x, seven = f.input("x", "f64", (2,)), f.constant(np.array(7), "i64")
    a, b, c = f.output("a", "f64", (2,)), f.output("b", "f64", (2,)), f.output("c", "i64", ())
    for to, source in ((a, x), (b, x), (c, seven)):
        f.emit(Copy(Buffer(to), Buffer(source)))
    f.emit(Return())
    return VM(threads=1).load(p.build())["main"]


def no_results() -> Function:
    p = ProgramBuilder()
    k = p.kernel(status, [(READ, "i32", 4)])
    f = p.function()
    f.launch(k, [f.input("status", "i32", ())])
    f.emit(Return())
    return VM(threads=1).load(p.build())["main"]


def test_several_results_and_none() -> None:
    f, g = several_results(), no_results()
    for _ in range(3):
        a, b, c = f(np.array([1.5, 2.5]))
        assert a.tolist() == b.tolist() == [1.5, 2.5] and (c.shape, int(c)) == ((), 7)
        assert g(np.array(0, np.int32)) == ()


def test_failure_of_a_kernel_and_what_follows() -> None:
    g = no_results()
    ok, bad = np.array(0, np.int32), np.array(42, np.int32)
    assert g(ok) == ()
    for _ in range(1000):
        with pytest.raises(WeftError, match=r"run\.kernel.*status 42"):
            g(bad)
        assert g(ok) == ()


def test_more_ports_than_the_fast_call_has_room_for() -> None:
    for count in (CALL_PORTS - 1, CALL_PORTS):
        p = ProgramBuilder()
        f = p.function()
        inputs = [f.input(f"x{n}", "i64", ()) for n in range(count)]
        f.emit(Copy(Buffer(f.output("last", "i64", ())), Buffer(inputs[-1])), Return())
        main = VM(threads=1).load(p.build())["main"]
        assert main.runner.fast is (count < CALL_PORTS)
        for _ in range(3):
            assert main(*map(np.array, range(count))) == count - 1


# -- references ---------------------------------------------------------------------------------------------------------------


def counts(*objects: object) -> list[int]:
    return [sys.getrefcount(o) for o in objects]


def test_references_stay_as_they_are() -> None:
    plus, several = VM(threads=1).load(add_program((2, 3)).build())["main"], several_results()
    x, two = RAMP.copy(), np.ones(2)
    f32 = np.dtype(np.float32)

    def work() -> None:
        for _ in range(200):
            plus(x, x)
            plus(x, y=x)
            several(two)
            with pytest.raises(WeftError):
                plus(x, two)

    work()
    gc.collect()
    watched = (x, two, f32, np.ndarray, None, plus, several, plus.runner, *plus.runner.variants, *several.runner.variants)
    before = counts(*watched)
    for _ in range(5):
        work()
    gc.collect()
    # Numbers as small as these come from caches elsewhere; a reference lost or kept per call would be a thousand.
    assert all(abs(a - b) < 50 for a, b in zip(before, counts(*watched), strict=True)), (before, counts(*watched))
    for results in ((plus(x, x),), several(two)):
        fresh = tuple(np.empty(3) for _ in results)
        assert counts(*results) == counts(*fresh)


def test_memory_is_flat() -> None:
    p = add_program((64, 64))
    plus, several, failing = VM(threads=1).load(p.build())["main"], several_results(), no_results()
    x, two, bad = np.ones((64, 64), np.float32), np.ones(2), np.array(1, np.int32)

    def work(rounds: int) -> None:
        for _ in range(rounds):
            plus(x, x)
            several(two)
        for _ in range(rounds // 100):
            with pytest.raises(WeftError):
                failing(bad)

    work(2000)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work(100_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4 << 10  # KiB


def test_a_function_goes_with_its_last_reference() -> None:
    """Without waiting for the garbage collector, though calls of it may still be held on to."""
    gc.disable()
    try:
        main = VM(threads=1).load(add_program((2, 3)).build())["main"]
        main(ONES, ONES)
        runner, image, call = weakref.ref(main.runner), weakref.ref(main.runner.code.image), main.__call__
        del main
        assert call(ONES, ONES).tolist() == (2 * ONES).tolist() and image() is not None
        del call
        assert runner() is None and image() is None
    finally:
        gc.enable()


def test_calls_from_finalizers_and_signal_handlers() -> None:
    """Code that runs in the middle of a call may itself call the function."""
    plus, several = VM(threads=1).load(add_program((2, 3)).build())["main"], several_results()
    seen: list[bool] = []

    class Loop:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            seen.append(bool((plus(RAMP, RAMP) == 2 * RAMP).all()) and several(np.ones(2))[2] == 7)

    threshold = gc.get_threshold()
    gc.set_threshold(5)
    try:
        for _ in range(500):
            Loop()
            assert several(np.ones(2))[2] == 7
            assert (plus(RAMP, ONES) == RAMP + 1).all()
    finally:
        gc.set_threshold(*threshold)
    assert len(seen) > 100 and all(seen)


# -- threads, signals, forks --------------------------------------------------------------------------------------------------


def test_eight_threads() -> None:
    vm = VM(threads=2)
    plus, several = vm.load(add_program(("N",), ("N",)).build())["main"], several_results()
    busy = vm.load(busy_program(16))["main"]
    big = [np.arange(n, dtype=np.float32) for n in (1, 7, 64, 300, 1000, 5000)]
    rounds = np.array(3)
    expected = busy(rounds)[0].tolist()
    barrier = threading.Barrier(8)

    def work(seed: int) -> None:
        barrier.wait()
        two = np.array([seed, -seed], np.float64)
        for n in range(400):
            x = big[(seed * n) % len(big)]
            assert (plus(x, x) == x + x).all()
            assert several(two)[1].tolist() == [seed, -seed]
            if n % 8 == 0:
                assert busy(rounds)[0].tolist() == expected

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, seed) for seed in range(8)]:
            done.result()
    assert all(len(ready.free) <= CALL_FREE for ready in plus.runner.plans.values())


def test_loops_release_the_gil_and_let_signals_through() -> None:
    loop = VM().load(counting_program().build())["main"]
    few, forever = np.array(10), np.array(1 << 60)
    for _ in range(2):
        assert loop(few) == 10
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            loop(forever)
    assert [int(loop(few)) for _ in range(3)] == [10] * 3


def test_long_calls_are_watched_after_a_pause(tmp_path: Path) -> None:
    """The watching thread goes to sleep when there are no calls; the next one wakes it."""
    script = """
        import signal, threading
        main = VM().load("p.weftx")["main"]
        few, forever = np.array(10), np.array(1 << 60)
        main(few); main(few)
        time.sleep(2)
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        try:
            main(forever)
        except KeyboardInterrupt:
            print("interrupted", main(few))
        """
    assert run_script(tmp_path, counting_program().build(), script) == "interrupted 10\n"


def test_forked_child_calls_on(tmp_path: Path) -> None:
    script = """
        import threading
        main = VM(threads=2).load("p.weftx")["main"]
        n = np.array(50)
        expected = main(n)[0].tolist()
        def work():
            while True: main(n)
        for _ in range(3): threading.Thread(target=work, daemon=True).start()
        for _ in range(5):
            child = os.fork()
            if child == 0:
                os._exit(0 if all(main(n)[0].tolist() == expected for _ in range(50)) else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        """
    run_script(tmp_path, busy_program(16), script)
