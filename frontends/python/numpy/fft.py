"""`weft.numpy.fft`: the array API's extension for Fourier transforms."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import cast, const, full_like
from ....compiler.ops.nodes import node
from ....proto.dtypes import C64, C128, F32, F64
from ..faults import check
from ..lift import lifted
from ..tensor import Tensor
from .dtypes import DEFAULT_FLOAT, dtype_of, floating
from .elementwise import conj
from .manipulation import moveaxis, roll
from .reductions import axes_of, ordered_axes

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft", "irfft", "irfft2", "irfftn",
    "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip


def _complex(x: Any) -> Value:
    v = floating(x)
    return v if v.dtype.is_complex else cast(v, C128 if v.dtype == F64 else C64)


def _real(x: Any) -> Value:
    v = floating(x)
    return v if v.dtype in (F32, F64) else cast(v, F32)


def _sized(v: Value, axis: int, n: int) -> Value:
    """The last elements along an axis cut off, or zeros put after them, so that there are n."""
    high = tuple(n - m if i == axis else 0 for i, m in enumerate(v.shape))
    none = (0,) * len(v.shape)
    if not any(high):
        return v
    return node("pad", v, const(0, v.dtype), edge_padding_low=none, edge_padding_high=high, interior_padding=none)


def _scaled(v: Value, n: int, norm: str, inverse: bool) -> Value:
    """The ops scale inverse transforms by 1/n, as "backward" does."""
    check(norm in ("backward", "ortho", "forward"), "fft.norm", f'norm is "backward", "ortho" or "forward", got {norm!r}')
    factor = {"backward": 1.0, "ortho": n**0.5 if inverse else n**-0.5, "forward": float(n) if inverse else 1.0 / n}[norm]
    return v if factor == 1 else node("multiply", v, full_like(v, factor))


def _along(v: Value, axis: int, kind: str, n: int, norm: str) -> Value:
    """One transform along an axis."""
    moved = moveaxis(v, axis, -1)
    y = node("fft", moved, fft_type=kind, fft_length=(n,))
    return moveaxis(_scaled(y, n, norm, kind in ("IFFT", "IRFFT")), -1, axis)


def _plain(x: Any, kind: str, n: int | None, axis: int, norm: str) -> Value:
    v = _complex(x)
    (d,) = axes_of(axis, len(v.shape))
    size = v.shape[d] if n is None else n
    return _along(_sized(v, d, size), d, kind, size, norm)


@lifted
def fft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Value:
    """The discrete Fourier transform along an axis."""
    return _plain(x, "FFT", n, axis, norm)


@lifted
def ifft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Value:
    """The inverse of `fft`."""
    return _plain(x, "IFFT", n, axis, norm)


def _axes(v: Value, s: Sequence[int] | None, axes: Sequence[int] | None) -> list[tuple[int, int]]:
    """Axes and sizes of a transform along several."""
    rank = len(v.shape)
    chosen = list(axes) if axes is not None else list(range(rank - len(s) if s is not None else 0, rank))
    places = ordered_axes(tuple(chosen), rank)
    sizes = [v.shape[a] for a in places] if s is None else list(s)
    check(len(sizes) == len(places), "fft.axes", f"{len(sizes)} sizes for {len(places)} axes")
    return list(zip(places, sizes, strict=True))


@lifted
def fftn(x: Any, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Value:
    """The transform along several axes, or all."""
    v = _complex(x)
    for axis, n in _axes(v, s, axes):
        v = _along(_sized(v, axis, n), axis, "FFT", n, norm)
    return v


@lifted
def ifftn(x: Any, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Value:
    """The inverse of `fftn`."""
    v = _complex(x)
    for axis, n in _axes(v, s, axes):
        v = _along(_sized(v, axis, n), axis, "IFFT", n, norm)
    return v


@lifted
def rfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Value:
    """The transform of real numbers: the first n / 2 + 1 frequencies."""
    v = _real(x)
    (d,) = axes_of(axis, len(v.shape))
    size = v.shape[d] if n is None else n
    return _along(_sized(v, d, size), d, "RFFT", size, norm)


@lifted
def irfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Value:
    """The inverse of `rfft`, to n real numbers; 2 · (frequencies - 1) unless given."""
    v = _complex(x)
    (d,) = axes_of(axis, len(v.shape))
    size = 2 * (v.shape[d] - 1) if n is None else n
    return _along(_sized(v, d, size // 2 + 1), d, "IRFFT", size, norm)


@lifted
def rfftn(x: Any, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Value:
    """`rfft` along the last of several axes, `fft` along the others."""
    v = _real(x)
    pairs = _axes(v, s, axes)
    axis, n = pairs[-1]
    y = _along(_sized(v, axis, n), axis, "RFFT", n, norm)
    for axis, n in pairs[:-1]:
        y = _along(_sized(y, axis, n), axis, "FFT", n, norm)
    return y


@lifted
def irfftn(x: Any, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Value:
    """The inverse of `rfftn`."""
    v = _complex(x)
    pairs = _axes(v, s, axes)
    axis, n = pairs[-1]
    n = n if s is not None else 2 * (v.shape[axis] - 1)
    for other, m in pairs[:-1]:
        v = _along(_sized(v, other, m), other, "IFFT", m, norm)
    return _along(_sized(v, axis, n // 2 + 1), axis, "IRFFT", n, norm)


def _plane(f: Any, name: str) -> Any:
    def build(x: Any, /, s: Any = None, axes: Any = (-2, -1), *, norm: str = "backward") -> Value:
        return f(floating(x), s=s, axes=axes, norm=norm)

    build.__name__, build.__qualname__, build.__doc__ = name, name, f"`{name[:-1]}n` along two axes, by default the last."
    return lifted(build)


fft2, ifft2, rfft2, irfft2 = _plane(fftn, "fft2"), _plane(ifftn, "ifft2"), _plane(rfftn, "rfft2"), _plane(irfftn, "irfft2")
_SWAPPED = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


@lifted
def hfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Value:
    """The real transform of numbers with Hermitian symmetry, of which half are given."""
    check(norm in _SWAPPED, "fft.norm", f'norm is "backward", "ortho" or "forward", got {norm!r}')
    return irfft(conj(_complex(x)), n=n, axis=axis, norm=_SWAPPED[norm])


@lifted
def ihfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Value:
    """The inverse of `hfft`."""
    check(norm in _SWAPPED, "fft.norm", f'norm is "backward", "ortho" or "forward", got {norm!r}')
    return conj(rfft(x, n=n, axis=axis, norm=_SWAPPED[norm]))


def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: object = None) -> Tensor:
    """The frequencies that `fft` gives of n samples at distance d."""
    return Tensor(np.fft.fftfreq(n, d).astype(dtype_of(dtype or DEFAULT_FLOAT)))


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: object = None) -> Tensor:
    """The frequencies that `rfft` gives of n samples at distance d."""
    return Tensor(np.fft.rfftfreq(n, d).astype(dtype_of(dtype or DEFAULT_FLOAT)))


@lifted
def fftshift(x: Any, /, *, axes: Any = None) -> Value:
    """The frequency zero moved to the middle."""
    v = x
    places = axes_of(axes if axes is None or isinstance(axes, int) else tuple(axes), len(v.shape))
    return roll(v, tuple(v.shape[a] // 2 for a in places), axis=places)


@lifted
def ifftshift(x: Any, /, *, axes: Any = None) -> Value:
    """The inverse of `fftshift`."""
    v = x
    places = axes_of(axes if axes is None or isinstance(axes, int) else tuple(axes), len(v.shape))
    return roll(v, tuple(-(v.shape[a] // 2) for a in places), axis=places)
