"""Nothing is made for the cases of the ONNX suite alone: a sample passes under other names, with other values, at other sizes."""

import warnings
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
import onnxruntime
import pytest
import weft
from onnx.backend.test.loader import load_model_tests
from onnx.backend.test.runner import Runner
from weft.frontends.onnx import backend

from .onnx_suite import TABLE
from .onnx_table import Table
from .onnx_variants import Variant, variants_of

_SAMPLE = 8  # one case in so many
_PARTS = 2


@pytest.mark.parametrize("part", range(_PARTS))
def test_a_sample_of_variants(part: int) -> None:
    passing = {name for name, result in Table.read(TABLE).cases.items() if result == "pass"}
    outcomes: Counter[str] = Counter()
    problems: list[str] = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for case in load_model_tests(kind="node"):
            if zlib.crc32(case.name.encode()) % (_SAMPLE * _PARTS) != part or case.name not in passing:
                continue
            for variant in variants_of(case):
                outcome = _outcome(variant)
                outcomes[outcome.partition(":")[0]] += 1
                if outcome not in ("right", "undecided"):
                    problems.append(f"{variant.name}: {outcome}")
    print(dict(outcomes))
    assert not problems, "\n".join(problems)
    assert outcomes["right"] > 20 * outcomes["undecided"]


def _outcome(variant: Variant) -> str:
    """`right`, what is wrong, or `undecided`: sizes may have been changed to what makes no sense, which the reference does not notice."""
    resized = not variant.name.endswith("-values")
    try:
        results = backend.prepare(variant.model, threads=1).run(variant.inputs)
    except weft.WeftError as error:
        return "undecided" if resized else f"refused: {error}"
    try:
        Runner.assert_similar_outputs(variant.results, results, variant.rtol, variant.atol)
    except AssertionError as error:
        agrees = _onnxruntime_agrees(variant, results)
        return "undecided" if agrees is None and resized else "right" if agrees else f"wrong: {error}"
    return "right"


def _onnxruntime_agrees(variant: Variant, results: Sequence[object]) -> bool | None:
    """Whether another runtime gives what weft gives: ONNX's reference is wrong in places (dilated pooling, softmax of large numbers).

    None if that runtime does not take the model.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(variant.model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        theirs = session.run(None, {i.name: v for i, v in zip(variant.model.graph.input, variant.inputs, strict=True)})
    except Exception:  # noqa: BLE001 - it refuses models in many ways
        return None
    try:
        Runner.assert_similar_outputs(theirs, results, variant.rtol, max(variant.atol, 1e-5))
    except AssertionError:
        return False
    return True
