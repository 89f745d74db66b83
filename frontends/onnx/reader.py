"""Reading an ONNX file: parsing, tensors, external data. Nothing of the file's is executed, and nothing outside its folder is read."""

from collections.abc import Iterator
from math import prod

import numpy as np
import onnx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from onnx import SparseTensorProto, TensorProto, numpy_helper

from ...proto import dtypes
from ...proto.dtypes import DType
from ...proto.errors import Loc, WeftError, fail
from ...proto.limits import DEFAULT, Limits
from .external import ExternalFiles, entry_of
from .wire import count_messages

_NAMES = {
    "FLOAT": "f32",
    "UINT8": "ui8",
    "INT8": "i8",
    "UINT16": "ui16",
    "INT16": "i16",
    "INT32": "i32",
    "INT64": "i64",
    "STRING": "!weft.string",
    "BOOL": "i1",
    "FLOAT16": "f16",
    "DOUBLE": "f64",
    "UINT32": "ui32",
    "UINT64": "ui64",
    "COMPLEX64": "complex<f32>",
    "COMPLEX128": "complex<f64>",
    "BFLOAT16": "bf16",
    "FLOAT8E4M3FN": "f8E4M3FN",
    "FLOAT8E4M3FNUZ": "f8E4M3FNUZ",
    "FLOAT8E5M2": "f8E5M2",
    "FLOAT8E5M2FNUZ": "f8E5M2FNUZ",
    "FLOAT8E8M0": "f8E8M0FNU",
    "UINT4": "ui4",
    "INT4": "i4",
    "FLOAT4E2M1": "f4E2M1FN",
    "FLOAT6E2M3": "f6E2M3FN",
    "FLOAT6E3M2": "f6E3M2FN",
    "UINT2": "ui2",
    "INT2": "i2",
}
DTYPES: dict[int, DType] = {number: dtypes.BY_NAME[_NAMES[name]] for name, number in TensorProto.DataType.items() if name in _NAMES}
NUMBERS: dict[str, int] = {dtype.name: number for number, dtype in DTYPES.items()}
# Files below this size are parsed uncounted: what they can hold takes at most a gigabyte.
_UNCOUNTED = 16 << 20
_NAMED = frozenset({"name", "op_type", "domain", "overload", "input", "output", "dim_param", "ref_attr_name", "location", "key"})


def parse(data: bytes | memoryview, loc: Loc, limits: Limits = DEFAULT) -> onnx.ModelProto:
    """The model in these bytes; WeftError `onnx.parse` if they are not one, `onnx.size` if it goes beyond the limits."""
    if len(data) > _UNCOUNTED:
        count = count_messages(memoryview(data), onnx.ModelProto.DESCRIPTOR, limits.messages)
        limits.check("messages", count, "the file has too many parts", code="onnx.size", loc=loc)
    try:
        model = onnx.ModelProto.FromString(data)  # type: ignore[arg-type]
    except DecodeError as error:
        raise fail("onnx.parse", f"this is not an ONNX model: {error}", loc=loc) from error
    if not model.HasField("graph") or not model.opset_import:
        help = "the file may be empty, truncated, or of another format"
        raise fail("onnx.parse", "this is not an ONNX model: it has no graph or imports no operators", loc=loc, help=help)
    for field, text in _strings(model):
        if isinstance(text, bytes):
            raise fail("onnx.parse", f"the file is damaged: {text[:80]!r}, a name, is not UTF-8", loc=loc)
        if field in _NAMED:
            limits.check("name_bytes", len(text), f"a name of {len(text)} characters", code="onnx.size", loc=loc)
    return model


def _strings(message: Message) -> Iterator[tuple[str, str | bytes]]:
    """Every string of a message and those inside it, with its field's name; what is not UTF-8 comes as bytes."""
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_STRING:
            for text in [value] if isinstance(value, (str, bytes)) else value:
                yield field.name, text
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            for inner in [value] if isinstance(value, Message) else value:
                yield from _strings(inner)


class Reader:
    """Tensors of one model, within its limits, and the external data of some."""

    def __init__(self, files: ExternalFiles, limits: Limits) -> None:
        self.files = files
        self.limits = limits
        self._taken = 0

    def dtype(self, number: int, loc: Loc) -> DType:
        """The element type of an ONNX number; WeftError `onnx.dtype`."""
        if number not in DTYPES:
            raise fail("onnx.dtype", f"element type {number} is unknown", loc=loc)
        return DTYPES[number]

    def array(self, tensor: TensorProto, loc: Loc) -> np.ndarray:
        """The contents of a tensor; external data is memory-mapped. WeftError `onnx.tensor`, `onnx.external`."""
        dtype = self.dtype(tensor.data_type, loc)
        shape = tuple(tensor.dims)
        if any(d < 0 for d in shape):
            raise fail("onnx.tensor", f"tensor `{tensor.name}` has the shape {shape}", loc=loc)
        self._check_size(tensor.name, dtype, shape, loc)
        if tensor.data_location == TensorProto.EXTERNAL:
            return self._external(tensor, dtype, shape, loc)
        self._check_length(tensor, dtype, shape, loc)
        try:
            array = numpy_helper.to_array(tensor)
        except (ValueError, TypeError, OverflowError, UnicodeDecodeError) as error:
            raise fail("onnx.tensor", f"tensor `{tensor.name}` cannot be read: {error}", loc=loc) from error
        if dtype is dtypes.STRING:
            return np.vectorize(lambda s: s.decode("utf-8", "replace") if isinstance(s, bytes) else s, otypes=[object])(array)
        return array.astype(dtype.numpy, copy=False)

    def sparse(self, tensor: SparseTensorProto, loc: Loc) -> np.ndarray:
        """The contents of a sparse tensor, spelled out; WeftError `onnx.tensor`, `onnx.size`."""
        values, places = self.array(tensor.values, loc), self.array(tensor.indices, loc)
        shape, what = tuple(tensor.dims), f"sparse tensor `{tensor.values.name}`"
        linear = places.ndim == 1
        fits = values.ndim == 1 and places.dtype == np.int64 and places.shape in ((len(values),), (len(values), len(shape)))
        if not fits or any(d < 0 for d in shape):
            why = f"{what} of shape {shape} has {values.dtype}{list(values.shape)} values at {places.dtype}{list(places.shape)} indices"
            raise fail("onnx.tensor", why, loc=loc)
        nbytes = prod(max(d, 1) for d in shape) * max(values.itemsize, 1)
        self.limits.check("expanded_bytes", nbytes, f"{what} of shape {shape} has {nbytes} bytes", code="onnx.size", loc=loc)
        self._check_size(tensor.values.name, self.dtype(tensor.values.data_type, loc), shape, loc)
        bounds = np.array([prod(shape)] if linear else shape, np.int64)
        if ((places < 0) | (places.reshape(len(values), -1) >= bounds).reshape(places.shape)).any():
            raise fail("onnx.tensor", f"{what} has an index out of bounds", loc=loc)
        whole = np.full(shape, "" if values.dtype == object else 0, values.dtype)
        whole[np.unravel_index(places, shape) if linear else tuple(places.T)] = values
        return whole

    def _check_size(self, name: str, dtype: DType, shape: tuple[int, ...], loc: Loc) -> None:
        limits, what = self.limits, f"tensor `{name}`"
        limits.check("rank", len(shape), f"{what} has rank {len(shape)}", code="onnx.tensor", loc=loc)
        nbytes = prod(max(d, 1) for d in shape) * dtype.itemsize
        limits.check("tensor_bytes", nbytes, f"{what} of shape {shape} has {nbytes} bytes", code="onnx.tensor", loc=loc)
        self._taken += nbytes
        limits.check("weight_bytes", self._taken, f"with {what}, the constants have {self._taken} bytes", code="onnx.size", loc=loc)

    def _check_length(self, tensor: TensorProto, dtype: DType, shape: tuple[int, ...], loc: Loc) -> None:
        """A tensor must hold as many elements as its shape says, before memory is taken for them."""
        count = prod(shape)
        if tensor.HasField("raw_data"):
            have, need = len(tensor.raw_data), (count * max(dtype.bits, 1) + 7) // 8
            if (dtype is not dtypes.BOOL and have == need) or (dtype is dtypes.BOOL and have == count):
                return
            raise fail("onnx.tensor", f"tensor `{tensor.name}` of shape {shape} needs {need} bytes, the file has {have}", loc=loc)
        fields = (tensor.float_data, tensor.int32_data, tensor.int64_data, tensor.double_data, tensor.uint64_data, tensor.string_data)
        have = max(len(f) for f in fields)
        per_item = {"complex<f32>": 2, "complex<f64>": 2}.get(dtype.name, 1)
        need = count * per_item
        packed = dtype.bits < 8 and not dtype.is_bool
        enough = have * 8 // max(dtype.bits, 1) >= count if packed else have == need
        if not enough:
            raise fail("onnx.tensor", f"tensor `{tensor.name}` of shape {shape} needs {need} items, the file has {have}", loc=loc)

    def _external(self, tensor: TensorProto, dtype: DType, shape: tuple[int, ...], loc: Loc) -> np.ndarray:
        if dtype is dtypes.STRING:
            raise fail("onnx.external", f"`{tensor.name}` has strings, which cannot be external data", loc=loc)
        entry = entry_of(((e.key, e.value) for e in tensor.external_data), tensor.name, loc)
        count = prod(shape)
        packed = dtype.bits < 8 and not dtype.is_bool
        need = (count * dtype.bits + 7) // 8 if packed else count * dtype.itemsize
        raw = self.files.bytes_of(entry, need, tensor.name, loc)
        if packed:
            whole = TensorProto(data_type=tensor.data_type, dims=shape, raw_data=raw.tobytes())
            return numpy_helper.to_array(whole).astype(dtype.numpy, copy=False)
        if dtype.is_bool and (raw > 1).any():
            raise fail("onnx.external", f"`{tensor.name}` is of bool and holds bytes other than 0 and 1", loc=loc)
        aligned = raw if raw.ctypes.data % dtype.itemsize == 0 else np.frombuffer(raw.tobytes(), np.uint8)
        return aligned.view(dtype.numpy).reshape(shape)


def collect(errors: list[WeftError]) -> None:
    """Raise all of `errors` as one, if there are any."""
    if errors:
        raise WeftError(*(d for e in errors for d in e.diagnostics))
