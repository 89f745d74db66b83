"""Mutations of MLIR text and of JSON, by token, and of any bytes."""

import random
import re

from weft.compiler.ops.registry import OPS
from weft.proto.dtypes import BY_NAME

_TOKEN = re.compile(
    r'%[\w$.#:]+|@[\w$.]+|#?[\w]+(?:\.[\w$.]+)+|"(?:[^"\\\n]|\\.)*"|\d+x|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|\w+|\s+|.', re.DOTALL
)
_NUMBERS = (
    "0",
    "1",
    "-1",
    "2",
    "3",
    "64",
    "255",
    "2147483648",
    "-9223372036854775808",
    "9223372036854775807",
    "99999999999999999999",
    "0.5",
)
_DIMS = ("0x", "1x", "2x", "?x", "1099511627776x", "9223372036854775807x", "64x")
_OPS = tuple(f"stablehlo.{name}" if not name.startswith("weft.") else name for name in sorted(OPS))
_WORDS = (*sorted(BY_NAME), "dense", "tensor", "tuple", "true", "false", "LT", "FLOAT", "SIGNED")


def mutate(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """One change of a token or a line."""
    tokens = _TOKEN.findall(data.decode("utf-8", "replace"))
    if not tokens:
        return data
    at = rng.randrange(len(tokens))
    match rng.randrange(8):
        case 0:
            del tokens[at : at + rng.randrange(1, 4)]
        case 1:
            tokens.insert(at, rng.choice(tokens))
        case 2:
            other = _TOKEN.findall(rng.choice(others).decode("utf-8", "replace"))
            start = rng.randrange(len(other) or 1)
            tokens[at:at] = other[start : start + rng.randrange(1, 12)]
        case 3:
            lines = "".join(tokens).split("\n")
            i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines[i] = lines[j] if rng.random() < 0.5 else ""
            return "\n".join(lines).encode()
        case _:
            words = [i for i, t in enumerate(tokens) if t.strip() and (len(t) > 1 or t.isalnum())] or [at]
            i = rng.choice(words)
            tokens[i] = _like(tokens[i], [t for t in tokens if t[0] == tokens[i][0]], rng)
    return "".join(tokens).encode()


def _like(token: str, alike: list[str], rng: random.Random) -> str:
    """Another token of the same kind."""
    if token[0] in "%@" or rng.random() < 0.2:
        return rng.choice(alike)
    if token.endswith("x") and token[:-1].isdigit():
        return rng.choice(_DIMS)
    if token[0].isdigit() or token[0] == "-":
        return rng.choice(_NUMBERS)
    if token.startswith(("stablehlo.", "weft.", "chlo.")):
        return rng.choice(_OPS)
    return rng.choice(_WORDS)


def mutate_bytes(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Bits flipped, bytes put in or taken out, the end cut off, parts of itself or of another file moved in."""
    out = bytearray(data)
    at = rng.randrange(len(out) + 1)
    match rng.randrange(6):
        case 0:
            del out[at:]
        case 1 if at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        case 2:
            out[at : at + rng.randrange(4)] = rng.randbytes(rng.randrange(4))
        case 3:
            source = rng.choice(others)
            start = rng.randrange(len(source) or 1)
            out[at : at + rng.randrange(64)] = source[start : start + rng.randrange(200)]
        case 4:
            out[at : at + 8] = rng.choice((0, 2**63 - 1, 2**64 - 1, 2**31)).to_bytes(8, "little")
        case _:
            del out[at : at + rng.randrange(40)]
    return bytes(out)
