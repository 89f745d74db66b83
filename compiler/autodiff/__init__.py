"""Reverse-mode differentiation of graphs: `pullback` builds, out of ops, the cotangents of some values from those of others.

It walks from results to inputs once and asks every op's `grad` entry for the cotangents of its operands; what has regions is
differentiated here, region by region. The result is ordinary graph, so it can be differentiated again, compiled, and saved; `vjp` and
`gradient` do this for functions, whoever wrote them.

    vjp(f)                           (x..., ct...) -> (y..., x̄...)
    gradient(module, wrt=["w"])      the module with a function `main.grad`: (x...) -> (loss, w̄...)
"""

from . import folds as folds
from . import loops as loops
from . import regions as regions
from .functions import differentiable as differentiable
from .functions import gradient as gradient
from .functions import vjp as vjp
from .reverse import pullback as pullback
