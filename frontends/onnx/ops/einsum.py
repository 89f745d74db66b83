"""`Einsum`, as products of two operands at a time."""

from collections.abc import Sequence

from ....compiler.ir.attrs import DotDims
from ....compiler.ir.graph import Value
from ....compiler.ir.types import TensorType
from ....compiler.ops.helpers import full_like
from ....proto import dtypes
from .. import build
from ..build import op
from ..node import NodeView
from ..registry import handles

Term = tuple[Value, str]  # a value with a letter for each dim


@handles("Einsum")
def einsum(node: NodeView, *xs: Value) -> Value:
    """Sums over the letters that are not in the output of products of the operands."""
    labels, output = _parse(node, xs)
    terms = [_diagonal(x, letters) for x, letters in zip(xs, labels, strict=True)]
    value, letters = terms[0]
    for i, (other, names) in enumerate(terms[1:], 2):
        needed = set(output).union(*(rest for _, rest in terms[i:]))
        value, letters = _product((value, letters), (other, names), needed)
    value, letters = _summed(value, letters, set(output))
    return build.transpose(value, [letters.index(c) for c in output])


def _parse(node: NodeView, xs: Sequence[Value]) -> tuple[list[str], str]:
    """A letter for each dim of each operand and of the result; an ellipsis becomes letters of its own."""
    equation = node.string("equation").replace(" ", "")
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    letters = equation.replace("->", "").replace("...", "").replace(",", "")
    good = len(terms) == len(xs) and not any(c in letters for c in ".->") and "," not in right and letters.isalpha() | (not letters)
    node.check(good, "attribute", f"the equation {equation!r} does not describe {len(xs)} operands")
    spare = [chr(0x100 + i) for i in range(max(len(x.shape) for x in xs))]
    full: list[str] = []
    for x, term in zip(xs, terms, strict=True):
        hidden = len(x.shape) - len(term.replace("...", ""))
        fits = hidden >= 0 if "..." in term else hidden == 0
        node.check(fits, "attribute", f"{term!r} of the equation does not fit {x.type}")
        full.append(term.replace("...", "".join(spare[len(spare) - hidden :]), 1))
    hidden_letters = "".join(c for c in spare if any(c in term for term in full))
    if arrow:
        result = right.replace("...", hidden_letters, 1)
    else:
        result = hidden_letters + "".join(c for c in sorted(set(letters)) if sum(term.count(c) for term in full) == 1)
    known = set(result) <= set().union(*full) and len(set(result)) == len(result)
    node.check(known, "attribute", f"the output of the equation {equation!r} must name letters of its operands, each once")
    return full, result


def _diagonal(x: Value, letters: str) -> Term:
    """The operand with every letter once: of a repeated one, the diagonal."""
    for c in dict.fromkeys(letters):
        while letters.count(c) > 1:
            first, second = letters.index(c), letters.rindex(c)
            index = TensorType(dtypes.I64, x.shape)
            rows, columns = (op("iota", iota_dimension=a, result=index) for a in (first, second))
            x = build.select(build.compare("EQ", rows, columns), x, full_like(x, 0))
            x = build.reduce(x, "add", (second,))
            letters = letters[:second] + letters[second + 1 :]
    return x, letters


def _summed(x: Value, letters: str, needed: set[str]) -> Term:
    axes = [i for i, c in enumerate(letters) if c not in needed]
    return (build.reduce(x, "add", axes) if axes else x), "".join(c for c in letters if c in needed)


def _product(a: Term, b: Term, needed: set[str]) -> Term:
    """One operand of two: letters in both are contracted, or batched where they are needed later."""
    x, p = _summed(*a, needed | set(b[1]))
    y, q = _summed(*b, needed | set(p))
    batch = [c for c in p if c in q and c in needed]
    contracted = [c for c in p if c in q and c not in needed]
    for c in (*batch, *contracted):
        x, y = build.agreeing((x, y), (p.index(c), q.index(c)))
    free = [c for c in p if c not in q] + [c for c in q if c not in p]
    numbers = DotDims(*(tuple(term.index(c) for c in group) for group in (batch, contracted) for term in (p, q)))
    sizes = dict(zip(p + q, (*x.shape, *y.shape), strict=True))
    return build.dot(x, y, numbers, [sizes[c] for c in (*batch, *free)]), "".join((*batch, *free))
