"""Builders of common nodes, and the ops on whole values."""

import numpy as np
import pytest
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import function, param
from weft.compiler.ir.types import TensorType, TokenType, TupleType
from weft.compiler.ops.bodies import monoid_of
from weft.compiler.ops.helpers import (
    broadcast_shapes,
    broadcast_to,
    broadcast_together,
    cast,
    const,
    full_like,
    reshape_to,
    scalar_region,
    splat,
)
from weft.compiler.ops.shape import reshape_index, split_dims
from weft.compiler.ops.structure import after_all, get_tuple_element, optimization_barrier, tuple_
from weft.proto.dtypes import BF16, BY_NAME, F32, I32, STRING
from weft.proto.errors import WeftError

I4 = BY_NAME["i4"]
N, M = symbol("N", 1), symbol("M", 1)


def value(*outputs, params=(), args=()):
    return evaluate(function("main", params, outputs), *args)


def test_constants():
    assert const(2, F32).type == TensorType(F32, ())
    assert const([1, 2]).dtype.name == "i64"
    assert const(np.array([1], ">i4")).dtype == I32
    assert const(["a", "b"]).dtype == STRING
    (x, y) = value(splat(-1, TensorType(I4, (2, 2))), const(9, I4))
    assert x.astype(int).tolist() == [[-1, -1], [-1, -1]] and int(y) == -7


def test_broadcasting():
    x, y = param(TensorType(F32, (N, 1))), param(TensorType(F32, (3,)))
    a, b = broadcast_together([x, y])
    assert a.shape == b.shape == (N, 3)
    assert broadcast_shapes((N, 1), (M,)) == (N, M)
    assert broadcast_shapes() == ()
    assert broadcast_to(a, (N, 3)) is a
    with pytest.raises(WeftError, match="neither equal nor 1"):
        broadcast_shapes((N,), (M,))
    (r,) = value(b, params=(x, y), args=(np.zeros((2, 1), np.float32), np.arange(3, dtype=np.float32)))
    assert r.tolist() == [[0, 1, 2], [0, 1, 2]]


def test_what_changes_nothing_is_the_same_value():
    x = param(TensorType(F32, (2, 3)))
    assert cast(x, F32) is x and cast(x, BF16).dtype == BF16
    assert reshape_to(x, (2, 3)) is x and reshape_to(x, (6,)).shape == (6,)
    assert full_like(x, 1).type == x.type


def test_regions_of_scalars():
    assert monoid_of(scalar_region("maximum", F32)) == "max"


def test_reshapes_stay_within_runs():
    assert split_dims((2, 3, N), (6, N)) == [(range(2), range(1)), (range(2, 3), range(1, 2))]
    i, j, k = (symbol(f"i{d}", 0, n - 1) for d, n in enumerate((N, 2, 3)))
    assert reshape_index((i, j, k), (N, 2, 3), (N, 6)) == (i, j * 3 + k)
    assert reshape_index((i, k), (N, 3), (N, 1, 3)) == (i, 0, k)


def test_tuples_tokens_and_barriers():
    x, token = param(TensorType(F32, (2,))), param(TokenType())
    assert tuple_(x, token).type == TupleType((x.type, TokenType()))
    assert get_tuple_element(tuple_(x, token), index=1).type == TokenType()
    assert after_all(token, token).type == TokenType() == after_all().type
    inner = tuple_(x, after_all())
    back = get_tuple_element(get_tuple_element(tuple_(inner), index=0), index=0)
    a, b = optimization_barrier(x, back)
    for r in value(back, a, b, params=(x,), args=(np.array([1, 2], np.float32),)):
        assert r.tolist() == [1, 2]
