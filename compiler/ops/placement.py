"""The op that moves values between devices."""

from ..ir.types import Type
from . import rules
from .registry import define


def _infer_transfer(operand: Type, *, device: str) -> Type:
    return rules.tensor(operand, "weft.transfer.I1", "operand")


transfer = define(
    "weft.transfer",
    doc="The operand in the memory of `device`, `cpu:0` being the host's.\n\nC1: the result has the operand's type.",
    infer=_infer_transfer,
    reference=lambda x, *, device: x,
    grad=lambda g, x, *, device: (g,),
)
