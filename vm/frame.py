"""The memory of one call: arena, scratch, argument tables and the native instruction table, laid out as `native_abi` says."""

import ctypes
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial
from struct import Struct

import numpy as np

from . import isa
from . import native_abi as abi
from .image import Image
from .model import Kind
from .plan import Plan

ALIGN = 64
_WORD = 8


class Frame:
    """Serves one call at a time.

    `address` is what `weft_run` takes. Before each run, `bind` gives the arrays; `pc` is the row to start at. Row `n + 1` of the
    table is instruction `n`; row 0 patches the addresses of inputs and outputs into the rest.
    """

    __slots__ = (
        "_args",
        "_bind",
        "_cancel",
        "_header",
        "_keep",
        "_rows",
        "_status",
        "_targets",
        "address",
        "arena",
        "bind",
        "nbytes",
        "pc",
    )

    def __init__(self, plan: Plan, image: Image, constants: Sequence[int], state: int, threads: int, deref: int) -> None:
        self.arena = _aligned(plan.arena)
        scratch = _aligned(plan.scratch * threads)
        bindings = len(plan.function.inputs) + len(plan.function.outputs)
        self._header = _aligned(abi.FRAME_BYTES + bindings * _WORD)
        self._header[:] = 0
        self.address = _address(self._header)
        self._fill_table(plan, image, constants)
        self._keep = scratch
        self.nbytes = self.arena.nbytes + scratch.nbytes
        for offset, value in (
            (abi.FRAME_STATE, state),
            (abi.FRAME_ROWS, _address(self._rows)),
            (abi.FRAME_SCRATCH, _address(scratch)),
            (abi.FRAME_SCRATCH_STRIDE, plan.scratch),
            (abi.FRAME_BINDINGS, self.address + abi.FRAME_BYTES),
            (abi.FRAME_DEREF, deref),
            (abi.FRAME_THREADS, threads),
        ):
            ctypes.c_int64.from_address(self.address + offset).value = value
        self.pc = ctypes.c_int64.from_address(self.address + abi.FRAME_PC)
        self._status = ctypes.c_int64.from_address(self.address + abi.FRAME_STATUS)
        self._cancel = ctypes.c_int32.from_address(self.address + abi.FRAME_CANCEL)
        memory = self._header[abi.FRAME_BYTES :].data
        self.bind = partial(Struct(f"{bindings}q").pack_into, memory, 0)

    @property
    def status(self) -> int:
        """What the failing kernel returned."""
        return self._status.value

    @property
    def cancelled(self) -> int:
        """The cancel word."""
        return self._cancel.value

    def cancel(self, how: int) -> None:
        """Write the cancel word, unless that says CANCEL_STOP already."""
        if self._cancel.value != abi.CANCEL_STOP:
            self._cancel.value = how

    @contextmanager
    def ending(self, rows: Sequence[int]) -> Generator[None]:
        """While inside, execution ends where it reaches one of `rows`."""
        kept = [(row, int(self._rows[row, 0])) for row in rows]
        self._rows[list(rows), 0] = abi.END
        try:
            yield
        finally:
            for row, opcode in kept:
                self._rows[row, 0] = opcode

    def _fill_table(self, plan: Plan, image: Image, constants: Sequence[int]) -> None:
        code, arg_lists = plan.function.code, plan.function.arg_lists
        self._rows = np.zeros((len(code) + 1, abi.ROW_COLUMNS), np.int64)
        self._args = [np.zeros(max(1, len(a.buffers) + len(a.symbols)), np.int64) for a in arg_lists]
        self._targets: list[np.ndarray] = []
        slots = _Slots(plan, constants, _address(self.arena))
        for args, table in zip(arg_lists, self._args, strict=True):
            for position, buffer in enumerate(args.buffers):
                slots.put(table, position, buffer)
        for index, i in enumerate(code):
            self._fill_row(plan, image, slots, index, i)
        self._bind = np.array(slots.late or [0], np.int64)
        self._rows[0, :3] = abi.BIND, _address(self._bind), len(slots.late) // 3

    def _fill_row(self, plan: Plan, image: Image, slots: "_Slots", index: int, i: isa.Instr) -> None:
        row = self._rows[index + 1]
        match i:
            case isa.Return():
                row[0] = abi.END
            case isa.Launch(kernel, args):
                launch = plan.launches[index]
                buffers = len(plan.function.arg_lists[args].buffers)
                self._args[args][buffers : buffers + len(launch.symbols)] = launch.symbols
                row[:4] = abi.LAUNCH, image.kernels[kernel], _address(self._args[args]), launch.chunks
            case isa.Copy(dst, src):
                row[0], row[3] = abi.COPY, plan.places[dst].bytes
                slots.put(row, 1, dst)
                slots.put(row, 2, src)
            case isa.Jump(target):
                row[:2] = abi.JUMP, target + 1
            case isa.BranchIfFalse(pred, target):
                row[0], row[2] = abi.BRANCH_IF_FALSE, target + 1
                slots.put(row, 1, pred)
            case isa.Switch(selector, targets):
                table = np.array(targets, np.int64) + 1
                self._targets.append(table)
                row[0], row[2], row[3] = abi.SWITCH, len(targets), _address(table)
                slots.put(row, 1, selector)
            case isa.HostCall():
                row[0] = abi.HOST
            case _:
                raise NotImplementedError(i.mnemonic)


class _Slots:
    """Writes buffer addresses: at once where they are known, else as (slot, binding, offset) triples in `late`, for the BIND row."""

    def __init__(self, plan: Plan, constants: Sequence[int], arena: int) -> None:
        self.plan = plan
        self.constants = constants
        self.arena = arena
        self.late: list[int] = []

    def put(self, table: np.ndarray, position: int, buffer: int) -> None:
        place = self.plan.places[buffer]
        match place.kind:
            case Kind.ARENA:
                table[position] = self.arena + place.offset
            case Kind.CONSTANT:
                table[position] = self.constants[place.index] + place.offset
            case _:
                binding = place.index + (len(self.plan.function.inputs) if place.kind is Kind.OUTPUT else 0)
                self.late += (_address(table) + position * _WORD, binding, place.offset)


def _aligned(size: int) -> np.ndarray:
    """`size` bytes at a multiple of 64; pages of a large block are not touched."""
    memory = np.empty(size + ALIGN, np.uint8)
    start = -_address(memory) % ALIGN
    return memory[start : start + size]


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]
