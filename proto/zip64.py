"""The records of a zip file with stored members (PKWARE APPNOTE 6.3): written always in zip64 form, read strictly in either.

Nothing here trusts a length before it has been compared with what is there, and nothing is allocated by a number from the file.
"""

import re
import struct
from dataclasses import dataclass
from itertools import pairwise

from .errors import Loc, WeftError, fail

MAX_MEMBERS = 1024
_MAX_DIRECTORY = 1 << 20

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR64 = struct.Struct("<4sIQI")
_ZIP64_SIZES = struct.Struct("<HHQQ")
_ZIP64_ALL = struct.Struct("<HHQQQ")

_VERSION = 45  # the first with zip64
_UTF8 = 0x800
_DOS_EPOCH = 0x21  # 1980-01-01: files do not depend on when they were written
_ID_ZIP64 = 0x0001
_ID_PADDING = 0xD935  # the extra field of Android's zipalign: an alignment, then zeros
_FULL32 = 0xFFFFFFFF
_NAME = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]*(/[A-Za-z0-9_+-][A-Za-z0-9_.+-]*)*")


@dataclass(frozen=True, slots=True)
class Entry:
    """A member: where its header begins, where its bytes begin, how many there are, and their CRC-32."""

    name: str
    header: int
    start: int
    size: int
    crc: int

    @property
    def end(self) -> int:
        return self.start + self.size


def is_name(name: str) -> bool:
    """Whether a member may be called so: relative, plain characters, no part that starts with a dot."""
    return len(name) <= 200 and _NAME.fullmatch(name) is not None


def local_header(name: str, position: int, align: int, size: int = 0, crc: int = 0) -> bytes:
    """The header that puts the bytes of a member at the next multiple of `align` when it is written at `position`."""
    raw = name.encode()
    zip64 = _ZIP64_SIZES.pack(_ID_ZIP64, 16, size, size)
    unpadded = position + _LOCAL.size + len(raw) + len(zip64) + 6
    padding = struct.pack("<HHH", _ID_PADDING, 2 + -unpadded % align, align) + bytes(-unpadded % align)
    extra = zip64 + padding
    fields = (_VERSION, _UTF8, 0, 0, _DOS_EPOCH, crc, _FULL32, _FULL32, len(raw), len(extra))
    return _LOCAL.pack(b"PK\3\4", *fields) + raw + extra


def directory(entries: list[Entry], position: int) -> bytes:
    """The central directory and the end records, for a file of these members that is `position` bytes long so far."""
    records: list[bytes] = []
    for e in entries:
        raw = e.name.encode()
        extra = _ZIP64_ALL.pack(_ID_ZIP64, 24, e.size, e.size, e.header)
        made_by = (3 << 8) | _VERSION  # Unix, so that the mode below is honoured
        fields = (made_by, _VERSION, _UTF8, 0, 0, _DOS_EPOCH, e.crc, _FULL32, _FULL32, len(raw), len(extra))
        records.append(_CENTRAL.pack(b"PK\1\2", *fields, 0, 0, 0, 0o100644 << 16, _FULL32) + raw + extra)
    body = b"".join(records)
    n = len(entries)
    end64 = _END64.pack(b"PK\6\6", _END64.size - 12, _VERSION, _VERSION, 0, 0, n, n, len(body), position)
    locator = _LOCATOR64.pack(b"PK\6\7", 0, position + len(body), 1)
    end = _END.pack(b"PK\5\6", 0, 0, n, n, _FULL32, _FULL32, 0)
    return body + end64 + locator + end


def entries_of(data: memoryview, loc: Loc) -> dict[str, Entry]:
    """The members of a zip file, by name.

    WeftError `container.magic`, `.truncated`, `.directory`, `.name`, `.duplicate`, `.compressed`, `.encrypted`, `.overlap`.
    """
    start, size, count = _find_directory(data, loc)
    found: dict[str, Entry] = {}
    position = start
    for _ in range(count):
        entry, position = _central_entry(data, position, start + size, loc)
        if entry.name in found:
            raise fail("container.duplicate", f"two members are called {entry.name!r}", loc=loc)
        if entry.end > start:
            raise fail("container.truncated", f"member {entry.name!r} reaches past the end of the members", loc=loc)
        found[entry.name] = entry
    if position != start + size:
        raise fail("container.directory", "the directory is longer than its entries", loc=loc)
    for left, right in pairwise(sorted(found.values(), key=lambda e: e.header)):
        if left.end > right.header:
            raise fail("container.overlap", f"members {left.name!r} and {right.name!r} overlap", loc=loc)
    return found


def _bad_directory(loc: Loc, why: str) -> WeftError:
    return fail("container.directory", f"the directory of the file is damaged: {why}", loc=loc)


def _find_directory(data: memoryview, loc: Loc) -> tuple[int, int, int]:
    """(start, size, number of entries) of the central directory."""
    if bytes(data[:4]) not in (b"PK\3\4", b"PK\5\6"):
        raise fail("container.magic", "not a weft container (a zip file)", loc=loc)
    tail_start = max(0, len(data) - _END.size - 0xFFFF)
    tail = bytes(data[tail_start:])
    at = tail.rfind(b"PK\5\6")
    if at < 0 or at + _END.size > len(tail):
        raise fail("container.truncated", "the file ends before its directory", loc=loc, help="it was cut off: copy or make it again")
    _, disk, directory_disk, here, count, size, start, comment = _END.unpack_from(tail, at)
    end = tail_start + at
    if comment != len(tail) - at - _END.size or disk or directory_disk or here != count:
        raise _bad_directory(loc, "its end record is inconsistent")
    if _FULL32 in (size, start) or count == 0xFFFF:
        start, size, count, end = _end64(data, end - _LOCATOR64.size, loc)
    if count > MAX_MEMBERS or size > _MAX_DIRECTORY:
        raise _bad_directory(loc, f"{count} members in {size} bytes are more than a container may have")
    if start + size > end:
        raise _bad_directory(loc, "it lies outside the file")
    return start, size, count


def _end64(data: memoryview, locator: int, loc: Loc) -> tuple[int, int, int, int]:
    if locator < 0 or bytes(data[locator : locator + 4]) != b"PK\6\7":
        raise _bad_directory(loc, "the zip64 locator is missing")
    _, _, at, _ = _LOCATOR64.unpack_from(data, locator)
    if at + _END64.size > locator or bytes(data[at : at + 4]) != b"PK\6\6":
        raise _bad_directory(loc, "the zip64 end record is missing")
    _, _, _, _, disk, directory_disk, here, count, size, start = _END64.unpack_from(data, at)
    if disk or directory_disk or here != count:
        raise _bad_directory(loc, "its zip64 end record is inconsistent")
    return start, size, count, at


def _central_entry(data: memoryview, at: int, limit: int, loc: Loc) -> tuple[Entry, int]:
    """The entry at `at` and the position after it."""
    if at + _CENTRAL.size > limit or bytes(data[at : at + 4]) != b"PK\1\2":
        raise _bad_directory(loc, "an entry is missing")
    fields = _CENTRAL.unpack_from(data, at)
    flags, method, crc, stored, size = fields[3], fields[4], fields[7], fields[8], fields[9]
    name_length, extra_length, comment_length, disk, header = *fields[10:14], fields[16]
    after = at + _CENTRAL.size + name_length + extra_length + comment_length
    if after > limit:
        raise _bad_directory(loc, "an entry is cut off")
    raw = bytes(data[at + _CENTRAL.size :][:name_length])
    name = raw.decode("ascii", "replace")
    if not is_name(name):
        raise fail("container.name", f"{name[:80]!r} is no name for a member", loc=loc)
    if flags & 0x2041:
        raise fail("container.encrypted", f"member {name!r} is encrypted", loc=loc)
    if method:
        raise fail("container.compressed", f"member {name!r} is compressed; members are stored", loc=loc, help="repack with `zip -0`")
    extra = bytes(data[at + _CENTRAL.size + name_length :][:extra_length])
    size, stored, header = _zip64_values(extra, [size, stored, header], loc)
    if size != stored or disk not in (0, 0xFFFF):
        raise _bad_directory(loc, f"the sizes of {name!r} disagree")
    return Entry(name, header, _data_start(data, raw, header, loc), size, crc), after


def _zip64_values(extra: bytes, values: list[int], loc: Loc) -> list[int]:
    """Size, stored size and offset, each taken from the zip64 extra field if the 32-bit field is saturated."""
    if _FULL32 not in values:
        return values
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if tag == _ID_ZIP64 and at + 4 + length <= len(extra):
            wide = list(struct.unpack_from(f"<{length // 8}Q", extra, at + 4))
            if len(wide) >= values.count(_FULL32):
                return [wide.pop(0) if v == _FULL32 else v for v in values]
            break
        at += 4 + length
    raise _bad_directory(loc, "a zip64 field is missing")


def _data_start(data: memoryview, name: bytes, header: int, loc: Loc) -> int:
    """Where the bytes of a member begin, by its local header, which must name the same member."""
    if header + _LOCAL.size > len(data) or bytes(data[header : header + 4]) != b"PK\3\4":
        raise _bad_directory(loc, f"no member at {header}")
    name_length, extra_length = struct.unpack_from("<HH", data, header + 26)
    if bytes(data[header + _LOCAL.size :][:name_length]) != name:
        raise _bad_directory(loc, f"the member at {header} has another name")
    return header + _LOCAL.size + name_length + extra_length
