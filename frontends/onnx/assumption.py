"""What a graph implies for the symbols of its inputs, found while it is imported."""

from ...compiler.ir import dims
from ...compiler.ir.dims import Dim
from .symbols import is_computed


class Assumption(Exception):
    """Raised where a graph only makes sense for some values of a symbol.

    The import starts again with the symbol bounded by `lo` or `hi`, or equal to `value`. The program checks this when it is called.
    """

    def __init__(self, name: str, *, lo: int | None = None, hi: int | None = None, value: int | None = None) -> None:
        super().__init__(name)
        self.name = name
        self.lo = lo
        self.hi = hi
        self.value = value

    def refined(self, known: Dim) -> Dim | None:
        """What was known of the symbol and this together; None if they contradict each other, or nothing is new."""
        lo, hi = dims.lower_bound(known) or 0, dims.upper_bound(known)
        if self.value is not None:
            fits = not isinstance(known, int) and self.value >= lo and (hi is None or self.value <= hi)
            return self.value if fits else None
        new_lo = max(lo, self.lo or 0)
        new_hi = self.hi if hi is None else hi if self.hi is None else min(hi, self.hi)
        if isinstance(known, int) or (new_lo, new_hi) == (lo, hi) or (new_hi is not None and new_hi < new_lo):
            return None
        return dims.symbol(self.name, new_lo, new_hi)


def assume(name: str, *, lo: int | None = None, hi: int | None = None, value: int | None = None) -> None:
    """Raise the assumption, unless the symbol is a size that depends on data: of that nothing can be said before the program runs."""
    if not is_computed(name):
        raise Assumption(name, lo=lo, hi=hi, value=value)


def assume_at_least(n: Dim, lo: int) -> None:
    """Assume that a symbol is at least `lo`: an element that is always read is there."""
    match n:
        case dims.Expr(terms=(((dims.Symbol(name),), 1),)) if (dims.lower_bound(n) or 0) < lo:
            assume(name, lo=lo)
        case _:
            pass
