"""Calls of a few hundred nanoseconds: functions whose Python entry is native code of their program (`weft_call` of `native_abi`).

That code reads arrays where CPython and numpy keep them. `api()` says where that is, and first proves it: on arrays of known content,
for a CPython with a global lock and a numpy of the binary interface known here. Otherwise there are no fast calls, and `Function`s
call through ctypes, with the same results.
"""

import ctypes
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import prod
from typing import Any, cast

import numpy as np

from . import native_abi as abi
from .image import Image
from .watch import WATCH

_NUMPY_ABI = 0x02000000
_NUMPY_ABI_SLOT, _NUMPY_EMPTY_SLOT = 0, 184  # PyArray_GetNDArrayCVersion and PyArray_Empty in numpy's table of functions
_FASTCALL_KEYWORDS = 0x0080 | 0x0002
_HEAD = object.__basicsize__  # reference count and type
_FIELDS = {
    "type_at": _HEAD - 8,
    "data_at": _HEAD,
    "rank_at": _HEAD + 8,
    "dims_at": _HEAD + 16,
    "dtype_at": _HEAD + 40,
    "flags_at": _HEAD + 48,
}


class Owner(np.ndarray):
    """An array of i64 that native code reads, and the objects whose addresses are in it."""

    keep: tuple[object, ...]


class _MethodDef(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p))


@cache
def api() -> np.ndarray | None:
    """The `API` block of this process; None if something about this interpreter or numpy is not as expected."""
    if sys.implementation.name != "cpython" or "t" in getattr(sys, "abiflags", "") or not _fields_are_true():
        return None
    allocator = _numpy_empty()
    if allocator is None:
        return None
    objects = {
        "ndarray": np.ndarray,
        "None": None,
        "address": sys.intern("address"),
        "main": sys.intern("main"),
        "watch": WATCH,
        "wake": WATCH.wake,
    }
    values = {name: id(value) for name, value in objects.items()} | _FIELDS | {"watch_words": WATCH.words, "PyArray_Empty": allocator}
    block = np.zeros(len(abi.API), np.int64).view(Owner)
    block.keep = tuple(objects.values())
    for name, offset in abi.API.items():
        value = values[name] if name in values else _address_of(getattr(ctypes.pythonapi, name))
        block[offset // 8] = value
    return block


def data_offset() -> int:
    """Where an ndarray object holds the address of its data; 0 if that is not known."""
    return _FIELDS["data_at"] if _fields_are_true() else 0


@cache
def _fields_are_true() -> bool:
    """Whether the fields of arrays lie where `_FIELDS` says."""
    if sys.implementation.name != "cpython" or np.ndarray.__basicsize__ < _FIELDS["flags_at"] + 4:
        return False
    if _FIELDS["data_at"] != abi.CALL_SELF:
        return False
    readonly = np.zeros((4, 1, 3), np.float32)
    readonly.flags.writeable = False
    probes = (
        np.empty(3),
        np.empty((2, 5), np.int8),
        np.empty(100, ">i4")[7:],
        np.empty((3, 4, 5), np.complex64).T,
        np.empty((6, 7), np.bool_)[::2, 1:],
        np.zeros(25, np.uint8)[1:].view(np.float32),
        np.empty((), np.int64),
        np.empty((0, 9), np.uint16),
        np.zeros(4, np.int64).view(Owner),
        readonly,
    )
    return all(_is_described(probe) for probe in probes)


def _is_described(array: np.ndarray) -> bool:
    def word(name: str) -> int:
        return ctypes.c_uint64.from_address(id(array) + _FIELDS[name]).value

    dims = word("dims_at")
    if array.ndim and not dims:
        return False
    return (
        word("type_at") == id(type(array))
        and word("data_at") == array.__array_interface__["data"][0]
        and word("dtype_at") == id(array.dtype)
        and word("rank_at") & 0xFFFFFFFF == array.ndim
        and word("flags_at") & 0xFFFF == array.flags.num & 0xFFFF
        and (not array.ndim or tuple((ctypes.c_int64 * array.ndim).from_address(dims)) == array.shape)
    )


def _numpy_empty() -> int | None:
    """The address of PyArray_Empty, if numpy's table of functions is the one known here and it does what it should."""
    capsule = getattr(np._core._multiarray_umath, "_ARRAY_API", None)  # pyright: ignore
    if capsule is None:
        return None
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    table = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(_address_of(pointer))(capsule, None)
    slots = ctypes.cast(table, ctypes.POINTER(ctypes.c_void_p))
    version, empty = slots[_NUMPY_ABI_SLOT], slots[_NUMPY_EMPTY_SLOT]
    if not version or not empty or ctypes.PYFUNCTYPE(ctypes.c_uint)(version)() != _NUMPY_ABI:
        return None
    make = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)(empty)
    dtype, dims = np.dtype(np.float32), (ctypes.c_int64 * 2)(3, 5)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(dtype))  # it takes one
    array = make(2, ctypes.addressof(dims), id(dtype), 0)
    good = type(array) is np.ndarray and array.dtype is dtype and array.shape == (3, 5)
    return empty if good and array.flags.c_contiguous and array.flags.writeable and array.flags.aligned else None


def _address_of(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0


Port = tuple[np.dtype, tuple[int, ...]]


def variant(
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    free: list[Any],
    resume: Callable[..., None],
    *,
    aliases: Mapping[int, int],
    as_tuple: bool,
    brief: bool,
    state: int,
    workers: int,
) -> Owner:
    """The block for one binding of a function's symbols. `free` is the list of frames that native code shares with Python,
    `aliases` gives the inputs whose arrays outputs are.
    """
    ports = (*inputs, *outputs)
    head = abi.VARIANT_WORDS + abi.PORT_WORDS * len(ports)
    block = np.zeros(head + sum(len(shape) for _, shape in ports), np.int64).view(Owner)
    address, at = block.__array_interface__["data"][0], head
    block.keep = (free, resume, *(dtype for dtype, _ in ports))
    values = (
        (abi.VARIANT_FREE, id(free)),
        (abi.VARIANT_RESUME, id(resume)),
        (abi.VARIANT_OUTPUTS, len(outputs)),
        (abi.VARIANT_TUPLE, as_tuple),
        (abi.VARIANT_BRIEF, brief),
        (abi.VARIANT_STATE, state),
        (abi.VARIANT_WORKERS, workers),
    )
    for offset, value in values:
        block[offset // 8] = value
    donated = frozenset(aliases.values())
    for n, (dtype, shape) in enumerate(ports):
        port = abi.VARIANT_WORDS + abi.PORT_WORDS * n
        flags = abi.CALL_DONATED if n in donated else abi.CALL_FLAGS
        alias = aliases.get(n - len(inputs), -1)
        block[port : port + abi.PORT_WORDS] = id(dtype), len(shape), address + 8 * at, flags, alias, prod(shape) * dtype.itemsize
        block[at : at + len(shape)] = shape
        at += len(shape)
    return block


def entry(image: Image, name: str, inputs: int, variants: list[Owner], slow: Callable[..., Any]) -> Callable[..., Any] | None:
    """A callable that runs one of `variants`, which may change at any time, or else `slow`; None where there are no fast calls.

    It keeps `slow`, `image` and `variants` alive; none of them may refer to it, or memory would be freed late.
    """
    block = api()
    if block is None:
        return None
    table = np.array([block.__array_interface__["data"][0], id(slow), id(variants), inputs], np.int64).view(Owner)
    method = _MethodDef(name.encode("utf-8", "replace"), image.call_address, _FASTCALL_KEYWORDS, None)
    table.keep = (block, slow, variants, method, image)
    new = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
    return cast(Callable[..., Any], new(_address_of(ctypes.pythonapi.PyCFunction_NewEx))(ctypes.addressof(method), table, None))
