"""Ops that stand for a graph of others: building that graph."""

import inspect
from collections.abc import Mapping, Sequence
from functools import cache

from ..ir.attrs import Attr
from ..ir.graph import Region, Value
from ..ir.types import Type
from .registry import Function, Op


@cache
def _result_keyword(function: Function) -> str:
    names = inspect.signature(function).parameters
    return next((k for k in ("result", "results") if k in names), "")


def expand(
    op: Op, operands: Sequence[Value], attrs: Mapping[str, Attr], regions: Sequence[Region], types: Sequence[Type]
) -> tuple[Value, ...]:
    """The results of `op` on these operands, computed by what it is decomposed into.

    `types` are the result types. An op without regions that capture; `ValueError` if the op has no decomposition.
    """
    if op.decompose is None:
        raise ValueError(f"`{op.name}` has no decomposition")
    keywords: dict[str, object] = {**attrs, **op.bind_regions(regions)}
    wanted = _result_keyword(op.decompose)
    if wanted:
        keywords[wanted] = tuple(types) if wanted == "results" else types[0]
    built = op.decompose(*operands, **keywords)
    return tuple(built) if isinstance(built, (tuple, list)) else (built,)  # type: ignore[arg-type]


def inline_region(body: Region, args: Sequence[Value]) -> tuple[Value, ...]:
    """The results of a region without captures, computed by new nodes from `args`."""
    new = dict(zip(body.params, args, strict=True))
    for node in body.nodes:
        copy = node.with_operands(new[v] for v in node.operands)
        new.update(zip(node.results, copy.results, strict=True))
    return tuple(new[v] for v in body.results)
