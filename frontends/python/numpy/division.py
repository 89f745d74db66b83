"""Division rounded towards -∞, as Python's // and % have it."""

from ....compiler.ops.formula import Term, apply, compare, copysign, equal, floor, where


def _rest(x: Term, y: Term) -> tuple[Term, Term]:
    """What is left of x / y rounded towards zero, and whether rounding towards -∞ gives one less."""
    rest = apply("remainder", x, y)
    return rest, compare("NE", rest, 0) & compare("NE", rest < 0, y < 0)


def quotient(x: Term, y: Term) -> Term:
    """⌊x / y⌋."""
    if x.dtype.is_float:
        return _float_quotient(x, y)
    ratio = x / y
    return ratio if x.dtype.is_unsigned else where(_rest(x, y)[1], ratio - 1, ratio)


def _float_quotient(x: Term, y: Term) -> Term:
    """From the exact remainder: the rounded ratio may lie on the wrong side of a whole number.

    Beside infinite numbers it is the floor of the ratio, as the array API has it: 1 // -∞ is -0, where Python has -1.
    """
    ratio = x / y
    rest, moved = _rest(x, y)
    whole = (x - rest) / y
    whole = where(moved, whole - 1, whole)
    near = floor(whole)
    near = where(whole - near > 0.5, near + 1, near)
    near = where(equal(near, 0), copysign(near, ratio), near)
    exact = apply("is_finite", x) & apply("is_finite", y) & compare("NE", y, 0)
    return where(exact, near, floor(ratio))


def remainder(x: Term, y: Term) -> Term:
    """x - ⌊x / y⌋ y; a zero has the sign of y."""
    rest, moved = _rest(x, y)
    if x.dtype.is_unsigned:
        return rest
    found = where(moved, rest + y, rest)
    return where(equal(found, 0), copysign(found, y), found) if x.dtype.is_float else found
