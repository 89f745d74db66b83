"""Applying relocations of x86-64 and AArch64 code whose targets lie in the same image.

S is the target's address, A the addend, P the place; all are offsets in the image. Loads through a global offset table become address
computations, since every symbol is at a known distance.
"""

import struct

from ...proto.errors import InternalError
from .elf import EM_X86_64

_I32 = struct.Struct("<i")
_U32 = struct.Struct("<I")
_I64 = struct.Struct("<q")
_PAGE = 4096


def relocate(machine: int, image: bytearray, place: int, kind: int, target: int, addend: int) -> None:
    """Patches the bytes at `place`. Raises `InternalError` for a kind that would need an absolute address, or a target out of reach."""
    if machine == EM_X86_64:
        _relocate_x86(image, place, kind, target, addend)
    else:
        _relocate_aarch64(image, place, kind, target, addend)


def _in_range(value: int, bits: int, kind: int) -> int:
    """`value`, which must fit a signed field of `bits`."""
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise InternalError(f"relocation {kind}: distance {value} does not fit {bits} bits")
    return value


def _relocate_x86(image: bytearray, place: int, kind: int, target: int, addend: int) -> None:
    match kind:
        case 2 | 4:  # PC32, PLT32: S + A - P
            pass
        case 24:  # PC64
            _I64.pack_into(image, place, target + addend - place)
            return
        case 9 | 41 | 42:  # GOTPCREL, GOTPCRELX, REX_GOTPCRELX: `mov symbol@GOTPCREL(%rip), reg` becomes `lea symbol(%rip), reg`
            if image[place - 2] != 0x8B:
                raise InternalError(f"x86-64 relocation {kind} on an instruction that is not a mov")
            image[place - 2] = 0x8D
        case _:
            raise InternalError(f"x86-64 relocation {kind} cannot be resolved in a position-independent image")
    _I32.pack_into(image, place, _in_range(target + addend - place, 32, kind))


# AArch64 relocations of 12-bit page offsets: bytes one unit of the immediate stands for.
_LO12_SCALE = {277: 1, 278: 1, 284: 2, 285: 4, 286: 8, 299: 16}
# Branches and literal loads: bits of the immediate, its position, unit.
_BRANCHES = {282: (26, 0, 4), 283: (26, 0, 4), 280: (19, 5, 4), 273: (19, 5, 4), 279: (14, 5, 4)}


def _relocate_aarch64(image: bytearray, place: int, kind: int, target: int, addend: int) -> None:
    value = target + addend
    match kind:
        case 260:  # PREL64
            _I64.pack_into(image, place, value - place)
        case 261:  # PREL32
            _I32.pack_into(image, place, _in_range(value - place, 32, kind))
        case 262:  # PREL16
            struct.pack_into("<h", image, place, _in_range(value - place, 16, kind))
        case 274:  # ADR_PREL_LO21
            _patch_adr(image, place, _in_range(value - place, 21, kind))
        case 275 | 276 | 311:  # ADR_PREL_PG_HI21(_NC), ADR_GOT_PAGE
            pages = value // _PAGE - place // _PAGE
            _patch_adr(image, place, _in_range(pages, 21, kind))
        case 312:  # LD64_GOT_LO12_NC: `ldr reg, [base, :got_lo12:symbol]` becomes `add reg, base, :lo12:symbol`
            registers = _U32.unpack_from(image, place)[0] & 0x3FF
            _U32.pack_into(image, place, 0x91000000 | (value % _PAGE) << 10 | registers)
        case _ if kind in _LO12_SCALE:
            scale = _LO12_SCALE[kind]
            if value % scale:
                raise InternalError(f"AArch64 relocation {kind}: offset {value} is not a multiple of {scale}")
            _patch(image, place, value % _PAGE // scale, 12, 10)
        case _ if kind in _BRANCHES:
            bits, shift, unit = _BRANCHES[kind]
            _patch(image, place, _in_range((value - place) // unit, bits, kind), bits, shift)
        case _:
            raise InternalError(f"AArch64 relocation {kind} cannot be resolved in a position-independent image")


def _patch(image: bytearray, place: int, value: int, bits: int, shift: int) -> None:
    """Replaces the `bits` bits at `shift` of the instruction at `place`."""
    mask = (1 << bits) - 1
    word = _U32.unpack_from(image, place)[0] & ~(mask << shift)
    _U32.pack_into(image, place, word | (value & mask) << shift)


def _patch_adr(image: bytearray, place: int, value: int) -> None:
    """The split 21-bit immediate of ADR and ADRP."""
    _patch(image, place, value, 2, 29)
    _patch(image, place, value >> 2, 19, 5)
