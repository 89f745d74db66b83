"""Every operator importer against the test cases of ONNX itself: all through the interpreter, a sample compiled."""

import zlib
from collections import Counter

import pytest
import weft
from weft.compiler.interpreter import evaluate
from weft.vm import VM

from ..models.node_cases import Case, node_cases

# What a case that is not imported may say: an operator weft lacks, or types it does not take.
_EXCUSES = {"onnx.unsupported", "onnx.type"}
_SAMPLE = 32  # one case in so many is compiled


def _problem(case: Case, outcomes: Counter[str]) -> str:
    """Import and interpret a case; what went wrong, if anything."""
    try:
        module = case.module()
    except weft.WeftError as error:
        outcomes[error.code] += 1
        return "" if error.code in _EXCUSES else f"{case.name}: {error}"
    feeds = case.feeds(module)
    try:
        case.check(evaluate(module, *(feeds[n] for n in module.main.param_names)))
    except (weft.WeftError, AssertionError) as error:
        return f"{case.name}: {error}"
    outcomes["right"] += 1
    return ""


def test_every_case_is_right_or_refused() -> None:
    outcomes: Counter[str] = Counter()
    problems = [p for case in node_cases() if (p := _problem(case, outcomes))]
    print(dict(outcomes))
    assert not problems, "\n".join(problems)
    assert outcomes["right"] > 0.97 * len(node_cases())


@pytest.mark.parametrize("part", range(4))
def test_a_sample_compiled(part: int) -> None:
    vm, problems = VM(threads=2), list[str]()
    for case in node_cases():
        if zlib.crc32(case.name.encode()) % (_SAMPLE * 4) != part:
            continue
        try:
            module = case.module()
        except weft.WeftError:
            continue
        try:
            results = vm.load(weft.compile(module))["main"](**case.feeds(module))
            case.check(results if isinstance(results, tuple) else (results,))
        except (weft.WeftError, AssertionError) as error:
            problems.append(f"{case.name}: {error}")
    assert not problems, "\n".join(problems)
