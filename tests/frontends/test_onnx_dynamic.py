"""Shapes, axes and numbers of turns that depend on data: all inputs stay inputs. Against onnxruntime, interpreted and compiled."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime
import pytest
import weft
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper
from weft.compiler.interpreter import evaluate
from weft.compiler.verify import verify
from weft.frontends.onnx import from_model
from weft.vm import VM

F32, I64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
Input = tuple[str, int, Sequence[int | str] | None]
node = helper.make_node


def floats(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def number(value: int) -> np.ndarray:
    return np.array(value, np.int64)


def info(name: str, kind: int, shape: Sequence[int | str] | None = None) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


@dataclass(frozen=True)
class Case:
    """Nodes, typed inputs, results by name and element type, and arguments of some calls."""

    name: str
    nodes: list[NodeProto]
    inputs: list[Input]
    outputs: dict[str, int]
    calls: list[tuple[np.ndarray, ...]]
    opset: int = 19

    def model(self) -> ModelProto:
        outputs = [info(name, kind) for name, kind in self.outputs.items()]
        graph = helper.make_graph(self.nodes, "g", [info(*i) for i in self.inputs], outputs)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=9)


def one(name: str, n: NodeProto, inputs: list[Input], kind: int, *calls: tuple[np.ndarray, ...]) -> Case:
    """A case of one node; its results are all of one element type."""
    return Case(name, [n], inputs, dict.fromkeys(n.output, kind), list(calls))


X4: Input = ("x", F32, ["N", 3, 4, "M"])
REDUCTIONS = [
    one(
        f"{op}-{'kept' if keep else 'gone'}",
        node(op, ["x", "a"], ["y"], keepdims=keep),
        [X4, ("a", I64, [2])],
        F32,
        (floats(2, 3, 4, 5), ints(1, 3)),
        (floats(2, 3, 4, 5), ints(-1, 0)),
        (floats(0, 3, 4, 2), ints(1, 2)),
    )
    for op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceLogSumExp")
    for keep in (0, 1)
] + [
    one(
        f"{op}-any-number-of-axes",
        node(op, ["x", "a"], ["y"]),
        [("x", F32, [3, 4, 2]), ("a", I64, ["K"])],
        F32,
        *((floats(3, 4, 2), axes) for axes in (ints(1), ints(0, -1), ints())),
    )
    for op in ("ReduceSum", "ReduceL2")
]

CUMULATIVE = [
    one(
        f"CumSum-{exclusive}{reverse}",
        node("CumSum", ["x", "a"], ["y"], exclusive=exclusive, reverse=reverse),
        [("x", F32, ["N", 3, "M"]), ("a", I64, [])],
        F32,
        *((floats(2, 3, m), number(a)) for a, m in ((0, 5), (-1, 5), (1, 1), (2, 0))),
    )
    for exclusive in (0, 1)
    for reverse in (0, 1)
]

FAR, MOST = 1 << 62, (1 << 63) - 1
SLICES = [
    one(
        "Slice-everything",
        node("Slice", ["x", "s", "e", "a", "t"], ["y"]),
        [("x", F32, ["N", 6, 5]), *((n, I64, [2]) for n in "seat")],
        F32,
        (floats(4, 6, 5), ints(1, -1), ints(100, -100), ints(0, 2), ints(1, -2)),
        (floats(4, 6, 5), ints(-3, 2), ints(-1, 2), ints(1, -1), ints(1, 1)),
        (floats(4, 6, 5), ints(5, 0), ints(-FAR, FAR), ints(1, 0), ints(-3, 2)),
        (floats(0, 6, 5), ints(0, 0), ints(5, 5), ints(0, 1), ints(1, 1)),
    ),
    one(
        "Slice-one-axis",
        node("Slice", ["x", "s", "e"], ["y"]),
        [("x", F32, ["N", 6]), ("s", I64, [1]), ("e", I64, [1])],
        F32,
        *((floats(4, 6), ints(s), ints(e)) for s, e in ((1, 3), (-2, 9), (3, 1))),
    ),
    *(
        Case(
            f"Slice-{start}-{end}-{step}",
            [
                *(node("Constant", [], [n], value_ints=[v]) for n, v in zip("seat", (start, end, 0, step), strict=True)),
                node("Slice", [*"xseat"], ["y"]),
            ],
            [("x", F32, ["N", 2])],
            {"y": F32},
            [(floats(n, 2),) for n in (5, 2, 1, 0)],
        )
        for start, end, step in ((-1, -MOST, -1), (MOST, -MOST - 1, -2), (-2, 0, -1), (3, -4, -1), (-MOST, MOST, 2), (0, MOST, MOST))
    ),
    one(
        "Split",
        node("Split", ["x", "s"], ["a", "b", "c"], axis=-1),
        [("x", F32, ["N", "M"]), ("s", I64, [3])],
        F32,
        (floats(2, 7), ints(1, 0, 6)),
        (floats(2, 3), ints(1, 1, 1)),
    ),
    one(
        "Pad-constant",
        node("Pad", ["x", "p", "v"], ["y"]),
        [("x", F32, ["N", 4]), ("p", I64, [4]), ("v", F32, [])],
        F32,
        (floats(3, 4), ints(-1, 2, 2, -3), np.float32(7)),
        (floats(0, 4), ints(2, 0, 1, 0), np.float32(7)),
    ),
    one(
        "Pad-axes",
        node("Pad", ["x", "p", "", "a"], ["y"]),
        [("x", F32, ["N", 4, 2]), ("p", I64, [4]), ("a", I64, [2])],
        F32,
        (floats(3, 4, 2), ints(1, 2, 2, 3), ints(-1, 0)),
    ),
    *(
        one(
            f"Pad-{mode}",
            node("Pad", ["x", "p"], ["y"], mode=mode),
            [("x", F32, ["N", 4]), ("p", I64, [4])],
            F32,
            (floats(3, 4), ints(1, 2, 2, 3)),
            (floats(5, 4), ints(2, 1, 0, 0)),
        )
        for mode in ("edge", "reflect", "wrap")
    ),
]

SHAPES = [
    one(
        "Reshape",
        node("Reshape", ["x", "s"], ["y"]),
        [("x", F32, ["N", 4, 3]), ("s", I64, [3])],
        F32,
        *((floats(2, 4, 3), s) for s in (ints(0, -1, 2), ints(3, 8, 1), ints(-1, 0, 0))),
        (floats(0, 4, 3), ints(0, 2, 5)),
    ),
    one("Reshape-flat", node("Reshape", ["x", "s"], ["y"]), [("x", F32, ["N", 3]), ("s", I64, [1])], F32, (floats(2, 3), ints(6))),
    Case(
        "Reshape-then-products",
        [
            node("Reshape", ["x", "s"], ["y"]),
            node("MatMul", ["y", "w"], ["z"]),
            node("Add", ["z", "b"], ["o"]),
            node("Shape", ["o"], ["n"]),
        ],
        [("x", F32, ["N", 4, 3]), ("s", I64, [2]), ("w", F32, [6, 5]), ("b", F32, [5])],
        {"o": F32, "n": I64},
        [(floats(2, 4, 3), ints(-1, 6), floats(6, 5), floats(5))],
    ),
    Case(
        "Reshape-then-convolution",
        [
            node("Reshape", ["x", "s"], ["y"]),
            node("Conv", ["y", "w"], ["z"]),
            node("BatchNormalization", ["z", "a", "b", "b", "a"], ["o"]),
            node("Einsum", ["o", "m"], ["e"], equation="nchw,wk->nck"),
        ],
        [("x", F32, ["N"]), ("s", I64, [4]), ("w", F32, [2, 3, 3, 3]), ("a", F32, [2]), ("b", F32, [2]), ("m", F32, [3, 2])],
        {"e": F32},
        [(floats(75), ints(1, 3, 5, 5), floats(2, 3, 3, 3), np.ones(2, np.float32), floats(2), floats(3, 2))],
    ),
    one(
        "Expand",
        node("Expand", ["x", "s"], ["y"]),
        [("x", F32, ["N", 1, 3]), ("s", I64, [4])],
        F32,
        (floats(2, 1, 3), ints(5, 1, 4, 1)),
        (floats(1, 1, 3), ints(2, 7, 1, 3)),
    ),
    Case(
        "ConstantOfShape-then-sum",
        [node("ConstantOfShape", ["s"], ["c"]), node("Add", ["c", "x"], ["y"])],
        [("s", I64, [2]), ("x", F32, ["N", 1])],
        {"y": F32},
        [(ints(2, 3), floats(2, 1)), (ints(1, 3), floats(4, 1)), (ints(0, 3), floats(1, 1))],
    ),
    one(
        "Tile",
        node("Tile", ["x", "r"], ["y"]),
        [("x", F32, ["N", 3]), ("r", I64, [2])],
        F32,
        (floats(2, 3), ints(2, 3)),
        (floats(2, 3), ints(0, 3)),
    ),
    one(
        "Squeeze",
        node("Squeeze", ["x", "a"], ["y"]),
        [("x", F32, ["N", 1, 3, "M"]), ("a", I64, [1])],
        F32,
        (floats(2, 1, 3, 2), ints(1)),
        (floats(1, 1, 3, 2), ints(0)),
        (floats(2, 1, 3, 1), ints(-1)),
    ),
    one(
        "Unsqueeze",
        node("Unsqueeze", ["x", "a"], ["y"]),
        [("x", F32, ["N", 3]), ("a", I64, [2])],
        F32,
        *((floats(2, 3), a) for a in (ints(0, 3), ints(-1, 1), ints(2, 1))),
    ),
    one(
        "Range",
        node("Range", ["a", "b", "c"], ["y"]),
        [("a", I64, []), ("b", I64, []), ("c", I64, [])],
        I64,
        *(tuple(map(number, bounds)) for bounds in ((2, 11, 3), (5, -6, -2), (5, 5, 1), (5, 1, 1))),
    ),
    one(
        "Range-of-floats",
        node("Range", ["a", "b", "c"], ["y"]),
        [("a", F32, []), ("b", F32, []), ("c", F32, [])],
        F32,
        tuple(map(np.float32, (0.5, 3.1, 0.4))),
        tuple(map(np.float32, (1, -1, -0.25))),
    ),
    one(
        "Sum-of-unrelated-dims",
        node("Add", ["x", "y"], ["z"]),
        [("x", F32, ["A", "B"]), ("y", F32, ["C", "D"])],
        F32,
        (floats(3, 4), floats(3, 4)),
        (floats(1, 4), floats(3, 1)),
    ),
]

CHOICES = [
    one(
        "ScatterElements-sizes",
        node("ScatterElements", ["x", "i", "u"], ["y"], reduction="add"),
        [("x", F32, ["N", 2]), ("i", I64, ["E", "W"]), ("u", F32, ["F", "V"])],
        F32,
        (floats(4, 2), np.array([[3, 0], [3, 1], [0, 0]]), floats(3, 2, seed=1)),
        (floats(1, 2), np.zeros((5, 1), np.int64), floats(5, 1, seed=1)),
    ),
    one(
        "ScatterND-sizes",
        node("ScatterND", ["x", "i", "u"], ["y"], reduction="add"),
        [("x", F32, ["N", 2]), ("i", I64, ["E", 1]), ("u", F32, ["F", 2])],
        F32,
        (floats(4, 2), np.array([[3], [3], [0]]), floats(3, 2, seed=1)),
    ),
    Case(
        "TopK",
        [node("TopK", ["x", "k"], ["v", "i"], axis=0, largest=0)],
        [("x", F32, ["N", 3]), ("k", I64, [1])],
        {"v": F32, "i": I64},
        [(floats(5, 3), ints(k)) for k in (2, 0, 5)],
    ),
    one(
        "OneHot",
        node("OneHot", ["x", "d", "v"], ["y"], axis=0),
        [("x", I64, ["N"]), ("d", I64, []), ("v", F32, [2])],
        F32,
        (ints(0, 2, -1, 9), number(4), floats(2)),
    ),
    one(
        "Trilu",
        node("Trilu", ["x", "k"], ["y"], upper=0),
        [("x", F32, ["N", "M", "M"]), ("k", I64, [])],
        F32,
        (floats(2, 4, 4), number(-1)),
        (floats(2, 4, 4), number(9)),
    ),
    one(
        "NonZero",
        node("NonZero", ["x"], ["y"]),
        [("x", F32, ["N", 3, 4])],
        I64,
        ((floats(2, 3, 4) > 0.3).astype(np.float32),),
        (floats(0, 3, 4),),
        (np.zeros((2, 3, 4), np.float32),),
    ),
    Case(
        "NonZero-then-gather",
        [
            node("NonZero", ["m"], ["i"]),
            node("Transpose", ["i"], ["t"], perm=[1, 0]),
            node("GatherND", ["x", "t"], ["g"]),
            node("ReduceSum", ["g"], ["y"]),
            node("Mul", ["g", "g"], ["z"]),
        ],
        [("m", BOOL, ["N", 3]), ("x", F32, ["N", 3])],
        {"y": F32, "z": F32},
        [(floats(4, 3) > 0, floats(4, 3)), (floats(4, 3) > 9, floats(4, 3))],
    ),
    one(
        "Compress",
        node("Compress", ["x", "c"], ["y"], axis=1),
        [("x", F32, ["N", 4]), ("c", BOOL, ["K"])],
        F32,
        (floats(2, 4), np.array([True, False, True])),
        (floats(2, 4), np.array([False, False])),
    ),
    *(
        Case(
            f"Unique-{'sorted' if ordered else 'unsorted'}{axis}",
            [node("Unique", ["x"], ["y", "i", "j", "c"], sorted=ordered, **axis)],
            [("x", F32, ["N", "M"])],
            {"y": F32, "i": I64, "j": I64, "c": I64},
            [(np.floor(3 * np.random.default_rng(n).random((n, 2))).astype(np.float32),) for n in (1, 5, 9)],
        )
        for ordered in (0, 1)
        for axis in ({}, {"axis": 0}, {"axis": -1})
    ),
    *(
        one(
            f"NonMaxSuppression-{'centre' if centre else 'corners'}",
            node("NonMaxSuppression", ["b", "s", "m", "i", "t"], ["y"], center_point_box=centre),
            [("b", F32, ["B", "N", 4]), ("s", F32, ["B", "C", "N"]), ("m", I64, [1]), ("i", F32, [1]), ("t", F32, [1])],
            I64,
            *(
                (
                    np.random.default_rng(1).random((2, 8, 4)).astype(np.float32),
                    np.random.default_rng(2).random((2, 3, 8)).round(1).astype(np.float32),
                    ints(most),
                    np.array([overlap], np.float32),
                    np.array([least], np.float32),
                )
                for most, overlap, least in ((3, 0.3, 0.2), (0, 0.3, 0.2), (100, 0.01, 0.95))
            ),
        )
        for centre in (0, 1)
    ),
]

RESIZES = [
    case
    for mode, more in (
        ("nearest", {}),
        ("linear", {}),
        ("cubic", {}),
        ("linear", {"antialias": 1}),
        ("cubic", {"exclude_outside": 1}),
        ("nearest", {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}),
    )
    for case in (
        one(
            f"Resize-scales-{mode}{more}",
            node("Resize", ["x", "", "s"], ["y"], mode=mode, **more),
            [("x", F32, [1, 2, "H", "W"]), ("s", F32, [4])],
            F32,
            (floats(1, 2, 6, 5), np.array([1, 1, 1.7, 0.6], np.float32)),
            (floats(1, 2, 4, 7), np.array([1, 1, 0.5, 3], np.float32)),
        ),
        one(
            f"Resize-sizes-{mode}{more}",
            node("Resize", ["x", "", "", "s"], ["y"], mode=mode, **more),
            [("x", F32, [1, 2, "H", "W"]), ("s", I64, [4])],
            F32,
            (floats(1, 2, 6, 5), ints(1, 2, 9, 3)),
        ),
    )
]


def loop_body(nodes: list[NodeProto], carried: Sequence[tuple[str, int]], results: Sequence[tuple[str, int]]) -> GraphProto:
    """The body of a `Loop` with parameters `turn`, `go` and those carried; the first result says whether to go on."""
    inputs = [info("turn", I64, []), info("go", BOOL, []), *(info(name, kind) for name, kind in carried)]
    return helper.make_graph(nodes, "body", inputs, [info(name, kind) for name, kind in results])


GROWING = loop_body(
    [node("Concat", ["c", "row"], ["d"], axis=0), node("Identity", ["go"], ["on"]), node("ReduceSum", ["d"], ["s"], keepdims=0)],
    [("c", F32)],
    [("on", BOOL), ("d", F32), ("s", F32)],
)
EARLY = loop_body(
    [node("Add", ["a", "x"], ["b"]), node("ReduceSum", ["b"], ["t"], keepdims=0), node("Less", ["t", "limit"], ["on"])],
    [("a", F32)],
    [("on", BOOL), ("b", F32), ("t", F32)],
)
TRIANGLE = loop_body(
    [
        node("Add", ["turn", "one"], ["n"]),
        node("Range", ["zero", "n", "one"], ["r"]),
        node("ReduceSum", ["r"], ["s"], keepdims=0),
        node("Identity", ["go"], ["on"]),
    ],
    [],
    [("on", BOOL), ("s", I64)],
)
SCANNED = helper.make_graph(
    [node("Add", ["s", "x"], ["t"]), node("Mul", ["t", "x"], ["o"])],
    "body",
    [info("s", F32, [2]), info("x", F32, [2])],
    [info("t", F32, [2]), info("o", F32, [2])],
)
THEN = helper.make_graph([node("NonZero", ["x"], ["p"])], "then", [], [info("p", I64)])
ELSE = helper.make_graph([node("Shape", ["x"], ["n"]), node("Unsqueeze", ["n", "a"], ["q"])], "else", [], [info("q", I64)])

FLOW = [
    Case(
        "Loop-whose-value-grows",
        [node("Unsqueeze", ["x", "z"], ["row"]), node("Loop", ["n", "", "start"], ["c", "s"], body=GROWING)],
        [("n", I64, []), ("start", F32, ["K", 2]), ("x", F32, [2]), ("z", I64, [1])],
        {"c": F32, "s": F32},
        [(number(n), floats(k, 2), floats(2), ints(0)) for n, k in ((3, 1), (0, 1), (2, 0))],
    ),
    Case(
        "Loop-that-ends-early",
        [node("Loop", ["", "go0", "start"], ["last", "sums"], body=EARLY)],
        [("go0", BOOL, []), ("start", F32, ["K"]), ("x", F32, ["K"]), ("limit", F32, [])],
        {"last": F32, "sums": F32},
        [
            (np.array(go), np.ones(3, np.float32), np.ones(3, np.float32), np.float32(limit))
            for go, limit in ((True, 20), (False, 20), (True, 1000))
        ],
    ),
    Case(
        "Loop-with-shapes-of-its-own",
        [node("Loop", ["m", ""], ["sums"], body=TRIANGLE)],
        [("m", I64, []), ("one", I64, []), ("zero", I64, [])],
        {"sums": I64},
        [(number(4), number(1), number(0))],
    ),
    Case(
        "If-of-two-shapes",
        [node("If", ["c"], ["y"], then_branch=THEN, else_branch=ELSE), node("Add", ["y", "y"], ["z"])],
        [("c", BOOL, []), ("x", F32, ["N"]), ("a", I64, [1])],
        {"z": I64},
        [(np.array(c), np.array([0, 1, 2], np.float32), ints(0)) for c in (True, False)],
    ),
    Case(
        "Scan-of-any-length",
        [node("Scan", ["s", "x"], ["a", "b"], body=SCANNED, num_scan_inputs=1)],
        [("s", F32, [2]), ("x", F32, ["N", 2])],
        {"a": F32, "b": F32},
        [(floats(2), floats(n, 2)) for n in (5, 1)],
    ),
    Case(
        "Scan-of-batches",
        [node("Scan", ["l", "s", "x"], ["a", "b"], body=SCANNED, num_scan_inputs=1, directions=[1])],
        [("l", I64, ["B"]), ("s", F32, ["B", 2]), ("x", F32, ["B", "T", 2])],
        {"a": F32, "b": F32},
        [(ints(4, 2, 1), floats(3, 2), floats(3, 4, 2))],
        opset=8,
    ),
    Case(
        "Scan-backwards",
        [
            node(
                "Scan", ["s", "x"], ["a", "b"], body=SCANNED, num_scan_inputs=1,
                scan_input_axes=[1], scan_input_directions=[1], scan_output_axes=[-1], scan_output_directions=[1],
            )
        ],
        [("s", F32, [2]), ("x", F32, [2, "N"])],
        {"a": F32, "b": F32},
        [(floats(2), floats(2, 5))],
    ),
]  # fmt: skip

# What stands behind a detector: the boxes that score, the best of them, those that are left of these, in one tensor.
DETECTED = Case(
    "Detections",
    [
        node("Greater", ["score", "least"], ["scores"]),
        node("NonZero", ["scores"], ["places"]),
        node("Squeeze", ["places", "zero"], ["chosen"]),
        node("Gather", ["boxes", "chosen"], ["b1"]),
        node("Gather", ["score", "chosen"], ["s1"]),
        node("Shape", ["s1"], ["n"]),
        node("Min", ["n", "most"], ["k"]),
        node("TopK", ["s1", "k"], ["s2", "best"]),
        node("Gather", ["b1", "best"], ["b2"]),
        node("Unsqueeze", ["b2", "zero"], ["b3"]),
        node("Unsqueeze", ["s2", "both"], ["s3"]),
        node("NonMaxSuppression", ["b3", "s3", "most", "overlap"], ["triples"]),
        node("Slice", ["triples", "two", "three", "one"], ["column"]),
        node("Squeeze", ["column", "one"], ["left"]),
        node("Gather", ["b2", "left"], ["b4"]),
        node("Gather", ["s2", "left"], ["s4"]),
        node("Unsqueeze", ["s4", "one"], ["s5"]),
        node("Concat", ["b4", "s5"], ["found"], axis=1),
    ],
    [
        ("boxes", F32, ["N", 4]),
        ("score", F32, ["N"]),
        ("least", F32, []),
        ("overlap", F32, [1]),
        *((name, I64, [1]) for name in ("zero", "one", "two", "three", "most")),
        ("both", I64, [2]),
    ],
    {"found": F32},
    [
        (
            np.sort(np.random.default_rng(3).random((n, 4)).astype(np.float32), axis=1),
            np.random.default_rng(4).random(n).astype(np.float32),
            np.float32(least),
            np.array([0.3], np.float32),
            *(ints(v) for v in (0, 1, 2, 3, 7)),
            ints(0, 1),
        )
        for n, least in ((20, 0.4), (20, 2), (1, 0))
    ],
)

CASES = [*REDUCTIONS, *CUMULATIVE, *SLICES, *SHAPES, *CHOICES, *RESIZES, *FLOW, DETECTED]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_against_onnxruntime(case: Case) -> None:
    onnxruntime.set_default_logger_severity(4)
    model = case.model()
    module = from_model(model)
    verify(module)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    compiled = VM(threads=2).load(weft.compile(module))["main"]
    for call in case.calls:
        want = session.run(None, {name: np.asarray(x) for (name, _, _), x in zip(case.inputs, call, strict=True)})
        for got in (evaluate(module, *call), compiled(*map(np.asarray, call))):
            for x, y in zip(got if isinstance(got, (list, tuple)) else [got], want, strict=True):
                assert (x.shape, x.dtype) == (y.shape, y.dtype)
                np.testing.assert_allclose(x, y, rtol=2e-5, atol=2e-6)


def run(case: Case, *arguments: np.ndarray) -> None:
    """Both ways must end in the same kind of error."""
    module = from_model(case.model())
    with pytest.raises(weft.WeftError):
        evaluate(module, *arguments)
    with pytest.raises(weft.WeftError):
        VM(threads=1).load(weft.compile(module))["main"](*arguments)


@pytest.mark.parametrize(
    ("case", "arguments"),
    [
        (SHAPES[0], (floats(2, 4, 3), ints(5, -1, 2))),  # 24 elements are not 5 · 2 · something
        (SHAPES[0], (floats(2, 4, 3), ints(-1, -1, 2))),
        (SHAPES[4], (ints(-2, 3), floats(2, 1))),
        (SHAPES[4], (ints(2, 3), floats(4, 1))),  # 2 and 4 are not broadcast
        (CHOICES[0], (floats(5, 3), ints(6))),  # more than there are
        (REDUCTIONS[0], (floats(2, 3, 4, 5), ints(1, 1))),
        (REDUCTIONS[0], (floats(2, 3, 4, 5), ints(1, 4))),
        (SLICES[0], (floats(4, 6, 5), ints(0, 0), ints(1, 1), ints(0, 1), ints(1, 0))),  # a step of 0
    ],
)
def test_numbers_without_sense_are_errors(case: Case, arguments: tuple[np.ndarray, ...]) -> None:
    run(case, *arguments)


def _beside(n: NodeProto, *others: Input) -> Case:
    """A node that has a vector `v` of as many numbers as `x` has that are not zero."""
    count = [node("NonZero", ["x"], ["at"]), node("Cast", ["at"], ["found"], to=F32), node("Squeeze", ["found", "zero"], ["v"])]
    return Case(n.op_type, [*count, n], [("x", F32, ["N"]), ("zero", I64, [1]), *others], {"y": F32}, [])


@pytest.mark.parametrize(
    ("case", "given", "fitting"),
    [
        (_beside(node("Add", ["v", "w"], ["y"]), ("w", F32, [4])), [floats(4)], (1, 4)),
        (_beside(node("Where", ["c", "v", "w"], ["y"]), ("c", BOOL, [4]), ("w", F32, [1])), [np.ones(4, bool), floats(1)], (1, 4)),
        (_beside(node("MatMul", ["v", "w"], ["y"]), ("w", F32, [4, 2])), [floats(4, 2)], (4,)),
        (_beside(node("MatMul", ["v", "w"], ["y"]), ("w", F32, ["K", 2])), [floats(4, 2)], (4,)),
        (_beside(node("Add", ["v", "w"], ["y"]), ("w", F32, ["K"])), [floats(4)], (1, 4)),
        (_beside(node("Einsum", ["v", "w"], ["y"], equation="i,ij->j"), ("w", F32, [4, 2])), [floats(4, 2)], (4,)),
        (_beside(node("Expand", ["v", "s"], ["y"]), ("s", I64, [2])), [ints(2, 4)], (1, 4)),
        (_beside(node("Reshape", ["v", "s"], ["y"]), ("s", I64, [2])), [ints(2, -1)], (0, 2, 4, 6)),
    ],
    ids=lambda v: v.name if isinstance(v, Case) else None,
)
def test_sizes_that_contradict_others_are_errors(case: Case, given: list[np.ndarray], fitting: Sequence[int]) -> None:
    onnxruntime.set_default_logger_severity(4)
    model = case.model()
    module = from_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    main = VM(threads=1).load(weft.compile(module))["main"]
    for n in range(7):
        x = np.zeros(7, np.float32)
        x[:n] = 1
        call = (x, ints(0), *given)
        if n in fitting:
            (want,) = session.run(None, dict(zip((name for name, _, _ in case.inputs), call, strict=True)))
            for got in (*evaluate(module, *call), main(*call)):
                assert got.shape == want.shape
                np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)
            continue
        for way in (lambda: evaluate(module, *call), lambda: main(*call)):  # noqa: B023
            with pytest.raises(weft.WeftError) as error:
                way()
            assert error.value.diagnostics[0].loc is not None


def test_numbers_that_ask_for_another_shape_are_errors() -> None:
    case = one("Expand", node("Expand", ["x", "s"], ["y"]), [("x", F32, [4]), ("s", I64, [1])], F32)
    module = from_model(case.model())
    main = VM(threads=1).load(weft.compile(module))["main"]
    for n in (1, 4):
        assert main(floats(4), ints(n)).shape == evaluate(module, floats(4), ints(n))[0].shape == (4,)
    for n in (0, 3, 5, -1):
        run(case, floats(4), ints(n))


def test_slices_of_different_sizes_are_errors() -> None:
    """Each turn of a loop gives as many numbers as the next element of `k` says: they are rows of one tensor only if those are equal."""
    body = helper.make_graph(
        [node("Identity", ["c"], ["d"]), node("Gather", ["k", "i"], ["m"]), node("Range", ["zero", "m", "one"], ["o"])],
        "body",
        [info("i", I64, []), info("c", BOOL, [])],
        [info("d", BOOL, []), info("o", I64, ["W"])],
    )
    inputs: list[Input] = [("n", I64, []), ("k", I64, ["K"]), ("yes", BOOL, []), ("zero", I64, []), ("one", I64, [])]
    case = one("Loop", node("Loop", ["n", "yes"], ["y"], body=body), inputs, I64)
    module = from_model(case.model())
    main = VM(threads=1).load(weft.compile(module))["main"]
    for k in ((2, 2, 2), (0, 0), (3,)):
        call = (number(len(k)), ints(*k), np.array(True), number(0), number(1))
        assert main(*call).tolist() == evaluate(module, *call)[0].tolist() == [list(range(n)) for n in k]
    for k in ((2, 3), (3, 2), (0, 2), (2, 0)):
        run(case, number(len(k)), ints(*k), np.array(True), number(0), number(1))


def test_an_unknown_rank_is_refused() -> None:
    case = one("Reshape", node("Reshape", ["x", "s"], ["y"]), [("x", F32, [6]), ("s", I64, ["K"])], F32)
    with pytest.raises(weft.WeftError) as error:
        from_model(case.model())
    assert error.value.code == "onnx.dynamic" and "number of elements" in str(error.value)


def test_what_is_bound_once_is_known_later() -> None:
    nodes = [
        node("TopK", ["x", "k"], ["v", "i"]),
        node("ConstantOfShape", ["k"], ["zeros"]),
        node("Add", ["v", "zeros"], ["y"]),
    ]
    module = from_model(Case("", nodes, [("x", F32, ["N"]), ("k", I64, [1])], {"y": F32}, []).model())
    assert sum(n.op == "weft.bind_dims" for n in module.main.nodes) == 1
