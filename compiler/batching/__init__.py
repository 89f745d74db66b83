"""Vectorisation of graphs: a region computed for many values of its parameters at once (`weft.vmap`).

    batch(region, size, batched=[True, False])    region over (B, ...) for the first parameter; results (B, ...)

Every value is either the same for the whole batch, or has a new first dim. Each op has a rule that builds the same computation with
that dim; elementwise ops need none, ops that are made of others are taken apart, branches and loops go on region by region. What is
left is called in a loop over the batch.
"""

from collections.abc import Sequence

from ..ir.dims import Dim
from ..ir.graph import Region, definitions, param, region
from . import regions as regions
from . import rules as rules
from .core import Batch, Batched, with_batch


def batch(body: Region, size: Dim, batched: Sequence[bool]) -> Region:
    """The region that computes `body` for a batch: parameters marked in `batched` and all results have a new first dim of this size.

    Raises `WeftError` `vmap.op` at an op that cannot be vectorised.
    """
    params = [param(with_batch(p, size) if b else p.type, p.name) for p, b in zip(body.params, batched, strict=True)]
    b = Batch(size)
    with definitions() as definers:
        results = b.run(body, [Batched(p, x) for p, x in zip(params, batched, strict=True)])
        outs = [b.whole(r) for r in results]
    return region(params, outs, definers=definers)
