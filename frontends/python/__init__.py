"""Graphs written in Python: tensors, `@weft.function`, derivatives, control flow."""

from . import numpy as numpy  # fills in the operators and methods of tensors
