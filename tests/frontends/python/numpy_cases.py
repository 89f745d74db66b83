"""What the tests of `weft.numpy` share: numbers of every type, and comparison with numpy's answers."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import weft
from weft import numpy as wnp

SIGNED, UNSIGNED = ["int8", "int16", "int32", "int64"], ["uint8", "uint16", "uint32", "uint64"]
INTS, FLOATS, COMPLEX = SIGNED + UNSIGNED, ["float32", "float64"], ["complex64", "complex128"]
REAL, NUMERIC = INTS + FLOATS, INTS + FLOATS + COMPLEX
EVERY = ["bool", *NUMERIC]


def some(dtype: str, shape: Sequence[int] = (2, 3), seed: int = 0) -> np.ndarray:
    """A few small numbers of a type; some occur more than once."""
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype).kind
    if kind == "c":
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)
    return (rng.standard_normal(shape) if kind == "f" else rng.integers(0, 2 if kind == "b" else 5, shape)).astype(dtype)


def agree(got: Any, want: Any, what: str = "", ulps: float = 0) -> None:
    """The same dtype, shape, and values, signs of zeros and places of NaN included; tuples part by part."""
    if isinstance(want, (tuple, list)):
        assert len(got) == len(want), what
        for g, w in zip(got, want, strict=True):
            agree(g, w, what, ulps)
        return
    got, want = np.asarray(got), np.asarray(want)
    assert (got.dtype, got.shape) == (want.dtype, want.shape), f"{what}: {got.dtype}{got.shape}, not {want.dtype}{want.shape}"
    rtol = ulps * np.finfo(want.dtype).eps if want.dtype.kind in "fc" else 0
    np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol * 0.5, err_msg=what)
    if want.dtype.kind == "f" and not ulps:
        np.testing.assert_array_equal(np.signbit(got) & (got == 0), np.signbit(want) & (want == 0), err_msg=what)


def both(f: Callable[..., Any], *args: Any, **keywords: Any) -> list[Any]:
    """What `f` gives eagerly and compiled; keywords are no tensors."""
    return [f(*map(wnp.asarray, args), **keywords), weft.function(lambda *args: f(*args, **keywords))(*args)]


Case = tuple[str, Callable[..., Any], tuple[np.ndarray, ...]]


def same_as_numpy(cases: Sequence[Case], ulps: float = 0) -> None:
    """Each case is a name, a function of a library and arrays, and the arrays: `weft.numpy` and numpy must agree.

    The compiled answers are all of one program.
    """
    with np.errstate(all="ignore"):
        want = [f(np, *args) for _, f, args in cases]
    for (name, f, args), w in zip(cases, want, strict=True):
        agree(f(wnp, *map(wnp.asarray, args)), w, f"{name} of {[(a.dtype, a.shape) for a in args]}", ulps)

    def every(arrays: Any) -> Any:
        return [f(wnp, *own) for (_, f, _), own in zip(cases, arrays, strict=True)]

    for (name, _, args), g, w in zip(cases, weft.function(every)([args for *_, args in cases]), want, strict=True):
        agree(g, w, f"compiled {name} of {[(a.dtype, a.shape) for a in args]}", ulps)
