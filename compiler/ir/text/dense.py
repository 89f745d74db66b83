"""Tensor contents as text: `dense<…>`, with MLIR's conventions for splats, hexadecimal bits and raw bytes."""

import numpy as np

from ....proto.dtypes import F32, F64, DType

# As MLIR: a tensor of more elements that is no splat is written as the bytes of its elements.
HEX_LIMIT = 100
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def quote(text: str) -> str:
    """A string literal."""
    out: list[str] = []
    for char in text:
        if char in _ESCAPES:
            out.append(_ESCAPES[char])
        elif char.isprintable():
            out.append(char)
        else:
            out += (f"\\{b:02X}" for b in char.encode("utf-8", "surrogatepass"))
    return f'"{"".join(out)}"'


def float_text(value: float, dtype: np.dtype) -> str:
    """A float literal that reads back as the same element of `dtype`: six digits where they do, else the shortest that does."""
    short = f"{value:.6e}"
    if dtype.type(float(short)) == value:
        return short
    text = str(np.float32(value)) if dtype == np.float32 else repr(float(value))
    mantissa, e, exponent = text.partition("e")
    return (mantissa if "." in mantissa else mantissa + ".0") + e + exponent


def _float_element(x: np.generic, dtype: DType) -> str:
    value = float(x)  # type: ignore[arg-type]
    # Inf and nan have no literal; tiny formats without a sign of zero are written by value.
    if not np.isfinite(value) or np.isnan(value):
        bits = np.asarray(x).view(f"u{dtype.itemsize}").item()
        return f"0x{bits:0{max(1, (dtype.bits + 3) // 4)}X}"
    return float_text(value, dtype.numpy)


def element_text(x: np.generic, dtype: DType) -> str:
    """One element of a `dense<…>` literal."""
    if dtype.is_bool:
        return "true" if x else "false"
    if dtype.is_int:
        return str(int(x))  # type: ignore[arg-type]
    if dtype.is_complex:
        part = F32 if dtype.bits == 64 else F64
        value = np.asarray(x).reshape(1).view(part.numpy)
        return f"({_float_element(value[0], part)},{_float_element(value[1], part)})"
    if dtype.is_float:
        return _float_element(x, dtype)
    return quote(x.decode("utf-8", "replace") if isinstance(x, bytes) else str(x))


def is_splat(array: np.ndarray) -> bool:
    """Whether every element has the bits of the first; a zero-stride view is one at no cost."""
    if array.size == 0 or array.dtype == np.object_:
        return False
    if all(stride == 0 or n == 1 for stride, n in zip(array.strides, array.shape, strict=True)):
        return True
    flat = array.reshape(-1)
    first = flat[:1].tobytes()
    head = flat[:64]
    if head.tobytes() != first * len(head):
        return False
    return flat.tobytes() == first * flat.size


def _nested(array: np.ndarray, dtype: DType) -> str:
    if array.ndim == 0:
        return element_text(array.flat[0], dtype)
    return "[" + ", ".join(_nested(array[i, ...], dtype) for i in range(len(array))) + "]"


def dense_text(array: np.ndarray, dtype: DType, elide: int | None = None) -> str:
    """`dense<…>` without its type. Tensors of more than `elide` elements become `dense<…>`, which does not parse."""
    if array.size == 0:
        return "dense<>"
    if is_splat(array):
        return f"dense<{element_text(array.reshape(-1)[0], dtype)}>"
    if elide is not None and array.size > elide:
        return "dense<…>"
    # The byte form of i1 differs between versions of MLIR, that of strings does not exist.
    if array.size > HEX_LIMIT and not dtype.is_bool and array.dtype != np.object_:
        data = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
        return f'dense<"0x{data.tobytes().hex().upper()}">'
    return f"dense<{_nested(array, dtype)}>"
