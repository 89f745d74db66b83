"""ONNX operators on sequences, optionals and maps."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
import weft
from onnx import helper
from onnx.reference import ReferenceEvaluator
from weft.frontends.onnx import from_model
from weft.vm import VM

from .host_models import BOOL, FLOAT, INT64, ML, STRING, model, node, optional, run, same, sequence, tensor

RNG = np.random.default_rng(0)


def floats(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def check(m: onnx.ModelProto, *inputs: object) -> list[object]:
    """Results as ONNX's own evaluator has them."""
    results = run(m, *inputs)
    same(results, ReferenceEvaluator(m).run(None, dict(zip((i.name for i in m.graph.input), inputs, strict=True))))
    return results


def compiled(m: onnx.ModelProto) -> Callable[..., object]:
    return VM(threads=1).load(weft.compile(from_model(m)))["main"]


def host_calls(m: onnx.ModelProto) -> list[str]:
    return [str(n.attrs["call_target_name"]) for n in from_model(m).main.walk() if n.op == "custom_call"]


def test_known_elements_need_no_sequence() -> None:
    nodes = [
        node("SplitToSequence", "x lengths", "parts", axis=1),
        node("SequenceAt", "parts last", "tail"),
        node("SequenceErase", "parts first", "rest"),
        node("SequenceInsert", "rest tail last", "more"),
        node("SequenceLength", "more", "n"),
        node("ConcatFromSequence", "more", "y", axis=-1),
        node("SequenceConstruct", "tail tail", "pair"),
        node("ConcatFromSequence", "pair", "stack", axis=1, new_axis=1),
    ]
    constants = {"lengths": np.array([1, 3, 2]), "last": np.array(-1), "first": np.array(0)}
    m = model(nodes, [tensor("x", FLOAT, ["N", 6])], "tail n y stack", constants)
    assert host_calls(m) == []
    for n in (1, 4):
        check(m, floats(n, 6))


def test_known_elements_inside_branches() -> None:
    def branch(name: str, at: str, op: str) -> onnx.GraphProto:
        nodes = [node("SequenceAt", f"parts {at}", f"{name}_x"), node(op, f"{name}_x", name)]
        return helper.make_graph(nodes, name, [], [tensor(name, FLOAT, None)])

    nodes = [
        node("SplitToSequence", "x", "parts", axis=0),
        node("If", "p", "y", then_branch=branch("yes", "one", "Neg"), else_branch=branch("no", "two", "Abs")),
    ]
    m = model(nodes, [tensor("x", FLOAT, [3, 2]), tensor("p", BOOL, [])], "y", {"one": np.array(1), "two": np.array(-1)})
    assert host_calls(m) == []
    for p in (True, False):
        check(m, floats(3, 2), np.array(p))


def loop_body(*nodes: onnx.NodeProto, carried: list[onnx.ValueInfoProto], results: str) -> onnx.GraphProto:
    """A body with the index `i`, the condition `c`, and what is carried."""
    outputs = [onnx.ValueInfoProto(name=n) for n in ["c2", *results.split()]]
    return helper.make_graph(
        [*nodes, node("Identity", "c", "c2")], "body", [tensor("i", INT64, []), tensor("c", BOOL, []), *carried], outputs
    )


CONSTANTS = {"zero": np.array(0), "axes": np.array([0]), "yes": np.array(True)}


def test_a_loop_fills_a_sequence() -> None:
    """What the turns insert tells the rank of the elements, and that what is put together from them can be computed with."""
    body = loop_body(
        node("Gather", "x i", "row", axis=0),
        node("Mul", "row row", "square"),
        node("Unsqueeze", "square axes", "line"),
        node("SequenceInsert", "s line", "s2"),
        carried=[sequence("s", FLOAT)],
        results="s2",
    )
    nodes = [
        node("SequenceEmpty", "", "empty"),
        node("Shape", "x", "shape"),
        node("Gather", "shape zero", "n", axis=0),
        node("Loop", "n yes empty", "s", body=body),
        node("ConcatFromSequence", "s", "whole", axis=0),
        node("Softmax", "whole", "y", axis=-1),
    ]
    m = model(nodes, [tensor("x", FLOAT, ["N", 3])], "y", CONSTANTS)
    for n in (1, 4):
        check(m, floats(n, 3))


def test_a_loop_over_elements_of_different_size() -> None:
    body = loop_body(
        node("SequenceAt", "s i", "x"),
        node("ReduceSum", "x", "sum", keepdims=0),
        node("Add", "total sum", "total2"),
        node("Relu", "x", "positive"),
        node("SequenceInsert", "t positive zero", "t2"),
        carried=[tensor("total", FLOAT, []), sequence("t", FLOAT, [None])],
        results="total2 t2",
    )
    nodes = [
        node("SequenceLength", "s", "n"),
        node("Loop", "n yes start s", "total t", body=body),
        node("SequenceLength", "t", "m"),
    ]
    m = model(nodes, [sequence("s", FLOAT, [None])], "total t m", {**CONSTANTS, "start": np.array(0, np.float32)})
    check(m, [floats(2), floats(5), floats(0)])


def test_a_sequence_that_some_turns_fill() -> None:
    """Names longer than two letters, each with its place."""
    skip = helper.make_graph([node("Identity", "s", "skip")], "skip", [], [sequence("skip", STRING)])
    take = helper.make_graph([node("SequenceInsert", "s word", "take")], "take", [], [sequence("take", STRING)])
    body = loop_body(
        node("Gather", "words i", "word", axis=0),
        node("RegexFullMatch", "word", "long", pattern=".{3,}"),
        node("If", "long", "s2", then_branch=take, else_branch=skip),
        carried=[sequence("s", STRING)],
        results="s2",
    )
    nodes = [
        node("SequenceEmpty", "", "empty", dtype=STRING),
        node("Size", "words", "n"),
        node("Loop", "n yes empty", "s", body=body),
        node("ConcatFromSequence", "s", "y", axis=0, new_axis=1),
        node("StringConcat", "y y", "z"),
    ]
    m = model(nodes, [tensor("words", STRING, ["N"])], "s z", CONSTANTS)
    words = np.array(["a", "bcd", "", "efgh"], object)
    same(run(m, words), [list(words[[1, 3]]), np.array(["bcdbcd", "efghefgh"], object)])


def test_branches_of_different_rank() -> None:
    def branch(name: str, *nodes: onnx.NodeProto) -> onnx.GraphProto:
        return helper.make_graph(nodes, name, [], [onnx.ValueInfoProto(name=name)])

    nodes = [
        node(
            "If",
            "p",
            "y",
            then_branch=branch("flat", node("Flatten", "x", "flat")),
            else_branch=branch("all", node("ReduceSum", "x", "all", keepdims=0)),
        ),
        node("SequenceConstruct", "y x", "s"),
        node("SequenceLength", "s", "n"),
    ]
    m = model(nodes, [tensor("x", FLOAT, [2, 2, 2]), tensor("p", BOOL, [])], "y n")
    for p in (True, False):
        check(m, floats(2, 2, 2), np.array(p))


def test_a_sequence_mapped() -> None:
    inner = helper.make_graph(
        [node("MatMul", "e w", "f"), node("Shape", "f", "g")],
        "inner",
        [tensor("e", FLOAT, [None, 3]), tensor("w", FLOAT, [3, 2])],
        [tensor("f", FLOAT, [None, 2]), tensor("g", INT64, [2])],
    )
    nodes = [node("SequenceMap", "s w", "fs gs", body=inner), node("ConcatFromSequence", "fs", "y", axis=0)]
    m = model(nodes, [sequence("s", FLOAT, [None, 3]), tensor("w", FLOAT, [3, 2])], "fs gs y")
    check(m, [floats(1, 3), floats(4, 3)], floats(3, 2))


def test_positions_from_data() -> None:
    nodes = [
        node("SequenceConstruct", "a b", "s"),
        node("SequenceInsert", "s c at", "t"),
        node("SequenceErase", "t at2", "u"),
        node("SequenceAt", "u at", "y"),
        node("Relu", "y", "z"),
        node("SequenceLength", "u", "n"),
    ]
    inputs = [tensor(n, FLOAT, s) for n, s in (("a", [2]), ("b", [3]), ("c", [5]))] + [tensor("at", INT64, []), tensor("at2", INT64, [])]
    m = model(nodes, inputs, "y z n u")
    for at, at2 in ((0, 1), (-1, -3), (1, 0)):
        check(m, floats(2), floats(3), floats(5), np.array(at), np.array(at2))
    with pytest.raises(weft.WeftError, match=r"run\.index"):
        run(m, floats(2), floats(3), floats(5), np.array(2), np.array(2))


@pytest.mark.parametrize("split", [None, np.array(2), np.array([1, 0, 4])], ids=["single", "equal", "lengths"])
def test_split_of_a_size_known_to_data(split: np.ndarray | None) -> None:
    lengths = [] if split is None else [split]
    inputs = [tensor("x", FLOAT, [2, "N"]), *(tensor("split", INT64, k.shape) for k in lengths)]
    nodes = [node("SplitToSequence", "x split" if lengths else "x", "s", axis=-1), node("ConcatFromSequence", "s", "y", axis=-1)]
    x = floats(2, 5)
    pieces, joined = check(model(nodes, inputs, "s y"), x, *lengths)
    same(joined, x)
    assert isinstance(pieces, list) and [p.shape[1] for p in pieces] == (
        [1] * 5 if split is None else [2, 2, 1] if split.ndim == 0 else [1, 0, 4]
    )


def test_split_without_the_axis() -> None:
    nodes = [node("SplitToSequence", "x", "s", axis=1, keepdims=0), node("ConcatFromSequence", "s", "y", axis=0, new_axis=1)]
    check(model(nodes, [tensor("x", FLOAT, [2, "N"])], "s y"), floats(2, 3))
    check(model(nodes, [tensor("x", FLOAT, [2, 3])], "s y"), floats(2, 3))


def test_elements_of_different_rank_mapped() -> None:
    """The body is imported for each of them, and sees what is around it."""
    inner = helper.make_graph(
        [node("Add", "s bias", "f"), node("Shape", "f", "g")],
        "inner",
        [tensor("s", FLOAT, None)],
        [tensor("f", FLOAT, None), tensor("g", INT64, None)],
    )
    nodes = [node("SequenceConstruct", "x y", "s"), node("SequenceMap", "s", "fs gs", body=inner)]
    m = model(nodes, [tensor("x", FLOAT, [2, 3]), tensor("y", FLOAT, [3])], "fs gs", {"bias": np.ones(3, np.float32)})
    assert host_calls(m) == ["sequence_construct"] * 2
    x, y = floats(2, 3), floats(3)
    same(run(m, x, y), [[x + 1, y + 1], [np.array([2, 3]), np.array([3])]])


def test_names_of_the_body_are_its_own() -> None:
    inner = helper.make_graph(
        [node("Sub", "b c", "a")], "inner", [tensor("b", FLOAT, [None]), tensor("c", FLOAT, [None])], [tensor("a", FLOAT, [None])]
    )
    m = model([node("SequenceMap", "a b", "y", body=inner)], [sequence("a", FLOAT, [None]), sequence("b", FLOAT, [None])], "y")
    a, b = [floats(2), floats(3)], [floats(2), floats(3)]
    same(run(m, a, b), [[p - q for p, q in zip(a, b, strict=True)]])


def test_unbind_as_pytorch_exports_it() -> None:
    nodes = [node("SplitToSequence", "x one", "s", axis=0, keepdims=0), node("SequenceAt", "s zero", "y")]
    for n in (3, "N"):
        m = model(nodes, [tensor("x", FLOAT, [n, 2])], "y", {"one": np.array(1), "zero": np.array(0)})
        x = floats(3, 2)
        same(run(m, x), [x[0]])


def test_sequences_of_strings() -> None:
    nodes = [
        node("SplitToSequence", "x", "s", axis=0),
        node("SequenceInsert", "s more", "t"),
        node("SequenceAt", "t at", "y"),
        node("ConcatFromSequence", "t", "z", axis=1),
    ]
    m = model(nodes, [tensor("x", STRING, [2, "N"]), tensor("more", STRING, [1, "M"]), tensor("at", INT64, [])], "y z")
    x, more = np.array([["a", "b"], ["c", ""]], object), np.array([["d", "e", "f"]], object)
    same(run(m, x, more, np.array(-1)), [more, np.array([["a", "b", "c", "", "d", "e", "f"]], object)])


def test_inputs_that_are_sequences() -> None:
    nodes = [node("SequenceAt", "s at", "y"), node("MatMul", "y w", "z"), node("SequenceInsert", "s z", "t")]
    m = model(nodes, [sequence("s", FLOAT, ["A", 4]), tensor("w", FLOAT, [4, 2]), tensor("at", INT64, [])], "z t")
    check(m, [floats(3, 4), floats(1, 4)], floats(4, 2), np.array(0))
    with pytest.raises(weft.WeftError):
        compiled(m)([floats(3, 4), floats(1, 5)], floats(4, 2), np.array(1))


def test_rank_is_needed_where_it_is_not_known() -> None:
    nodes = [node("SequenceAt", "s at", "y"), node("Identity", "y", "z"), node("Softmax", "z", "w")]
    inputs = [sequence("s", FLOAT), tensor("at", INT64, [])]
    with pytest.raises(weft.WeftError, match=r"(?s)onnx\.rank.*declare the shape") as error:
        from_model(model(nodes, inputs, "w"))
    assert error.value.diagnostics[0].loc.name == "w"
    check(model(nodes[:2], inputs, "z"), [floats(3), floats(2, 2)], np.array(1))
    declared = model(nodes, inputs, "w")
    declared.graph.value_info.append(tensor("y", FLOAT, [None, 3]))
    check(declared, [floats(3), floats(2, 3)], np.array(1))
    with pytest.raises(weft.WeftError):
        compiled(declared)([floats(3), floats(2, 3)], np.array(0))


def test_mistakes() -> None:
    cases = {
        "onnx.index": [node("SequenceConstruct", "x x", "s"), node("SequenceAt", "s two", "y")],
        "onnx.type": [node("SequenceEmpty", "", "s", dtype=INT64), node("SequenceInsert", "s x", "y")],
        "onnx.shape": [node("SplitToSequence", "x twos", "y")],
    }
    for code, nodes in cases.items():
        with pytest.raises(weft.WeftError) as error:
            from_model(model(nodes, [tensor("x", FLOAT, [3])], "y", {"two": np.array(2), "twos": np.array([2, 2])}))
        assert error.value.code == code


# Optionals


def test_optionals() -> None:
    nodes = [
        node("OptionalHasElement", "o", "has"),
        node("OptionalGetElement", "o", "x"),
        node("Neg", "x", "y"),
        node("Optional", "y", "p"),
        node("OptionalGetElement", "p", "z"),
        node("OptionalHasElement", "z", "yes"),
    ]
    m = model(nodes, [optional("o", tensor("", FLOAT, ["N", 2]))], "has y p yes")
    x = floats(3, 2)
    same(run(m, x), [np.array(True), -x, -x, np.array(True)])
    with pytest.raises(weft.WeftError, match="holds no value"):
        run(m, None)


def test_none_is_given_and_returned() -> None:
    type = helper.make_sequence_type_proto(helper.make_tensor_type_proto(FLOAT, None))
    nodes = [node("Optional", "", "n", type=type), node("OptionalHasElement", "n", "no"), node("OptionalHasElement", "o", "has")]
    m = model([*nodes, node("Identity", "o", "same")], [optional("o", sequence("", FLOAT, [2]))], "n no has same")
    same(run(m, None), [None, np.array(False), np.array(False), None])
    same(run(m, [floats(2)] * 2)[2], np.array(True))


# Maps


def maps_model(**labels: list[object]) -> onnx.ModelProto:
    return model([node("ZipMap", "x", "y", domain=ML, **labels)], [tensor("x", FLOAT, ["N", 3])], "y")


def test_zip_map() -> None:
    x = floats(2, 3)
    for labels in ({"classlabels_strings": ["a", "b", "c"]}, {"classlabels_int64s": [4, 1, -2]}):
        keys = next(iter(labels.values()))
        same(run(maps_model(**labels), x), [[dict(zip(keys, row, strict=True)) for row in x]])
    with pytest.raises(weft.WeftError, match=r"onnx\.type"):
        from_model(maps_model(classlabels_strings=["a"]))


def map_input(key: int, value: int) -> onnx.ValueInfoProto:
    return helper.make_value_info("m", helper.make_map_type_proto(key, helper.make_tensor_type_proto(value, None)))


def test_dict_vectorizer() -> None:
    m = model([node("DictVectorizer", "m", "y", domain=ML, string_vocabulary=["a", "c", "b"])], [map_input(STRING, FLOAT)], "y")
    same(run(m, {"c": np.float32(8), "a": np.float32(4)}), [np.array([4, 8, 0], np.float32)])


@pytest.mark.parametrize(
    ("form", "target", "want"),
    [
        ("DENSE", "TO_FLOAT", np.array([[-2.5, 1.5]], np.float32)),
        ("SPARSE", "TO_INT64", np.array([[0, -2, 0, 1]])),
        ("DENSE", "TO_STRING", np.array([["-2.5", "1.5"]], object)),
    ],
)
@pytest.mark.parametrize("texts", [False, True])
def test_cast_map(form: str, target: str, want: np.ndarray, texts: bool) -> None:
    cast = node("CastMap", "m", "y", domain=ML, map_form=form, cast_to=target, max_map=4)
    m = model([cast], [map_input(INT64, STRING if texts else FLOAT)], "y")
    same(run(m, {3: "1.5", 1: "-2.5"} if texts else {3: np.float32(1.5), 1: np.float32(-2.5)}), [want])
