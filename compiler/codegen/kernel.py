"""What a code generator returns for one fusion, and the key by which equal fusions share it.

A fusion is a `weft.fusion` node: attribute `kind`, one region whose params correspond to the operands, one or several results. Its ABI
is that of docs/design.md: argument slots hold the operand pointers, the result pointers, then the symbols of `Kernel.symbols`.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from ..ir.attrs import Attr, Dict, Tensor
from ..ir.dims import Dim, Expr, Symbol
from ..ir.dims import symbols as dim_symbols
from ..ir.graph import Node, Region, Value
from ..ir.types import TensorType, Type, type_symbols
from .target import Target


@dataclass(frozen=True, slots=True)
class Kernel:
    """One native function and what a launch of it needs.

    `ir` is a whole LLVM module that defines `name`. `symbols` are the names of the i64 slots, sorted. `chunks` and `scratch_bytes` are
    evaluated with the launch's symbols. `plan` is a small frozen dataclass whose text says what will run. `inplace` lists (operand, result)
    pairs that may share one buffer: every chunk reads the operand's elements exactly where it then writes the result's. `needs` names
    functions of `cpu.microkernel` that `ir` calls and the linker must add.
    """

    name: str
    ir: str
    symbols: tuple[str, ...]
    chunks: Dim
    scratch_bytes: Dim
    plan: object
    inplace: tuple[tuple[int, int], ...] = ()
    needs: tuple[str, ...] = ()


def fusion_symbols(fusion: Node) -> tuple[str, ...]:
    """Every symbol a fusion's types and attributes mention, sorted by name: the i64 slots of its kernel."""
    return tuple(sorted(symbol_table(fusion)))


def symbol_table(fusion: Node) -> dict[str, Symbol]:
    """The symbols of a fusion by name, with their bounds."""
    found: dict[str, Symbol] = {}

    def of_region(region: Region) -> None:
        for v in region.params:
            of_type(v.type)
        for node in region.nodes:
            of_node(node)

    def of_type(t: Type) -> None:
        found.update(type_symbols(t))  # type: ignore[arg-type]

    def of_attr(attr: object) -> None:
        match attr:
            case Expr():
                found.update(dim_symbols(attr))
            case tuple():
                for part in attr:
                    of_attr(part)
            case _:
                pass

    def of_node(node: Node) -> None:
        for t in (*(v.type for v in node.operands), *node.types):
            of_type(t)
        for attr in node.attrs.values():
            of_attr(attr)
        for region in node.regions:
            of_region(region)

    of_node(fusion)
    return found


def kernel_key(fusion: Node, target: Target) -> str:
    """A digest of everything `emit_kernel` looks at: ops, attributes, types, wiring, target; not names, locations or object identity."""
    table = symbol_table(fusion)
    bounds = "; ".join(f"{name} in [{s.lo}, {s.hi}]" for name, s in sorted(table.items()))
    text = f"{target!r}\n{bounds}\n{_node_text(fusion, {})}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def kernel_name(fusion: Node, target: Target) -> str:
    """The function name of a fusion's kernel: its kind and its key."""
    return f"{fusion.attrs['kind']}_{kernel_key(fusion, target)[:16]}"


def _node_text(node: Node, numbers: dict[Value, int]) -> str:
    # A fusion's own operands come from outside: only which of them are the same value matters.
    operands = ", ".join(f"%{numbers.setdefault(v, len(numbers))}: {v.type}" for v in node.operands)
    attrs = ", ".join(f"{k} = {_attr_text(v)}" for k, v in sorted(node.attrs.items()))
    regions = "".join(_region_text(r) for r in node.regions)
    for v in node.results:
        numbers[v] = len(numbers)
    return f"{node.op}({operands}) [{node.captures}] {{{attrs}}} {regions} -> {', '.join(map(str, node.types))}\n"


def _region_text(region: Region) -> str:
    numbers: dict[Value, int] = {}
    for v in region.params:
        numbers[v] = len(numbers)
    params = ", ".join(str(v.type) for v in region.params)
    body = "".join(_node_text(node, numbers) for node in region.nodes)
    return f"({params}) {{\n{body}return {', '.join(f'%{numbers[v]}' for v in region.results)}\n}}"


def _attr_text(attr: Attr) -> str:
    match attr:
        case Tensor():
            array = np.ascontiguousarray(attr.array)
            digest = hashlib.blake2b(array.tobytes(), digest_size=16).hexdigest()
            return f"tensor {array.dtype.name}{array.shape} {digest}"
        case Dict():
            return "{" + ", ".join(f"{k} = {_attr_text(v)}" for k, v in attr.items) + "}"
        case tuple():
            return "(" + ", ".join(_attr_text(a) for a in attr) + ")"
        case TensorType():
            return str(attr)
        case _:
            return repr(attr)
