"""The pretty forms that are all of one pattern — `op %a, %b, key = value : types` — as data, for the printer and the parser alike."""

from dataclasses import dataclass, field
from typing import Literal

# The annotation that says where a node, or a whole function, is to run.
DEVICE = "weft.device"

# What follows the colon: `functional` is `(operands) -> results`; `same` is one type if all agree, else functional; `result` is the
# result's type; `select` the predicate's and the result's; `each` every result's.
TypeStyle = Literal["functional", "same", "result", "select", "each"]


@dataclass(frozen=True, slots=True)
class Syntax:
    """`keys` maps a keyword of the pretty form to the attribute it stands for, in the order of printing."""

    types: TypeStyle = "functional"
    keys: dict[str, str] = field(default_factory=dict)


_DIMS = {"dims": "broadcast_dimensions"}
_PAD = {"low": "edge_padding_low", "high": "edge_padding_high", "interior": "interior_padding"}

SYNTAX: dict[str, Syntax] = {
    "after_all": Syntax("result"),
    "bitcast_convert": Syntax(),
    "broadcast": Syntax(keys={"sizes": "broadcast_sizes"}),
    "broadcast_in_dim": Syntax(keys=_DIMS),
    "cholesky": Syntax("same", {"lower": "lower"}),
    "clamp": Syntax("same"),
    "complex": Syntax("result"),
    "concatenate": Syntax(keys={"dim": "dimension"}),
    "convert": Syntax(),
    "create_token": Syntax("result"),
    "dynamic_broadcast_in_dim": Syntax(keys=_DIMS),
    "dynamic_iota": Syntax(keys={"dim": "iota_dimension"}),
    "dynamic_pad": Syntax(),
    "dynamic_reshape": Syntax(),
    "dynamic_slice": Syntax(keys={"sizes": "slice_sizes"}),
    "dynamic_update_slice": Syntax(),
    "fft": Syntax(keys={"type": "fft_type", "length": "fft_length"}),
    "get_dimension_size": Syntax(keys={"dim": "dimension"}),
    "imag": Syntax(),
    "iota": Syntax("result", {"dim": "iota_dimension"}),
    "is_finite": Syntax(),
    "optimization_barrier": Syntax("each"),
    "pad": Syntax(keys=_PAD),
    "partition_id": Syntax("result"),
    "real": Syntax(),
    "real_dynamic_slice": Syntax(),
    "replica_id": Syntax("result"),
    "reshape": Syntax(),
    "reverse": Syntax("result", {"dims": "dimensions"}),
    "rng": Syntax(keys={"distribution": "rng_distribution"}),
    "rng_bit_generator": Syntax(keys={"algorithm": "rng_algorithm"}),
    "select": Syntax("select"),
    "set_dimension_size": Syntax(keys={"dim": "dimension"}),
    "transpose": Syntax(keys={"dims": "permutation"}),
    "tuple": Syntax("result"),
    "uniform_dequantize": Syntax(),
    "uniform_quantize": Syntax(),
}
# Elementwise ops that are not listed.
ELEMENTWISE = Syntax("same")
# Short names in the `window = {…}` of a convolution.
WINDOW = {
    "stride": "window_strides",
    "pad": "padding",
    "lhs_dilate": "lhs_dilation",
    "rhs_dilate": "rhs_dilation",
    "reverse": "window_reversal",
}
# Bodies of a reduction that are one op on the two parameters have a short form.
APPLIED = frozenset({"add", "multiply", "maximum", "minimum", "and", "or", "xor"})
