"""Matrix products in the form kernels read: `dot_general` becomes `weft.matmul`, transposes become strides, constants are packed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..ir.attrs import DotDims, Tensor
from ..ir.dims import product
from ..ir.graph import Node, Region, Value
from ..ir.types import TensorType
from ..ops.blocked import NARROW, is_fast, pack_columns, parse_spec
from ..ops.helpers import broadcast, cast, const, reshape_to, scalar_region
from ..ops.nodes import node
from ..ops.registry import op_of
from .attention import to_attention
from .base import Context, region_pass
from .canonicalize import constant_of
from .convscale import narrow_product, widened
from .rewrite import Result, Uses, apply_rules, rewrite

_BATCH_LETTERS = "abcdefghijlopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class _Side:
    """One operand: a value and, for each of its dims, the dim of dot_general's operand that it is."""

    value: Value
    dims: tuple[int, ...]

    def order(self, dims: Sequence[int]) -> "list[int]":
        """Where `dims` are in the value."""
        return [self.dims.index(d) for d in dims]


def _in_groups(lhs: Value, rhs: Value, result: TensorType) -> int:
    """How many numbers along k a kernel reads as one, where it multiplies these narrow ones as they are; else 0."""
    sums, group = NARROW.get((lhs.dtype.name, rhs.dtype.name), (None, 0))
    good = sums is not None and (result.dtype is sums or (sums.is_float and result.dtype.is_float and result.dtype.bits <= 32))
    return group if good else 0


def _narrow(n: Node) -> Result:
    lhs, rhs = n.operands
    result = n.results[0].tensor
    d = n.attrs["dot_dimension_numbers"]
    assert isinstance(d, DotDims)
    group = _in_groups(lhs, rhs, result)
    if not group or not d.lhs_contracting or any(dim == 0 for dim in (*lhs.shape, *rhs.shape)):
        return None
    return cast(_matmul(lhs, rhs, d, group), result.dtype)


@rewrite("dot-general-of-bytes", "dot_general")
def bytes_to_matmul(n: Node, uses: Uses) -> Result:
    """dot_general(x : ui8, y : i8) : i32 -> weft.matmul(x, y), with zeros that make k a multiple of what kernels read at once."""
    return _narrow(n) if n.operands[0].dtype.is_int else None


@rewrite("dot-general-of-bf16", "dot_general")
def bf16_to_matmul(n: Node, uses: Uses) -> Result:
    """dot_general(x : bf16, y : bf16) -> weft.matmul(x, y), whose sums are f32, likewise; denormals may count as zeros."""
    return _narrow(n) if n.operands[0].dtype.is_float else None


@rewrite("dot-general-to-matmul", "dot_general")
def to_matmul(n: Node, uses: Uses) -> Result:
    """dot_general(x, y) -> weft.matmul(x, y) for floats; operand transposes become part of the spec. What is narrower than f32 is
    multiplied in f32.
    """
    lhs, rhs = n.operands
    result = n.results[0].tensor
    d = n.attrs["dot_dimension_numbers"]
    assert isinstance(d, DotDims)
    if not d.lhs_contracting or any(dim == 0 for dim in (*lhs.shape, *rhs.shape)):
        return None
    if narrow_product(lhs, rhs, result):
        return cast(_matmul(widened(lhs), widened(rhs), d), result.dtype)
    if not (is_fast(result.dtype) and lhs.dtype == rhs.dtype == result.dtype):
        return None
    return _matmul(lhs, rhs, d)


def _matmul(lhs: Value, rhs: Value, d: DotDims, group: int = 1) -> Value:
    left, right = _merge_contracting(_source(lhs), _source(rhs), d)
    left, right = _filled(left, d.lhs_contracting[0], group), _filled(right, d.rhs_contracting[0], group)
    letters = _letters(d, lhs.tensor.rank, rhs.tensor.rank)
    x, left_spec = _named(left, letters[0], "km" if group == 1 else "k")
    y, right_spec = _named(right, letters[1], "nk")
    free = [letters[0][i] for i in _free(lhs, d.lhs_batch, d.lhs_contracting)]
    free += [letters[1][i] for i in _free(rhs, d.rhs_batch, d.rhs_contracting)]
    out = "".join([letters[0][i] for i in d.lhs_batch] + free)
    return node("weft.matmul", x, y, spec=f"{left_spec},{right_spec}->{out}")


def _source(value: Value) -> _Side:
    """What an operand is a transpose of."""
    if value.node is not None and value.op == "transpose":
        permutation = value.node.ints("permutation")
        source = value.node.operands[0]
        return _Side(source, tuple(permutation.index(i) for i in range(len(permutation))))
    return _Side(value, tuple(range(value.tensor.rank)))


def _merge_contracting(left: _Side, right: _Side, d: DotDims) -> tuple[_Side, _Side]:
    """Both operands with one contracting dim, the first of `d`. Dims side by side become one by a reshape, others are moved first."""
    pairs = list(zip(d.lhs_contracting, d.rhs_contracting, strict=True))
    if len(pairs) == 1:
        return left, right
    by_place = sorted(range(len(pairs)), key=lambda i: left.dims.index(pairs[i][0]))
    lefts, rights = [pairs[i][0] for i in by_place], [pairs[i][1] for i in by_place]
    left, right = _adjacent(left, lefts), _adjacent(right, rights)
    return _merged(left, lefts, d.lhs_contracting[0]), _merged(right, rights, d.rhs_contracting[0])


def _filled(side: _Side, dim: int, group: int) -> _Side:
    """The operand with zeros at the end of `dim` that make it a multiple of `group`."""
    at = side.dims.index(dim)
    missing = -side.value.shape[at] % group
    if missing == 0:
        return side
    none = (0,) * len(side.dims)
    high = tuple(missing if i == at else 0 for i in range(len(side.dims)))
    array = constant_of(side.value)
    if array is not None:
        return replace(side, value=const(np.pad(array, [(0, int(n)) for n in high])))
    zero = const(0, side.value.dtype)
    return replace(side, value=node("pad", side.value, zero, edge_padding_low=none, edge_padding_high=high, interior_padding=none))


def _adjacent(side: _Side, dims: Sequence[int]) -> _Side:
    """The operand with `dims` next to each other in this order, transposed if they are not."""
    places = side.order(dims)
    if places == list(range(places[0], places[0] + len(places))):
        return side
    order = [i for i in range(len(side.dims)) if i not in places] + places
    moved = node("transpose", side.value, permutation=tuple(order))
    return _Side(moved, tuple(side.dims[i] for i in order))


def _merged(side: _Side, dims: Sequence[int], name: int) -> _Side:
    at, count = side.dims.index(dims[0]), len(dims)
    shape = side.value.shape
    merged = (*shape[:at], product(shape[at : at + count]), *shape[at + count :])
    value = reshape_to(side.value, merged)
    return _Side(value, (*side.dims[:at], name, *side.dims[at + count :]))


def _free(value: Value, batch: Sequence[int], contracting: Sequence[int]) -> list[int]:
    return [i for i in range(value.tensor.rank) if i not in batch and i not in contracting]


def _letters(d: DotDims, left_rank: int, right_rank: int) -> tuple[dict[int, str], dict[int, str]]:
    """A letter for every dim of both operands. Of several free dims the last is m or n, the others count as batch dims of one side."""
    unused = iter(_BATCH_LETTERS)
    left, right = {d.lhs_contracting[0]: "k"}, {d.rhs_contracting[0]: "k"}
    for i, j in zip(d.lhs_batch, d.rhs_batch, strict=True):
        left[i] = right[j] = next(unused)
    for letters, rank, contracting, last in ((left, left_rank, d.lhs_contracting, "m"), (right, right_rank, d.rhs_contracting, "n")):
        free = [i for i in range(rank) if i not in letters and i not in contracting]
        for i in free:
            letters[i] = last if i == free[-1] else next(unused)
    return left, right


def _named(side: _Side, letters: dict[int, str], contiguous: str) -> tuple[Value, str]:
    """The operand and its part of the spec; transposed if the innermost dim is none that kernels read along."""
    value, spec = side.value, "".join(letters[i] for i in side.dims)
    inner = next((letter for letter, n in zip(reversed(spec), reversed(value.shape), strict=True) if n != 1), "")
    if inner in contiguous:  # trailing dims of one element move nothing
        return value, spec
    wanted = [i for i, letter in enumerate(spec) if letter != "k"] + [spec.index("k")]
    return node("transpose", value, permutation=tuple(wanted)), "".join(spec[i] for i in wanted)


@rewrite("transpose-of-matmul", "transpose")
def absorb_transpose(n: Node, uses: Uses) -> Result:
    """transpose(weft.matmul(x, y)) -> weft.matmul(x, y) or weft.matmul(y, x) with another order of the result's dims."""
    (x,) = n.operands
    if x.node is None or x.op != "weft.matmul" or uses(x) != 1 or x.node.attrs["columns"]:
        return None
    narrow = _is_narrow(x.node)
    left, right, out = parse_spec(str(x.node.attrs["spec"]))
    permutation = n.ints("permutation")
    moved = "".join(out[p] for p in permutation)
    a, b = x.node.operands
    if moved[-1] == "n":
        return node("weft.matmul", a, b, spec=f"{left},{right}->{moved}")
    if moved[-1] == "m" and not narrow:
        swap = str.maketrans("mn", "nm")
        return node("weft.matmul", b, a, spec=f"{right},{left}->{moved}".translate(swap))
    return None


def _is_narrow(n: Node) -> bool:
    """Whether a `weft.matmul` is one of numbers that are read in groups: its operands cannot change places."""
    return n.operands[0].dtype != n.results[0].dtype


@rewrite("matrix-times-vector", "weft.matmul")
def matrix_times_vector(n: Node, uses: Uses) -> Result:
    """weft.matmul(matrix, vector) -> reduce(multiply(matrix, broadcast(vector)), add), which reads the matrix once, along its rows."""
    left, right, out = parse_spec(str(n.attrs["spec"]))
    a, b = n.operands
    for matrix, rows, vector, names, free in ((a, left, b, right, "n"), (b, right, a, left, "m")):
        kept = names.replace(free, "")
        is_vector = free not in names or vector.shape[names.index(free)] == 1
        if n.attrs["columns"] or not is_vector or constant_of(matrix) is not None or _is_narrow(n):
            continue
        if rows[-1] != "k" or out.replace(free, "") != rows[:-1] or "".join(x for x in rows if x in kept) != kept:
            continue
        squeezed = reshape_to(vector, tuple(vector.shape[names.index(x)] for x in kept))
        repeated = broadcast(squeezed, matrix.shape, [rows.index(x) for x in kept])
        terms = op_of("multiply")(matrix, repeated)
        body = scalar_region("add", matrix.dtype)
        sums = node("reduce", terms, const(0, matrix.dtype), dimensions=(len(rows) - 1,), body=body)
        return reshape_to(sums, n.results[0].shape)  # type: ignore[arg-type]
    return None


@rewrite("pack-constant-rhs", "weft.matmul")
def pack_constant(n: Node, uses: Uses) -> Result:
    """weft.matmul(x, constant) -> weft.matmul(x, constant packed by panels of columns)."""
    x, y = n.operands
    array = constant_of(y)
    if array is None or n.attrs["columns"]:
        return None
    left, right, out = parse_spec(str(n.attrs["spec"]))
    inner = [letter for letter in out if letter in right and letter not in left]
    if "n" not in right or not out.endswith("".join(inner)):
        return None
    batch = [letter for letter in right if letter in left and letter != "k"]
    order = [right.index(letter) for letter in (*batch, "k", *inner)]
    moved = np.transpose(array, order)
    columns = int(np.prod([array.shape[right.index(letter)] for letter in inner]))
    matrix = moved.reshape(*moved.shape[: len(batch) + 1], columns)
    assert y.node is not None
    tensor = y.node.attrs["value"]
    group = NARROW[x.dtype.name, y.dtype.name][1] if _is_narrow(n) else 1
    packed = op_of("constant")(value=Tensor(pack_columns(matrix, group), tensor.name if isinstance(tensor, Tensor) else ""))
    spec = f"{left},{''.join(batch)}kn->{out[: len(out) - len(inner)]}n"
    made = node("weft.matmul", x, packed, spec=spec, columns=columns)
    result = n.types[0]
    assert isinstance(result, TensorType)
    return made if made.type == result else node("reshape", made, result=result)


@region_pass("contraction")
def canonicalize_contractions(body: Region, context: Context) -> Region:
    """dot_general of fast float types and of bytes -> weft.matmul; transposes around it become strides; two with a softmax between them
    become weft.attention; constants to the right of others are packed.

    So does that of bf16 where the target multiplies it, unless the precision is strict; elsewhere it is widened.
    """
    narrow = (bytes_to_matmul, bf16_to_matmul) if context.cpu().has_bf16 and context.precision != "strict" else (bytes_to_matmul,)
    rules = (*narrow, to_matmul, absorb_transpose)
    body = apply_rules(apply_rules(body, rules), (to_attention,))
    return apply_rules(body, (matrix_times_vector, pack_constant))
