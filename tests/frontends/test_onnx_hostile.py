"""Damaged and lying `.onnx` files: a `WeftError` or a module, never another exception, a hang, or memory without bound."""

import os
import random
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import pytest
import weft
from onnx import TensorProto, helper
from weft.frontends.onnx import from_model
from weft.frontends.onnx.reader import parse
from weft.proto.errors import Loc

from ..models.mutate import flip, mutate
from ..models.node_cases import node_cases

DATA = Path(__file__).parent.parent / "data" / "torch"
FLOATS = TensorProto.FLOAT


@pytest.fixture(autouse=True)
def little_memory() -> Iterator[None]:
    """At most 2 GB more than the process has."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (2 << 30), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def outcome(data: bytes) -> str:
    """The code of the error that a file gives, "" if it is imported."""
    try:
        from_model(parse(data, Loc("test.onnx")))
    except weft.WeftError as error:
        assert all(d.code and d.message for d in error.diagnostics)
        return error.code
    return ""


def make(*nodes: onnx.NodeProto, inputs: dict[str, list[int | str]] | None = None, opset: int = 17, **graph: list) -> onnx.ModelProto:
    """A model of floats whose result is `y`."""
    values = [helper.make_tensor_value_info(n, FLOATS, s) for n, s in (inputs or {"x": [2, 3]}).items()]
    result = [helper.make_tensor_value_info("y", FLOATS, None)]
    return helper.make_model(helper.make_graph(list(nodes), "g", values, result, **graph), opset_imports=[helper.make_opsetid("", opset)])


def code_of(model: onnx.ModelProto) -> str:
    return outcome(model.SerializeToString())


def test_truncated() -> None:
    data = (DATA / "mlp_dynamic.onnx").read_bytes()
    codes = {outcome(data[:n]) for n in range(0, len(data), 17)}
    assert "" not in codes and "onnx.parse" in codes


def test_flipped_bits() -> None:
    rng = random.Random(0)
    for name in ("mlp_dynamic", "cnn_dynamo", "bert_static"):
        data = (DATA / f"{name}.onnx").read_bytes()
        for _ in range(60 if len(data) < 10000 else 8):
            outcome(flip(data, rng))


@pytest.mark.parametrize("seed", range(4))
def test_lies(seed: int) -> None:
    rng, cases = random.Random(seed), node_cases()
    operators = sorted({n.op_type for c in cases for n in c.model.graph.node})
    outcomes = set[str]()
    for _ in range(600):
        case = rng.choice(cases)
        model = onnx.ModelProto()
        model.CopyFrom(rng.choice([case.model, case.with_constants()]))
        for _ in range(rng.randrange(1, 4)):
            mutate(model, rng, operators)
        data = model.SerializeToString()
        outcomes.add(outcome(flip(data, rng) if rng.random() < 0.2 else data))
    assert {"", "onnx.attribute", "onnx.name", "onnx.type", "onnx.arity"} <= outcomes


@pytest.mark.parametrize(
    ("nodes", "code"),
    [
        ([helper.make_node("Add", ["x", "z"], ["y"]), helper.make_node("Neg", ["y"], ["z"])], "onnx.name"),
        ([helper.make_node("Neg", ["y"], ["y"])], "onnx.name"),
        ([helper.make_node("Neg", ["x"], ["y"]), helper.make_node("Abs", ["x"], ["y"])], "onnx.name"),
        ([helper.make_node("Neg", ["x", "x"], ["y"])], "onnx.arity"),
        ([helper.make_node("Neg", [""], ["y"])], "onnx.arity"),
        ([helper.make_node("Softmax", ["x"], ["y"], axis="one")], "onnx.attribute"),
        ([helper.make_node("Softmax", ["x"], ["y"], axes=1)], "onnx.attribute"),
        ([helper.make_node("Softmax", ["x"], ["y"], axis=2)], "onnx.axis"),
        ([helper.make_node("And", ["x", "x"], ["y"])], "onnx.type"),
        ([helper.make_node("Conv", ["x", "x"], ["y"])], "onnx.shape"),
    ],
)
def test_nodes_at_fault(nodes: list[onnx.NodeProto], code: str) -> None:
    assert code_of(make(*nodes)) == code


def test_every_unsupported_operator_is_listed() -> None:
    nodes = [helper.make_node(op, ["x"], [f"v{i}"], name=op.lower()) for i, op in enumerate(["Absurd", "Neg", "Unheard", "Nonsense"])]
    uses = helper.make_node("Add", ["v0", "v3"], ["y"])
    with pytest.raises(weft.WeftError) as e:
        from_model(make(*nodes, uses))
    assert [d.message.split("`")[1] for d in e.value.diagnostics] == ["Absurd", "Unheard", "Nonsense"]
    assert [d.loc.name for d in e.value.diagnostics] == ["absurd", "unheard", "nonsense"]


def test_shapes_beyond_any_memory() -> None:
    huge = helper.make_tensor("s", TensorProto.INT64, [3], [1 << 40, 1 << 40, 7])
    assert code_of(make(helper.make_node("ConstantOfShape", ["s"], ["y"]), initializer=[huge])) == "shape.overflow"
    assert code_of(make(helper.make_node("Neg", ["x"], ["y"]), inputs={"x": [1 << 62, 1 << 62]})) == "onnx.type"
    lying = TensorProto(name="w", data_type=FLOATS, dims=[1 << 30, 1 << 30], raw_data=b"1234")
    assert code_of(make(helper.make_node("Neg", ["w"], ["y"]), initializer=[lying])) == "onnx.tensor"


def test_symbols_asked_for_without_end() -> None:
    """Each element that is read makes the importer start again with a larger bound."""
    places = [helper.make_tensor(f"i{k}", TensorProto.INT64, [], [k]) for k in range(120)]
    nodes = [helper.make_node("Gather", ["x", f"i{k}"], [f"v{k}"]) for k in range(120)]
    total = helper.make_node("Sum", [f"v{k}" for k in range(120)], ["y"])
    assert code_of(make(*nodes, total, inputs={"x": ["N"]}, initializer=places)) == "onnx.shape"


def nested_ifs(depth: int) -> onnx.ModelProto:
    """An `If` whose branch holds an `If`, and so on."""
    info = helper.make_tensor_value_info("y", FLOATS, None)
    leaf = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "leaf", [], [info])
    branch = leaf
    for _ in range(depth):
        branch = helper.make_graph([helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=leaf)], "branch", [], [info])
    model = make(*branch.node)
    model.graph.input.append(helper.make_tensor_value_info("c", TensorProto.BOOL, []))
    return model


def nested_loops(depth: int, leaf: list[onnx.NodeProto], around: list[onnx.NodeProto]) -> onnx.ModelProto:
    """A `Loop` whose body holds a `Loop`, and so on; each makes `t` of `s`, the innermost by `leaf`, the others by `around` it."""
    inputs = [helper.make_tensor_value_info("i", TensorProto.INT64, []), helper.make_tensor_value_info("c", TensorProto.BOOL, [])]
    outputs = [helper.make_tensor_value_info("c2", TensorProto.BOOL, []), onnx.ValueInfoProto(name="t")]
    goes_on = helper.make_node("Identity", ["c"], ["c2"])
    body = helper.make_graph([goes_on, *leaf], "b", [*inputs, onnx.ValueInfoProto(name="s")], outputs)
    for _ in range(depth):
        loop = helper.make_node("Loop", ["n", "", around[0].output[0]], ["r"], body=body)
        nodes = [goes_on, around[0], loop, *around[1:]]
        body = helper.make_graph(nodes, "b", [*inputs, onnx.ValueInfoProto(name="s")], outputs)
    model = make(around[0], helper.make_node("Loop", ["n", "", around[0].output[0]], ["y"], body=body), inputs={"x": ["N"]})
    model.graph.input.append(helper.make_tensor_value_info("n", TensorProto.INT64, []))
    model.graph.output[0].CopyFrom(onnx.ValueInfoProto(name="y"))
    return model


def test_a_nest_of_loops_is_not_imported_twice_as_often_with_every_level() -> None:
    grow = helper.make_node("Concat", ["s", "s"], ["t"], axis=0)
    whole = [helper.make_node("Identity", ["x"], ["e"]), helper.make_node("Concat", ["s", "r"], ["t"], axis=0)]
    assert code_of(nested_loops(20, [grow], whole)) == ""
    insert = helper.make_node("SequenceInsert", ["s", "x"], ["t"])
    lists = [helper.make_node("SequenceEmpty", [], ["e"]), helper.make_node("Identity", ["r"], ["t"])]
    assert code_of(nested_loops(20, [insert], lists)) == ""


def test_deep_nesting() -> None:
    assert code_of(nested_ifs(20)) == ""
    graph = b""
    for _ in range(1000):  # graph.node.attribute.g, deeper than onnx itself would write
        graph = field(1, field(5, field(6, graph)))
    assert outcome(field(7, graph) + field(8, b"")) == "onnx.parse"


def field(number: int, data: bytes) -> bytes:
    """A length-delimited field as protobuf encodes it."""
    size, n = bytearray(), len(data)
    while n >= 128:
        size.append(n & 127 | 128)
        n >>= 7
    return bytes([number << 3 | 2, *size, n]) + data


def functions(calls: Callable[[int], list[str]], count: int) -> onnx.ModelProto:
    """Functions f0, f1, …, each calling those that `calls` names, one on the other's result."""
    made = []
    for k in range(count):
        names = calls(k)
        values = ["a", *(f"v{i}" for i in range(len(names) - 1)), "b"]
        body = [helper.make_node(n, [values[i]], [values[i + 1]], domain="f" if n[0] == "f" else "") for i, n in enumerate(names)]
        made.append(helper.make_function("f", f"f{k}", ["a"], ["b"], body, [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]))
    model = make(helper.make_node("f0", ["x"], ["y"], domain="f"))
    model.functions.extend(made)
    model.opset_import.append(helper.make_opsetid("f", 1))
    return model


def test_functions() -> None:
    assert code_of(functions(lambda k: ["Neg"], 1)) == ""
    assert code_of(functions(lambda k: ["f0"], 1)) == "onnx.nesting"
    assert code_of(functions(lambda k: ["f1", "f1"] if k == 0 else ["f0"], 2)) == "onnx.nesting"


def test_functions_that_double() -> None:
    """Twenty-five functions, each calling the next twice: 2²⁵ nodes from a kilobyte."""
    assert code_of(functions(lambda k: [f"f{k + 1}"] * 2 if k < 24 else ["Neg"], 25)) == "onnx.size"


@pytest.mark.parametrize("location", ["/etc/passwd", "../weights.bin", "sub/../../weights.bin", "link.bin", "missing.bin", "", "sub"])
def test_external_data_elsewhere(location: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "weights.bin").write_bytes(bytes(64))
    os.symlink(tmp_path / "weights.bin", folder / "link.bin")
    onnx.save(external(location, {}), folder / "m.onnx")
    with pytest.raises(weft.WeftError) as e:
        weft.load(folder / "m.onnx")
    assert e.value.code == "onnx.external"


@pytest.mark.parametrize("entry", [{"offset": "-4"}, {"offset": "1000"}, {"length": "7"}, {"offset": "x"}, {"length": str(1 << 62)}])
def test_external_data_out_of_bounds(entry: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(bytes(64))
    onnx.save(external("w.bin", entry), tmp_path / "m.onnx")
    with pytest.raises(weft.WeftError) as e:
        weft.load(tmp_path / "m.onnx")
    assert e.value.code == "onnx.external"
    onnx.save(external("w.bin", {}), tmp_path / "good.onnx")
    assert weft.load(tmp_path / "good.onnx").main.nodes


def external(location: str, entry: dict[str, str]) -> onnx.ModelProto:
    """A model whose weight of 24 bytes lies in another file."""
    weight = TensorProto(name="w", data_type=FLOATS, dims=[2, 3], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **entry}.items():
        weight.external_data.add(key=key, value=value)
    return make(helper.make_node("Add", ["x", "w"], ["y"]), initializer=[weight])
