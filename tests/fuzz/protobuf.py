"""Mutations of any protobuf message that know its structure: fields, repeated entries, references, messages moved about."""

import random
from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

INTEGERS = (0, 1, -1, 2, 3, 7, 16, 63, 64, 255, -100, 1 << 20, (1 << 31) - 1, 1 << 31, -(1 << 31), 1 << 40, (1 << 63) - 1, -(1 << 63))
FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-30, 1e30, float("nan"), float("inf"), float("-inf"))
STRINGS = ("", "x", "main", "ai.onnx", "SAME_UPPER", "VALID", "ij,jk->ik", "cubic", "linear", "reflect", "../x", "N", "a" * 300, "é\0")
_F = FieldDescriptor
_BITS = {_F.TYPE_INT32: (32, True), _F.TYPE_SINT32: (32, True), _F.TYPE_SFIXED32: (32, True), _F.TYPE_ENUM: (32, True)}
_BITS |= {_F.TYPE_UINT32: (32, False), _F.TYPE_FIXED32: (32, False), _F.TYPE_UINT64: (64, False), _F.TYPE_FIXED64: (64, False)}
_BITS |= {_F.TYPE_INT64: (64, True), _F.TYPE_SINT64: (64, True), _F.TYPE_SFIXED64: (64, True)}


def mutate(message: Message, rng: random.Random, donor: Message | None = None, names: tuple[str, ...] = ()) -> None:
    """One change somewhere in `message`. Strings and messages are also taken from elsewhere in it and from `donor`; `names` are others."""
    everything = list(messages(message))
    for _ in range(20):
        target = rng.choice(everything)
        fields = [f for f, _ in target.ListFields()] or list(target.DESCRIPTOR.fields)
        field = rng.choice(list(target.DESCRIPTOR.fields) if rng.random() < 0.1 else fields)
        pool = everything if donor is None or rng.random() < 0.7 else list(messages(donor))
        if (_repeated if field.is_repeated else _singular)(target, field, rng, pool, names):
            return


def messages(message: Message) -> Iterator[Message]:
    """A message and all inside it."""
    yield message
    for field, value in message.ListFields():
        if field.type == _F.TYPE_MESSAGE and not _is_map(field):
            for inner in value if field.is_repeated else [value]:
                yield from messages(inner)


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _same_kind(pool: list[Message], field: FieldDescriptor) -> list[Any]:
    """What fields of this name and message type hold elsewhere."""
    found: list[Any] = []
    for message in pool:
        for f, value in message.ListFields():
            if f.type == field.type and (f.name == field.name or f.type == _F.TYPE_MESSAGE) and f.message_type is field.message_type:
                found += list(value) if f.is_repeated else [value]
    return found


def _value(field: FieldDescriptor, old: Any, rng: random.Random, pool: list[Message], names: tuple[str, ...]) -> Any:
    """Another value for a scalar field."""
    match field.type:
        case _F.TYPE_STRING | _F.TYPE_BYTES:
            text = rng.choice([*(_same_kind(pool, field) or STRINGS), *rng.choices(names or STRINGS, k=2), *rng.choices(STRINGS, k=2)])
            if field.type == _F.TYPE_STRING:
                return text if isinstance(text, str) else "x"
            data = text if isinstance(text, bytes) else text.encode()
            return _bytes(old, rng) if old and rng.random() < 0.7 else data
        case _F.TYPE_FLOAT | _F.TYPE_DOUBLE:
            return rng.choice(FLOATS)
        case _F.TYPE_BOOL:
            return not old
        case _:
            bits, signed = _BITS[field.type]
            n = rng.choice((old + 1, old - 1, -old, rng.choice(INTEGERS), rng.choice(INTEGERS), rng.randrange(32)))
            n &= (1 << bits) - 1
            return n - (1 << bits) if signed and n >> bits - 1 else n


def _bytes(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    at = rng.randrange(len(out))
    match rng.randrange(4):
        case 0:
            out[at] ^= 1 << rng.randrange(8)
        case 1:
            del out[at:]
        case 2:
            out[at : at + 8] = rng.choice(INTEGERS).to_bytes(8, "little", signed=True)
        case _:
            out += out[at:]
    return bytes(out)


def _singular(target: Any, field: FieldDescriptor, rng: random.Random, pool: list[Message], names: tuple[str, ...]) -> bool:
    if field.has_presence and target.HasField(field.name) and rng.random() < 0.1:
        target.ClearField(field.name)
        return True
    if field.type != _F.TYPE_MESSAGE:
        setattr(target, field.name, _value(field, getattr(target, field.name), rng, pool, names))
        return True
    others = _same_kind(pool, field)
    if not others:
        return False
    other = type(others[0])()
    other.CopyFrom(rng.choice(others))
    getattr(target, field.name).CopyFrom(other)
    return True


def _repeated(target: Any, field: FieldDescriptor, rng: random.Random, pool: list[Message], names: tuple[str, ...]) -> bool:
    if _is_map(field):
        return False
    entries = getattr(target, field.name)
    items = list(entries)
    at = rng.randrange(len(items) + 1)
    match rng.randrange(6):
        case 0 if items:
            del items[min(at, len(items) - 1)]
        case 1 if items:
            items.insert(at, rng.choice(items))
        case 2 if len(items) > 1:
            rng.shuffle(items)
        case 3 if items:
            items = items[: at or 1]
        case _ if field.type == _F.TYPE_MESSAGE:
            others = _same_kind(pool, field)
            if not others:
                return False
            items[at : at + rng.randrange(2)] = [rng.choice(others)]
        case _:
            old = rng.choice(items) if items else {_F.TYPE_STRING: "", _F.TYPE_BYTES: b""}.get(field.type, 0)
            items[at : at + rng.randrange(2)] = [_value(field, old, rng, pool, names)]
    if len(items) > 10_000 and len(items) > len(entries):
        return False
    copies = [_copied(i) for i in items]
    target.ClearField(field.name)
    getattr(target, field.name).extend(copies)
    return True


def _copied(item: Any) -> Any:
    if not isinstance(item, Message):
        return item
    copy = type(item)()
    copy.CopyFrom(item)
    return copy
