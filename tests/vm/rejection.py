"""Programs that must not load."""

from collections.abc import Callable

import pytest
from weft.proto import program_pb2
from weft.proto.artifact import Program
from weft.proto.errors import WeftError
from weft.vm import VM

from .builder import ProgramBuilder

PB = program_pb2.Program


def rejected(p: ProgramBuilder, code: str, match: str | None = None, change: Callable[[PB], object] | None = None) -> WeftError:
    """Loading `p`, after a change to its message, fails with `code`."""
    program = p.build()
    if change is not None:
        pb = PB.FromString(program.pb)
        change(pb)
        program = Program(pb.SerializeToString(), program.code, program.weights)
    with pytest.raises(WeftError, match=match) as info:
        VM(threads=1).load(program)
    assert code in [d.code for d in info.value.diagnostics], info.value
    return info.value
