"""What is checked alike in native functions and in drivers: locations, and the indices in instructions."""

from ..proto.errors import UNKNOWN, Diagnostic
from . import isa
from .model import Driver, Function, Model


class CodeChecks:
    """The problems of one function or driver. `counts` says how many there are of each thing that an operand may be the index of."""

    what: str
    """what the code is of"""

    def __init__(self, model: Model, code: Function | Driver, counts: dict[object, int]) -> None:
        self.model = model
        self._owner = code
        self.counts = counts
        self.problems: list[Diagnostic] = []

    def _report(self, code: str, fact: str, instr: int | None = None) -> None:
        owner = self._owner
        fact = f"{self.what} {owner.name!r}: {fact}"
        if instr is None:
            self.problems.append(Diagnostic(f"program.{code}", fact))
            return
        ours = instr < len(owner.locs) and owner.locs[instr] < len(self.model.locs)
        loc = self.model.loc(owner, instr) if ours else UNKNOWN
        self.problems.append(Diagnostic(f"program.{code}", fact, loc, snippet=f"{instr:4}  {isa.format_instr(owner.code[instr])}"))

    def _locs(self) -> None:
        owner = self._owner
        if owner.locs and len(owner.locs) != len(owner.code):
            self._report("loc", f"{len(owner.locs)} locations for {len(owner.code)} instructions")
        if any(loc >= len(self.model.locs) for loc in owner.locs):
            self._report("loc", f"a location is not in the table of {len(self.model.locs)}")

    def _indices(self, index: int, i: isa.Instr) -> bool:
        """Whether every index in an instruction is that of something there is."""
        good = True
        for name, kind, many in i.operands:
            value = getattr(i, name)
            for number in value if many else (value,):
                if number >= self.counts[kind]:
                    self._report("operand", f"{name} is {number}, but there are {self.counts[kind]}", index)
                    good = False
        return good
