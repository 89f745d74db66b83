"""Threads, timeouts, interrupts, forks."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from weft.compiler.codegen.lltypes import const
from weft.compiler.codegen.writer import Writer
from weft.proto.artifact import Program
from weft.proto.errors import WeftError
from weft.vm import VM
from weft.vm.isa import Return
from weft.vm.native_abi import CTX_CANCEL, CTX_WORKER

from .builder import READ, WRITE, ProgramBuilder, add_program, counting_program


def busy(w: Writer) -> None:
    """Per chunk: some work whose result depends on the chunk alone, by way of the scratch memory; and who did it."""
    with w.loop(w.end, start=w.begin) as i:
        with w.carry(w.load("i64", w.operand(0)), [w.sitofp(i, "double")]) as loop:
            loop.next([w.fadd(w.fmul(loop.values[0], 0.5), 1.0)])
        scratch = w.scratch()
        w.store(loop.results[0], scratch)
        w.store(w.load("double", scratch), w.gep("double", w.operand(1), i))
        w.store(w.load("i64", w.offset(w.ctx, CTX_WORKER)), w.gep("i64", w.operand(2), i))
    w.ret(0)


def until_cancelled(w: Writer) -> None:
    """Spins until the cancel word is 1."""
    cancel = w.load("ptr", w.offset(w.ctx, CTX_CANCEL))
    w.while_([const("i32", 0)], lambda v: w.icmp("ne", v[0], 1), lambda _: [w.atomic_load("i32", cancel)])
    w.ret(3)


def busy_program(chunks: int) -> Program:
    """main(rounds) -> (values, who did them)"""
    p = ProgramBuilder()
    k = p.kernel(busy, [(READ, "i64", 8), (WRITE, "f64", 8 * chunks), (WRITE, "i64", 8 * chunks)], chunks=chunks, scratch=8)
    f = p.function()
    f.launch(k, [f.input("rounds", "i64", ()), f.output("values", "f64", (chunks,)), f.output("who", "i64", (chunks,))])
    f.emit(Return())
    return p.build()


def until_cancelled_program() -> Program:
    p = ProgramBuilder()
    k = p.kernel(until_cancelled, [], chunks=4)
    f = p.function()
    f.launch(k, [])
    f.emit(Return())
    return p.build()


def test_chunks_are_shared_among_threads() -> None:
    main = VM(threads=3).load(busy_program(64))["main"]
    seen: set[int] = set()
    end = time.monotonic() + 30  # a busy machine may keep the workers waiting
    while len(seen) < 2 and time.monotonic() < end:
        values, who = main(20_000)
        np.testing.assert_allclose(values, 2.0)
        seen |= set(who.tolist())
    assert len(seen) > 1 and seen <= {0, 1, 2}


def test_one_thread_stays_alone() -> None:
    main = VM(threads=1).load(busy_program(64))["main"]
    assert set(main(1000)[1].tolist()) == {0}


def test_eight_threads_call_one_program() -> None:
    vm = VM(threads=2)
    main, plus = vm.load(busy_program(16))["main"], vm.load(add_program(("N",), ("N",)).build())["main"]

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(200):
            x = rng.standard_normal(int(rng.integers(0, 200))).astype(np.float32)
            np.testing.assert_array_equal(plus(x, x), x + x)
            rounds = int(rng.integers(0, 3))
            expected = [i / 2**rounds + 2 - 2 / 2**rounds for i in range(16)]
            assert main(rounds)[0].tolist() == expected

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, seed) for seed in range(8)]:
            done.result()


def test_frames_for_other_shapes_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weft.vm.runner.MAX_IDLE_BYTES", 10_000)
    p = add_program(("N",), ("N",))
    p.functions[0].pb.arena_bytes.CopyFrom(p.functions[0].pb.buffers[0].bytes)
    main = VM(threads=1).load(p.build())["main"]
    for n in range(1000, 1020):
        x = np.ones(n, np.float32)
        assert main(x, x).sum() == 2 * n
    assert 0 < sum(f.nbytes for ready in main.runner.plans.values() for f in ready.free) <= 10_000 + 4 * 1020


def test_calls_release_the_gil() -> None:
    """While one thread is in a call that never ends by itself, another one runs."""
    main = VM(threads=1).load(until_cancelled_program())["main"]

    def call() -> None:
        with pytest.raises(WeftError, match=r"run\.timeout"):
            main(timeout=0.3)

    thread = threading.Thread(target=call)
    thread.start()
    turns = 0
    while thread.is_alive():
        turns += 1
    assert turns > 10


@pytest.mark.parametrize("threads", [1, 2])
def test_timeout_ends_a_loop_and_a_kernel(threads: int) -> None:
    vm = VM(threads=threads)
    loop, kernel = vm.load(counting_program(locs=True).build())["main"], vm.load(until_cancelled_program())["main"]
    start = time.monotonic()
    with pytest.raises(WeftError, match=r"run\.timeout.*main did not end within 0.1 s\n.*loop"):
        loop(1 << 60, timeout=0.1)
    with pytest.raises(WeftError, match=r"run\.timeout"):
        kernel(timeout=0.1)
    assert time.monotonic() - start < 5
    assert loop(10, timeout=5) == 10


def test_timeout_that_does_not_come() -> None:
    loop = VM().load(counting_program().build())["main"]
    for _ in range(300):
        assert loop(3, timeout=60) == 3
    for _ in range(100):  # deadlines that expire about when the call ends must not hurt the next one
        try:
            assert loop(2000, timeout=5e-5) == 2000
        except WeftError as error:
            assert error.code == "run.timeout"
        assert loop(3) == 3


def test_long_calls_of_the_main_thread_let_signals_through() -> None:
    loop = VM().load(counting_program().build())["main"]
    threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        loop(1 << 60)
    assert loop(10) == 10


def run_script(path: Path, program: Program, script: str) -> str:
    program.save(path / "p.weftx")
    prelude = "import os, sys, time, numpy as np\nfrom weft.vm import VM\n"
    done = subprocess.run(
        [sys.executable, "-c", prelude + textwrap.dedent(script)], cwd=path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_forked_child_has_workers_of_its_own(tmp_path: Path) -> None:
    script = """
        main = VM(threads=2).load("p.weftx")["main"]
        before = main(100)[0].tolist()
        end = time.monotonic() + 30
        for _ in range(3):
            child = os.fork()
            if child == 0:
                seen = set()
                while len(seen) < 2 and time.monotonic() < end:
                    values, who = main(20000)
                    seen |= set(who.tolist())
                if seen != {0, 1}: os._exit(1)
                try:
                    VM().load("endless.weftx")["main"](timeout=0.1)
                except Exception as error:
                    os._exit(0 if "run.timeout" in str(error) else 2)
                os._exit(3)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert main(100)[0].tolist() == before
        """
    until_cancelled_program().save(tmp_path / "endless.weftx")
    run_script(tmp_path, busy_program(64), script)


def test_exit_with_parked_workers(tmp_path: Path) -> None:
    script = """
        import threading
        main = VM(threads=4).load("p.weftx")["main"]
        def forever():
            while True: main(1000)
        threading.Thread(target=forever, daemon=True).start()
        main(1000)
        print("end")
        """
    for _ in range(3):
        assert run_script(tmp_path, busy_program(64), script) == "end\n"


def test_no_compiler_in_the_process(tmp_path: Path) -> None:
    script = """
        main = VM(threads=2).load("p.weftx")["main"]
        main(100)
        heavy = [m for m in sys.modules if m.split(".")[0] in ("llvmlite", "onnx", "jax", "torch") or m.startswith("weft.compiler")]
        assert not heavy, heavy
        """
    run_script(tmp_path, busy_program(4), script)
