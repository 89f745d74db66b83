"""What a file may ask for: bounds that keep a small hostile file from costing gigabytes or hours. No real model comes near the defaults.

`weft.load(path, limits=weft.Limits(nesting=100))` raises one, `weft.Limits(file_bytes=1 << 20, …)` is stricter with strangers.
"""

from dataclasses import dataclass, fields

from .errors import UNKNOWN, Loc, WeftError, fail


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what is read from files. Every reader checks a bound before it takes the memory or the time.

    Files, in bytes:
    - `file_bytes`: a file, and each file of external data. Nothing is ever decompressed: what a file holds is what is mapped.
    - `text_bytes`: a file of text.
    - `metadata_bytes`: the graph of a `.weft` (300 000 nodes), the message of a `.weftx`; `header_bytes`: the header of a safetensors
      file (100 000 tensors).
    - `messages`: messages and strings in an ONNX file, which take a hundred bytes of memory for two in the file.
    - `name_bytes`: a name.

    Tensors:
    - `rank`; `tensor_bytes`: any one tensor of known size, computed ones too.
    - `weight_bytes`: all constants of a model together.
    - `expanded_bytes`: a constant whose file holds less than its elements (sparse ones).

    Graphs:
    - `nodes`: as written in the file; `function_nodes`: that calls of functions stand for, which can double with every call.
    - `nesting`: regions, types and attributes inside each other; `calls`: functions and graphs of an ONNX model inside each other.
    - `symbols`: different symbolic dims; `dim_terms`: terms of one dim's expression; `dim_depth`: `floordiv`, `min` and so on inside
      each other.
    - `assumptions`: that an ONNX graph makes on its symbolic dims, each of which begins the import anew.

    Work:
    - `followed_elements`: of a tensor whose contents are followed while importing, to compute shapes; `followed_steps`: operations that
      loops may take there.
    - `table_elements`: of a table that an importer computes for one node; `unrolled`: nodes that it writes out for one node.
    - `fold_bytes`: made by constant folding in one function; `fold_products`: multiplications there.
    """

    file_bytes: int = 1 << 42
    text_bytes: int = 256 << 20
    metadata_bytes: int = 64 << 20
    header_bytes: int = 16 << 20
    messages: int = 1 << 23
    name_bytes: int = 1 << 16

    rank: int = 32
    tensor_bytes: int = 1 << 42
    weight_bytes: int = 1 << 42
    expanded_bytes: int = 1 << 32

    nodes: int = 1_000_000
    function_nodes: int = 1 << 16
    nesting: int = 64
    calls: int = 32
    symbols: int = 10_000
    dim_terms: int = 256
    dim_depth: int = 16
    assumptions: int = 100

    followed_elements: int = 1 << 12
    followed_steps: int = 1 << 14
    table_elements: int = 1 << 24
    unrolled: int = 1 << 12
    fold_bytes: int = 1 << 32
    fold_products: int = 1 << 32

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if type(value) is not int or value < 0:
                raise fail("limits.value", f"the limit `{f.name}` must be a whole number, not {value!r}")

    def exceeded(self, name: str, what: str, *, code: str, loc: Loc = UNKNOWN) -> WeftError:
        """The error for what goes beyond the limit `name`."""
        message = f"{what}: the limit `{name}` is {getattr(self, name)}"
        help = f"if the file is to be trusted, load it with limits=weft.Limits({name}=…); on the command line --limit {name}=…"
        return fail(code, message, loc=loc, help=help)

    def check(self, name: str, amount: int, what: str, *, code: str, loc: Loc = UNKNOWN) -> None:
        """Raise `exceeded` if `amount` is more than the limit `name`."""
        if amount > getattr(self, name):
            raise self.exceeded(name, what, code=code, loc=loc)


DEFAULT = Limits()
NONE = Limits(**{f.name: 1 << 62 for f in fields(Limits)})  # for what has been checked already
