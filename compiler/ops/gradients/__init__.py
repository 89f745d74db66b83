"""Gradient rules that need other ops than their own: what the `grad` of an entry refers to.

A rule takes the cotangents of the results, then the operands, and the attributes and regions as keywords; it gives the cotangents of
the operands, None for what has no derivative. Cotangents follow JAX's convention for complex numbers: for a result y of an operand x,
`Re(g · dy) = Re(ct · dx)`. The modules here know other ops by name alone, because these refer to them.
"""
