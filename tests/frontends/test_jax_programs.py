"""Programs that JAX exports, interpreted and compiled: what they compute is what JAX computes."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import weft
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.graph import Module
from weft.compiler.ir.text import parse
from weft.compiler.verify import verify
from weft.vm import VM

jax = pytest.importorskip("jax")
from jax import export  # noqa: E402

from . import jax_programs as programs  # noqa: E402

# Relative and, in parts of the greatest number, absolute differences allowed, by the size of an element.
TOLERANCE = {1: 0.2, 2: 2e-2, 4: 3e-5, 8: 3e-5, 16: 1e-10}
_OP = re.compile(r"\b(?:stablehlo|chlo)\.([a-z_0-9]+)\b(?!\.)")
seen: set[str] = set()


def exported(function: Any, *arguments: Any) -> str:
    """The text of a function at arguments or their shapes."""
    text = export.export(jax.jit(function))(*arguments).mlir_module()
    seen.update(_OP.findall(text))
    return text


def leaves(tree: Any) -> list[np.ndarray]:
    return [np.asarray(x) for x in jax.tree.leaves(tree)]


def run_compiled(module: Module) -> Any:
    """The module as a function of arrays that gives a list of arrays."""
    main = VM(threads=2).load(weft.compile(module))["main"]

    def run(*arrays: np.ndarray) -> list[np.ndarray]:
        results = main(*arrays)
        return list(results) if isinstance(results, tuple) else [results]

    return run


def compare(got: Sequence[np.ndarray], want: Sequence[np.ndarray], names: Sequence[str]) -> None:
    """Equal types and shapes; integers equal, floats near."""
    assert len(got) == len(want)
    for g, w, name in zip(got, want, names, strict=True):
        assert (g.dtype, g.shape) == (w.dtype, w.shape), name
        if w.dtype.kind in "biu" or w.dtype.name.startswith(("int", "uint")):
            np.testing.assert_array_equal(g, w, err_msg=name)
            continue
        wide = np.complex128 if w.dtype.kind == "c" else np.float64
        a, b = g.astype(wide), w.astype(wide)
        tolerance = TOLERANCE[w.dtype.itemsize]
        largest = np.abs(b[np.isfinite(b)]).max(initial=1e-3)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * largest, err_msg=name)


def check(module: Module, arrays: Sequence[np.ndarray], want: Sequence[np.ndarray], names: Sequence[str]) -> None:
    verify(module)
    compare(evaluate(module, *arrays), want, names)
    compare(run_compiled(module)(*arrays), want, names)


@pytest.mark.parametrize("batch", programs.BATCHES)
def test_functions(batch: str) -> None:
    """All functions of a batch as one program."""
    entries = programs.BATCHES[batch]

    def together(*groups: Any) -> list[Any]:
        return [function(*group) for (function, _), group in zip(entries.values(), groups, strict=True)]

    arguments = [args for _, args in entries.values()]
    want = [leaves(jax.jit(function)(*args)) for function, args in entries.values()]
    names = [name for name, results in zip(entries, want, strict=True) for _ in results]
    module = parse(exported(together, *arguments), f"{batch}.mlir")
    check(module, leaves(arguments), [w for results in want for w in results], names)


@pytest.mark.parametrize("name", ["positive", "inner"])
def test_functions_in_chlo(name: str) -> None:
    """What JAX lowers without exporting keeps CHLO's ops."""
    entries = programs.BATCHES[name]

    def together(*groups: Any) -> list[Any]:
        return [function(*group) for (function, _), group in zip(entries.values(), groups, strict=True)]

    arguments = [args for _, args in entries.values()]
    text = jax.jit(together).lower(*arguments).as_text()
    seen.update(_OP.findall(text))
    want = leaves(jax.jit(together)(*arguments))
    check(parse(text, f"{name}.mlir"), leaves(arguments), want, [str(k) for k in range(len(want))])


@pytest.mark.parametrize("name", programs.NETWORKS)
def test_networks(name: str) -> None:
    function, arguments = programs.NETWORKS[name]
    want = leaves(jax.jit(function)(*arguments))
    check(parse(exported(function, *arguments), f"{name}.mlir"), leaves(arguments), want, [name] * len(want))


@pytest.mark.parametrize("name", programs.OPEN)
def test_open_shapes(name: str) -> None:
    """One program for all sizes."""
    function, shapes, sizes = programs.OPEN[name]
    scope = export.SymbolicScope()
    specs = [jax.ShapeDtypeStruct(export.symbolic_shape(s, scope=scope), np.float32) for s in shapes]
    module = parse(exported(function, *specs), f"{name}.mlir")
    verify(module)
    compiled = run_compiled(module)
    bound = any(node.op == "weft.bind_dims" for node in module.main.walk())
    assert bound == (name in programs.BOUND), "sizes of inputs are no data"
    for env in sizes:
        arrays = [programs.floats(*(int(eval(d, {}, env)) for d in shape.split(","))) for shape in shapes]
        want = leaves(jax.jit(function)(*arrays))
        compare(evaluate(module, *arrays), want, [name] * len(want))
        compare(compiled(*arrays), want, [name] * len(want))


def test_sizes_are_those_that_were_asserted() -> None:
    scope = export.SymbolicScope()
    specs = [jax.ShapeDtypeStruct(export.symbolic_shape(s, scope=scope), np.float32) for s in ("b, 4", "b, 2*n")]
    module = parse(exported(lambda x, y: (x.sum(), y), *specs))
    assert [str(p.type) for p in module.main.params] == ["tensor<(b)x4xf32>", "tensor<(b)x(2*n)xf32>"]
    x = np.zeros((3, 4), np.float32)
    with pytest.raises(weft.WeftError, match=r"shape|symbol"):
        evaluate(module, x, np.zeros((2, 4), np.float32))


def test_coverage() -> None:
    """After all others: how many ops the programs above are made of."""
    if not seen:
        pytest.skip("the programs were not run in this process")
    ops = seen - {"return", "output_operand_alias", "dynamic_reduce_window"}  # what is no op: structure, attributes, a call
    print(f"{len(ops)} distinct ops of StableHLO and CHLO: {', '.join(sorted(ops))}")
    assert len(ops) >= 80
