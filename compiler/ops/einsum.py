"""Einstein's sums: an equation over letters as products of two operands at a time."""

from collections.abc import Callable, Sequence

from ...proto.dtypes import I64
from ..ir.attrs import DotDims
from ..ir.dims import Dim
from ..ir.graph import Value
from .contraction import dot
from .gradients.common import compare, iota, masked, total, transpose

Term = tuple[Value, str]
"""A value, with a letter for each of its dims."""
Agree = Callable[[Value, Value, int, int], tuple[Value, Value]]
"""Two operands and a dim of each that must be of one size: makes sure that they are."""
Product = Callable[[Value, Value, DotDims, Sequence[Dim]], Value]
"""A `dot_general` whose result has the given shape."""


def parse(equation: str, ranks: Sequence[int], check: Callable[[bool, str], None]) -> tuple[list[str], str]:
    """A letter for each dim of each operand and of the result; an ellipsis becomes letters of its own. `check(fact, else_this)` fails."""
    equation = equation.replace(" ", "")
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    letters = equation.replace("->", "").replace("...", "").replace(",", "")
    good = len(terms) == len(ranks) and not any(c in letters for c in ".->") and "," not in right and (letters.isalpha() or not letters)
    check(good, f"the equation {equation!r} does not describe {len(ranks)} operands")
    spare = [chr(0x100 + i) for i in range(max(ranks, default=0))]
    full: list[str] = []
    for i, (rank, term) in enumerate(zip(ranks, terms, strict=True)):
        hidden = rank - len(term.replace("...", ""))
        check(hidden >= 0 if "..." in term else hidden == 0, f"{term!r} of the equation does not fit operand {i} of rank {rank}")
        full.append(term.replace("...", "".join(spare[len(spare) - hidden :]), 1))
    hidden_letters = "".join(c for c in spare if any(c in term for term in full))
    if arrow:
        result = right.replace("...", hidden_letters, 1)
    else:
        result = hidden_letters + "".join(c for c in sorted(set(letters)) if sum(term.count(c) for term in full) == 1)
    known = set(result) <= set().union(*full) and len(set(result)) == len(result)
    check(known, f"the output of the equation {equation!r} must name letters of its operands, each once")
    return full, result


def _plain(x: Value, y: Value, dims: DotDims, _: Sequence[Dim]) -> Value:
    return dot(x, y, dims)


def contract(operands: Sequence[Value], labels: Sequence[str], output: str, agree: Agree, product: Product = _plain) -> Value:
    """The sums over the letters that are not in the output of products of the operands, from left to right."""
    terms = [_diagonal(x, letters) for x, letters in zip(operands, labels, strict=True)]
    value, letters = terms[0]
    for i, (other, names) in enumerate(terms[1:], 2):
        needed = set(output).union(*(rest for _, rest in terms[i:]))
        value, letters = _product((value, letters), (other, names), needed, agree, product)
    value, letters = _summed(value, letters, set(output))
    return transpose(value, [letters.index(c) for c in output])


def _diagonal(x: Value, letters: str) -> Term:
    """The operand with every letter once: of a repeated one, the diagonal."""
    for c in dict.fromkeys(letters):
        while letters.count(c) > 1:
            first, second = letters.index(c), letters.rindex(c)
            places = x.tensor.with_dtype(I64)
            x = total(masked(compare("EQ", iota(places, first), iota(places, second)), x), (second,))
            letters = letters[:second] + letters[second + 1 :]
    return x, letters


def _summed(x: Value, letters: str, needed: set[str]) -> Term:
    return total(x, [i for i, c in enumerate(letters) if c not in needed]), "".join(c for c in letters if c in needed)


def _product(a: Term, b: Term, needed: set[str], agree: Agree, product: Product) -> Term:
    """One operand of two: letters in both are contracted, or batched where they are needed later."""
    x, p = _summed(*a, needed | set(b[1]))
    y, q = _summed(*b, needed | set(p))
    batch = [c for c in p if c in q and c in needed]
    contracted = [c for c in p if c in q and c not in needed]
    for c in (*batch, *contracted):
        x, y = agree(x, y, p.index(c), q.index(c))
    free = [c for c in p if c not in q] + [c for c in q if c not in p]
    numbers = DotDims(*(tuple(term.index(c) for c in group) for group in (batch, contracted) for term in (p, q)))
    sizes = dict(zip(p + q, (*x.shape, *y.shape), strict=True))
    return product(x, y, numbers, [sizes[c] for c in (*batch, *free)]), "".join((*batch, *free))
