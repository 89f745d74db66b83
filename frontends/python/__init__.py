"""Graphs written in Python: tensors, `@weft.function`, derivatives, control flow."""
