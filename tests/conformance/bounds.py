"""How far a compiled result may lie from the reference interpreter's: one table, explained in docs/numerics.md.

Everything is exact, to the sign of zero, but for what is listed here. A bound is in units of the last place of the result's element type;
for sums and products over many terms it is in units of the last place of the sum of the terms' magnitudes, for complex numbers of their
modulus.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from weft.proto.dtypes import from_numpy


@dataclass(frozen=True)
class Bound:
    """`real` and `complex` are bounds in ulps; `summed` measures them by the magnitude of the terms and not of the result."""

    real: int = 0
    complex: int = 0
    summed: bool = False

    def ulps(self, dtype: np.dtype) -> int:
        return self.complex if from_numpy(dtype).is_complex else self.real if from_numpy(dtype).is_float else 0


EXACT = Bound()
BOUNDS: dict[str, Bound] = {
    # op                       floats  complex
    "abs":                   Bound(0, 4),
    "atan2":                 Bound(3, 16),
    "cbrt":                  Bound(3, 16),
    "cosine":                Bound(3, 16),
    "divide":                Bound(0, 8),
    "exponential":           Bound(3, 16),
    "exponential_minus_one": Bound(3, 16),
    "log":                   Bound(3, 16),
    "log_plus_one":          Bound(3, 16),
    "logistic":              Bound(3, 16),
    "multiply":              Bound(0, 4),
    "power":                 Bound(3, 64),
    "rsqrt":                 Bound(3, 8),
    "sign":                  Bound(0, 8),
    "sine":                  Bound(3, 16),
    "sqrt":                  Bound(0, 8),
    "tan":                   Bound(4, 32),
    "tanh":                  Bound(3, 32),
    "weft.erf":              Bound(3, 0),
    # Made of several of these, in the same order in kernels and reference.
    **dict.fromkeys(("weft.acos", "weft.acosh", "weft.asin", "weft.asinh", "weft.atan", "weft.atanh", "weft.cosh", "weft.sinh"), Bound(8)),
    **dict.fromkeys(("weft.bessel_i1e", "weft.erf_inv", "weft.erfc", "weft.zeta"), Bound(16)),
    **dict.fromkeys(("weft.digamma", "weft.lgamma", "weft.polygamma"), Bound(64)),  # they cross zero
    **{f"weft.broadcast_{op}": Bound(b) for op, b in {"atan2": 3, "polygamma": 64, "power": 3, "zeta": 16}.items()},
    **{f"batch_norm_{kind}": Bound(64, summed=True) for kind in ("training", "inference", "grad")},
    **{op: Bound(16, 16, summed=True) for op in ("dot", "einsum", "unary_einsum", "weft.ragged_dot")},
    "weft.square":           Bound(0, 4),
    # The reference sums in f64 and rounds once, kernels sum in f32 (f64 for f64) in an order of their own.
    "convolution":           Bound(64, 16, summed=True),  # Winograd in the default precision
    "dot_general":           Bound(16, 16, summed=True),
    "reduce":                Bound(16, 16, summed=True),
    "reduce_window":         Bound(16, 16, summed=True),
    "scatter":               Bound(16, 16, summed=True),
    "weft.attention":        Bound(36, 0, summed=True),  # two products and exponentials
    "weft.conv":             Bound(64, 16, summed=True),
    "weft.depthwise":        Bound(16, 16, summed=True),
    "weft.matmul":           Bound(16, 16, summed=True),
    "weft.winograd":         Bound(64, 16, summed=True),
}  # fmt: skip


def bound_of(op: str, *operands: np.dtype) -> Bound:
    """The bound of an op; on complex operands, that of its real results too."""
    bound = BOUNDS.get(op, EXACT)
    return replace(bound, real=bound.complex) if any(d.kind == "c" for d in operands) else bound


def difference(got: np.ndarray, want: np.ndarray, bound: Bound = EXACT, magnitude: np.ndarray | None = None) -> str:
    """How two arrays differ by more than the bound allows, or "". NaN equals NaN; where bounds are exact -0 is not 0."""
    if (got.dtype, got.shape) != (want.dtype, want.shape):
        return f"{got.dtype}{list(got.shape)} instead of {want.dtype}{list(want.shape)}"
    ulps = bound.ulps(got.dtype)
    bad = ~_same_bits(got, want)
    if ulps and bad.any():
        bad &= ~_near(got, want, ulps, magnitude if bound.summed else None)
    if not bad.any():
        return ""
    places = np.argwhere(bad)
    shown = ", ".join(f"{g} for {w}" for g, w in zip(got[bad][:4], want[bad][:4], strict=True))
    return f"{len(places)} of {got.size} elements, at {places[:4].tolist()}: {shown}"


# In types without NaN, what was one is a zero of either sign: the sign of a NaN means nothing.
NO_NAN = ("f4E2M1FN", "f6E2M3FN", "f6E3M2FN")


def _same_bits(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if x.dtype.kind == "c":
        return _same_bits(x.real, y.real) & _same_bits(x.imag, y.imag)
    bits = f"u{x.dtype.itemsize}"
    same = np.ascontiguousarray(x).view(bits).reshape(x.shape) == np.ascontiguousarray(y).view(bits).reshape(y.shape)
    dtype = from_numpy(x.dtype)
    if dtype.name in NO_NAN:
        return np.asarray(x == y)
    return np.asarray(same | (np.isnan(x) & np.isnan(y)) if dtype.is_float else same)


def _near(x: np.ndarray, y: np.ndarray, ulps: int, magnitude: np.ndarray | None) -> np.ndarray:
    """Whether elements are `ulps` apart at most: units of the result, or of `magnitude`."""
    dtype = from_numpy(x.dtype)
    wide = np.complex128 if dtype.is_complex else np.float64
    with np.errstate(all="ignore"):
        a, b = x.astype(wide), y.astype(wide)
        if magnitude is None and not dtype.is_complex:
            return steps(x, y) <= ulps
        scale = np.abs(b) if magnitude is None else np.abs(magnitude.astype(wide))
        info = np.finfo(x.dtype) if dtype.bits > 16 or dtype.name == "f16" else _finfo(x.dtype)
        room = float(info.eps) * scale + float(info.smallest_subnormal)
        return np.isfinite(a) & np.isfinite(b) & (np.abs(a - b) <= ulps * room)


def _finfo(dtype: np.dtype) -> np.finfo:
    from ml_dtypes import finfo

    return finfo(dtype)


def steps(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How many representable numbers lie between two floats; very many where one is NaN."""

    def place(a: np.ndarray) -> np.ndarray:
        bits = np.ascontiguousarray(a).view(f"i{a.dtype.itemsize}").astype(np.int64).reshape(a.shape)
        low = np.int64((1 << 8 * a.dtype.itemsize - 1) - 1)
        return np.where(bits < 0, -(bits & low), bits)

    with np.errstate(all="ignore"):
        return np.where(np.isnan(x) | np.isnan(y), np.iinfo(np.int64).max, np.abs(place(x) - place(y)))


def magnitudes(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The arrays with the magnitudes of their floats and complex numbers, of the same types: what a sum of them is measured by."""
    return [np.abs(a).astype(a.dtype) if from_numpy(a.dtype).is_float or a.dtype.kind == "c" else a for a in arrays]
