"""A smaller file with the same fault."""

from collections.abc import Callable
from typing import Any

import onnx
from google.protobuf.message import DecodeError, Message

from .harness import run
from .protobuf import messages

_TRIES = 2000


def minimized(kind: str, data: bytes, fault: str) -> bytes:
    """`data` with whatever is not needed for `fault` taken out, within a number of tries; hangs are left as they are."""
    if fault.endswith("hang"):
        return data
    left = [_TRIES]

    def same(candidate: bytes) -> bool:
        left[0] -= 1
        return left[0] >= 0 and run(kind, candidate).fault == fault

    match kind:
        case "onnx":
            return _message(data, same)
        case "mlir":
            return b"\n".join(_list(data.split(b"\n"), lambda lines: same(b"\n".join(lines))))
        case _:
            return data


def _list(items: list[Any], same: Callable[[list[Any]], bool]) -> list[Any]:
    """The items without those that can go, larger stretches first."""
    step = max(1, len(items) // 2)
    while step:
        at = 0
        while at < len(items):
            fewer = items[:at] + items[at + step :]
            if len(fewer) < len(items) and same(fewer):
                items = fewer
            else:
                at += step
        step //= 2
    return items


def _message(data: bytes, same: Callable[[bytes], bool]) -> bytes:
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError:
        return data
    if not same(model.SerializeToString()):
        return data
    for part in list(messages(model)):
        for field, _ in part.ListFields():
            _shrink(model, part, field.name, field.is_repeated, same)
    return model.SerializeToString()


def _shrink(model: Message, part: Any, name: str, repeated: bool, same: Callable[[bytes], bool]) -> None:
    if repeated:
        entries = list(getattr(part, name))
        copies = [e if not isinstance(e, Message) else _copy(e) for e in entries]

        def put(items: list[Any]) -> bool:
            part.ClearField(name)
            getattr(part, name).extend(items)
            return same(model.SerializeToString())

        put(_list(copies, put))
        return
    before = _copy(part)
    part.ClearField(name)
    if not same(model.SerializeToString()):
        part.CopyFrom(before)


def _copy(message: Any) -> Any:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy
