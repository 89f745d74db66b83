"""Symbols: matching types, the nodes that define them, their scopes."""

import pytest
from weft.compiler.ir.dims import Dim, floordiv, product, symbol
from weft.compiler.ir.graph import Function, Node, Value, definitions, function, module, param, region, sort_nodes
from weft.compiler.ir.instantiate import concrete_type
from weft.compiler.ir.types import ANY_DIM, OptionalType, SequenceType, TensorType, unify
from weft.compiler.ops.registry import op_of
from weft.compiler.verify import verify
from weft.proto.dtypes import BOOL, F32, I32, I64
from weft.proto.errors import WeftError

N, M, K = symbol("N"), symbol("M"), symbol("K")


def tensor(*dims: Dim) -> TensorType:
    return TensorType(F32, dims)


@pytest.mark.parametrize(
    ("pattern", "type", "found"),
    [
        (tensor(N, 3), tensor(4, 3), {"N": 4}),
        (tensor(2 * N), tensor(8), {"N": 4}),
        (tensor(2 * N), tensor(7), None),
        (tensor(2 * N + 1), tensor(2 * M + 5), {"N": M + 2}),
        (tensor(2 * N), tensor(M), None),
        (tensor(N, N + M), tensor(2, 5), {"N": 2, "M": 3}),
        (tensor(N * M), tensor(6), None),
        (tensor(N, M), tensor(M, N), {"N": M, "M": N}),  # a pattern's names are its own
        (tensor(N, N), tensor(M, K), None),
        (tensor(floordiv(N, 2), N + M, M), tensor(3, 8, 2), {"N": 6, "M": 2}),  # in whatever order
        (tensor(floordiv(N, 2), N), tensor(2, 6), None),
        (tensor(floordiv(N, 2)), tensor(3), None),
        (tensor(floordiv(8, N), N), tensor(4, 2), {"N": 2}),
        (SequenceType(tensor(ANY_DIM, N)), SequenceType(tensor(7, M)), {"N": M}),
        (SequenceType(tensor(N)), OptionalType(tensor(3)), None),
        (tensor(3), tensor(3, 1), None),
    ],
)
def test_unify(pattern: TensorType, type: TensorType, found: dict[str, Dim] | None):
    env: dict[str, Dim] = {}
    assert unify(pattern, type, env) == (found is not None)
    if found is not None:
        assert env == found


def test_what_a_symbol_is_known_to_be_is_not_free():
    assert unify(tensor(N), tensor(N), {"N": N})
    assert not unify(tensor(N), tensor(M), {"N": N})


def test_bounds_follow_the_symbols_they_mention():
    k = symbol("k", 0, 2 * N)
    assert concrete_type(tensor(k), {"N": 5}) == tensor(symbol("k", 0, 10))
    assert concrete_type(tensor(k), {"N": 5, "k": 7}) == tensor(7)


def test_products_of_sums_have_a_limit():
    with pytest.raises(WeftError, match=r"dim\.size"):
        product(sum((symbol(f"s{i}.{j}") for j in range(20)), start=symbol("t")) for i in range(4))
    with pytest.raises(WeftError, match=r"dim\.size"):
        product(N for _ in range(200))


def one(op: str, *operands: Value, **keywords: object) -> Value:
    built = op_of(op)(*operands, **keywords)  # type: ignore[arg-type]
    assert isinstance(built, Value)
    return built


def iota(d: Dim) -> Value:
    return one("iota", iota_dimension=0, result=TensorType(F32, (d,)))


def test_definitions_are_kept_where_their_symbols_are_mentioned():
    sizes = param(TensorType(I64, (1,)), "sizes")
    with definitions() as made:
        one("weft.bind_dims", sizes, symbols=(N,))
        one("weft.bind_dims", sizes, symbols=(M,))
        k = symbol("K", 0, M)
        one("weft.bind_dims", sizes, symbols=(k,))
        result = iota(k)
    ops = [n.attrs.get("symbols") for n in region([sizes], [result], definers=made).nodes]
    assert ops == [(M,), (k,), None]  # M because a bound mentions it
    verify(module(function("main", [sizes], [result], definers=made)))
    with pytest.raises(WeftError, match=r"verify\.symbols"):
        verify(module(function("main", [sizes], [result])))


def test_a_definition_rebuilt_late_comes_before_what_mentions_it():
    sizes = param(TensorType(I64, (1,)))
    result = iota(N)
    late = one("weft.bind_dims", one("negate", sizes), symbols=(N,))
    assert late.node is not None
    assert [n.op for n in sort_nodes([sizes], [result], definers=[late.node])] == ["negate", "weft.bind_dims", "iota"]


def test_a_size_cannot_depend_on_itself():
    x = iota(N)
    size = one("reshape", one("get_dimension_size", x, dimension=0), result=TensorType(I32, (1,)))
    w = one("weft.bind_dims", one("convert", size, result=TensorType(I64, (1,))), symbols=(N,))
    assert w.node is not None
    with pytest.raises(ValueError, match="depends on"):
        sort_nodes([], [x], definers=[w.node])


def test_symbols_of_a_region_end_with_it():
    p, sizes = param(TensorType(BOOL, ()), "p"), param(TensorType(I64, (1,)), "sizes")
    branches = []
    for name in ("a", "b"):
        inner = param(sizes.type)
        with definitions() as made:
            one("weft.bind_dims", inner, symbols=(symbol(name),))
            result = iota(symbol(name))
        branches.append(region([inner], [result], definers=made))

    def problems(result: Dim, symbols: tuple[Dim, ...], second: int = 1) -> str:
        chosen = (branches[0], branches[second])
        node = Node("weft.case", (p, sizes), {"symbols": symbols, "devices": ()}, chosen, (tensor(result),), captures=1)
        try:
            verify(module(Function((p, sizes), (node,), node.results, "main")))
        except WeftError as e:
            return str(e)
        return ""

    assert problems(N, (N,)) == ""
    assert "no earlier node in scope defines it" in problems(symbol("a"), ())
    assert "weft.case.C3" in problems(3, ())
    assert "defined twice" in problems(N, (N,), second=0)
