"""The native runtime: every row, shared launches under stress, failures, cancelling."""

import ctypes
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from weft.compiler.codegen.link import Image, link
from weft.compiler.codegen.lltypes import const
from weft.compiler.codegen.llvm import compile_module
from weft.compiler.codegen.runtime import runtime_ir, runtime_object
from weft.compiler.codegen.support import support_objects
from weft.compiler.codegen.target import LEVELS, Target, supported
from weft.compiler.codegen.writer import Module, Writer
from weft.vm import native_abi as abi

RUNNABLE = [t for t in LEVELS.values() if supported(t)]


def count_kernel(w: Writer) -> None:
    """counts[i] += 1 and where[i] = worker for each chunk, after some work; slot 2 is the chunk that fails, slot 3 the rounds of work,
    slot 4 those that a worker does besides."""
    counts, where, bad = w.operand(0), w.operand(1), w.symbol(2)
    worker = w.load("i64", w.offset(w.ctx, abi.CTX_WORKER))
    rounds = w.add(w.symbol(3), w.mul(worker, w.symbol(4)))
    with w.loop(w.end, start=w.begin) as i:
        with w.carry(rounds, [const("double", 1.0)]) as loop:
            loop.next([w.fdiv(w.fadd(loop.values[0], 1.0), 1.5)])
        at = w.gep("i64", counts, i)
        w.store(w.add(w.load("i64", at), 1), at)
        w.store(worker, w.gep("i64", where, i))
        w.store(loop.results[0], w.scratch())
        with w.when(w.icmp("eq", i, bad)):
            w.ret(42)
    w.ret(0)


def is_small_kernel(w: Writer) -> None:
    """(counts[0] < limit) as a byte: args are counts, result, limit."""
    count = w.load("i64", w.operand(0))
    w.store(w.zext(w.icmp("slt", count, w.symbol(2)), "i8"), w.operand(1))
    w.ret(0)


def wait_kernel(w: Writer) -> None:
    """Says that it runs (a byte at slot 0), then returns once the cancel word is set."""
    cancel = w.load("ptr", w.offset(w.ctx, abi.CTX_CANCEL))
    w.store(const("i8", 1), w.operand(0))
    w.while_([w.atomic_load("i32", cancel)], lambda v: w.icmp("eq", v[0], 0), lambda _: [w.atomic_load("i32", cancel)])
    w.ret(7)


class Machine:
    """The runtime, mapped, with a state, and what it takes to run tables of rows."""

    def __init__(self, target: Target, mapped: Callable[[Image], dict[str, int]]) -> None:
        module = Module(target)
        count_kernel(module.kernel("count"))
        is_small_kernel(module.kernel("is_small"))
        wait_kernel(module.kernel("wait"))
        objects = [runtime_object(target), compile_module(module.text(), target)]
        self.address = mapped(link(objects, support_objects(target)))
        self.run_entry = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(self.address["weft_run"])
        self.state = aligned(abi.STATE_BYTES)
        put(self.state, abi.STATE_VERSION, abi.RUNTIME_ABI)
        put(self.state, abi.STATE_SPIN, 1000)
        put(self.state, abi.STATE_SYSCALL, ctypes.cast(ctypes.CDLL(None).syscall, ctypes.c_void_p).value)

    @contextmanager
    def workers(self, count: int) -> Iterator[None]:
        """Has `count` worker threads while the block runs."""
        worker = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(self.address["weft_worker"])
        threads = [threading.Thread(target=worker, args=(self.state.ctypes.data, i + 1), daemon=True) for i in range(count)]
        for thread in threads:
            thread.start()
        put(self.state, abi.STATE_WORKERS, count)
        try:
            yield
        finally:
            put(self.state, abi.STATE_WORKERS, 0)
            ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self.address["weft_stop"])(self.state.ctypes.data)
            for thread in threads:
                thread.join(timeout=10)
            assert not any(t.is_alive() for t in threads)

    def frame(self, rows: list[list[int]], threads: int = 1) -> "Frame":
        return Frame(self, rows, threads)


class Frame:
    """One call's frame over a table of rows."""

    def __init__(self, machine: Machine, rows: list[list[int]], threads: int) -> None:
        self.machine = machine
        self.rows = np.zeros((len(rows), abi.ROW_COLUMNS), np.int64)
        for i, row in enumerate(rows):
            self.rows[i, : len(row)] = row
        self.scratch = aligned(64 * 16)
        self.memory = aligned(abi.FRAME_BYTES)
        put(self.memory, abi.FRAME_STATE, machine.state.ctypes.data)
        put(self.memory, abi.FRAME_ROWS, self.rows.ctypes.data)
        put(self.memory, abi.FRAME_SCRATCH, self.scratch.ctypes.data)
        put(self.memory, abi.FRAME_SCRATCH_STRIDE, 64)
        put(self.memory, abi.FRAME_THREADS, threads)

    def run(self, pc: int = 0) -> int:
        put(self.memory, abi.FRAME_PC, pc)
        return self.machine.run_entry(self.memory.ctypes.data)

    def __getitem__(self, offset: int) -> int:
        return int(self.memory[offset : offset + 8].view(np.int64)[0])

    def cancel(self, value: int) -> None:
        self.memory[abi.FRAME_CANCEL : abi.FRAME_CANCEL + 4].view(np.int32)[0] = value


def aligned(size: int) -> np.ndarray:
    raw = np.zeros(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size]


def put(memory: np.ndarray, offset: int, value: int) -> None:
    memory[offset : offset + 8].view(np.int64)[0] = value


class Counting:
    """Operands of the `count` kernel."""

    def __init__(self, machine: Machine, chunks: int, bad: int = -1, rounds: int = 0, late: int = 0) -> None:
        self.counts, self.where = np.zeros(chunks, np.int64), np.full(chunks, -1)
        self.args = np.array([self.counts.ctypes.data, self.where.ctypes.data, bad, rounds, late], np.int64)
        self.launch = [abi.LAUNCH, machine.address["count"], self.args.ctypes.data, chunks]


@pytest.fixture(params=RUNNABLE, ids=str)
def machine(request: pytest.FixtureRequest, mapped: Callable[[Image], dict[str, int]]) -> Machine:
    return Machine(request.param, mapped)


@pytest.fixture
def host_machine(mapped: Callable[[Image], dict[str, int]]) -> Machine:
    return Machine(Target.host(), mapped)


# -- rows ---------------------------------------------------------------------------------------------------------------------


def test_entry_points() -> None:
    for target in LEVELS.values():
        assert set(abi.ENTRY_POINTS) <= set(link([runtime_object(target)], support_objects(target)).symbols)
    assert "@syscall" not in runtime_ir(LEVELS["aarch64"])


def test_launch_copy_host_end(machine: Machine) -> None:
    job = Counting(machine, 5)
    copy = np.zeros(5, np.int64)
    frame = machine.frame(
        [job.launch, [abi.COPY, copy.ctypes.data, job.counts.ctypes.data, 40], [abi.HOST], job.launch, [abi.LAUNCH, 0, 0, 0], [abi.END]]
    )
    assert (frame.run(), frame[abi.FRAME_PC]) == (abi.STOP_HOST, 2)
    assert copy.tolist() == [1] * 5
    assert (frame.run(pc=3), frame[abi.FRAME_PC]) == (abi.STOP_END, 5)
    assert job.counts.tolist() == [2] * 5 and job.where.tolist() == [0] * 5


def test_loop_with_branch_and_jump(machine: Machine) -> None:
    job = Counting(machine, 1)
    again = np.zeros(1, np.uint8)
    args = np.array([job.counts.ctypes.data, again.ctypes.data, 10], np.int64)
    frame = machine.frame(
        [
            [abi.LAUNCH, machine.address["is_small"], args.ctypes.data, 1],
            [abi.BRANCH_IF_FALSE, again.ctypes.data, 4],
            job.launch,
            [abi.JUMP, 0],
            [abi.END],
        ]
    )
    assert (frame.run(), frame[abi.FRAME_PC], job.counts[0]) == (abi.STOP_END, 4, 10)


@pytest.mark.parametrize(("index", "row"), [(0, 1), (1, 2), (2, 3), (3, 3), (-1, 3)])
def test_switch_takes_the_last_when_out_of_range(index: int, row: int, host_machine: Machine) -> None:
    targets, chosen = np.array([1, 2, 3]), np.array([index], np.int32)
    frame = host_machine.frame([[abi.SWITCH, chosen.ctypes.data, 3, targets.ctypes.data], [abi.END], [abi.END], [abi.END]])
    assert (frame.run(), frame[abi.FRAME_PC]) == (abi.STOP_END, row)


def test_bind_patches_slots(host_machine: Machine) -> None:
    slots, pointers = np.zeros(2, np.int64), np.array([5000, 6000])
    triples = np.array([[slots.ctypes.data, 1, 8], [slots.ctypes.data + 8, 0, 0]])
    frame = host_machine.frame([[abi.BIND, triples.ctypes.data, 2], [abi.END]])
    bindings = pointers.copy()
    put(frame.memory, abi.FRAME_BINDINGS, bindings.ctypes.data)
    frame.run()
    assert slots.tolist() == [6008, 5000]
    objects = np.array([[0, 0, 700], [0, 0, 800]])  # each with an address 16 bytes into it
    bindings[:] = objects.ctypes.data, objects.ctypes.data + 24
    put(frame.memory, abi.FRAME_DEREF, 16)
    frame.run()
    assert slots.tolist() == [808, 700]


def test_unknown_opcode(host_machine: Machine) -> None:
    frame = host_machine.frame([[abi.JUMP, 1], [99]])
    assert (frame.run(), frame[abi.FRAME_PC]) == (abi.STOP_OPCODE, 1)


# -- failures and cancelling --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [0, 3])
def test_a_status_stops_the_call(workers: int, host_machine: Machine) -> None:
    job = Counting(host_machine, 1000, bad=17, rounds=100)
    frame = host_machine.frame([[abi.JUMP, 1], job.launch, [abi.END]], threads=4)
    with host_machine.workers(workers):
        assert frame.run() == abi.STOP_FAULT
    assert (frame[abi.FRAME_PC], frame[abi.FRAME_STATUS]) == (1, 42)
    assert job.counts.max() == 1 and job.counts.sum() < 1000
    job.args[2] = -1
    assert frame.run() == abi.STOP_END


@pytest.mark.parametrize(("value", "stop"), [(abi.CANCEL_YIELD, abi.STOP_CANCEL), (abi.CANCEL_STOP, abi.STOP_CANCEL)])
def test_cancel_is_polled_before_launches_and_jumps(value: int, stop: int, host_machine: Machine) -> None:
    job = Counting(host_machine, 1)
    frame = host_machine.frame([job.launch, [abi.JUMP, 0]])
    timer = threading.Timer(0.05, frame.cancel, (value,))
    timer.start()
    assert frame.run() == stop
    assert job.counts[0] > 1
    resumed_at, ran = frame[abi.FRAME_PC], job.counts[0]
    assert resumed_at in (0, 1)
    frame.cancel(0)
    frame.rows[1, 0] = abi.END
    assert frame.run(resumed_at) == abi.STOP_END
    assert job.counts[0] == ran + (resumed_at == 0)


def test_a_kernel_that_was_stopped_is_a_cancelled_call(host_machine: Machine) -> None:
    running = np.zeros(1, np.uint8)
    args = np.array([running.ctypes.data], np.int64)
    frame = host_machine.frame([[abi.LAUNCH, host_machine.address["wait"], args.ctypes.data, 1], [abi.END]])

    def stop() -> None:
        while not running[0]:
            time.sleep(0.001)
        frame.cancel(abi.CANCEL_STOP)

    thread = threading.Thread(target=stop)
    thread.start()
    assert (frame.run(), frame[abi.FRAME_PC]) == (abi.STOP_CANCEL, 0)
    thread.join()


# -- sharing ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_every_chunk_runs_once(workers: int, machine: Machine) -> None:
    jobs = [Counting(machine, n, rounds=r) for n, r in ((2, 0), (3, 50), (17, 10), (400, 3), (1, 0), (64, 30))]
    frame = machine.frame([*(j.launch for j in jobs), [abi.END]], threads=workers + 1)
    with machine.workers(workers):
        for _ in range(200):
            assert frame.run() == abi.STOP_END
    assert all((j.counts == 200).all() for j in jobs)
    assert max(j.where.max() for j in jobs) <= workers


def test_sleeping_workers_wake(host_machine: Machine) -> None:
    put(host_machine.state, abi.STATE_SPIN, 0)
    job = Counting(host_machine, 50, rounds=20_000)
    frame = host_machine.frame([job.launch, [abi.END]], threads=4)
    with host_machine.workers(3):
        helped = False
        for done in range(1, 30):
            time.sleep(0.005)  # all asleep by now
            assert frame.run() == abi.STOP_END
            assert (job.counts == done).all()
            helped = helped or job.where.max() > 0
    assert helped


def test_the_limit_on_threads_is_kept(host_machine: Machine) -> None:
    job = Counting(host_machine, 200, rounds=3000)
    frame = host_machine.frame([job.launch, [abi.END]], threads=2)
    with host_machine.workers(5):
        for _ in range(20):
            frame.run()
            assert job.where.max() <= 1


def test_concurrent_callers_share_nothing(host_machine: Machine) -> None:
    """One of them has the pool, the others run alone; nobody loses a chunk."""
    jobs = [Counting(host_machine, 40, rounds=50) for _ in range(4)]
    frames = [host_machine.frame([j.launch, j.launch, [abi.END]], threads=3) for j in jobs]
    with host_machine.workers(2):
        threads = [threading.Thread(target=lambda f=f: [f.run() for _ in range(500)]) for f in frames]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert all((j.counts == 1000).all() for j in jobs)


def test_workers_never_sleep_through_a_stop(host_machine: Machine) -> None:
    """`workers` joins them: one that read STOP too early would sleep on the generation that STOP made."""
    put(host_machine.state, abi.STATE_SPIN, 20)
    for _ in range(300):
        put(host_machine.state, abi.STATE_STOP, 0)
        with host_machine.workers(4):
            pass


def test_stopping_while_launching(host_machine: Machine) -> None:
    """Workers leave between two jobs; the caller goes on alone."""
    for _ in range(20):
        job = Counting(host_machine, 8)
        frame = host_machine.frame([job.launch] * 50 + [[abi.END]], threads=3)
        put(host_machine.state, abi.STATE_STOP, 0)
        with host_machine.workers(2):
            thread = threading.Thread(target=frame.run)
            thread.start()
        thread.join()
        assert (job.counts == 50).all()


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two CPUs")
def test_fork_join_is_cheap(host_machine: Machine) -> None:
    """A launch of two empty chunks: tens of times below what a thread start costs, however busy the machine is."""
    job = Counting(host_machine, 2)
    frame = host_machine.frame([job.launch] * 1000 + [[abi.END]], threads=2)
    with host_machine.workers(1):
        frame.run()
        times = []
        for _ in range(20):
            start = time.perf_counter()
            frame.run()
            times.append((time.perf_counter() - start) / 1000)
    assert min(times) < 5e-6


def rested(machine: Machine) -> np.ndarray:
    return machine.state[abi.STATE_RESTED : abi.STATE_RESTED + 8].view(np.int64)


def test_a_launch_that_rests_runs_alone(machine: Machine):
    with machine.workers(1):
        rested(machine)[0] = 1 << 62
        job = Counting(machine, 100, rounds=10_000)
        assert machine.frame([job.launch, [abi.END]], 2).run() == abi.STOP_END
    assert (job.counts == 1).all()
    assert (job.where == 0).all()


def test_who_loses_by_sharing_rests_from_it(machine: Machine):
    """A worker that takes ten thousand times as long for a chunk, as if it had been put aside with it."""
    with machine.workers(1):
        for _ in range(1000):
            job, following = Counting(machine, 64, rounds=1000, late=10_000_000), Counting(machine, 64, rounds=1000)
            assert machine.frame([job.launch, following.launch, [abi.END]], 2).run() == abi.STOP_END
            assert (job.counts == 1).all()
            assert (following.counts == 1).all()
            if (job.where == 1).any():
                break
            rested(machine)[0] = 0
    assert 0 < (job.where == 1).sum() < 64
    assert rested(machine)[0] > 0
    assert (following.where == 0).all()
