"""Static linking: relocatable ELF objects of one architecture become one flat, position-independent, read-only image.

Nothing is left to relocate at load: code reaches code and constants relative to itself, so an image may hold no absolute address,
no writable data and no undefined symbol. Sections are laid out code first, then constants; the image must be mapped at a page boundary.
ELF and relocations: System V ABI, AMD64 and AArch64 supplements.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ...proto.errors import InternalError
from .elf import Object, Section, read_object
from .relocate import relocate

SECTION_ALIGN = 64


@dataclass(frozen=True, slots=True)
class Image:
    """`data` runs wherever it is mapped (page-aligned, read and execute); `symbols` gives the offset of each global function in it."""

    data: bytes
    symbols: dict[str, int]


def link(objects: Sequence[bytes], library: Sequence[bytes] = ()) -> Image:
    """Links all of `objects`, and of `library` what they need. Objects with equal bytes are taken once.

    Raises `InternalError` for symbols that are undefined (each is named) or defined twice, for writable data, and for relocations that
    would need work at load.
    """
    parts = _select([read_object(data) for data in dict.fromkeys(objects)], [read_object(data) for data in dict.fromkeys(library)])
    places, size = _lay_out(parts)
    symbols = _global_symbols(parts, places)
    image = bytearray(size)
    for part in parts:
        for section in part.loaded:
            start = places[id(section)]
            image[start : start + len(section.data)] = section.data
    for part in parts:
        _relocate_object(part, image, places, symbols)
    return Image(bytes(image), symbols)


def undefined_symbols(objects: Sequence[bytes]) -> set[str]:
    """The symbols that `objects` need and do not define among themselves."""
    parts = [read_object(data) for data in objects]
    needed = {name for part in parts for name in part.undefined}
    return needed - {name for part in parts for name in part.defined}


def _select(objects: list[Object], library: list[Object]) -> list[Object]:
    """`objects` and the members of `library` that define what is still undefined, as an archive is searched."""
    providers = {name: member for member in library for name in member.defined}
    chosen = list(objects)
    defined = {name for part in objects for name in part.defined}
    undefined: set[str] = set()
    at = 0
    while at < len(chosen):
        for name in chosen[at].undefined:
            if name in defined:
                continue
            if name not in providers:
                undefined.add(name)
                continue
            chosen.append(providers[name])
            defined.update(providers[name].defined)
        at += 1
    if undefined:
        raise InternalError(f"undefined symbols in generated code: {', '.join(sorted(undefined))}")
    return chosen


def _lay_out(parts: list[Object]) -> tuple[dict[int, int], int]:
    """The image offset of each section (by identity), and the size of the image."""
    places: dict[int, int] = {}
    at = 0
    for executable in (True, False):
        for part in parts:
            for section in part.loaded:
                if section.executable is not executable:
                    continue
                align = max(section.align, SECTION_ALIGN) if executable else max(section.align, 1)
                at = -(-at // align) * align
                places[id(section)] = at
                at += len(section.data)
        at = -(-at // SECTION_ALIGN) * SECTION_ALIGN
    return places, at


def _global_symbols(parts: list[Object], places: dict[int, int]) -> dict[str, int]:
    symbols: dict[str, int] = {}
    for part in parts:
        for name, (section, value) in part.defined.items():
            if name in symbols:
                raise InternalError(f"symbol {name} is defined by two objects")
            symbols[name] = places[id(section)] + value
    return symbols


def _relocate_object(part: Object, image: bytearray, places: dict[int, int], symbols: dict[str, int]) -> None:
    for section in part.loaded:
        start = places[id(section)]
        for fixup in part.relocations(section):
            symbol = fixup.symbol
            home: Section | None = symbol.section
            if home is None and symbol.name not in symbols:
                raise InternalError(
                    f"generated code refers to nothing at {fixup.offset} of section {section.name} (symbol {symbol.name!r})"
                )
            target = symbols[symbol.name] if home is None else places[id(home)] + symbol.value
            relocate(part.machine, image, start + fixup.offset, fixup.kind, target, fixup.addend)
