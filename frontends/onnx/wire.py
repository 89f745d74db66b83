"""How many messages and strings a serialized protobuf message holds, counted before it is parsed.

An empty submessage takes two bytes in a file and a hundred in memory, so that a file of some hundred megabytes could ask for more than a
machine has. (Protocol Buffers, "Encoding".)
"""

from functools import cache
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

_VARINT, _FIXED64, _BYTES, _GROUP, _END_GROUP, _FIXED32 = range(6)
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}


@cache
def _nested(descriptor: Any) -> dict[int, Any]:
    """The fields of a message that hold messages (by number), and those that hold strings (None)."""
    found: dict[int, Any] = {}
    for f in descriptor.fields:
        if f.type == FieldDescriptor.TYPE_MESSAGE:
            found[f.number] = f.message_type
        elif f.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
            found[f.number] = None
    return found


def count_messages(data: memoryview, descriptor: Any, most: int) -> int:
    """The messages and strings in `data`, a message of type `descriptor`; counting ends above `most` and where `data` is damaged."""
    count = 0
    todo = [(0, len(data), descriptor)]
    while todo and count <= most:
        at, end, current = todo.pop()
        fields = _nested(current)
        while at < end and count <= most:
            tag, at = _varint(data, at, end)
            kind = tag & 7
            if kind == _VARINT:
                _, at = _varint(data, at, end)
                continue
            if kind != _BYTES:
                at += _WIDTHS.get(kind, 0)
                continue
            size, at = _varint(data, at, end)
            if tag >> 3 in fields:
                count += 1
                inner = fields[tag >> 3]
                if inner is not None:
                    todo.append((at, min(at + size, end), inner))
            at += size
    return count


def _varint(data: memoryview, at: int, end: int) -> tuple[int, int]:
    """(value, position behind it)."""
    value = shift = 0
    while at < end and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            break
        shift += 7
    return value, at
