"""Reading an ONNX file: parsing, tensors, external data. Nothing of the file's is executed, and nothing outside its folder is read."""

import os
from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from onnx import TensorProto, numpy_helper

from ...compiler.ir.types import TensorType
from ...proto import dtypes
from ...proto.dtypes import DType
from ...proto.errors import Loc, WeftError, fail

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
    "UINT2": "ui2",
    "INT2": "i2",
}
DTYPES: dict[int, DType] = {number: dtypes.BY_NAME[_NAMES[name]] for name, number in TensorProto.DataType.items() if name in _NAMES}
NUMBERS: dict[str, int] = {dtype.name: number for number, dtype in DTYPES.items()}
_MOST_ELEMENTS = 1 << 40
_MOST_RANK = 32  # numpy has 64, and fusions need some


def parse(data: bytes | memoryview, loc: Loc) -> onnx.ModelProto:
    """The model in these bytes; WeftError `onnx.parse` if they are not one."""
    try:
        model = onnx.ModelProto.FromString(data)  # type: ignore[arg-type]
    except DecodeError as error:
        raise fail("onnx.parse", f"this is not an ONNX model: {error}", loc=loc) from error
    if not model.HasField("graph") or not model.opset_import:
        help = "the file may be empty, truncated, or of another format"
        raise fail("onnx.parse", "this is not an ONNX model: it has no graph or imports no operators", loc=loc, help=help)
    damaged = next((s for s in _strings(model) if isinstance(s, bytes)), None)
    if damaged is not None:
        raise fail("onnx.parse", f"the file is damaged: {damaged!r}, a name, is not UTF-8", loc=loc)
    return model


def _strings(message: Message) -> Iterator[str | bytes]:
    """Every string of a message and those inside it; what is not UTF-8 comes as bytes."""
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_STRING:
            yield from [value] if isinstance(value, (str, bytes)) else value
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            for inner in [value] if isinstance(value, Message) else value:
                yield from _strings(inner)


class Reader:
    """Tensors of one model; external data is looked for in `folder` alone (None: there is no folder, external data is an error)."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._maps: dict[Path, np.ndarray] = {}

    def dtype(self, number: int, loc: Loc) -> DType:
        """The element type of an ONNX number; WeftError `onnx.dtype`."""
        if number not in DTYPES:
            raise fail("onnx.dtype", f"element type {number} is unknown", loc=loc)
        return DTYPES[number]

    def array(self, tensor: TensorProto, loc: Loc) -> np.ndarray:
        """The contents of a tensor; external data is memory-mapped. WeftError `onnx.tensor`, `onnx.external`."""
        dtype = self.dtype(tensor.data_type, loc)
        shape = tuple(tensor.dims)
        if any(d < 0 for d in shape) or prod(max(d, 1) for d in shape) > _MOST_ELEMENTS or len(shape) > _MOST_RANK:
            raise fail("onnx.tensor", f"tensor `{tensor.name}` has the shape {shape}", loc=loc)
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
        info = {e.key: e.value for e in tensor.external_data}
        path = self._inside(info.get("location", ""), tensor.name, loc)
        try:
            offset, length = int(info.get("offset", "0")), int(info["length"]) if "length" in info else None
        except ValueError as error:
            raise fail("onnx.external", f"offset or length of `{tensor.name}` is not a number", loc=loc) from error
        count = prod(shape)
        need = count if dtype.bits < 8 and dtype.is_bool else (count * dtype.bits + 7) // 8
        data = self._map(path, loc)
        length = need if length is None else length
        if offset < 0 or length != need or offset + length > len(data):
            why = f"`{tensor.name}` needs {need} bytes at offset {offset} of {path.name}, which has {len(data)}"
            raise fail("onnx.external", why, loc=loc)
        raw = data[offset : offset + length]
        if dtype.bits < 8 and not dtype.is_bool:
            whole = TensorProto(data_type=tensor.data_type, dims=shape, raw_data=raw.tobytes())
            return numpy_helper.to_array(whole).astype(dtype.numpy, copy=False)
        return (
            raw.view(dtype.numpy).reshape(shape)
            if offset % dtype.itemsize == 0
            else np.frombuffer(raw.tobytes(), dtype.numpy).reshape(shape)
        )

    def _inside(self, location: str, name: str, loc: Loc) -> Path:
        """The file that `location` names, if it is a plain file of the model's own folder; WeftError `onnx.external`."""
        if self.folder is None:
            raise fail("onnx.external", f"`{name}` is stored in {location!r}, but the model was not read from a file", loc=loc)
        root = self.folder.resolve()
        path = root / location
        if not location or os.path.isabs(location) or ".." in Path(location).parts or path.resolve() != path:
            raise fail("onnx.external", f"`{name}` is stored in {location!r}, outside the model's folder", loc=loc)
        try:
            status = path.lstat()
        except OSError as error:
            raise fail("onnx.external", f"{location!r}, which holds `{name}`, cannot be read: {error.strerror}", loc=loc) from error
        if not path.is_file() or path.is_symlink() or status.st_nlink > 1:
            raise fail("onnx.external", f"{location!r}, which holds `{name}`, is not a plain file", loc=loc)
        return path

    def _map(self, path: Path, loc: Loc) -> np.ndarray:
        if path not in self._maps:
            empty = path.stat().st_size == 0
            self._maps[path] = np.zeros(0, np.uint8) if empty else np.memmap(path, np.uint8, "r")
        return self._maps[path]


def tensor_type(info: onnx.TypeProto, reader: Reader, dim: "object", loc: Loc) -> TensorType:
    """The type of a graph input or output; `dim(proto, axis)` makes a dimension of one that is not a number."""
    kind = info.WhichOneof("value")
    if kind != "tensor_type":
        raise fail("onnx.type", f"values of type {kind} are not supported", loc=loc)
    t = info.tensor_type
    if not t.HasField("shape"):
        raise fail("onnx.type", "an input must have a shape", loc=loc, help="run onnx.shape_inference, or export with shapes")
    dims = tuple(d.dim_value if d.WhichOneof("value") == "dim_value" else dim(d, i) for i, d in enumerate(t.shape.dim))  # type: ignore[operator]
    if any(isinstance(d, int) and not 0 <= d <= _MOST_ELEMENTS for d in dims) or len(dims) > _MOST_RANK:
        raise fail("onnx.type", f"no tensor can have the shape {dims}", loc=loc)
    return TensorType(reader.dtype(t.elem_type, loc), dims)


def collect(errors: list[WeftError]) -> None:
    """Raise all of `errors` as one, if there are any."""
    if errors:
        raise WeftError(*(d for e in errors for d in e.diagnostics))
