"""Discrete Fourier transforms as products with matrices, so that they run in the kernels that products do.

A transform of length p·q falls apart into q of length p and p of length q (Cooley and Tukey 1965); one whose length has no small divisor
becomes a convolution, for which a longer length will do (Bluestein 1970).
"""

from collections.abc import Callable
from math import pi

import numpy as np

from ....compiler.ir.dims import Dim
from ....compiler.ir.graph import Value
from ....compiler.ir.types import TensorType
from ....compiler.ops.helpers import broadcast, cast, const, reshape_to
from ....proto import dtypes
from .. import build
from ..build import elementwise, op, scalar

Complex = tuple[Value, Value | None]  # real and imaginary part, None for 0
_DENSE = 128  # up to this length a transform is one product


def transform(z: Complex, sign: int) -> tuple[Value, Value]:
    """Σⱼ zⱼ·e^{sign·2πi·jk/n} along the last dim, of size n; O(n²) where n is not known, else about n·√n."""
    n = z[0].shape[-1]
    if not isinstance(n, int):
        return _times(z, _roots_of_open_size(z[0], n, sign), build.matmul)
    p = next((d for d in range(_DENSE, 1, -1) if n % d == 0), 1) if n > _DENSE else n
    if p == n:
        return _times(z, _roots(n, n, n, sign, z[0]), build.matmul)
    return _by_convolution(z, n, sign) if p == 1 else _by_parts(z, p, n // p, sign)


def _by_parts(z: Complex, p: int, q: int, sign: int) -> tuple[Value, Value]:
    """j = q·a + b and k = c + p·d: over a for each b, times e^{sign·2πi·bc/n}, over b for each c."""
    lead = z[0].shape[:-1]
    columns = _each(z, lambda v: _swapped(reshape_to(v, (*lead, p, q))))
    turned = _times(transform(columns, sign), _roots(q, p, p * q, sign, z[0]), _product)
    whole = transform(_each(turned, _swapped), sign)
    re, im = (reshape_to(_swapped(v), (*lead, p * q)) for v in whole)
    return re, im


def _by_convolution(z: Complex, n: int, sign: int) -> tuple[Value, Value]:
    """jk = (j² + k² - (k - j)²)/2: a convolution with w̄_m = e^{-sign·πi·m²/n} between two products with w, by transforms of length 2^m."""
    size = 1 << (2 * n - 1).bit_length()
    chirp: np.ndarray = np.exp(sign * 1j * pi / n * (np.arange(n) ** 2 % (2 * n)))
    kernel = np.zeros(size, np.complex128)
    kernel[:n] = chirp.conj()
    kernel[size - n + 1 :] = chirp[:0:-1].conj()
    like, w = z[0], _constants(chirp, z[0])
    spread = transform(resized(_times(z, w, _product), size), -1)
    folded = transform(_times(spread, _constants(np.fft.fft(kernel) / size, like), _product), 1)
    return _whole(_times(_cut(folded, n), w, _product))


def _cut(z: Complex, n: int) -> Complex:
    return _each(z, lambda v: build.slice_axis(v, len(v.shape) - 1, 0, n))


def _each(z: Complex, f: Callable[[Value], Value]) -> Complex:
    return f(z[0]), None if z[1] is None else f(z[1])


def _whole(z: Complex) -> tuple[Value, Value]:
    return z[0], scalar(0, z[0]) if z[1] is None else z[1]


def resized(z: Complex, n: Dim) -> Complex:
    """The first n elements of the last dim, zeros where there are fewer."""
    return _each(z, lambda v: _resized(v, n))


def _resized(x: Value, n: Dim) -> Value:
    given, last = x.shape[-1], len(x.shape) - 1
    if given == n:
        return x
    if not isinstance(given, int) or not isinstance(n, int):
        x = build.pad(x, [0] * (last + 1), [0] * last + [n])
    elif given < n:
        x = build.pad(x, [0] * (last + 1), [0] * last + [n - given])
    return build.slice_axis(x, last, 0, n)


def _swapped(x: Value) -> Value:
    rank = len(x.shape)
    return build.transpose(x, (*range(rank - 2), rank - 1, rank - 2))


def _product(x: Value, y: Value) -> Value:
    return elementwise("multiply", x, y)


def _times(z: Complex, w: tuple[Value, Value], product: Callable[[Value, Value], Value]) -> tuple[Value, Value]:
    """The complex product."""
    (re, im), (c, s) = z, w
    if im is None:
        return product(re, c), product(re, s)
    return op("subtract", product(re, c), product(im, s)), op("add", product(re, s), product(im, c))


def _constants(w: np.ndarray, like: Value) -> tuple[Value, Value]:
    return const(np.real(w), like.dtype), const(np.imag(w), like.dtype)


def _roots(rows: int, columns: int, n: int, sign: int, like: Value) -> tuple[Value, Value]:
    """e^{sign·2πi·jk/n}."""
    turns = np.arange(rows)[:, None] * np.arange(columns) % n
    return _constants(np.exp(sign * 2j * pi / n * turns), like)


def _roots_of_open_size(like: Value, n: Dim, sign: int) -> tuple[Value, Value]:
    """The same for rows, columns and n that are the size of the last dim of `like`; turns are counted exactly, in i64."""
    grid = TensorType(dtypes.I64, (n, n))
    j, k = (op("iota", iota_dimension=d, result=grid) for d in (0, 1))
    size = broadcast(cast(op("get_dimension_size", like, dimension=len(like.shape) - 1), dtypes.I64), grid.shape, ())
    share = op("divide", *(cast(v, dtypes.F64) for v in (op("remainder", op("multiply", j, k), size), size)))
    angle = op("multiply", share, scalar(sign * 2 * pi, share))
    return cast(op("cosine", angle), like.dtype), cast(op("sine", angle), like.dtype)
