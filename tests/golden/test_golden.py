"""Golden tests: graphs in, graphs or errors out.

A `.mlir` file holds cases separated by `// -----`. A case is its input, `// =>` and the text expected, or its input and `// error: CODE`
lines. `// RUN: pass,pass` before the input names the passes to run (in the first case: for the whole file); without passes, or as
`// RUN: roundtrip`, the input is parsed and printed. `// RUN: verify` expects nothing but validity. `// no-eval: reason` exempts a case
from being evaluated.

`make golden` rewrites expectations. Every valid case is also a round trip through the text forms and through protobuf, and, where it has a
`main` on tensors, is evaluated on random arguments: before and after the passes the results agree.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from weft.compiler import interpreter, serde
from weft.compiler.ir.compare import difference
from weft.compiler.ir.dims import Dim, Symbol, evaluate, lower_bound, symbols, upper_bound
from weft.compiler.ir.graph import Module
from weft.compiler.ir.text import parse, to_text
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import OPS
from weft.compiler.passes import PASSES
from weft.compiler.verify import verify
from weft.proto.errors import WeftError
from weft.proto.weights import Weights

FOLDER = Path(__file__).parent
SEPARATOR, ARROW = "// -----\n", "// =>\n"
NOT_PASSES = {"roundtrip", "verify"}


@dataclass(frozen=True)
class Case:
    """One case of a file. `source` is the input with its comments, as it stands in the file."""

    path: Path
    index: int
    source: str
    expected: str
    errors: tuple[str, ...]
    run: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.path.relative_to(FOLDER).with_suffix('')}-{self.index}"

    @property
    def passes(self) -> tuple[str, ...]:
        return tuple(p for p in self.run if p not in NOT_PASSES)

    @property
    def evaluates(self) -> bool:
        return "// no-eval:" not in self.source


def _directive(text: str, word: str) -> list[str]:
    marker = f"// {word}: "
    return [line.removeprefix(marker).strip() for line in text.splitlines() if line.startswith(marker)]


def read_cases(path: Path) -> list[Case]:
    cases: list[Case] = []
    run: tuple[str, ...] = ("roundtrip",)
    for index, text in enumerate(path.read_text().split(SEPARATOR)):
        source, _, expected = text.partition(ARROW)
        own = _directive(source, "RUN")
        chosen = tuple(p.strip() for p in own[0].split(",")) if own else run
        run = chosen if index == 0 else run
        errors = tuple(_directive(source, "error"))
        kept = "".join(line for line in source.splitlines(keepends=True) if not line.startswith("// error: "))
        cases.append(Case(path, index, kept, expected, errors, chosen))
    return cases


CASES = [case for path in sorted(FOLDER.rglob("*.mlir")) for case in read_cases(path)]


def rewrite(case: Case, result: str | tuple[str, ...]) -> None:
    """Put what came out into the case's file."""
    parts = case.path.read_text().split(SEPARATOR)
    source = case.source.rstrip("\n") + "\n"
    if isinstance(result, tuple):
        parts[case.index] = source + "".join(f"// error: {code}\n" for code in result)
    else:
        parts[case.index] = source + (ARROW + result if result else "")
    case.path.write_text(SEPARATOR.join(parts))


def run(case: Case) -> tuple[Module, Module]:
    module = parse(case.source, case.path.name)
    verify(module)
    result = module
    for name in case.passes:
        result = PASSES[name](result)
        verify(result, f"verifying after {name}")
    return module, result


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_golden(case: Case, request: pytest.FixtureRequest) -> None:
    update = request.config.getoption("--update-goldens", default=False)
    try:
        module, result = run(case)
    except WeftError as e:
        codes = tuple(d.code for d in e.diagnostics)
        if update and not case.expected:
            rewrite(case, codes)
            return
        assert codes == case.errors, str(e)
        return
    text = "" if "verify" in case.run else to_text(result)
    if update:
        rewrite(case, text)
    else:
        assert not case.errors, "the case expects an error, and there is none"
        assert text == case.expected
    for m in (module, result):
        check_round_trips(m)
    if case.evaluates and "main" in module.functions:
        check_evaluation(case, module, result)


def check_round_trips(m: Module) -> None:
    for options in ({}, {"generic": True}, {"locations": True}):
        text = to_text(m, **options)
        again = parse(text)
        assert difference(m, again, locations="locations" in options) == ""
        assert to_text(again, **options) == text
    weights = Weights()
    data = serde.to_message(m, weights).SerializeToString()
    assert difference(m, serde.from_bytes(data, weights), locations=True) == ""


def _sizes(m: Module, rng: np.random.Generator) -> dict[str, int]:
    """Small values for the symbols of the parameters, within their bounds."""
    found: dict[str, Symbol] = {}
    for p in m.main.params:
        for d in p.tensor.shape:
            found |= symbols(d)
    sizes: dict[str, int] = {}
    for name, s in found.items():
        lo = max(1, _bound(s.lo, lower_bound, 1))
        sizes[name] = int(rng.integers(lo, min(_bound(s.hi, upper_bound, lo + 4), lo + 4) + 1))
    return sizes


def _bound(d: Dim | None, bound: object, default: int) -> int:
    found = None if d is None else bound(d)  # type: ignore[operator]
    return default if found is None else found


def random_array(t: TensorType, sizes: dict[str, int], rng: np.random.Generator) -> np.ndarray:
    """Small numbers of the type; integers from 0 on for unsigned, around 0 for signed."""
    shape = tuple(evaluate(d, sizes) for d in t.shape)
    if t.dtype.is_bool:
        return rng.integers(0, 2, shape).astype(np.bool_)
    if t.dtype.is_int:
        lo, hi = (0, 4) if t.dtype.is_unsigned else (-2, 2)
        return rng.integers(lo, hi, shape).astype(t.dtype.numpy)
    if t.dtype.is_complex:
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(t.dtype.numpy)
    return rng.standard_normal(shape).astype(t.dtype.numpy)


def check_evaluation(case: Case, module: Module, result: Module) -> None:
    rng = np.random.default_rng(zlib.crc32(case.name.encode()))
    params = module.main.params
    if not all(isinstance(p.type, TensorType) for p in params):
        return
    sizes = _sizes(module, rng)
    arguments = [random_array(p.tensor, sizes, rng) for p in params]
    before = interpreter.evaluate(module, *arguments)
    if not case.passes:
        return
    for x, y in zip(before, interpreter.evaluate(result, *arguments), strict=True):
        if x.dtype.kind in "biu":
            np.testing.assert_array_equal(x, y)
        else:
            wide = np.complex128 if x.dtype.kind == "c" else np.float64
            epsilon = 1e-12 if x.dtype.itemsize >= 8 and x.dtype != np.complex64 else 1e-5 if x.dtype.itemsize >= 4 else 2e-2
            np.testing.assert_allclose(x.astype(wide), y.astype(wide), rtol=epsilon, atol=epsilon)


def test_every_op_has_a_golden() -> None:
    covered = {path.stem for path in (FOLDER / "ops").glob("*.mlir")}
    assert sorted(set(OPS) - covered) == []
