"""SSA names: source names of values written as MLIR identifiers, reversibly.

A value named `encoder/relu:0` prints as `%encoder$relu$$3A0`: `/` is `$`, any other byte that an identifier cannot hold is `$$` and two hex
digits. A second value of the same name gets the suffix `$$.1`. Names that printers make up (`0`, `arg0`, `cst_1`, …) stand for no name.
"""

import re

_INVENTED = re.compile(r"\d+|arg\d+|(?:cst|c|iterArg)(?:_\d+)?")
_PLAIN = re.compile(r"[A-Za-z0-9_.\-]")
_ESCAPE = re.compile(r"\$\$([0-9A-F]{2})|\$")
_REPEATED = re.compile(r"\$\$\.\d+$")


def _hex(char: str) -> str:
    return "".join(f"$${b:02X}" for b in char.encode("utf-8", "surrogatepass"))


def identifier(name: str) -> str:
    """The identifier (without `%`) that stands for a source name."""
    out: list[str] = []
    for i, char in enumerate(name):
        if _PLAIN.match(char):
            out.append(char)
        elif char == "/" and i and not out[-1].endswith("$") and i + 1 < len(name) and _PLAIN.match(name[i + 1]):
            out.append("$")
        else:
            out.append(_hex(char))
    if name[0].isdigit() or _INVENTED.fullmatch(name):
        out[0] = _hex(name[0])
    return "".join(out)


def source_name(ident: str) -> str:
    """The source name an identifier stands for, "" if it was made up by a printer."""
    ident = _REPEATED.sub("", ident)
    if _INVENTED.fullmatch(ident):
        return ""
    raw = b"".join(part.encode() if i % 2 == 0 else bytes.fromhex(part) if part else b"/" for i, part in enumerate(_split(ident)))
    return raw.decode("utf-8", "replace")


def _split(ident: str) -> list[str]:
    # re.split keeps the group: text, escape, text, …; a lone `$` has no group.
    return [part or "" for part in _ESCAPE.split(ident)]
