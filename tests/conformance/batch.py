"""Many functions compiled into one program, and each compared with the reference interpreter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import weft
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.attrs import Tensor
from weft.compiler.ir.graph import Function, Module, Node, Value, function, module, param, tensor_type_of
from weft.compiler.verify import verify
from weft.proto.artifact import Program
from weft.proto.errors import InternalError, WeftError
from weft.vm import VM
from weft.vm.loader import LoadedProgram

from .bounds import EXACT, Bound, difference, magnitudes


@dataclass(frozen=True)
class Trial:
    """A function, the arguments of each of its runs, and how near its results must be."""

    label: str
    function: Function
    runs: Sequence[Sequence[np.ndarray]]
    bound: Bound = EXACT


class Batch:
    """Functions to be compiled together: programs cost little when there are few of them."""

    def __init__(self) -> None:
        self.trials: list[Trial] = []
        self._wanted: dict[str, list[list[np.ndarray]]] = {}

    def __len__(self) -> int:
        return len(self.trials)

    def add(self, label: str, made: Function, *runs: Sequence[np.ndarray], bound: Bound = EXACT) -> None:
        """A function with the arguments of its runs."""
        self.trials.append(Trial(label, replace(made, name=f"f{len(self.trials)}"), runs, bound))

    def build(self, label: str, build: Callable[..., object], *arrays: np.ndarray, bound: Bound = EXACT) -> None:
        """What `build` makes of parameters for the arrays, run on them."""
        params = [param(tensor_type_of(a)) for a in arrays]
        built = build(*params)
        self.add(label, function("main", params, built if isinstance(built, tuple) else (built,)), arrays, bound=bound)  # type: ignore[arg-type]

    @property
    def module(self) -> Module:
        return module(*(t.function for t in self.trials))

    def compile(self, target: str | None = None) -> Program:
        """One program of all functions; where that fails, every function that does is named."""
        m = self.module
        verify(m)
        try:
            return weft.compile(m, target)
        except (WeftError, InternalError, AssertionError, RuntimeError) as error:
            raise AssertionError("\n".join(self._culprits(target)) or "together only") from error

    def _culprits(self, target: str | None) -> list[str]:
        found: list[str] = []
        for t in self.trials:
            try:
                weft.compile(module(t.function), target)
            except (WeftError, InternalError, AssertionError, RuntimeError) as error:
                found.append(f"{t.label} does not compile: {error}")
        return found

    def check(self, target: str | None = None, threads: int = 1) -> LoadedProgram:
        """Compile, run everything, compare; one failure that lists all differences."""
        return self.check_program(VM(threads=threads).load(self.compile(target)))

    def check_program(self, loaded: LoadedProgram) -> LoadedProgram:
        """Run everything on a program that was made of this batch, and compare."""
        assert self.trials, "nothing to compare"
        wrong = [line for t in self.trials for line in self._differences(t, loaded)]
        assert not wrong, f"{len(wrong)} differences\n" + "\n".join(wrong[:40])
        return loaded

    def _differences(self, t: Trial, loaded: LoadedProgram) -> list[str]:
        found: list[str] = []
        for arrays, wanted in zip(t.runs, self.wanted(t), strict=True):
            got = loaded[t.function.name](*arrays)
            scales = evaluate(of_magnitudes(t.function), *magnitudes(arrays)) if t.bound.summed else [None] * len(wanted)
            for i, (g, w, scale) in enumerate(zip(got if isinstance(got, tuple) else (got,), wanted, scales, strict=True)):
                if fact := difference(g, w, t.bound, scale):
                    shapes = ", ".join(f"{a.dtype}{list(a.shape)}" for a in arrays)
                    found.append(f"{t.label}, result {i} of ({shapes}): {fact}")
        return found

    def wanted(self, t: Trial) -> list[list[np.ndarray]]:
        """The reference's results of each run."""
        if t.function.name not in self._wanted:
            self._wanted[t.function.name] = [evaluate(t.function, *arrays) for arrays in t.runs]
        return self._wanted[t.function.name]

    def results(self, loaded: LoadedProgram) -> list[np.ndarray]:
        """Every result of every run, in order."""
        found: list[np.ndarray] = []
        for t in self.trials:
            for arrays in t.runs:
                got = loaded[t.function.name](*arrays)
                found += got if isinstance(got, tuple) else (got,)
        return found


def of_magnitudes(made: Function) -> Function:
    """The function with the magnitudes of its constants."""
    new: dict[Value, Value] = {}
    nodes: list[Node] = []
    for n in made.nodes:
        value = n.attrs.get("value") if n.op == "constant" else None
        attrs = {"value": Tensor(magnitudes([value.array])[0])} if isinstance(value, Tensor) else n.attrs
        nodes.append(replace(n, operands=tuple(new.get(v, v) for v in n.operands), attrs=attrs))
        new.update(zip(n.results, nodes[-1].results, strict=True))
    return replace(made, nodes=tuple(nodes), results=tuple(new.get(v, v) for v in made.results))


def results_of(built: object) -> tuple[Value, ...]:
    """What an op or a builder returns, as a tuple."""
    return built if isinstance(built, tuple) else (built,)  # type: ignore[return-value]
