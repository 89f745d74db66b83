"""The table of docs/stablehlo.md, made of the op registry.

python -m tests.ops.stablehlo_page        write it
"""

import re
from pathlib import Path

from weft.compiler import ops as all_ops
from weft.compiler.ops.registry import OPS, Op

assert all_ops
PAGE = Path(__file__).parents[2] / "docs" / "stablehlo.md"
BEGIN, END = "<!-- ops -->", "<!-- end of ops -->"


def _names(text: str) -> list[str]:
    return text.split()


# The ops of StableHLO's dialect, those of the specification first, and of CHLO's, by their names in text.
SPECIFICATION = _names("""
abs add after_all all_gather all_reduce all_to_all and async_done async_start atan2 batch_norm_grad batch_norm_inference batch_norm_training
bitcast_convert broadcast_in_dim case cbrt ceil cholesky clamp collective_broadcast collective_permute compare complex composite concatenate
constant convert convolution cosine count_leading_zeros custom_call divide dot_general dynamic_broadcast_in_dim dynamic_conv dynamic_gather
dynamic_iota dynamic_pad dynamic_reshape dynamic_slice dynamic_update_slice exponential exponential_minus_one fft floor gather
get_dimension_size get_tuple_element if imag infeed iota is_finite log log_plus_one logistic map maximum minimum multiply negate not
optimization_barrier or outfeed pad partition_id popcnt power real real_dynamic_slice recv reduce reduce_precision
reduce_scatter reduce_window remainder replica_id reshape reverse rng rng_bit_generator round_nearest_afz round_nearest_even rsqrt
scatter select select_and_scatter
send set_dimension_size shift_left shift_right_arithmetic shift_right_logical sign sine slice sort sqrt subtract tan tanh transpose
triangular_solve tuple uniform_dequantize uniform_quantize while xor
""")
OLDER = _names("broadcast create_token cross-replica-sum dot einsum torch_index_select unary_einsum")
CHLO = _names("""
acos acosh asin asinh atan atanh bessel_i1e broadcast_add broadcast_and broadcast_atan2 broadcast_compare broadcast_complex broadcast_divide
broadcast_maximum broadcast_minimum broadcast_multiply broadcast_next_after broadcast_or broadcast_polygamma broadcast_power
broadcast_remainder broadcast_select broadcast_shift_left broadcast_shift_right_arithmetic broadcast_shift_right_logical broadcast_subtract
broadcast_xor broadcast_zeta conj constant constant_like cosh digamma erf erf_inv erfc is_inf is_neg_inf is_pos_inf lgamma mulhi next_after
polygamma ragged_dot sinh square tan top_k zeta
""")
_CONTROL = {"while", "if", "case"}
_VIEWS = {"reshape", "optimization_barrier"}
_CALLS = {"composite": "inlined", "custom_call": "a host function of the closed list", "call": "inlined"}
_ALONE = {"sort", "scatter", "rng_bit_generator"}
_REFUSED = {"infeed", "outfeed", "send", "recv"}
_HOST = {"fft", "cholesky", "triangular_solve"}
_WHOLE = {"tuple": "nothing: its parts", "get_tuple_element": "nothing: a part", "after_all": "nothing: an order", "constant": "data"}


def entry(dialect: str, name: str) -> Op:
    """The entry that a name in text stands for."""
    return OPS[f"weft.{name}"] if dialect == "chlo" and f"weft.{name}" in OPS else OPS[name]


def runs_as(op: Op) -> str:
    """What computes the op in a compiled program."""
    name = op.name
    if name in _REFUSED:
        return "refused: `channel.devices`"
    if name in _HOST:
        return f"host function `{name}`"
    if name in _CONTROL:
        return "the program's own jumps"
    if name in _VIEWS:
        return "nothing: a view"
    if name in _WHOLE:
        return _WHOLE[name]
    if name in _CALLS:
        return _CALLS[name]
    if op.lower is not None or op.element is not None or name in _ALONE:
        return "kernel"
    return "other ops" if op.decompose is not None else "none"


def reference(op: Op) -> str:
    """What evaluates the op in the interpreter."""
    if "call" in op.traits:
        return "the function"
    return "numpy" if op.reference is not None else "its decomposition" if op.decompose is not None else "none"


def table() -> str:
    """The rows of all ops."""
    parts: list[str] = []
    for title, dialect, names in (
        (f"The {len(SPECIFICATION)} ops of the specification", "stablehlo", SPECIFICATION),
        ("Ops that the dialect has beside it", "stablehlo", OLDER),
        ("CHLO", "chlo", CHLO),
    ):
        parts += [f"### {title}", "", "| op | entry | evaluated by | runs as |", "|---|---|---|---|"]
        for name in names:
            op = entry(dialect, name)
            parts.append(f"| `{dialect}.{name}` | `{op.name}` | {reference(op)} | {runs_as(op)} |")
        parts.append("")
    return "\n".join(parts).rstrip()


def page(text: str) -> str:
    """The page with its table made anew."""
    return re.sub(f"{BEGIN}.*?{END}", lambda _: f"{BEGIN}\n{table()}\n{END}", text, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
