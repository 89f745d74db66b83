"""The native runtime as LLVM IR: the sequencer `weft_run`, the workers' loop, and how they share the chunks of a launch.

The entry for calls from Python is in `fastcall`.

It implements the contract of `vm/native_abi.py`, which documents memory layouts and protocol; comments here say why a step is safe.
"""

from functools import cache

from ...vm import native_abi as abi
from .fastcall import write_call
from .lltypes import Val, const
from .llvm import compile_module
from .target import Target
from .writer import Module, Writer

_SYS_FUTEX = {"x86_64": 202, "aarch64": 98}
_SYS_YIELD = {"x86_64": 24, "aarch64": 124}
_PAUSES_PER_YIELD = 64
_FUTEX_WAIT_PRIVATE, _FUTEX_WAKE_PRIVATE = 128, 129
_ALL = 0x7FFFFFFF
_CLOSED = 0xFFFFFFFF  # as `next`: no job has so many chunks
_MOST_LOSS = 1 << 28  # ticks that are believed: a tenth of a second or more; CPUs whose counters differ would give any number
_SHARES = 4  # a claim takes this fraction of an even share of what is left, so that late or slow workers cost little


@cache
def runtime_object(target: Target) -> bytes:
    """The object that defines `native_abi.ENTRY_POINTS`; it needs `memmove` of the support library.

    Every program carries it: a process makes it once per target.
    """
    return compile_module(runtime_ir(target), target, optimize=True)


def runtime_ir(target: Target) -> str:
    """The runtime's module as LLVM assembly."""
    module = Module(target)
    _write_futex_wait(module)
    _write_futex_wake(module)
    _write_drain(module)
    _write_wait_for_chunks(module)
    _write_share(module)
    _write_launch(module)
    _Sequencer(module)
    _write_worker(module)
    _write_stop(module)
    write_call(module)
    return module.text()


# -- fields and system calls --------------------------------------------------------------------------------------------------


def _field(w: Writer, base: Val, offset: int, type_: str = "i64") -> Val:
    return w.load(type_, w.offset(base, offset), align=4 if type_ == "i32" else 8)


def _atomic(w: Writer, base: Val, offset: int, type_: str = "i64", order: str = "acquire") -> Val:
    return w.atomic_load(type_, w.offset(base, offset), order)


def _publish(w: Writer, value: Val, base: Val, offset: int, order: str = "release") -> None:
    w.atomic_store(value, w.offset(base, offset), order)


def _pause(w: Writer) -> None:
    if w.target.arch == "x86_64":
        w.call("llvm.x86.sse2.pause", "void", [])
    else:
        w.call("llvm.aarch64.hint", "void", [const("i32", 1)])


def _spin_once(w: Writer, state: Val, left: Val) -> Val:
    """A pause; now and then the CPU is offered to whoever waits for it, who may be the one that is waited for. `left` less one."""
    _pause(w)
    with w.when(w.icmp("eq", w.and_(left, _PAUSES_PER_YIELD - 1), 0)):
        syscall = _field(w, state, abi.STATE_SYSCALL, "ptr")
        w.value("i64", f"call i64 (i64, ...) {syscall.ref}(i64 {_SYS_YIELD[w.target.arch]})")
    return w.sub(left, 1)


def _futex(w: Writer, state: Val, address: Val, operation: int, value: Val) -> None:
    """futex(address, operation, value); the result does not matter, for every sleeper looks again."""
    syscall = _field(w, state, abi.STATE_SYSCALL, "ptr")
    number = const("i64", _SYS_FUTEX[w.target.arch])
    arguments = f"{number}, {address}, {const('i64', operation)}, {value}, ptr null, ptr null, i64 0"
    w.value("i64", f"call i64 (i64, ...) {syscall.ref}({arguments})")


def _write_futex_wait(module: Module) -> None:
    """futex_wait(state, address, expected): sleeps while the i32 at `address` is `expected`."""
    w = module.function("futex_wait", "void", ["ptr", "ptr", "i64"], internal=True, attrs="noinline")
    state, address, expected = w.params
    _futex(w, state, address, _FUTEX_WAIT_PRIVATE, expected)
    w.ret()


def _write_futex_wake(module: Module) -> None:
    """futex_wake(state, address, count)"""
    w = module.function("futex_wake", "void", ["ptr", "ptr", "i64"], internal=True, attrs="noinline")
    state, address, count = w.params
    _futex(w, state, address, _FUTEX_WAKE_PRIVATE, count)
    w.ret()


# -- sharing a launch ---------------------------------------------------------------------------------------------------------


def _write_drain(module: Module) -> None:
    """i64 drain(state, index): claims and runs chunks until there are none for worker `index`; returns the generation it last saw."""
    w = module.function("drain", "i64", ["ptr", "i64"], internal=True)
    state, index = w.params
    ctx = w.alloca("i8", abi.CTX_BYTES)
    word_at = w.offset(state, abi.STATE_WORD)
    again, claim, ours, nothing = (w.label(name) for name in ("again", "claim", "ours", "nothing"))
    w.at(again)
    # Acquire on all of these: whoever sees a field of the next job also sees that this job was closed, so its claim fails.
    word = w.atomic_load("i64", word_at)
    chunks, limit = _atomic(w, state, abi.STATE_JOB_CHUNKS), _atomic(w, state, abi.STATE_JOB_LIMIT)
    fn, args = _atomic(w, state, abi.STATE_JOB_FN, "ptr"), _atomic(w, state, abi.STATE_JOB_ARGS, "ptr")
    frame = _atomic(w, state, abi.STATE_JOB_FRAME, "ptr")
    begin = w.and_(word, 0xFFFFFFFF)
    w.cbr(w.and_(w.icmp("ult", index, limit), w.icmp("ult", begin, chunks)), claim, nothing)
    w.at(claim)
    share = w.udiv(w.sub(chunks, begin), w.mul(limit, _SHARES))
    taken = w.int_minmax("umax", share, 1)
    _, won = w.cmpxchg(word_at, word, w.add(word, taken))
    w.cbr(won, ours, again)
    w.at(ours)
    with w.when(w.icmp("eq", index, 0)):
        _publish(w, w.add(_field(w, state, abi.STATE_OWN), taken), state, abi.STATE_OWN, "monotonic")
    _run_claimed(w, (state, index, ctx), (fn, args, frame), begin, taken)
    done = w.add(w.atomic_rmw("add", w.offset(state, abi.STATE_DONE), taken), taken)
    with w.when(w.icmp("eq", done, chunks)):
        waiting = _atomic(w, state, abi.STATE_WAITING, "i32", "seq_cst")
        with w.when(w.icmp("ne", waiting, 0)):
            w.call("futex_wake", "void", [state, w.offset(state, abi.STATE_DONE), const("i64", _ALL)])
    w.br(again)
    w.at(nothing)
    w.ret(w.lshr(word, 32))


def _run_claimed(w: Writer, worker: tuple[Val, Val, Val], job: tuple[Val, Val, Val], begin: Val, count: Val) -> None:
    """Runs the chunks of one claim, unless the job has failed or was cancelled, and records a first failure."""
    state, index, ctx = worker
    fn, args, frame = job
    status_at = w.offset(state, abi.STATE_STATUS)
    failed = w.icmp("ne", w.atomic_load("i64", status_at, "monotonic"), 0)
    stopped = w.icmp("eq", _atomic(w, frame, abi.FRAME_CANCEL, "i32", "monotonic"), abi.CANCEL_STOP)
    with w.when(w.not_(w.or_(failed, stopped))):
        _fill_ctx(w, ctx, frame, index)
        status = w.call_pointer(fn, "i32", [ctx, args, begin, w.add(begin, count)])
        with w.when(w.icmp("ne", status, 0)):
            w.cmpxchg(status_at, const("i64", 0), w.zext(status, "i64"))


def _fill_ctx(w: Writer, ctx: Val, frame: Val, index: Val) -> None:
    scratch = w.offset(_field(w, frame, abi.FRAME_SCRATCH, "ptr"), w.mul(index, _field(w, frame, abi.FRAME_SCRATCH_STRIDE)))
    w.store(scratch, w.offset(ctx, abi.CTX_SCRATCH))
    w.store(index, w.offset(ctx, abi.CTX_WORKER))
    w.store(w.offset(frame, abi.FRAME_CANCEL), w.offset(ctx, abi.CTX_CANCEL))


def _write_wait_for_chunks(module: Module) -> None:
    """wait_for_chunks(state, chunks): until DONE = chunks; spins, then sleeps."""
    w = module.function("wait_for_chunks", "void", ["ptr", "i64"], internal=True)
    state, chunks = w.params
    done_at = w.offset(state, abi.STATE_DONE)

    def unfinished(done: Val) -> Val:
        return w.icmp("ne", done, chunks)

    def spin(values: list[Val]) -> list[Val]:
        left = _spin_once(w, state, values[1])
        return [w.atomic_load("i64", done_at), left]

    def sleep(values: list[Val]) -> list[Val]:
        w.call("futex_wait", "void", [state, done_at, values[0]])
        return [w.atomic_load("i64", done_at, "seq_cst")]

    spins = _field(w, state, abi.STATE_SPIN)
    [done, _] = w.while_([w.atomic_load("i64", done_at), spins], lambda v: w.and_(unfinished(v[0]), w.icmp("sgt", v[1], 0)), spin)
    with w.when(unfinished(done)):
        _publish(w, const("i32", 1), state, abi.STATE_WAITING, "seq_cst")
        w.while_([w.atomic_load("i64", done_at, "seq_cst")], lambda v: unfinished(v[0]), sleep)
    w.ret()


def _write_share(module: Module) -> None:
    """i64 share(frame, fn, args, chunks): the owner's side of one launch; returns the first status that is not 0."""
    w = module.function("share", "i64", ["ptr", "ptr", "ptr", "i64"], internal=True)
    frame, fn, args, chunks = w.params
    state = _field(w, frame, abi.FRAME_STATE, "ptr")
    limit = _field(w, frame, abi.FRAME_THREADS)
    word_at = w.offset(state, abi.STATE_WORD)
    # Between two jobs a worker may hold the old word and read new fields; with the word closed first, its claim cannot succeed.
    w.atomic_rmw("or", word_at, const("i64", _CLOSED))
    zero = const("i64", 0)
    for value, offset in (
        (zero, abi.STATE_DONE),
        (zero, abi.STATE_STATUS),
        (zero, abi.STATE_OWN),
        (const("i32", 0), abi.STATE_WAITING),
        (fn, abi.STATE_JOB_FN),
        (args, abi.STATE_JOB_ARGS),
        (chunks, abi.STATE_JOB_CHUNKS),
        (frame, abi.STATE_JOB_FRAME),
        (limit, abi.STATE_JOB_LIMIT),
    ):
        _publish(w, value, state, offset)
    w.atomic_rmw("add", word_at, const("i64", 1))  # carries into the generation and leaves `next` 0
    _wake_sleepers(w, state, limit, chunks)
    start = _ticks(w)
    w.call("drain", "i64", [state, zero])
    drained = _ticks(w)
    w.call("wait_for_chunks", "void", [state, chunks])
    _rest_after_loss(w, state, chunks, (start, drained))
    w.ret(_atomic(w, state, abi.STATE_STATUS))


def _ticks(w: Writer) -> Val:
    """A counter that grows with time, the same on every CPU."""
    if w.target.arch == "x86_64":
        return w.call("llvm.readcyclecounter", "i64", [])
    # AArch64's cycle counter is not for programs, its virtual counter is.
    w.module.declare("llvm.read_volatile_register.i64", "i64", ["metadata"])
    return w.value("i64", 'call i64 @llvm.read_volatile_register.i64(metadata !{!"cntvct_el0"})')


def _rest_after_loss(w: Writer, state: Val, chunks: Val, times: tuple[Val, Val]) -> None:
    """Has launches run alone for a while, if this one took longer than alone. Of times, only differences count, so they may wrap."""
    start, drained = times
    own, now = _field(w, state, abi.STATE_OWN), _ticks(w)
    with w.when(w.icmp("ne", own, 0)):  # else nothing is known of what a chunk takes
        alone = w.udiv(w.mul(w.sub(drained, start), chunks), own)
        allowed = w.add(alone, w.udiv(w.mul(alone, 2), own))
        taken = w.sub(now, start)
        with w.when(w.icmp("ugt", taken, allowed)):
            loss = w.int_minmax("umin", w.sub(taken, alone), _MOST_LOSS)
            shared = w.sub(now, _field(w, state, abi.STATE_RESTED))  # since the last rest
            doubled = w.int_minmax("umin", w.mul(_field(w, state, abi.STATE_RESTS), 2), abi.MOST_RESTS)
            soon = w.icmp("ult", shared, _field(w, state, abi.STATE_LENGTH))
            rests = w.select(soon, doubled, const("i64", abi.LEAST_RESTS))
            length = w.mul(loss, rests)
            for value, offset in ((rests, abi.STATE_RESTS), (length, abi.STATE_LENGTH), (w.add(now, length), abi.STATE_RESTED)):
                _publish(w, value, state, offset, "monotonic")


def _wake_sleepers(w: Writer, state: Val, limit: Val, chunks: Val) -> None:
    sleepers = w.zext(_atomic(w, state, abi.STATE_SLEEPERS, "i32", "seq_cst"), "i64")
    with w.when(w.icmp("ne", sleepers, 0)):
        # futex wakes whom it likes: if some workers may not take part, all must wake for the right ones to be among them.
        everyone_works = w.icmp("ugt", limit, _field(w, state, abi.STATE_WORKERS))
        count = w.select(everyone_works, w.sub(chunks, 1), _ALL)
        w.call("futex_wake", "void", [state, w.offset(state, abi.STATE_WORD + 4), w.int_minmax("umin", count, sleepers)])


def _write_launch(module: Module) -> None:
    """i64 launch(frame, fn, args, chunks): runs all chunks, shared if the pool is free; returns the kernel's status."""
    w = module.function("launch", "i64", ["ptr", "ptr", "ptr", "i64"], internal=True)
    frame, fn, args, chunks = w.params
    ctx = w.alloca("i8", abi.CTX_BYTES)
    state = _field(w, frame, abi.FRAME_STATE, "ptr")
    can_share = w.and_(w.icmp("ugt", chunks, 1), w.icmp("ugt", _field(w, frame, abi.FRAME_THREADS), 1))
    can_share = w.and_(can_share, w.icmp("ne", _field(w, state, abi.STATE_WORKERS), 0))
    rested = w.icmp("sge", w.sub(_ticks(w), _atomic(w, state, abi.STATE_RESTED, order="monotonic")), 0)
    with w.when(w.and_(can_share, rested)):
        _, owned = w.cmpxchg(w.offset(state, abi.STATE_OWNER), const("i32", 0), const("i32", 1))
        with w.when(owned):
            status = w.call("share", "i64", [frame, fn, args, chunks])
            _publish(w, const("i32", 0), state, abi.STATE_OWNER)
            w.ret(status)
    _fill_ctx(w, ctx, frame, const("i64", 0))
    w.ret(w.zext(w.call_pointer(fn, "i32", [ctx, args, const("i64", 0), chunks]), "i64"))


# -- the sequencer ------------------------------------------------------------------------------------------------------------


class _Sequencer:
    """Writes `weft_run`: a loop over the rows, one block per opcode."""

    def __init__(self, module: Module) -> None:
        self.w = w = module.function("weft_run", "i64", ["ptr"])
        self.frame = w.params[0]
        self.pc_at = w.alloca("i64", align=8)
        w.store(_field(w, self.frame, abi.FRAME_PC), self.pc_at)
        self.rows = _field(w, self.frame, abi.FRAME_ROWS, "ptr")
        self.next_row = w.label("next_row")
        w.at(self.next_row)
        self.pc = w.load("i64", self.pc_at)
        self.row = w.offset(self.rows, w.mul(self.pc, abi.ROW_BYTES))
        self.stops = {code: w.label("stop") for code in (abi.STOP_END, abi.STOP_HOST, abi.STOP_FAULT, abi.STOP_CANCEL, abi.STOP_OPCODE)}
        self._write_rows()
        for code, label in self.stops.items():
            w.at(label)
            w.store(self.pc, w.offset(self.frame, abi.FRAME_PC))
            w.ret(code)

    def _write_rows(self) -> None:
        w = self.w
        writers = {
            abi.LAUNCH: self._launch,
            abi.COPY: self._copy,
            abi.JUMP: self._jump,
            abi.BRANCH_IF_FALSE: self._branch,
            abi.SWITCH: self._switch,
            abi.BIND: self._bind,
        }
        labels = {code: w.label("op") for code in writers}
        stops = {abi.END: self.stops[abi.STOP_END], abi.HOST: self.stops[abi.STOP_HOST]}
        w.switch(self._column(0), self.stops[abi.STOP_OPCODE], labels | stops)
        for code, write in writers.items():
            w.at(labels[code])
            write()

    def _column(self, number: int, type_: str = "i64") -> Val:
        return _field(self.w, self.row, 8 * number, type_)

    def _goto(self, target: Val) -> None:
        self.w.store(target, self.pc_at)
        self.w.br(self.next_row)

    def _advance(self) -> None:
        self._goto(self.w.add(self.pc, 1))

    def _cancel(self) -> Val:
        return _atomic(self.w, self.frame, abi.FRAME_CANCEL, "i32", "monotonic")

    def _stop_if(self, cond: Val, code: int) -> None:
        going_on = self.w.label("on")
        self.w.cbr(cond, self.stops[code], going_on)
        self.w.at(going_on)

    def _poll(self) -> None:
        self._stop_if(self.w.icmp("ne", self._cancel(), 0), abi.STOP_CANCEL)

    def _launch(self) -> None:
        w = self.w
        self._poll()
        chunks = self._column(3)
        with w.when(w.icmp("ne", chunks, 0)):
            status = w.call("launch", "i64", [self.frame, self._column(1, "ptr"), self._column(2, "ptr"), chunks])
            # Chunks may have been skipped, so a stopped launch counts as not done, whatever the status.
            self._stop_if(w.icmp("eq", self._cancel(), abi.CANCEL_STOP), abi.STOP_CANCEL)
            with w.when(w.icmp("ne", status, 0)):
                w.store(status, w.offset(self.frame, abi.FRAME_STATUS))
                w.br(self.stops[abi.STOP_FAULT])
        self._advance()

    def _copy(self) -> None:
        self.w.call("memmove", "ptr", [self._column(1, "ptr"), self._column(2, "ptr"), self._column(3)])
        self._advance()

    def _jump(self) -> None:
        self._poll()
        self._goto(self._column(1))

    def _branch(self) -> None:
        w = self.w
        self._poll()
        predicate = w.load("i8", self._column(1, "ptr"))
        self._goto(w.select(w.icmp("eq", predicate, 0), self._column(2), w.add(self.pc, 1)))

    def _switch(self) -> None:
        w = self.w
        self._poll()
        index = w.zext(w.load("i32", self._column(1, "ptr")), "i64")  # a negative one becomes large
        chosen = w.int_minmax("umin", index, w.sub(self._column(2), 1))
        self._goto(w.load("i64", w.gep("i64", self._column(3, "ptr"), chosen)))

    def _bind(self) -> None:
        w = self.w
        bindings, deref = _field(w, self.frame, abi.FRAME_BINDINGS, "ptr"), _field(w, self.frame, abi.FRAME_DEREF)
        triples = self._column(1, "ptr")
        with w.loop(self._column(2)) as i:
            triple = w.gep("[3 x i64]", triples, i)
            bound = w.load("i64", w.gep("i64", bindings, _field(w, triple, 8)))
            [address] = w.cond(w.icmp("eq", deref, 0), lambda b=bound: [b], lambda b=bound: [self._load_at(w.add(b, deref))])
            w.store(w.add(address, _field(w, triple, 16)), _field(w, triple, 0, "ptr"))
        self._advance()

    def _load_at(self, address: Val) -> Val:
        return self.w.load("i64", self.w.value("ptr", f"inttoptr {address} to ptr"))


# -- workers ------------------------------------------------------------------------------------------------------------------


def _write_worker(module: Module) -> None:
    w = module.function("weft_worker", "void", ["ptr", "i64"])
    state, index = w.params
    generation_at = w.offset(state, abi.STATE_WORD + 4)
    work, asleep, leave = w.label("work"), w.label("asleep"), w.label("leave")
    w.at(work)
    generation = w.call("drain", "i64", [state, index])
    # After the generation: `weft_stop` sets STOP before it advances that, so who misses STOP here does not sleep on its generation.
    going_on = w.label("on")
    w.cbr(w.icmp("ne", _atomic(w, state, abi.STATE_STOP, "i32", "seq_cst"), 0), leave, going_on)
    w.at(going_on)

    def now() -> Val:
        return w.lshr(w.atomic_load("i64", w.offset(state, abi.STATE_WORD)), 32)

    def spin(values: list[Val]) -> list[Val]:
        left = _spin_once(w, state, values[1])
        return [now(), left]

    spins = _field(w, state, abi.STATE_SPIN)
    [seen, _] = w.while_([now(), spins], lambda v: w.and_(w.icmp("eq", v[0], generation), w.icmp("sgt", v[1], 0)), spin)
    w.cbr(w.icmp("eq", seen, generation), asleep, work)
    w.at(asleep)
    # The owner publishes the generation, then reads SLEEPERS; we count ourselves, then futex compares the generation: one sees the other.
    w.atomic_rmw("add", w.offset(state, abi.STATE_SLEEPERS), const("i32", 1))
    w.call("futex_wait", "void", [state, generation_at, generation])
    w.atomic_rmw("sub", w.offset(state, abi.STATE_SLEEPERS), const("i32", 1))
    w.br(work)
    w.at(leave)
    w.ret()


def _write_stop(module: Module) -> None:
    w = module.function("weft_stop", "void", ["ptr"])
    [state] = w.params
    _publish(w, const("i32", 1), state, abi.STATE_STOP, "seq_cst")
    # Only the generation moves: a job under way is claimed on from where it is.
    w.atomic_rmw("add", w.offset(state, abi.STATE_WORD), const("i64", 1 << 32))
    w.call("futex_wake", "void", [state, w.offset(state, abi.STATE_WORD + 4), const("i64", _ALL)])
    w.ret()
