"""The kernels that `weft bench kernels` measures: one small function each, written once for NumPy and `weft.numpy`.

A case is a function of the array module (`numpy` or `weft.numpy`, whose names are the array API's) and of its arguments. What only
PyTorch spells differently has a third spelling of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = tuple[np.ndarray, ...]
Compute = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Case:
    """`make(n)` gives arguments of about `n` elements; `compute(xp, *arguments)` is measured, `torch(torch, *tensors)` the same there."""

    kind: str
    name: str
    make: Callable[[int], Arrays]
    compute: Compute
    torch: Compute | None = None


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _normal(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return _rng().standard_normal(shape, np.float32).astype(dtype)


def _vector(dtype: Any = np.float32) -> Callable[[int], Arrays]:
    return lambda n: (_normal(n, dtype=dtype),)


def _square(n: int) -> Arrays:
    side = max(8, int(n**0.5) // 8 * 8)
    return (_normal(side, side),)


def _odd_square(n: int) -> Arrays:
    side = max(8, int(n**0.5) // 8 * 8 - 3)
    return (_normal(side, side),)


def _image(n: int) -> Arrays:
    """64 channels, NCHW."""
    side = max(4, int((n / 64) ** 0.5))
    return (_normal(1, 64, side, side),)


def _image_last(n: int) -> Arrays:
    return (np.ascontiguousarray(np.transpose(_image(n)[0], (0, 2, 3, 1))),)


def _heads(n: int) -> Arrays:
    """[batch, tokens, 12 heads, 64]."""
    return (_normal(1, max(4, n // 768), 12, 64),)


def _columns(width: int) -> Callable[[int], Arrays]:
    return lambda n: (_normal(max(2, n // width), width),)


def _rows(length: int) -> Callable[[int], Arrays]:
    return lambda n: (_normal(max(1, n // length), length),)


def _two(n: int) -> Arrays:
    return _normal(n), _normal(n)


def _biased(n: int) -> Arrays:
    return _normal(max(1, n // 256), 256), _normal(256)


def _channels(n: int) -> Arrays:
    (x,) = _image(n)
    return x, _normal(1, 64, 1, 1)


def _mixed(n: int) -> Arrays:
    return _rng().integers(-100, 100, n).astype(np.int8), _normal(n)


def _ints(n: int) -> Arrays:
    return _rng().integers(-1000, 1000, n).astype(np.int32), _rng().integers(1, 50, n).astype(np.int32)


def _chosen(n: int) -> Arrays:
    return _normal(n) > 0, _normal(n), _normal(n)


def _halves(n: int) -> Arrays:
    return _normal(max(1, n // 256), 128), _normal(max(1, n // 256), 128)


def _table(n: int) -> Arrays:
    rows = max(16, n // 128)
    return _normal(rows, 128), _rng().integers(0, rows, rows)


def _picks(n: int) -> Arrays:
    return _normal(n), _rng().integers(0, n, n)


def _flags(n: int) -> Arrays:
    return (_normal(n) > 0,)


def _dense(xp: Any, x: Any) -> Any:
    """A copy where NumPy would give a view."""
    return np.ascontiguousarray(x) if xp is np else x


def _argsort(xp: Any, x: Any) -> Any:
    return np.argsort(x, stable=True) if xp is np else xp.argsort(x)


CASES = (
    Case("map", "exp", _vector(), lambda xp, x: xp.exp(x), lambda t, x: t.exp(x)),
    Case("map", "tanh", _vector(), lambda xp, x: xp.tanh(x), lambda t, x: t.tanh(x)),
    Case("map", "log", _vector(), lambda xp, x: xp.log(xp.abs(x)), lambda t, x: t.log(t.abs(x))),
    Case("map", "sin", _vector(), lambda xp, x: xp.sin(x), lambda t, x: t.sin(x)),
    Case("map", "square", _vector(), lambda xp, x: x * x, lambda t, x: x * x),
    Case("map", "add", _two, lambda xp, x, y: x + y, lambda t, x, y: x + y),
    Case("map", "row bias", _biased, lambda xp, x, b: x + b, lambda t, x, b: x + b),
    Case("map", "channel scale", _channels, lambda xp, x, b: x * b, lambda t, x, b: x * b),
    Case("map", "i8 + f32", _mixed, lambda xp, i, x: xp.astype(i, xp.float32) + x, lambda t, i, x: i + x),
    Case("map", "select", _chosen, lambda xp, c, x, y: xp.where(c, x, y), lambda t, c, x, y: t.where(c, x, y)),
    Case("map", "i32 division", _ints, lambda xp, x, y: x // y, lambda t, x, y: t.div(x, y, rounding_mode="floor")),
    Case("convert", "f32 to f16", _vector(), lambda xp, x: xp.astype(x, np.float16), lambda t, x: x.half()),
    Case("convert", "f16 to f32", _vector(np.float16), lambda xp, x: xp.astype(x, xp.float32), lambda t, x: x.float()),
    Case("convert", "f32 to i8", _vector(), lambda xp, x: xp.astype(x, xp.int8), lambda t, x: x.to(t.int8)),
    Case("transpose", "2-D", _square, lambda xp, x: _dense(xp, xp.permute_dims(x, (1, 0))), lambda t, x: x.T.contiguous()),
    Case("transpose", "2-D, odd", _odd_square, lambda xp, x: _dense(xp, xp.permute_dims(x, (1, 0))), lambda t, x: x.T.contiguous()),
    Case("transpose", "NCHW to NHWC", _image, lambda xp, x: _dense(xp, xp.permute_dims(x, (0, 2, 3, 1))),
         lambda t, x: x.permute(0, 2, 3, 1).contiguous()),
    Case("transpose", "NHWC to NCHW", _image_last, lambda xp, x: _dense(xp, xp.permute_dims(x, (0, 3, 1, 2))),
         lambda t, x: x.permute(0, 3, 1, 2).contiguous()),
    Case("transpose", "heads", _heads, lambda xp, x: _dense(xp, xp.permute_dims(x, (0, 2, 1, 3))),
         lambda t, x: x.permute(0, 2, 1, 3).contiguous()),
    Case("transpose", "[n, 3] to [3, n]", _columns(3), lambda xp, x: _dense(xp, xp.permute_dims(x, (1, 0))), lambda t, x: x.T.contiguous()),
    Case("transpose", "[4, n] to [n, 4]", lambda n: (_normal(4, n // 4),), lambda xp, x: _dense(xp, xp.permute_dims(x, (1, 0))),
         lambda t, x: x.T.contiguous()),
    Case("move", "concat of columns", _halves, lambda xp, x, y: xp.concat((x, y), axis=1), lambda t, x, y: t.cat((x, y), 1)),
    Case("move", "slice of columns", _rows(256), lambda xp, x: _dense(xp, x[:, 64:192]), lambda t, x: x[:, 64:192].contiguous()),
    Case("move", "every other", _vector(), lambda xp, x: _dense(xp, x[::2]), lambda t, x: x[::2].contiguous()),
    Case("move", "reversed", _vector(), lambda xp, x: _dense(xp, xp.flip(x)), lambda t, x: x.flip(0)),
    Case("small rows", "[n, 3] + [3]", lambda n: (_normal(n // 3, 3), _normal(3)), lambda xp, x, b: x + b, lambda t, x, b: x + b),
    Case("small rows", "sum of [n, 4]", _columns(4), lambda xp, x: xp.sum(x, axis=1), lambda t, x: x.sum(1)),
    Case("small rows", "columns of [n, 2]", _columns(2), lambda xp, x: x[:, 0] * x[:, 1], lambda t, x: x[:, 0] * x[:, 1]),
    Case("reduce", "all", _vector(), lambda xp, x: xp.sum(x), lambda t, x: x.sum()),
    Case("reduce", "all, maximum", _vector(), lambda xp, x: xp.max(x), lambda t, x: x.max()),
    Case("reduce", "rows of 256", _rows(256), lambda xp, x: xp.sum(x, axis=1), lambda t, x: x.sum(1)),
    Case("reduce", "columns, 256 of them", _columns(256), lambda xp, x: xp.sum(x, axis=0), lambda t, x: x.sum(0)),
    Case("reduce", "columns, 10 of them", _columns(10), lambda xp, x: xp.sum(x, axis=0), lambda t, x: x.sum(0)),
    Case("reduce", "variance of rows", _rows(256), lambda xp, x: xp.var(x, axis=1), lambda t, x: x.var(1, correction=0)),
    Case("arg", "all", _vector(), lambda xp, x: xp.argmax(x), lambda t, x: x.argmax()),
    Case("arg", "rows of 256", _rows(256), lambda xp, x: xp.argmax(x, axis=1), lambda t, x: x.argmax(1)),
    Case("arg", "columns, 256 of them", _columns(256), lambda xp, x: xp.argmax(x, axis=0), lambda t, x: x.argmax(0)),
    Case("scan", "all", _vector(), lambda xp, x: xp.cumulative_sum(x), lambda t, x: x.cumsum(0)),
    Case("scan", "rows of 256", _rows(256), lambda xp, x: xp.cumulative_sum(x, axis=1), lambda t, x: x.cumsum(1)),
    Case("scan", "columns, 256 of them", _columns(256), lambda xp, x: xp.cumulative_sum(x, axis=0), lambda t, x: x.cumsum(0)),
    Case("sort", "all", _vector(), lambda xp, x: xp.sort(x), lambda t, x: x.sort()[0]),
    Case("sort", "rows of 256", _rows(256), lambda xp, x: xp.sort(x, axis=1), lambda t, x: x.sort(1)[0]),
    Case("sort", "arguments", _vector(), _argsort, lambda t, x: x.argsort(stable=True)),
    Case("gather", "rows of a table", _table, lambda xp, x, i: xp.take(x, i, axis=0), lambda t, x, i: t.index_select(x, 0, i)),
    Case("gather", "elements", _picks, lambda xp, x, i: xp.take(x, i, axis=0), lambda t, x, i: t.index_select(x, 0, i)),
    Case("data", "positions of ones", _flags, lambda xp, x: xp.nonzero(x)[0], lambda t, x: t.nonzero(x)[:, 0]),
)  # fmt: skip
