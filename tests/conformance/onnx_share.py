"""What part of a program's numeric work its kernels do, and what part host functions, counted as it runs.

A node of a kernel counts when a function is planned for new shapes, a host function when it is called, each with the bytes of its
results; what has none is no work, and neither are constants, reshapes and broadcasts. A host call is numeric if it takes and gives
arrays of numbers alone, and is not there for strings, sequences, optionals or maps.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

import numpy as np
from weft.compiler.codegen.kernel import Kernel
from weft.compiler.codegen.target import Target
from weft.compiler.emit import tables
from weft.compiler.ir.dims import evaluate
from weft.compiler.ir.graph import Node, Region
from weft.compiler.ir.types import TensorType
from weft.vm import isa, model, runner
from weft.vm.host import HostFunction, table
from weft.vm.plan import Plan

_NO_WORK = {"constant", "reshape", "broadcast_in_dim"}
_NOT_NUMERIC = ("string_", "sequence_", "optional_", "map_")


@dataclass
class Share:
    """By op, (nodes, bytes) in kernels and on the host."""

    kernels: Counter[tuple[str, str]] = field(default_factory=Counter)
    host: Counter[tuple[str, str]] = field(default_factory=Counter)

    def kernel(self, body: Region, symbols: Mapping[str, int]) -> None:
        """A launch of the kernel with this body."""
        for node in body.nodes:
            size = sum(evaluate(t.nbytes, symbols) for t in node.types if isinstance(t, TensorType))
            if node.op not in _NO_WORK:
                _count(self.kernels, node.op, size)

    def call(self, name: str, operands: Sequence[Any], results: Sequence[Any]) -> None:
        """A call of a host function."""
        numeric = all(isinstance(v, np.ndarray) and not v.dtype.hasobject for v in (*operands, *results))
        if numeric and not name.startswith(_NOT_NUMERIC):
            _count(self.host, name, sum(r.nbytes for r in results))


def _count(counts: Counter[tuple[str, str]], op: str, size: int) -> None:
    if size:
        counts[op, "nodes"] += 1
        counts[op, "bytes"] += size


@contextmanager
def counted() -> Iterator[Share]:
    """Counts what is compiled and run inside."""
    share, bodies = Share(), dict[str, Region]()

    def emit(fusion: Node, target: Target) -> Kernel:
        kernel = emit_kernel(fusion, target)
        bodies[kernel.name] = fusion.regions[0]
        return kernel

    def plan(decoded: model.Model, function: model.Function, values: tuple[int, ...]) -> Plan:
        made = make_plan(decoded, function, values)
        for index, launch in made.launches.items():
            instruction = function.code[index]
            assert isinstance(instruction, isa.Launch)
            kernel = decoded.kernels[instruction.kernel]
            share.kernel(bodies[kernel.name], dict(zip(kernel.symbols, launch.symbols, strict=True)))
        return made

    emit_kernel, make_plan = tables.emit_kernel, runner.make_plan
    with ExitStack() as patches:
        patches.enter_context(patch.object(tables, "emit_kernel", emit))
        patches.enter_context(patch.object(runner, "make_plan", plan))
        patches.enter_context(patch.dict(table(), {name: _recorded(f, share) for name, f in table().items()}))
        yield share


def _recorded(function: HostFunction, share: Share) -> HostFunction:
    def call(attributes: Mapping[str, Any], *operands: Any) -> tuple[Any, ...]:
        results = function.call(attributes, *operands)
        share.call(function.name, operands, results)
        return results

    return replace(function, call=call)
