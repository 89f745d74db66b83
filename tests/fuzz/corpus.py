"""What is damaged: ONNX's node tests and exported networks, our goldens, and files of our own formats made from these."""

import random
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import weft
from google.protobuf.message import DecodeError, Message
from weft.compiler.ir.text import to_text
from weft.frontends.onnx import from_model
from weft.proto import graph_pb2, program_pb2, safetensors
from weft.proto.container import PAGE, Container, write_container
from weft.proto.errors import WeftError

from ..models.node_cases import node_cases
from . import protobuf, text
from .harness import run

ROOT = Path(__file__).parents[1]
_LARGEST = 64 << 10  # of a model that serves as a seed
# How often a kind of file is drawn.
WEIGHTS = {"onnx": 10, "mlir": 4, "weft": 3, "weftx": 2, "safetensors": 1}


@dataclass(frozen=True)
class Seeds:
    """The bytes of files by kind, all valid."""

    files: dict[str, list[bytes]]
    operators: tuple[str, ...]

    def victim(self, seed: int, number: int) -> tuple[str, bytes]:
        """The kind and bytes of victim `number`, the same for the same seed."""
        rng = random.Random(f"{seed}:{number}")
        kind = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        files = self.files[kind]
        data = rng.choice(files)
        for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
            data = self._mutated(kind, data, rng)
        return kind, data

    def _mutated(self, kind: str, data: bytes, rng: random.Random) -> bytes:
        others = self.files[kind]
        if not data or rng.random() < 0.06:
            return text.mutate_bytes(data, others, rng)
        match kind:
            case "onnx":
                return _message(onnx.ModelProto, data, rng, rng.choice(others), self.operators)
            case "mlir":
                return text.mutate(data, others, rng)
            case "safetensors":
                return _safetensors(data, others, rng)
            case _:
                return _container(kind, data, rng, rng.choice(others))


def _message(kind: type[Message], data: bytes, rng: random.Random, other: bytes, names: tuple[str, ...] = ()) -> bytes:
    message, donor = kind(), kind()
    try:
        message.ParseFromString(data)
        donor.ParseFromString(other)
        protobuf.mutate(message, rng, donor, names)
        return message.SerializeToString(deterministic=True)
    except (ValueError, DecodeError):  # damaged before, or strings that are not UTF-8
        return text.mutate_bytes(data, [other], rng)


def _safetensors(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    (length,) = struct.unpack("<Q", data[:8].ljust(8, b"\0"))
    header = text.mutate(data[8 : 8 + length], [o[8:200] for o in others], rng)
    return struct.pack("<Q", len(header)) + header + data[8 + length :]


def _container(kind: str, data: bytes, rng: random.Random, other: bytes) -> bytes:
    """A `.weft` or `.weftx` with another message in it, and digests that fit."""
    name, schema = ("graph.pb", graph_pb2.Graph) if kind == "weft" else ("program.pb", program_pb2.Program)
    try:
        members, theirs = _members(kind, data), _members(kind, other)
    except WeftError:
        return text.mutate_bytes(data, [other], rng)
    members[name] = _message(schema, members[name], rng, theirs[name])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        with write_container(path, kind) as w:
            for member, content in members.items():
                w.add(member, [content], align=64 if member == name else PAGE)
        return path.read_bytes()


def _members(kind: str, data: bytes) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_bytes(data)
        with Container(path, kind) as c:
            return {name: bytes(c.view(name)) for name in c.names}


@cache
def seeds() -> Seeds:
    """Everything that is damaged; takes some seconds to make."""
    models = _models()
    modules = _modules(models)
    goldens = [part.split(b"// =>")[0] for p in sorted((ROOT / "golden").rglob("*.mlir")) for part in p.read_bytes().split(b"// -----")]
    files = {
        "onnx": [m.SerializeToString() for m in models],
        "mlir": goldens + [to_text(m).encode() for m in modules],
        "weft": [_saved(lambda p, m=m: weft.save(m, p)) for m in modules],
        "weftx": [_saved(weft.compile(m).save) for m in modules[::4]],
        "safetensors": [_saved(lambda p, a=arrays: safetensors.save(a, p)) for arrays in _weights()],
    }
    operators = tuple(sorted({n.op_type for m in models for n in m.graph.node}))
    return Seeds(files, operators)


def _models() -> list[onnx.ModelProto]:
    """One model of each node test, half of them with small inputs made constants; and the exported networks that are small."""
    found: list[onnx.ModelProto] = []
    for i, case in enumerate(node_cases()):
        model = case.with_constants() if i % 2 else case.model
        if model.ByteSize() <= _LARGEST:
            found.append(model)
    for path in sorted((ROOT / "data" / "torch").glob("*.onnx")):
        if path.stat().st_size <= _LARGEST:
            found.append(onnx.load(path))
    return found


def _modules(models: list[onnx.ModelProto]) -> list[weft.Module]:
    """Some of the models imported, those that go the whole way."""
    sound = (run("onnx", m.SerializeToString()) for m in models[::37])
    return [from_model(m) for m, o in zip(models[::37], sound, strict=True) if not o.fault and not o.code]


def _saved(save: Callable[[Path], None]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        save(path)
        return path.read_bytes()


def _weights() -> list[dict[str, np.ndarray]]:
    numbers = np.random.default_rng(0)
    one = {"w": numbers.standard_normal((2, 3)).astype(np.float32), "b": np.zeros(3, np.int64)}
    return [one, {}, {f"layer.{i}.weight": np.ones((i, 2), np.float16) for i in range(6)}]
