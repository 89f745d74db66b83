"""The same bits from run to run and for 1, 2 and 8 threads, of every kind of kernel that the code generator has.

What there is comes from its own tables and plans, so a new one fails here until a case below makes such kernels, in several chunks.
"""

import ctypes
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import is_dataclass

import numpy as np
import onnx
import pytest
import weft
from weft.compiler.codegen import cpu
from weft.compiler.codegen.target import Target
from weft.compiler.emit.program import generate_kernels
from weft.compiler.ir.graph import Module
from weft.compiler.passes import Context
from weft.compiler.pipeline import run_pipeline
from weft.frontends.onnx import from_model
from weft.tools.host_values import random_array
from weft.vm import VM
from weft.vm import native_abi as abi
from weft.vm.pool import POOL

from ..models.mobile import mobilenet_v3
from ..models.net import Net
from ..models.recurrent import lstm
from ..models.transformers import Size, gpt2_prompt, vit_b16
from ..models.zoo import zoo_model
from .test_threads import large

_SMALL = Size(layers=1, heads=4, width=128, classes=100)


def convolution(size: int | str, kernel: int, channels: int = 48) -> onnx.ModelProto:
    """A 3-channel image, three convolutions, one of them depthwise."""
    net = Net("convolution")
    x = net("Relu", net.conv(net.input("image", (1, 3, size, size)), (3, channels), 7, 2))
    x = net("Relu", net.conv(x, (channels, channels), 3, groups=channels))
    net.output("y", net.conv(x, (channels, channels), kernel), (1, channels, None, None))  # type: ignore[arg-type]
    return net.model()


def prefixes_and_picks() -> Module:
    """Sums of prefixes, and places of the largest, along both dims."""

    @weft.function
    def f(x: weft.Tensor) -> tuple[weft.Tensor, ...]:
        n = weft.numpy
        return n.cumulative_sum(x, axis=0), n.cumulative_sum(x, axis=1), n.argmax(x, axis=0), n.argmax(x, axis=1)

    return f.lower(weft.Spec((300, 515), "float32"))


def narrow_products() -> Module:
    """A product of bf16, one of bytes, and one with a vector."""

    @weft.function
    def f(a: weft.Tensor, b: weft.Tensor, i: weft.Tensor, j: weft.Tensor, v: weft.Tensor) -> tuple[weft.Tensor, ...]:
        return a @ b, i @ j, weft.numpy.astype(a, "float32") @ v

    shapes = (((256, 384), "bfloat16"), ((384, 256), "bfloat16"), ((256, 384), "int32"), ((384, 256), "int32"), ((384,), "float32"))
    return f.lower(*(weft.Spec(*s) for s in shapes))


CASES: dict[str, Callable[[], Module]] = {
    "one of each": lambda: large(0).module,
    "prefixes and picks": prefixes_and_picks,
    "narrow products": narrow_products,
    "winograd": lambda: from_model(convolution(96, 3)),
    "direct convolution": lambda: from_model(convolution(96, 5)),
    "convolution of any size": lambda: from_model(convolution("S", 3)),
    "mobilenet": lambda: from_model(mobilenet_v3(size=96)),
    "shufflenet": lambda: from_model(zoo_model("shufflenet")),
    "vision transformer": lambda: from_model(vit_b16(2, 96, 8, _SMALL)),
    "decoder": lambda: from_model(gpt2_prompt(1, 150, _SMALL)),
    "lstm": lambda: from_model(lstm(5, 32, 256, 512)),
}
_OPEN = 96  # the size of open dims


def plan_classes() -> set[type]:
    """The plans that kernels have: every dataclass in `codegen.cpu` that is called one."""
    found: set[type] = set()
    for info in pkgutil.iter_modules(cpu.__path__):
        module = importlib.import_module(f"{cpu.__name__}.{info.name}")
        own = [c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__]
        found |= {c for c in own if is_dataclass(c) and c.__name__.endswith("Plan")}
    return found


def test_every_kind_has_a_case() -> None:
    target = Target.host()
    plans: set[type] = set()
    kinds: set[object] = set()
    products: set[str] = set()
    for make in CASES.values():
        module = run_pipeline(make(), Context(target))
        plans |= {type(kernel.plan) for kernel in generate_kernels(module, target)}
        fusions = [node for f in module.functions.values() for node in f.walk() if node.op == "weft.fusion"]
        kinds |= {fusion.attrs["kind"] for fusion in fusions}
        products |= {node.op for fusion in fusions for node in fusion.regions[0].nodes if node.op in cpu.PRODUCTS}
    assert kinds == set(cpu.EMITTERS)
    assert products == set(cpu.PRODUCTS)
    assert plans >= plan_classes(), "add a case to CASES that makes kernels with these plans"


@pytest.mark.parametrize("name", CASES)
def test_the_same_bits(name: str) -> None:
    program = weft.compile(CASES[name]())
    wanted: dict[str, list[bytes]] = {}
    shared = 0
    for threads in (1, 2, 8, 8):
        loaded = VM(threads=threads).load(program)
        for function in loaded:
            main, rng = loaded[function], np.random.default_rng(0)
            shapes = [tuple(d if isinstance(d, int) else _OPEN for d in i.shape) for i in main.signature.inputs]
            arguments = [random_array(s, i.dtype, rng) for s, i in zip(shapes, main.signature.inputs, strict=True)]
            for _ in range(2):
                ctypes.c_int64.from_address(POOL.state + abi.STATE_RESTED).value = 0  # on a busy machine, too, launches are shared
                results = main(*arguments)
                bits = [y.tobytes() for y in (results if isinstance(results, tuple) else (results,))]
                assert wanted.setdefault(function, bits) == bits, f"{function} with {threads} threads"
            shared += any(ready.shared for ready in main.runner.plans.values())
    assert shared, "no launch of this case is shared among threads"
