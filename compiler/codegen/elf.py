"""Reading relocatable 64-bit little-endian ELF objects, as far as LLVM writes them (System V ABI, chapter 4)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from ...proto.errors import InternalError

EM_X86_64 = 62
EM_AARCH64 = 183
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELA = struct.Struct("<QQq")
_SHT_SYMTAB, _SHT_RELA, _SHT_NOTE, _SHT_NOBITS = 2, 4, 7, 8
_SHF_WRITE, _SHF_ALLOC, _SHF_EXECINSTR, _SHF_TLS = 1, 2, 4, 0x400
_SHN_ABS = 0xFFF1
_STT_FILE = 4
_STB_LOCAL = 0


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A section that belongs in memory."""

    name: str
    data: bytes
    align: int
    executable: bool


@dataclass(frozen=True, slots=True)
class Symbol:
    """`value` bytes into `section`; undefined here if that is None."""

    name: str
    section: Section | None
    value: int
    is_global: bool


@dataclass(frozen=True, slots=True)
class Relocation:
    """At `offset` of its section, what `kind` makes of `symbol + addend`."""

    offset: int
    kind: int
    symbol: Symbol
    addend: int


@dataclass(slots=True)
class Object:
    """One object file; `fixups` are its relocations by `id` of the section they patch."""

    machine: int
    loaded: list[Section]
    symbols: list[Symbol]
    fixups: dict[int, list[Relocation]] = field(default_factory=dict)

    @property
    def defined(self) -> dict[str, tuple[Section, int]]:
        """Global symbols: name to section and offset."""
        return {s.name: (s.section, s.value) for s in self.symbols if s.is_global and s.section is not None}

    @property
    def undefined(self) -> list[str]:
        """Names of the symbols other objects must define, in order."""
        return [s.name for s in self.symbols if s.is_global and s.section is None]

    def relocations(self, section: Section) -> list[Relocation]:
        return self.fixups.get(id(section), [])


@dataclass(frozen=True, slots=True)
class _Header:
    """A section header as it stands in the file."""

    name: str
    type: int
    flags: int
    offset: int
    size: int
    link: int
    info: int
    align: int


def read_object(data: bytes) -> Object:
    """Reads one object. Raises `InternalError` if it has writable or thread-local data, which an image cannot hold."""
    _, kind, machine, _, _, _, offset, _, _, _, _, entry, count, names = _HEADER.unpack_from(data)
    if data[:6] != b"\x7fELF\x02\x01" or kind != 1 or entry != _SECTION.size or machine not in (EM_X86_64, EM_AARCH64):
        raise InternalError("not a relocatable ELF object of a known machine")
    headers = _section_headers(data, offset, count, names)
    sections = {i: _section(data, h) for i, h in enumerate(headers) if _is_loaded(h)}
    table = next(h for h in headers if h.type == _SHT_SYMTAB)
    symbols = list(_symbols(data, table, headers, sections))
    result = Object(machine, list(sections.values()), symbols)
    for header in headers:
        if header.type == _SHT_RELA and header.info in sections:
            result.fixups[id(sections[header.info])] = [
                Relocation(at, info & 0xFFFFFFFF, symbols[info >> 32], addend)
                for at, info, addend in _RELA.iter_unpack(data[header.offset : header.offset + header.size])
            ]
    return result


def _section_headers(data: bytes, offset: int, count: int, names: int) -> list[_Header]:
    rows = [_SECTION.unpack_from(data, offset + i * _SECTION.size) for i in range(count)]
    strings = rows[names][4]
    return [_Header(_string(data, strings + r[0]), r[1], r[2], r[4], r[5], r[6], r[7], r[8]) for r in rows]


def _string(data: bytes, at: int) -> str:
    return data[at : data.index(0, at)].decode()


def _is_loaded(header: _Header) -> bool:
    if not header.flags & _SHF_ALLOC or not header.size or header.type == _SHT_NOTE or header.name == ".eh_frame":
        return False
    if header.flags & (_SHF_WRITE | _SHF_TLS) or header.type == _SHT_NOBITS:
        raise InternalError(f"generated code has writable or relocated data: section {header.name} of {header.size} bytes")
    return True


def _section(data: bytes, header: _Header) -> Section:
    content = data[header.offset : header.offset + header.size]
    return Section(header.name, content, header.align, bool(header.flags & _SHF_EXECINSTR))


def _symbols(data: bytes, table: _Header, headers: list[_Header], sections: dict[int, Section]) -> Iterator[Symbol]:
    strings = headers[table.link].offset
    for name_at, info, _, index, value, _ in _SYMBOL.iter_unpack(data[table.offset : table.offset + table.size]):
        name = _string(data, strings + name_at)
        if index == _SHN_ABS and info & 15 != _STT_FILE:
            raise InternalError(f"absolute symbol {name} in generated code")
        yield Symbol(name, sections.get(index), value, info >> 4 != _STB_LOCAL)
