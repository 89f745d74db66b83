"""AArch64 code runs, and computes what the reference does: whole graphs through the pipeline, their kernels emulated one by one.

On a machine of that architecture the other tests of this folder do the same natively.
"""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import weft
from weft import nn
from weft import numpy as wnp
from weft.compiler.codegen.cpu.microkernel import MicroKernel
from weft.compiler.codegen.cpu.shared import shared_source
from weft.compiler.codegen.llvm import assembly
from weft.compiler.emit.program import generate_kernels
from weft.compiler.interpreter import evaluate
from weft.compiler.passes import Context
from weft.compiler.pipeline import run_pipeline

from .emulated import ARM, EMULATOR, WHY_NOT, run_graph

emulated = pytest.mark.skipif(EMULATOR is None, reason=WHY_NOT)


def rand(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


WEIGHTS = rand(48, 65), rand(3, 3, 16, 40) / 12, rand(3, 3, 1, 16)

GRAPHS: dict[str, tuple[Callable[..., object], tuple[np.ndarray, ...]]] = {
    "map": (lambda x, y: wnp.tanh(x) * wnp.exp(-y) + wnp.sin(x * 50) / wnp.log(wnp.abs(y) + 2), (rand(5, 37), rand(5, 37))),
    "conversions": (lambda x: (wnp.astype(x * 100, wnp.int8), wnp.astype(x * 1e10, wnp.int32), wnp.astype(x, np.float16)), (rand(3, 45),)),
    "transpose": (lambda x: wnp.permute_dims(x, (2, 0, 1)) + 1, (rand(5, 19, 23),)),
    "rows": (lambda x, g: nn.softmax(nn.layer_norm(x, g, g)), (rand(7, 133), rand(133))),
    "reductions": (lambda x: (wnp.sum(x), wnp.max(x, axis=0), wnp.argmax(x, axis=1), wnp.var(x, axis=1)), (rand(9, 301),)),
    "scan": (lambda x: (wnp.cumulative_sum(x, axis=1), wnp.cumulative_sum(x, axis=0)), (rand(6, 77),)),
    "sort": (lambda x: (wnp.sort(x, axis=1), wnp.argsort(x, axis=0)), (np.round(rand(11, 35), 1),)),
    "gather": (lambda x, i: wnp.take(x, i, axis=0), (rand(12, 10), np.array([3, 11, 0, 3]))),
    "product": (lambda x: nn.gelu(x @ WEIGHTS[0] + 1.0), (rand(29, 48),)),
    "products of both sides": (wnp.matmul, (rand(3, 17, 33), rand(3, 33, 21))),
    "convolution": (lambda x: nn.relu(nn.conv(x, WEIGHTS[1], padding="SAME", strides=2)), (rand(1, 13, 11, 16),)),
    "Winograd": (lambda x: nn.conv(x, WEIGHTS[1], padding="SAME"), (rand(1, 18, 14, 16),)),
    "depthwise": (lambda x: nn.conv(x, WEIGHTS[2], padding="SAME", groups=16), (rand(1, 15, 13, 16),)),
    "pooling": (lambda x: nn.max_pool(x, 3, 2), (rand(1, 15, 17, 8),)),
}


@emulated
@pytest.mark.parametrize("name", GRAPHS)
def test_kernels(name: str, tmp_path: Path) -> None:
    compute, arrays = GRAPHS[name]
    module = weft.function(compute).lower(*arrays)
    lowered = run_pipeline(module, Context(ARM, "default"))
    got = run_graph(lowered.main, arrays, tmp_path)
    for result, want in zip(got, evaluate(module, *arrays), strict=True):
        assert result.dtype == want.dtype
        scale = np.abs(want.astype(np.float64)).max(initial=1.0) if want.dtype.kind == "f" else 0.0
        np.testing.assert_allclose(result.astype(np.float64), want.astype(np.float64), rtol=2e-6, atol=2e-5 * scale)


@pytest.mark.parametrize("name", ["product", "products of both sides", "convolution", "Winograd"])
def test_micro_kernels_stay_in_registers(name: str) -> None:
    """The accumulators of a micro-kernel's innermost loop are registers: it neither stores nor reloads vectors on the stack."""
    compute, arrays = GRAPHS[name]
    lowered = run_pipeline(weft.function(compute).lower(*arrays), Context(ARM, "default"))
    needs = dict.fromkeys(n for kernel in generate_kernels(lowered, ARM) for n in kernel.needs if MicroKernel.parse(n))
    checked = 0
    for need in needs:
        text = assembly(shared_source(need, ARM), ARM)
        for loop in innermost_loops(text):
            if sum("fmla" in line for line in loop) >= 8:
                checked += 1
                spills = [line for line in loop if re.search(r"\b(ldr|str|ldp|stp)\s+q\d+.*\[sp", line)]
                assert not spills, f"{need}: {spills}"
    assert checked


def innermost_loops(text: str) -> list[list[str]]:
    """The lines between a label and a branch back to it, without a label between them."""
    loops: list[list[str]] = []
    body: list[str] = []
    label = ""
    for line in map(str.strip, text.splitlines()):
        if line.endswith(":"):
            label, body = line[:-1], []
        else:
            body.append(line)
            if re.match(r"(b|b\.\w+|cbn?z|tbn?z)\b", line) and label and line.endswith(label):
                loops.append(body)
    return loops
