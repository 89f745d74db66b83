"""The contract between the VM and the native runtime that a program carries: memory layouts, opcodes, protocol.

The runtime is LLVM IR written by `compiler/codegen/runtime.py` and `fastcall.py`; the VM fills the structures below and calls the entry
points, which each image exports (their offsets are in `Image.runtime` of the program):

    i64  weft_run(ptr frame)               execute rows from frame.PC on; returns one of STOP_*
    void weft_worker(ptr state, i64 index) body of worker `index` >= 1; returns once state.STOP is set
    void weft_stop(ptr state)              set STOP, advance the generation, wake every sleeper
    ptr  weft_call(ptr self, ptr args, i64 count, ptr names)
                                           a whole call from Python, as METH_FASTCALL | METH_KEYWORDS

Everything is little-endian; a field is an i64 (a pointer is one) unless it says i32. Every image of one ABI number can share one
`State` with every other: `weft_run` of one image and `weft_worker` of another meet in it, so the protocol below is part of the ABI
and not a detail of an implementation. A change to anything in this file is a new `RUNTIME_ABI`.

Sequencer. A frame has a table of rows, 8 x i64 each: column 0 is the opcode, the others its fields. `weft_run` sets pc = frame.PC
and executes until it stops. Before each LAUNCH, and at each JUMP, BRANCH_IF_FALSE and SWITCH, it polls frame.CANCEL; if that is not
0 it stores the index of that row, not yet executed, to frame.PC and returns STOP_CANCEL, so that a call can be resumed there.

    END               -                          PC = this row; return STOP_END
    LAUNCH            fn, args, chunks           call the kernel for [0, chunks); nothing if chunks is 0
    COPY              dst, src, bytes            memmove
    JUMP              target
    BRANCH_IF_FALSE   pred, target               to `target` if the byte at `pred` is 0
    SWITCH            index, count, targets      to targets[i] for the i32 at `index`; out of range means the last (StableHLO
                                                 `case`); `targets` points to `count` >= 1 i64
    HOST              -                          PC = this row; return STOP_HOST; the VM does the call and resumes at PC + 1
    BIND              list, count                `list` points to `count` triples (slot, binding, offset); for each,
                                                 *(i64*)slot = address(BINDINGS[binding]) + offset, where address(b) is b itself if
                                                 frame.DEREF is 0 and else the i64 loaded from b + DEREF. Slots may be columns of
                                                 later rows.

Targets are row indices. A kernel gets `ctx = {ptr scratch, i64 worker, ptr cancel}`: scratch = frame.SCRATCH + worker *
frame.SCRATCH_STRIDE, the caller is worker 0, cancel is the address of frame.CANCEL. A status other than 0 stops the call: PC = the
launch's row, STATUS = the status, STOP_FAULT; if frame.CANCEL is CANCEL_STOP by then, STOP_CANCEL instead.

Sharing a launch. With chunks > 1, frame.THREADS > 1 and state.WORKERS > 0 the caller tries OWNER 0 -> 1 (acquire). If that fails,
another call has the pool and the caller runs all chunks alone. The owner
  1. closes WORD (atomic or of 0xFFFFFFFF: no chunk is left to claim, and none of the next job before it is published), sets DONE =
     0, STATUS = 0, WAITING = 0 and the JOB_* fields (release), and publishes WORD = (generation + 1) << 32 by an atomic add of 1
     (seq_cst), which carries;
  2. if SLEEPERS is not 0 (seq_cst load), wakes min(SLEEPERS, chunks - 1) of them, all if THREADS <= WORKERS, for then some of them
     may not take part (FUTEX_WAKE_PRIVATE on the upper half of WORD);
  3. claims chunks like everyone until none is left: read WORD (acquire), read the JOB_* fields (acquire), and if next < JOB_CHUNKS
     compare-and-swap WORD from (generation, next) to (generation, next + 1); success proves that the fields belong to this
     generation, because WORD is closed before they change. Run the chunk, then add 1 to DONE (seq_cst). Several chunks may be
     claimed at once, DONE then grows by as many, and the kernel gets them as one range;
  4. waits until DONE = chunks: only claimed chunks are waited for. It spins SPIN times, then sets WAITING = 1 and sleeps on the
     lower half of DONE; who brings DONE to JOB_CHUNKS and sees WAITING set wakes it;
  5. compares the time that this took, by a counter of the CPU, with what it would have taken alone: the time of its own chunks, OWN
     of them, times JOB_CHUNKS / OWN. If it was more, by 2 / OWN of it for chunks that are not all alike, then other processes or
     other calls want the CPUs, and a worker was put aside with a chunk in its hands: until RESTED, a time of that counter that is
     RESTS times the loss away, launches run alone. RESTS is LEAST_RESTS at first; it doubles, up to MOST_RESTS, where sharing loses
     again before it has gone on for the LENGTH of the last rest. So a moment's trouble is soon over, and where others stay, trying
     costs little;
  6. releases OWNER.
Chunks claimed after STATUS became non-zero, or with CANCEL_STOP, are counted as done without being run. A worker of index >=
JOB_LIMIT claims nothing; before its claim succeeded it touches nothing but the state. With nothing to claim a worker spins SPIN
times on WORD, then does SLEEPERS += 1, sleeps on the generation (FUTEX_WAIT_PRIVATE on the upper half of WORD) and does SLEEPERS -=
1. It reads STOP after the generation it may sleep on, for `weft_stop` sets STOP before it advances that. Errors of futex are spurious
wake-ups. The count of chunks is below 2**31.

A runtime calls the system only through the function pointers in the state.

Calls from Python. `weft_call` knows nothing of CPython's or numpy's structures by itself: functions, objects and the offsets of fields
come in an `API` block, filled by the VM once it has proved the offsets on arrays of known content; without proof there is no fast
call. `self` is an array (its data, at CALL_SELF of the object, is the one offset that cannot be passed) with a `TABLE` block, which
lists *variants*: arrays too, one per binding of the symbols, each with a `VARIANT` block and after it a PORT block for every input,
then for every output. A call that is plain - arguments by position, arrays of exactly the ports' types, shapes, layout and flags, donated
ones apart from all others - gets its results from PyArray_Empty, or they are the donated arguments, and a frame from the list FREE,
runs, and puts the frame back. Every other one goes to the Python callable
SLOW, which does the same more slowly or says what is wrong. Any stop but STOP_END goes to RESUME(frame, stop, inputs..., outputs...),
which ends the call. Lists change only with the GIL held, which `weft_call` gives up while the program runs, unless BRIEF.
"""

from typing import Final

RUNTIME_ABI: Final = 4
ENTRY_POINTS: Final = ("weft_run", "weft_worker", "weft_stop", "weft_call")

# Opcodes: column 0 of a row.
ROW_COLUMNS: Final = 8
ROW_BYTES: Final = 64
END: Final = 0
LAUNCH: Final = 1
COPY: Final = 2
JUMP: Final = 3
BRANCH_IF_FALSE: Final = 4
SWITCH: Final = 5
HOST: Final = 6
BIND: Final = 7

# What weft_run returns.
STOP_END: Final = 0
STOP_HOST: Final = 1
STOP_FAULT: Final = 2
STOP_CANCEL: Final = 3
STOP_OPCODE: Final = 4  # the row's opcode is unknown: a bug

# Values of frame.CANCEL.
CANCEL_NONE: Final = 0
CANCEL_STOP: Final = 1  # end the call; kernels that poll return early, with any status
CANCEL_YIELD: Final = 2  # come back to Python between two rows, to be resumed; kernels ignore it

# Frame: byte offsets. 64-byte aligned.
FRAME_STATE: Final = 0
FRAME_ROWS: Final = 8
FRAME_PC: Final = 16  # row to start at; on return the row it stopped at
FRAME_STATUS: Final = 24  # the kernel's status after STOP_FAULT
FRAME_SCRATCH: Final = 32  # 64-byte aligned
FRAME_SCRATCH_STRIDE: Final = 40  # a multiple of 64
FRAME_CANCEL: Final = 48  # i32, written by other threads at any time
FRAME_BINDINGS: Final = 56  # pointer to one i64 per argument and result
FRAME_DEREF: Final = 64
FRAME_THREADS: Final = 72  # how many may work on one launch, the caller included
FRAME_BYTES: Final = 128

# State: byte offsets. One per process, 64-byte aligned; what is written by different parties lies on different cache lines.
STATE_VERSION: Final = 0  # RUNTIME_ABI
STATE_SPIN: Final = 8  # iterations of a pause before sleeping
STATE_WORKERS: Final = 16  # workers started, the caller not counted
STATE_SYSCALL: Final = 24  # i64 (i64 number, ...): libc's syscall
STATE_STOP: Final = 32  # i32
STATE_OWNER: Final = 64  # i32
STATE_WORD: Final = 128  # generation << 32 | next chunk; the futex of the sleepers is the i32 at STATE_WORD + 4
STATE_SLEEPERS: Final = 192  # i32
STATE_JOB_FN: Final = 256
STATE_JOB_ARGS: Final = 264
STATE_JOB_CHUNKS: Final = 272
STATE_JOB_FRAME: Final = 280
STATE_JOB_LIMIT: Final = 288
STATE_DONE: Final = 320  # the owner's futex is the i32 at STATE_DONE
STATE_WAITING: Final = 328  # i32
STATE_STATUS: Final = 384  # the first status of the job that is not 0 (compare-and-swap)
STATE_RESTED: Final = 448  # launches run alone until then; written by owners
STATE_OWN: Final = 456  # chunks that the owner has run
STATE_LENGTH: Final = 464  # of the last rest
STATE_RESTS: Final = 472  # that, in losses
STATE_BYTES: Final = 512
LEAST_RESTS: Final = 4
MOST_RESTS: Final = 64

# ctx, the first argument of a kernel: byte offsets.
CTX_SCRATCH: Final = 0
CTX_WORKER: Final = 8
CTX_CANCEL: Final = 16
CTX_BYTES: Final = 24

# Calls from Python: what `API` holds, one i64 each, in this order. First functions of CPython and numpy.
API: Final = {
    name: 8 * n
    for n, name in enumerate(
        (
            "PyObject_Vectorcall",
            "PyObject_GetAttr",
            "PyObject_SetAttr",
            "PyList_Size",
            "PyList_GetItem",
            "PyList_SetSlice",
            "PyList_Append",
            "PyTuple_New",
            "PyTuple_SetItem",
            "PyLong_AsVoidPtr",
            "PyLong_FromLongLong",
            "PyErr_Clear",
            "PyEval_SaveThread",
            "PyEval_RestoreThread",
            "PyThread_get_thread_ident",
            "Py_IncRef",
            "Py_DecRef",
            "PyArray_Empty",
            # Objects.
            "ndarray",
            "None",
            "address",  # interned names of attributes
            "main",
            "watch",
            "wake",  # a callable that has somebody watch over `watch.main`
            # The address of two i64: the identity of the main thread, and whether nobody watches.
            "watch_words",
            # Offsets of fields in objects.
            "type_at",
            "data_at",
            "rank_at",  # i32
            "dims_at",
            "dtype_at",
            "flags_at",  # i32
        )
    )
}
CALL_SELF: Final = 16
CALL_PORTS: Final = 512  # a function with more has no fast call
CALL_FREE: Final = 16  # frames kept for reuse
CALL_FLAGS: Final = 0x0001 | 0x0100  # of numpy: row-major, aligned
CALL_DONATED: Final = CALL_FLAGS | 0x0400  # and writeable

TABLE_API: Final = 0
TABLE_SLOW: Final = 8
TABLE_VARIANTS: Final = 16  # a list
TABLE_INPUTS: Final = 24
TABLE_WORDS: Final = 4

VARIANT_FREE: Final = 0  # a list of objects whose attribute `address` is a frame's
VARIANT_RESUME: Final = 8
VARIANT_OUTPUTS: Final = 16
VARIANT_TUPLE: Final = 24  # whether the result is a tuple
VARIANT_BRIEF: Final = 32  # whether it is over so soon that nobody else needs the GIL meanwhile
VARIANT_STATE: Final = 40
VARIANT_WORKERS: Final = 48  # SLOW starts threads if the state has fewer
VARIANT_WORDS: Final = 7
PORT_DTYPE: Final = 0  # the dtype object
PORT_RANK: Final = 8
PORT_DIMS: Final = 16
PORT_FLAGS: Final = 24  # that an argument must have
PORT_ALIAS: Final = 32  # of an output: the input whose array it is, or -1
PORT_BYTES: Final = 40
PORT_WORDS: Final = 6
