"""Graphs that lie: every one is a `WeftError`, quickly and in little memory."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from weft.compiler import serde
from weft.compiler.ir.attrs import DotDims, Tensor
from weft.compiler.ir.dims import floordiv, symbol
from weft.compiler.ir.graph import Function, Module, Node, Region, module, param
from weft.compiler.ir.types import TensorType, TokenType, TupleType
from weft.proto import graph_pb2 as pb
from weft.proto.container import PAGE, write_container
from weft.proto.dtypes import F32, U8
from weft.proto.errors import Loc, WeftError
from weft.proto.weights import Weights

N = symbol("N", 0, 10)
OFFSET = 0


def good() -> tuple[pb.Graph, Weights]:
    """A graph with one of everything: regions[0] is a body, regions[1] the function that owns it."""
    t = TensorType(F32, (N, floordiv(N, 2)))
    x, y = param(t, "x"), param(t)
    attrs = {
        "w": Tensor(np.zeros(100, np.float32)),
        "s": Tensor(np.zeros(3, np.uint8)),
        "dims": DotDims((0,)),
        "t": TupleType((t, TokenType())),
    }
    owner = Node("map", (x,), attrs, (Region((y,), (), (y,)),), (t,), Loc("f", "n"), 1)
    last = Node("add", (owner.result, x), {}, (), (t,), Loc(parts=(Loc("f", "n"), Loc("g"))))
    weights = Weights()
    m: Module = module(Function((x,), (owner, last), (last.result,), "main", ("r",), True, {0: 0}))
    return serde.to_message(m, weights), weights


def code_of(change: Callable[[pb.Graph], object]) -> str:
    graph, weights = good()
    change(graph)
    with pytest.raises(WeftError) as e:
        serde.from_bytes(graph.SerializeToString(), weights)
    return e.value.code


def attr(g: pb.Graph, key: str) -> pb.Attr:
    return next(e.value for e in g.regions[1].nodes[0].attrs if e.key == key)


def nest_types(g: pb.Graph) -> None:
    """A sequence of sequences of sequences…"""
    for _ in range(1000):
        g.types.add(sequence=len(g.types) - 1)


def nest(g: pb.Graph) -> None:
    """Region i + 1 owns region i, a thousand times."""
    for _ in range(1000):
        region = g.regions.add()
        region.nodes.add(op="map", regions=[len(g.regions) - 2])
    g.functions[0].region = len(g.regions) - 1


def laughs(g: pb.Graph) -> None:
    """Each tuple holds the one before twice."""
    for _ in range(64):
        last = len(g.types) - 1
        g.types.add().tuple.types.extend([last, last])


def steps(g: pb.Graph, *operations: tuple[int, int]) -> None:
    del g.types[0].tensor.dims[:]
    expr = g.types[0].tensor.dims.add().expr
    for op, value in operations:
        expr.steps.add(op=op, value=value)


def power(g: pb.Graph) -> None:
    """(a + b + c + …) to a high power."""
    g.symbols.extend(pb.Symbol(name=f"s{i}") for i in range(20))
    total = [(pb.Dim.SYMBOL, 1)] + [step for i in range(2, 20) for step in ((pb.Dim.SYMBOL, i), (pb.Dim.ADD, 0))]
    steps(g, *total, *[step for _ in range(50) for step in (*total, (pb.Dim.MUL, 0))])


def deep_calls(g: pb.Graph) -> None:
    steps(
        g,
        (pb.Dim.SYMBOL, 0),
        *[s for i in range(2000) for s in ((pb.Dim.CONST, 3 + i), (pb.Dim.ADD, 0), (pb.Dim.CONST, 7), (pb.Dim.MOD, 0))],
    )


CASES: list[tuple[str, Callable[[pb.Graph], object]]] = [
    ("version", lambda g: setattr(g, "min_reader", 99)),
    ("version", lambda g: setattr(g, "version", 0)),
    ("index", lambda g: g.regions[1].results.append(99)),
    ("index", lambda g: g.regions[1].nodes[0].operands.append(1)),  # its own result: a cycle
    ("index", lambda g: g.regions[1].nodes[0].operands.append(2**32 - 1)),
    ("index", lambda g: g.regions[0].params.add(type=99)),
    ("index", lambda g: g.regions[0].nodes.add(op="map", regions=[0])),  # inside itself
    ("index", lambda g: g.regions[0].nodes.add(op="map", regions=[1])),  # inside its own part
    ("index", lambda g: setattr(g.functions[0], "region", 7)),
    ("index", lambda g: setattr(attr(g, "w"), "tensor", 9)),
    ("index", lambda g: setattr(attr(g, "t"), "type", 9)),
    ("index", lambda g: setattr(g.regions[1].nodes[0], "loc", 99)),
    ("index", lambda g: g.locs.add(parts=[99])),
    ("index", lambda g: g.locs.add(file=99)),
    ("index", lambda g: g.types.add().tuple.types.append(50)),
    ("index", lambda g: g.functions[0].aliases.add(result=5, param=0)),
    ("index", lambda g: g.functions[0].aliases.add(result=0, param=5)),
    ("region", lambda g: g.regions[1].nodes.add(op="map", regions=[0])),
    ("region", lambda g: g.functions.add(name="twin", region=1)),
    ("region", lambda g: g.regions.add()),
    ("loc", lambda g: g.locs.add(parts=[len(g.locs) - 1])),
    ("node", lambda g: setattr(g.regions[1].nodes[0], "captures", 7)),
    ("node", lambda g: g.regions[1].nodes[0].names.extend(["a", "b"])),
    ("attribute", lambda g: g.regions[1].nodes[0].attrs.add(key="new")),
    ("attribute", lambda g: g.regions[1].nodes[0].attrs.add(key="w", value=pb.Attr(flag=True))),
    ("attribute", lambda g: setattr(attr(g, "dims").record, "kind", "Weather")),
    ("attribute", lambda g: attr(g, "dims").record.fields.add(key="extra", value=pb.Attr(integer=1))),
    ("attribute", lambda g: setattr(attr(g, "dims").record.fields[0].value, "text", "zero")),
    ("function", lambda g: g.functions[0].result_names.append("more")),
    ("function", lambda g: setattr(g.functions[0], "name", "")),
    ("dtype", lambda g: setattr(g.types[0].tensor, "dtype", 200)),
    ("type", lambda g: g.types.add()),
    ("type", nest_types),
    ("index", lambda g: g.types.add(sequence=50)),
    ("index", lambda g: g.types.add(optional=len(g.types))),  # of itself
    ("index", lambda g: g.types.add(map=pb.MapType(key=1, value=50))),
    ("dtype", lambda g: g.types.add(unranked=200)),
    ("type", lambda g: g.types[0].tensor.dims.add(size=-1)),
    ("type", lambda g: g.types[0].tensor.dims.extend([pb.Dim(size=1)] * 1000)),
    ("type", laughs),
    ("depth", nest),
    ("tensor", lambda g: setattr(g.tensors[1], "data", b"12")),
    ("tensor", lambda g: g.tensors[1].shape.extend([0, 2**63])),
    ("tensor", lambda g: g.tensors[1].ClearField("contents")),
    ("tensor", lambda g: setattr(g.tensors[1], "dtype", 31)),
    ("tensor", lambda g: (setattr(g.tensors[1], "dtype", 1), setattr(g.tensors[1], "data", b"\2\0\1"))),
    ("tensor", lambda g: g.tensors.add(dtype=31, shape=[5], strings=pb.Tensor.Strings(values=["a"]))),
    ("dim", steps),
    ("dim", lambda g: steps(g, (pb.Dim.ADD, 0))),
    ("dim", lambda g: steps(g, (pb.Dim.CONST, 1), (pb.Dim.CONST, 1))),
    ("dim", lambda g: steps(g, (pb.Dim.SYMBOL, 7))),
    ("dim", lambda g: steps(g, (pb.Dim.SYMBOL, -1))),
    ("dim", lambda g: steps(g, (pb.Dim.SYMBOL, 0), (pb.Dim.CONST, 0), (pb.Dim.MOD, 0))),
    ("dim", lambda g: steps(g, (pb.Dim.CONST, 1), (pb.Dim.CONST, 0), (pb.Dim.FLOORDIV, 0))),
    ("dim", lambda g: steps(g, (pb.Dim.CONST, 1), (pb.Dim.CONST, 0), (42, 0))),
    ("dim", lambda g: steps(g, (pb.Dim.SYMBOL, 0), *[s for _ in range(9) for s in ((pb.Dim.CONST, 1 << 40), (pb.Dim.MUL, 0))])),
    ("dim", power),
    ("dim", lambda g: g.types[0].tensor.dims.add()),
    ("symbol", lambda g: g.symbols.add(name="")),
]


@pytest.mark.parametrize(("code", "change"), CASES, ids=[f"{i}-{code}" for i, (code, _) in enumerate(CASES)])
def test_lies(code: str, change: Callable[[pb.Graph], object]) -> None:
    start = time.process_time()
    assert code_of(change) == f"graph.{code}"
    assert time.process_time() - start < 5


def test_weights_out_of_range() -> None:
    assert code_of(lambda g: setattr(g.tensors[0], "offset", 1 << 63)) == "weights.range"
    assert code_of(lambda g: g.tensors[0].shape.append(1 << 30)) == "weights.range"


def test_an_unknown_op_says_where_and_what_to_do() -> None:
    graph, weights = good()
    graph.regions[1].nodes[0].op = "teleport"
    with pytest.raises(WeftError, match="teleport") as e:
        serde.from_message(graph, weights)
    assert e.value.code == "op.unknown"
    assert e.value.diagnostics[0].loc == Loc("f", "n") and "upgrade" in e.value.diagnostics[0].help


def test_deeply_nested_operations_end() -> None:
    graph, weights = good()
    deep_calls(graph)
    start = time.process_time()
    with pytest.raises(WeftError):
        serde.from_message(graph, weights)
    assert time.process_time() - start < 5


def test_bounds_on_bounds_end() -> None:
    """Symbols bounded by sums and products of symbols bounded by …: looking for a number must give up in time."""
    graph, weights = good()
    del graph.symbols[1:]
    for level in range(1, 60):
        step = pb.Dim.Step
        product = [step(op=pb.Dim.SYMBOL, value=level - 1), step(op=pb.Dim.SYMBOL, value=max(level - 2, 0)), step(op=pb.Dim.MUL)]
        graph.symbols.add(name=f"s{level}", hi=pb.Dim(expr=pb.Dim.Expr(steps=product)))
    start = time.process_time()
    with pytest.raises(WeftError) as e:
        serde.from_message(graph, weights)
    assert e.value.code == "graph.symbol"
    assert time.process_time() - start < 5


def test_too_many_values() -> None:
    graph, weights = good()
    graph.regions[1].nodes[0].types.extend([0] * 5_000_000)
    with pytest.raises(WeftError) as e:
        serde.from_message(graph, weights)
    assert e.value.code == "graph.size"


@pytest.mark.parametrize("table", [b"\x32\x00", b"\x3a\x00", b"\x42\x00", b"\x4a\x00", b"\x52\x00", b"\x5a\x00", b"\x62\x00"])
def test_tables_of_millions(table: bytes) -> None:
    """Two bytes an entry: a small file must not become gigabytes of objects."""
    start = time.process_time()
    with pytest.raises(WeftError) as e:
        serde.from_bytes(b"\x08\x01" + table * 3_000_000, Weights())
    assert e.value.code == "graph.size"
    assert time.process_time() - start < 5


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"\x22\x02\xc3\x28", b"\x0b" * 10_000])
def test_messages_that_are_none(data: bytes) -> None:
    with pytest.raises(WeftError) as e:
        serde.from_bytes(data, Weights())
    assert e.value.code == "graph.message"


def test_attributes_nested_past_protobufs_limit() -> None:
    inner = pb.Attr(flag=True).SerializeToString()
    for _ in range(5000):  # each a list holding the one before
        item = b"\x0a" + _varint(len(inner)) + inner
        inner = b"\x6a" + _varint(len(item)) + item
    entry = b"\x0a\x01k\x12" + _varint(len(inner)) + inner
    node = b"\x22" + _varint(len(entry)) + entry
    region = b"\x12" + _varint(len(node)) + node
    with pytest.raises(WeftError):
        serde.from_bytes(b"\x08\x01\x5a" + _varint(len(region)) + region, Weights())


def _varint(n: int) -> bytes:
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes([*out, n])


def test_noise_in_the_message() -> None:
    """Random bytes changed, inserted and cut: a module or a `WeftError`."""
    graph, weights = good()
    data = graph.SerializeToString()
    rng = random.Random(1)
    for _ in range(3000):
        noisy = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(noisy))
            noisy[at : at + rng.randint(0, 2)] = rng.randbytes(rng.randint(0, 2))
        with suppress(WeftError):
            assert isinstance(serde.from_bytes(bytes(noisy), weights), Module)


def test_files_cut_off_or_without_parts(tmp_path: Path) -> None:
    path = tmp_path / "m.weft"
    serde.save(module(Function((), (Node("constant", (), {"value": Tensor(np.zeros(1000))}, (), ()),), ())), path)
    data = path.read_bytes()
    for length in range(0, len(data), 211):
        path.write_bytes(data[:length])
        with pytest.raises(WeftError):
            serde.load(path)
    with write_container(path, "weft") as w:
        w.add("weights.bin", [b""], align=PAGE)
    with pytest.raises(WeftError) as e:
        serde.load(path)
    assert e.value.code == "container.missing"


def test_a_newer_dtype_table_is_told_apart() -> None:
    assert U8.number in {d.dtype for d in good()[0].tensors}
    assert code_of(lambda g: setattr(g.tensors[1], "dtype", 77)) == "graph.dtype"
