"""Exporters of control flow: If and Loop. Nested graphs read what they capture from the graph around them."""

import onnx
from onnx import helper

from ....compiler.ir.graph import Node, Region
from ....proto.dtypes import I32
from ..reader import NUMBERS
from .writer import Writer, exports


def _graph(w: Writer, body: Region, inputs: list[onnx.ValueInfoProto], first: list[str]) -> onnx.GraphProto:
    """The graph of a region; `first` are results before the region's own."""
    from . import emit

    inner = Writer(w)
    emit(inner, body)
    outputs: list[onnx.ValueInfoProto] = []
    for name in first:
        own = inner.node("Identity", [name])
        outputs.append(helper.make_tensor_value_info(own, NUMBERS["i1"], []))
    for v in body.results:
        own = inner.node("Identity", [w.names[v]])
        outputs.append(helper.make_tensor_value_info(own, NUMBERS[v.dtype.name], None))
    return helper.make_graph(inner.nodes, w.fresh("graph"), inputs, outputs)


def _captured(w: Writer, n: Node, region: Region, own: int) -> None:
    for p, v in zip(region.params[own:], n.captured, strict=True):
        w.names[p] = w.names[v]


@exports("if")
def if_(w: Writer, n: Node, xs: list[str]) -> list[str]:
    """If."""
    for region in n.regions:
        _captured(w, n, region, 0)
    yes, no = (_graph(w, region, [], []) for region in n.regions)
    return w.several("If", xs[:1], len(n.results), then_branch=yes, else_branch=no)


@exports("case")
def case(w: Writer, n: Node, xs: list[str]) -> list[str]:
    """An If for every branch but the last, each in the other branch of the one before."""
    for region in n.regions:
        _captured(w, n, region, 0)
    return _choose(w, n, xs[0], 0)


def _choose(w: Writer, n: Node, index: str, k: int) -> list[str]:
    last = k == len(n.regions) - 1
    if last:
        from . import emit

        emit(w, n.regions[k])
        return [w.node("Identity", [w.names[v]]) for v in n.regions[k].results]
    taken = w.node("Equal", [index, w.number(k, I32)])
    inner = Writer(w)
    rest = _choose(inner, n, index, k + 1)
    outputs = [helper.make_tensor_value_info(name, NUMBERS[v.dtype.name], None) for name, v in zip(rest, n.results, strict=True)]
    otherwise = helper.make_graph(inner.nodes, w.fresh("graph"), [], outputs)
    return w.several("If", [taken], len(n.results), then_branch=_graph(w, n.regions[k], [], []), else_branch=otherwise)


@exports("while")
def while_(w: Writer, n: Node, xs: list[str]) -> list[str]:
    """Loop without a limit: the condition before the first turn, and at the end of each for the next."""
    from . import emit

    cond, body = n.regions
    k = len(n.inputs)
    start = xs[:k]
    for p, name in zip(cond.params[:k], start, strict=True):
        w.names[p] = name
    _captured(w, n, cond, k)
    emit(w, cond)
    first = w.names[cond.results[0]]
    inputs = [
        helper.make_tensor_value_info(w.fresh("turn"), NUMBERS["i64"], []),
        helper.make_tensor_value_info(w.fresh("going"), NUMBERS["i1"], []),
    ]
    for p in body.params[:k]:
        w.names[p] = w.fresh("state")
        inputs.append(helper.make_tensor_value_info(w.names[p], NUMBERS[p.dtype.name], None))
    _captured(w, n, body, k)
    inner = Writer(w)
    emit(inner, body)
    after = [inner.node("Identity", [w.names[v]]) for v in body.results]
    for p, name in zip(cond.params[:k], after, strict=True):
        w.names[p] = name
    _captured(w, n, cond, k)
    emit(inner, cond)
    going = inner.node("Identity", [w.names[cond.results[0]]])
    outputs = [helper.make_tensor_value_info(going, NUMBERS["i1"], [])]
    outputs += [helper.make_tensor_value_info(a, NUMBERS[v.dtype.name], None) for a, v in zip(after, body.results, strict=True)]
    graph = helper.make_graph(inner.nodes, w.fresh("graph"), inputs, outputs)
    return w.several("Loop", ["", first, *start], k, body=graph)
