"""`weft.attention`: what the pass `attention` makes of two products with a softmax between them."""

from collections.abc import Callable

import numpy as np

from ...proto.errors import check
from ..ir.dims import Dim
from ..ir.graph import Region
from ..ir.types import TensorType
from .blocked import parse_spec, wide
from .bodies import check_region
from .registry import define


def _sizes(spec: str, operands: tuple[TensorType, TensorType], repeat: tuple[str, int], known: dict[str, Dim]) -> None:
    """Enters the sizes of the dims of both operands of a spec; the second one has fewer along the repeated dim."""
    left, right, _ = parse_spec(spec)
    letter, count = repeat
    for names, x, times in ((left, operands[0], 1), (right, operands[1], count)):
        check(len(names) == x.rank, "weft.attention.C2", f"the rank of {x} does not fit `{names}` in `{spec}`")
        for name, size in zip(names, x.shape, strict=True):
            full = size * times if name == letter else size
            check(known.setdefault(name, full) == full, "weft.attention.C3", f"dim {name} differs: {known[name]} and {full}")


def _infer(
    query: TensorType, key: TensorType, value: TensorType, *extras: TensorType,
    scores: str, mix: str, repeated: str = "", repeats: int = 1, body: Region,
) -> TensorType:  # fmt: skip
    left, right, full = parse_spec(scores)
    weights, values, out = parse_spec(mix)
    roles = all(c in left + right for c in "mnk") and set(full) == set(left + right) - {"k"} and "m" in left and "n" in right
    check(roles and "m" not in right and "n" not in left, "weft.attention.C1", f"`{scores}` does not give scores of queries m and keys n")
    mixes = (
        weights == full
        and "n" in values
        and set(out) == (set(full) | set(values)) - {"n"}
        and out[-1:] == "v"
        and set(values) - set(full) == {"v"}
    )
    check(mixes, "weft.attention.C1", f"`{mix}` does not mix values v by the scores `{full}`")
    check(query.dtype.is_float and query.dtype == key.dtype == value.dtype, "weft.attention.C4", "operands must be of one float type")
    repeat = (repeated, repeats)
    sizes: dict[str, Dim] = {}
    _sizes(scores, (query, key), repeat, sizes)
    shape = query.with_shape(tuple(sizes[c] for c in full))
    _sizes(mix, (shape, value), repeat, sizes)
    check_region(body, (shape, *extras), (shape,), "weft.attention.C5", "`body`")
    static = all(isinstance(sizes[c], int) for c in "kv") and not any(size == 0 for size in sizes.values())
    check(static, "weft.attention.C6", "dims k and v must be static, and none may be known to be empty")
    return query.with_shape(tuple(sizes[c] for c in out))


def _repeated(x: np.ndarray, letters: str, repeat: tuple[str, int]) -> np.ndarray:
    letter, count = repeat
    return np.repeat(x, count, axis=letters.index(letter)) if letter and letter in letters else x


def _reference(
    query: np.ndarray, key: np.ndarray, value: np.ndarray, *extras: np.ndarray,
    scores: str, mix: str, repeated: str, repeats: int, body: Callable[..., tuple[np.ndarray, ...]],
) -> np.ndarray:  # fmt: skip
    _, right, full = parse_spec(scores)
    exact, repeat = wide(query.dtype), (repeated, repeats)
    keys = _repeated(key, right, repeat).astype(exact)
    plain = np.einsum(scores, query.astype(exact), keys, optimize=True).astype(query.dtype)
    (shown,) = body(plain, *extras)
    axis = full.index("n")
    with np.errstate(all="ignore"):
        weights = np.exp(shown.astype(exact) - np.max(shown.astype(exact), axis=axis, keepdims=True, initial=-np.inf))
        weights /= weights.sum(axis=axis, keepdims=True)
        values = _repeated(value, parse_spec(mix)[1], repeat).astype(exact)
        return np.einsum(mix, weights, values, optimize=True).astype(query.dtype)


attention = define(
    "weft.attention",
    doc="""softmax(body(query · key)) · value, the softmax over the keys (Vaswani et al., 2017).

    `scores` names the dims of query, key and scores, as in `ambk,anbk->abmn`: m the queries, n the keys, k what is summed over, any other
    letter a batch dim, which may be missing from an operand. `mix` names those of scores, value and result, as in `abmn,anbv->ambv`: v the
    dim of the values. `body` takes the scores and the `extras`, and gives scores of the same type: scaled, masked, with a bias. Key and
    value have one place along the batch dim `repeated` for `repeats` of the query's (grouped queries).

    A row of scores without any above -inf gives NaN, as the three steps by themselves do.

    C1: letters stand where their roles say, v last in the result.  C2: ranks.  C3: sizes agree.  C4: one float type.  C5: `body` takes the
    scores and the extras and gives scores.  C6: dims k and v are static, and none is known to be empty.""",
    infer=_infer,
    reference=_reference,
    regions=("body",),
)
