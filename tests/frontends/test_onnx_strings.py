"""ONNX operators on strings."""

from typing import Any

import numpy as np
import onnxruntime
import pytest
import weft
from onnx import TensorProto, ValueInfoProto, helper
from onnx.reference import ReferenceEvaluator
from weft.frontends.onnx import from_model

from .host_models import BOOL, FLOAT, INT64, ML, STRING, model, node, run, same, tensor

WORDS = np.array([["pear", "", "fig"], ["äpfel", "fig", "kiwi"]], object)
I64 = np.int64

# What only moves or compares: attributes, further operands by name, how many results.
MOVES: list[tuple[str, dict[str, Any], dict[str, np.ndarray], int]] = [
    ("Identity", {}, {}, 1),
    ("Reshape", {}, {"shape": np.array([3, -1])}, 1),
    ("Transpose", {"perm": [1, 0]}, {}, 1),
    ("Flatten", {"axis": 0}, {}, 1),
    ("Unsqueeze", {}, {"axes": np.array([0, 2])}, 1),
    ("Slice", {}, {"starts": np.array([1]), "ends": np.array([-9]), "axes": np.array([0]), "steps": np.array([-1])}, 1),
    ("Gather", {"axis": 1}, {"indices": np.array([2, 0, -1])}, 1),
    ("GatherElements", {"axis": 0}, {"indices": np.array([[1, 0, -1]])}, 1),
    ("GatherND", {}, {"indices": np.array([[0, 2], [1, 1]])}, 1),
    ("Expand", {}, {"shape": np.array([2, 1, 1])}, 1),
    ("Tile", {}, {"repeats": np.array([2, 1])}, 1),
    ("Compress", {"axis": 1}, {"condition": np.array([True, False, True])}, 1),
    ("Split", {"axis": 1}, {"split": np.array([1, 2])}, 2),
    ("Shape", {}, {}, 1),
    ("Size", {}, {}, 1),
    ("Trilu", {}, {}, 1),
    ("Unique", {"sorted": 1}, {}, 4),
    ("ReverseSequence", {"time_axis": 1, "batch_axis": 0}, {"lens": np.array([2, 3])}, 1),
]


@pytest.mark.parametrize(("op", "attributes", "others", "results"), MOVES, ids=[m[0] for m in MOVES])
def test_moves(op: str, attributes: dict[str, Any], others: dict[str, np.ndarray], results: int) -> None:
    outputs = " ".join(f"y{i}" for i in range(results))
    m = model([node(op, f"x {' '.join(others)}", outputs, **attributes)], [tensor("x", STRING, [2, 3])], outputs, others)
    if op == "Trilu":
        want = [np.where(np.triu(np.ones((2, 3), bool)), WORDS, "")]
    elif op == "ReverseSequence":
        want = [np.array([["", "pear", "fig"], ["kiwi", "fig", "äpfel"]], object)]
    else:
        want = ReferenceEvaluator(m).run(None, {"x": WORDS})
    same(run(m, WORDS), want)


@pytest.mark.parametrize("n", [1, 4])
def test_moves_of_symbolic_size(n: int) -> None:
    nodes = [
        node("Transpose", "x", "t"),
        node("Concat", "t t", "c", axis=1),
        node("Gather", "c two", "y", axis=0),
        node("Equal", "y word", "z"),
    ]
    m = model(nodes, [tensor("x", STRING, ["N", 3])], "y z", {"two": np.array([2, 0]), "word": np.array("w0", object)})
    x = np.array([[f"w{i}", "", f"v{i}"] for i in range(n)], object)
    want = np.concatenate([x.T, x.T], 1)[[2, 0]]
    same(run(m, x), [want, want == "w0"])


def test_several_operands() -> None:
    nodes = [
        node("Where", "p x other", "w"),
        node("Concat", "w x", "c", axis=0),
        node("ScatterElements", "c at some", "s", axis=0),
        node("Pad", "s pads fill", "y"),
        node("Pad", "s pads", "empty"),
        node("Equal", "s c", "e"),
    ]
    constants = {
        "other": np.array("none", object),
        "at": np.array([[3, 0, 1]]),
        "some": np.array([["A", "B", "C"]], object),
        "pads": np.array([0, 1, 0, 0]),
        "fill": np.array("-", object),
    }
    p = np.array([[True, False, True]])
    m = model(nodes, [tensor("p", BOOL, [1, 3]), tensor("x", STRING, [2, 3])], "y empty e", constants)
    scattered = np.concatenate([np.where(p, WORDS, "none"), WORDS])
    before = scattered.copy()
    scattered[[3, 0, 1], [0, 1, 2]] = ["A", "B", "C"]
    padded = [np.concatenate([np.full((4, 1), fill, object), scattered], 1) for fill in ("-", "")]
    same(run(m, p, WORDS), [*padded, scattered == before])


def test_one_hot() -> None:
    m = model(
        [node("OneHot", "i depth values", "y")],
        [tensor("i", INT64, [2])],
        "y",
        {"depth": np.array(3), "values": np.array(["no", "yes"], object)},
    )
    same(run(m, np.array([2, 0])), [np.array([["no", "no", "yes"], ["yes", "no", "no"]], object)])


def test_equal_and_nonzero() -> None:
    m = model(
        [node("Equal", "x word", "e"), node("NonZero", "x", "n")], [tensor("x", STRING, [2, 3])], "e n", {"word": np.array(["fig"], object)}
    )
    same(run(m, WORDS), [WORDS == "fig", np.stack(np.nonzero(WORDS))])


def test_resize() -> None:
    nodes = [node("Resize", "x - scales", "y", mode="nearest"), node("DepthToSpace", "y", "z", blocksize=2)]
    m = model(nodes, [tensor("x", STRING, [1, 4, 1, 2])], "y z", {"scales": np.array([1, 1, 1, 2], np.float32)})
    x = np.array([f"w{i}" for i in range(8)], object).reshape(1, 4, 1, 2)
    y = x.repeat(2, 3)
    same(run(m, x), [y, y.reshape(1, 1, 2, 2, 1, 4).transpose(0, 1, 4, 2, 5, 3).reshape(1, 1, 2, 8)])


def graph(name: str, nodes: list[Any], inputs: list[Any], outputs: str) -> Any:
    return helper.make_graph(nodes, name, inputs, [ValueInfoProto(name=n) for n in outputs.split()])


CONSTANTS = {"yes": np.array(True), "dash": np.array("-", object)}


@pytest.mark.parametrize("turns", [0, 2])
@pytest.mark.parametrize("n", [3, "N"])
def test_loop(n: int | str, turns: int) -> None:
    nodes = [
        node("Gather", "x i", "w", axis=0),
        node("StringConcat", "s w", "s2"),
        node("Identity", "c", "c2"),
        node("StringConcat", "w w", "o"),
    ]
    body = graph("body", nodes, [tensor("i", INT64, []), tensor("c", BOOL, []), tensor("s", STRING, [])], "c2 s2 o")
    m = model([node("Loop", "n yes dash", "y o", body=body)], [tensor("x", STRING, [n]), tensor("n", INT64, [])], "y o", CONSTANTS)
    x = np.array(["ab", "c", "def"], object)
    same(run(m, x, np.array(turns)), [np.array("-" + "".join(x[:turns]), object), (x + x)[:turns]])


@pytest.mark.parametrize("back", [0, 1])
def test_scan(back: int) -> None:
    nodes = [node("StringConcat", "s a", "t"), node("StringConcat", "a b", "o"), node("RegexFullMatch", "b", "m", pattern=".")]
    body = graph("body", nodes, [tensor("s", STRING, [2]), tensor("a", STRING, [2]), tensor("b", STRING, [2])], "t o m")
    directions = {"scan_input_directions": [back, 0], "scan_output_axes": [1, 0], "scan_output_directions": [back, 0]}
    scan = node("Scan", "start a b", "s o m", body=body, num_scan_inputs=2, scan_input_axes=[1, 0], **directions)
    m = model([scan], [tensor("a", STRING, [2, "N"]), tensor("b", STRING, ["N", 2])], "s o m", {"start": np.array(["", "-"], object)})
    a, b = np.array([["a", "b", "c"], ["d", "e", "f"]], object), np.array([["1", "2"], ["3", "4"], ["55", "6"]], object)
    turns = a[:, ::-1] if back else a
    o = np.stack([turns[:, i] + b[i] for i in range(3)], 1)
    same(run(m, a, b), [np.array(["", "-"], object) + turns.sum(1), o[:, ::-1] if back else o, np.char.str_len(b.astype(str)) == 1])


def test_branches() -> None:
    branches = [graph(n, [node(op, i, n)], [], n) for n, op, i in (("then", "StringConcat", "x dash"), ("else", "Identity", "x"))]
    m = model(
        [node("If", "p", "y", then_branch=branches[0], else_branch=branches[1])],
        [tensor("x", STRING, ["N"]), tensor("p", BOOL, [])],
        "y",
        CONSTANTS,
    )
    x = np.array(["a", "b"], object)
    same([run(m, x, np.array(p))[0] for p in (True, False)], [x + "-", x])


def test_string_operators_together() -> None:
    nodes = [
        node("StringConcat", "first last", "names"),
        node("StringSplit", "names", "parts counts", delimiter="-"),
        node("RegexFullMatch", "names", "match", pattern=r"(?i)[a-z]+-(X|y)"),
        node("Shape", "parts", "shape"),
    ]
    m = model(nodes, [tensor("first", STRING, ["N", 1]), tensor("last", STRING, [2])], "names parts counts match shape")
    first, last = np.array([["ab"], ["C-d"], [""]], object), np.array(["-x", ""], object)
    names = np.array([["ab-x", "ab"], ["C-d-x", "C-d"], ["-x", ""]], object)
    parts = np.array([[["ab", "x", ""], ["ab", "", ""]], [["C", "d", "x"], ["C", "d", ""]], [["", "x", ""], ["", "", ""]]], object)
    want = [
        names,
        parts,
        np.array([[2, 1], [3, 2], [2, 1]]),
        np.array([[True, False], [False, False], [False, False]]),
        np.array([3, 2, 3]),
    ]
    same(run(m, first, last), want)


@pytest.mark.parametrize("shape", [["N"], [1, "N"]])
def test_normalizer(shape: list[int | str]) -> None:
    attributes = {"stopwords": ["the", "Fox"], "case_change_action": "UPPER", "is_case_sensitive": 0}
    m = model([node("StringNormalizer", "x", "y", **attributes)], [tensor("x", STRING, shape)], "y")
    x = np.array(["The", "quick", "fox"], object).reshape([3] if len(shape) == 1 else [1, 3])
    same(run(m, x), [np.array(["QUICK"], object).reshape([1] * len(shape))])
    same(run(m, x[..., ::2]), [np.array([""], object).reshape([1] * len(shape))])


def cast(to: int, dtype: int) -> Any:
    return model([node("Cast", "x", "y", to=to)], [tensor("x", dtype, ["N"])], "y")


@pytest.mark.parametrize("to", ["FLOAT", "DOUBLE", "FLOAT16", "INT32", "UINT64", "INT64", "BOOL"])
def test_cast_from_strings(to: str) -> None:
    number = TensorProto.DataType.Value(to)
    texts = ["0", "17", "1E2", " 25 "] if "INT" in to else ["0", "-3.25e1", "1e-5", "+INF", "-inf", "nan"]
    dtype = {"FLOAT": np.float32, "DOUBLE": np.float64, "FLOAT16": np.float16, "BOOL": np.bool_}.get(to, np.dtype(to.lower()))
    want = np.array([float(t) for t in texts]).astype(dtype)
    same(run(cast(number, STRING), np.array(texts, object)), [want])


def test_cast_from_what_is_no_number() -> None:
    with pytest.raises(weft.WeftError, match=r"run\.value.*'ten' is not a number"):
        run(cast(INT64, STRING), np.array(["10", "ten"], object))


@pytest.mark.parametrize("x", [np.array([0.1, 1e20, np.nan], np.float32), np.array([-7, 2**40]), np.array([True, False])], ids=str)
def test_cast_to_strings(x: np.ndarray) -> None:
    number = {"float32": FLOAT, "int64": INT64, "bool": BOOL}[x.dtype.name]
    same(run(cast(STRING, number), x), [np.array([str(v) for v in x], object)])


def test_labels() -> None:
    def encoder(inputs: str, outputs: str, **attributes: object) -> Any:
        return node("LabelEncoder", inputs, outputs, domain=ML, **attributes)

    nodes = [
        encoder("x", "i", keys_strings=["fig", "kiwi", "fig"], values_int64s=[1, 2, 3], default_int64=-9),
        encoder("i", "s", keys_int64s=[3, 2], values_strings=["Fig", "Kiwi"], default_string="?"),
        encoder("s", "t", keys_strings=["Fig"], values_strings=["F"]),
        encoder("t", "f", keys_strings=["F"], values_floats=[2.5], default_float=-1.0),
    ]
    m = model(nodes, [tensor("x", STRING, [2, "N"])], "i s t f")
    want = [
        np.array([[-9, -9, 3], [-9, 3, 2]]),
        np.array([["?", "?", "Fig"], ["?", "Fig", "Kiwi"]], object),
        np.array([["_Unused", "_Unused", "F"], ["_Unused", "F", "_Unused"]], object),
        np.array([[-1, -1, 2.5], [-1, 2.5, -1]], np.float32),
    ]
    same(run(m, WORDS), want)


def test_category_mapper_both_ways() -> None:
    pairs = {"cats_strings": ["a", "b"], "cats_int64s": [5, 7]}
    nodes = [node("CategoryMapper", "x", "i", domain=ML, **pairs), node("CategoryMapper", "i", "y", domain=ML, default_string="?", **pairs)]
    m = model(nodes, [tensor("x", STRING, [3])], "i y")
    same(run(m, np.array(["b", "c", "a"], object)), [np.array([7, -1, 5]), np.array(["b", "?", "a"], object)])


def test_first_label_encoder() -> None:
    nodes = [
        node("LabelEncoder", "x", "i", domain=ML, classes_strings=["a", "b"]),
        node("LabelEncoder", "i", "y", domain=ML, classes_strings=["A", "B"]),
    ]
    m = model(nodes, [tensor("x", STRING, [3])], "i y", ml=1)
    same(run(m, np.array(["b", "c", "a"], object)), [np.array([1, -1, 0]), np.array(["B", "_Unused", "A"], object)])


def test_one_hot_encoder_and_feature_extractor() -> None:
    nodes = [
        node("ArrayFeatureExtractor", "x at", "columns", domain=ML),
        node("OneHotEncoder", "columns", "y", domain=ML, cats_strings=["fig", "pear"]),
    ]
    m = model(nodes, [tensor("x", STRING, ["N", 3])], "columns y", {"at": np.array([2, 0])})
    columns = WORDS[:, [2, 0]]
    same(run(m, WORDS), [columns, np.stack([columns == "fig", columns == "pear"], 2).astype(np.float32)])


NGRAMS = {
    "ngram_counts": [0, 3],
    "ngram_indexes": [4, 0, 2, 1, 3],
    "pool_strings": ["a", "b", "c", "a", "b", "b", "a"],
    "max_gram_length": 2,
}
WEIGHTS = [0.5, 2.0, 3.0, 1.0, 0.25]


@pytest.mark.parametrize("mode", ["TF", "IDF", "TFIDF"])
@pytest.mark.parametrize(("shortest", "skips"), [(1, 0), (1, 2), (2, 3)])
def test_ngrams_of_strings(mode: str, shortest: int, skips: int) -> None:
    attributes = {**NGRAMS, "mode": mode, "min_gram_length": shortest, "max_skip_count": skips, "weights": WEIGHTS}
    m = model([node("TfIdfVectorizer", "x", "y", **attributes)], [tensor("x", STRING, ["N", "C"])], "y")
    x = np.array([["a", "b", "a", "x", "b"], ["c", "b", "b", "a", "a"]], object)
    by_column = np.array(WEIGHTS)[np.argsort(NGRAMS["ngram_indexes"])].tolist()  # where onnx's evaluator, unlike its text, looks for them
    reference = model([node("TfIdfVectorizer", "x", "y", **{**attributes, "weights": by_column})], [tensor("x", STRING, ["N", "C"])], "y")
    same(run(m, x), ReferenceEvaluator(reference).run(None, {"x": x}))


def test_ngrams_as_elsewhere() -> None:
    attributes = {**NGRAMS, "mode": "TFIDF", "min_gram_length": 1, "max_skip_count": 1, "weights": WEIGHTS}
    m = model([node("TfIdfVectorizer", "x", "y", **attributes)], [tensor("x", STRING, ["C"])], "y", opset=17)
    m.ir_version = 8
    m.graph.output[0].CopyFrom(tensor("y", FLOAT, None))
    x = np.array(["b", "a", "b", "a", "c"], object)
    same(run(m, x), onnxruntime.InferenceSession(m.SerializeToString()).run(None, {"x": x}))


@pytest.mark.parametrize(
    ("op", "attributes", "code"),
    [("RegexFullMatch", {"pattern": "(a"}, "regex.syntax"), ("StringNormalizer", {"case_change_action": "Upper"}, "onnx.type")],
)
def test_rejected(op: str, attributes: dict[str, object], code: str) -> None:
    with pytest.raises(weft.WeftError) as error:
        from_model(model([node(op, "x", "y", **attributes)], [tensor("x", STRING, [3])], "y"))
    assert error.value.code == code and error.value.diagnostics[0].loc.name == "y"


def test_strings_are_not_added() -> None:
    scatter = node("ScatterND", "x i u", "y", reduction="add")
    m = model([scatter], [tensor("x", STRING, [3])], "y", {"i": np.array([[1]]), "u": np.array(["a"], object)})
    with pytest.raises(weft.WeftError, match=r"onnx\.unsupported"):
        from_model(m)


def test_strings_where_numbers_are_needed() -> None:
    m = model([node("GridSample", "x grid", "y")], [tensor("x", STRING, [1, 1, 2, 2]), tensor("grid", FLOAT, [1, 1, 1, 2])], "y")
    with pytest.raises(weft.WeftError, match=r"onnx\.unsupported.*`GridSample` of strings"):
        from_model(m)
