"""Runs AArch64 kernels on other machines, under qemu's user mode emulation, without a C library or anything else of that architecture.

A kernel's image, its arguments and a few instructions that call it, write its results and exit become one static executable: two
segments, code and data, at fixed addresses.
"""

import os
import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from weft.compiler.codegen.cpu import emit_kernel
from weft.compiler.codegen.cpu.shared import shared_source
from weft.compiler.codegen.link import link
from weft.compiler.codegen.llvm import compile_module
from weft.compiler.codegen.support import support_objects
from weft.compiler.codegen.target import LEVELS
from weft.compiler.interpreter import evaluate as evaluate_graph
from weft.compiler.ir.attrs import Tensor
from weft.compiler.ir.dims import evaluate
from weft.compiler.ir.graph import Node, Region, Value, param, region

ARM = LEVELS["aarch64"]
EMULATOR = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
WHY_NOT = "there is no qemu-aarch64 on the PATH (Debian: apt install qemu-user)"

_PAGE = 1 << 16
_CODE, _DATA = 0x1000_0000, 0x4000_0000
_SECONDS = 60


def run_graph(body: Region, arrays: Sequence[np.ndarray], folder: Path) -> list[np.ndarray]:
    """The results of a region whose kernels are `weft.fusion` nodes: these are emulated, views are taken as they are."""
    known: dict[Value, np.ndarray] = dict(zip(body.params, arrays, strict=True))
    for node in body.nodes:
        operands = [known[v] for v in node.operands]
        if node.op == "weft.fusion":
            results = run_fusion(node, operands, folder)
        elif node.op == "constant":
            tensor = node.attrs["value"]
            assert isinstance(tensor, Tensor)
            results = [tensor.array]
        else:
            fresh = [param(v.type) for v in node.operands]
            results = evaluate_graph(region(fresh, node.with_operands(fresh).results), *operands)
        known.update(zip(node.results, results, strict=True))
    return [known[v] for v in body.results]


def run_fusion(node: Node, arrays: Sequence[np.ndarray], folder: Path) -> list[np.ndarray]:
    """The results of the kernel of a fusion of static shapes."""
    kernel = emit_kernel(node, ARM)
    assert not kernel.symbols
    types = [v.tensor for v in node.results]
    data, places = _laid_out([np.ascontiguousarray(a).tobytes() for a in arrays])
    first = _end(data)
    at: list[int] = []
    end = first
    for t in types:
        assert isinstance(t.size, int)
        at.append(end)
        end += -(-t.size * t.dtype.itemsize // 64) * 64
    table = end
    slots = [_DATA + p for p in (*places, *at)]
    context = table + -(-8 * len(slots) // 64) * 64
    scratch = context + 64
    size = scratch + int(evaluate(kernel.scratch_bytes, {})) + 64
    memory = bytearray(context + 64)
    memory[: len(data)] = data
    struct.pack_into(f"<{len(slots)}q", memory, table, *slots)
    struct.pack_into("<3q", memory, context, _DATA + scratch, 0, _DATA + context + 32)
    objects = [compile_module(text, ARM) for text in (kernel.ir, *(shared_source(name, ARM) for name in kernel.needs))]
    image = link(objects, support_objects(ARM))
    chunks, address = int(evaluate(kernel.chunks, {})), _CODE + image.symbols[kernel.name]
    entry = _entry(address, _DATA + context, _DATA + table, chunks, _DATA + first, end - first)
    written = _run(_executable(image.data, entry, bytes(memory), size), folder)
    return [
        np.frombuffer(written, t.dtype.numpy, int(t.size), p - first).reshape(tuple(map(int, t.shape)))  # type: ignore[arg-type]
        for t, p in zip(types, at, strict=True)
    ]


def _laid_out(parts: Sequence[bytes]) -> tuple[bytes, list[int]]:
    """Byte strings one after the other, each at a multiple of 64 and with 64 bytes between them, and their places."""
    data, places = bytearray(64), []
    for part in parts:
        places.append(len(data))
        data += part
        data += bytes(-len(data) % 64 + 64)
    return bytes(data), places


def _end(data: bytes) -> int:
    return -(-len(data) // 64) * 64


def _entry(kernel: int, context: int, slots: int, chunks: int, results: int, size: int) -> bytes:
    """Machine code that runs all chunks, writes the results to standard output and exits with the kernel's status."""
    write, exit_group = 64, 94  # Linux's numbers on AArch64
    call, keep, kept, system = 0xD63F0000 | 9 << 5, 0xAA0003F3, 0xAA1303E0, 0xD4000001  # blr x9; mov x19, x0; mov x0, x19; svc 0

    def load(**values: int) -> list[int]:
        """movz and three movk for every register."""
        return [
            (0xF2800000 if part else 0xD2800000) | part << 21 | (value >> 16 * part & 0xFFFF) << 5 | int(name[1:])
            for name, value in values.items()
            for part in range(4)
        ]

    words = [*load(x0=context, x1=slots, x2=0, x3=chunks, x9=kernel), call, keep]
    words += [*load(x0=1, x1=results, x2=size, x8=write), system, kept, *load(x8=exit_group), system]
    return struct.pack(f"<{len(words)}I", *words)


def _executable(image: bytes, entry: bytes, data: bytes, size: int) -> bytes:
    """A static ELF file with code to execute, and `data`, zeros after it up to `size`, to read and write (System V ABI, ELF-64)."""
    code = image + bytes(-len(image) % 64)
    start, code = len(code), code + entry
    headers = 64 + 2 * 56
    code_at = _PAGE
    data_at = code_at + -(-len(code) // _PAGE) * _PAGE
    identity = b"\x7fELF\x02\x01\x01" + bytes(9)
    executable, aarch64, loaded, read_execute, read_write = 2, 183, 1, 5, 6
    header = struct.pack("<HHIQQQIHHHHHH", executable, aarch64, 1, _CODE + start, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    segments = b"".join(
        struct.pack("<IIQQQQQQ", loaded, flags, offset, address, address, length, extent, _PAGE)
        for flags, offset, address, length, extent in (
            (read_execute, code_at, _CODE, len(code), len(code)),
            (read_write, data_at, _DATA, len(data), size),
        )
    )
    file = identity + header + segments
    assert len(file) == headers
    return file.ljust(code_at, b"\0") + code.ljust(data_at - code_at, b"\0") + data


def _run(executable: bytes, folder: Path) -> bytes:
    assert EMULATOR
    program, output = folder / "kernel", folder / "results"
    program.write_bytes(executable)
    os.chmod(program, 0o700)
    with output.open("wb") as out:
        done = subprocess.run([EMULATOR, str(program)], stdout=out, stderr=subprocess.PIPE, timeout=_SECONDS, check=False)
    assert done.returncode == 0, f"the kernel ended with {done.returncode}: {done.stderr.decode()}"
    return output.read_bytes()
