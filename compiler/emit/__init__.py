"""From the fused graph to a program: kernels compiled and linked, memory planned, instructions encoded."""

from .program import emit_program as emit_program
