"""A thin text writer for LLVM IR: fresh names, typed values, loops, intrinsics declared once.

    module = Module(target)
    w = module.kernel("relu")                        # i32 relu(ptr ctx, ptr args, i64 begin, i64 end)
    x, y = w.operand(0), w.operand(1)                # pointers out of the argument table
    with w.loop(w.end, start=w.begin, step=16) as i:
        v = w.load("<16 x float>", w.gep("float", x, i))
        w.store(w.select(w.fcmp("ogt", v, 0.0), v, 0.0), w.gep("float", y, i))
    w.ret(0)
    text = module.text()

A value is a `Val(ref, type)`. Wherever an operand has a `Val` beside it, a Python number stands for the constant of that type.
Loops that carry values:

    with w.carry(n, [acc], step=8) as loop:
        [acc] = loop.values
        loop.next([w.fadd(acc, w.load("float", w.gep("float", x, loop.index)))])
    [acc] = loop.results

Branches: `with w.when(cond): …`, or `[y] = w.cond(c, lambda: [a()], lambda: [b()])`; any other graph with `label`, `at`, `br`, `phi`.
Method names are the instructions' (`fadd`, `icmp`, `select`, `zext`, …) with a trailing underscore where Python has a word of that name.
`fma` is fused only where the target has the instruction; without it multiply and add, since LLVM would call libm.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from ...proto.errors import InternalError
from .functiontext import Operand, Stream
from .instructions import Instructions
from .lltypes import Val
from .target import Target


class Module:
    """One LLVM module under construction: functions, constants, declarations."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._functions: list[Writer] = []
        self.declared: dict[str, str] = {}
        self._globals: dict[tuple[bytes, int], str] = {}
        self._loops = 0

    def function(self, name: str, result: str, params: Sequence[str], *, internal: bool = False, attrs: str = "") -> "Writer":
        """Starts `define result @name(params)`. A parameter may carry attributes: `"ptr noalias"`; `attrs` are the function's own."""
        writer = Writer(self, name, result, params, "internal " if internal else "", attrs)
        self._functions.append(writer)
        return writer

    def kernel(self, name: str) -> "Writer":
        """Starts a kernel of weft's ABI; `ctx`, `slots`, `begin` and `end` of the writer are its parameters."""
        return self.function(name, "i32", ("ptr", "ptr", "i64", "i64"))

    def declare(self, name: str, result: str, params: Sequence[str], attrs: str = "") -> None:
        """Declares `name` once; repeated declarations of one name must agree."""
        self.declared[name] = f"declare {result} @{name}({', '.join(params)}) {attrs}".rstrip()

    def constant(self, data: bytes, align: int = 64) -> Val:
        """The address of read-only `data`; equal data is stored once."""
        name = self._globals.setdefault((data, align), f"@const{len(self._globals)}")
        return Val(name, "ptr")

    def loop_id(self) -> int:
        """A fresh metadata number for a loop that LLVM must not unroll."""
        self._loops += 1
        return self._loops

    def text(self) -> str:
        """The whole module as LLVM assembly."""
        parts = [f'target triple = "{self.target.triple}"', *map(_global, self._globals.items())]
        defined = {f.name for f in self._functions}
        parts += [line for name, line in self.declared.items() if name not in defined]
        parts += [f.text() for f in self._functions]
        width = self.target.vector_bytes * 8
        parts.append(f'attributes #0 = {{ nounwind "prefer-vector-width"="{width}" "min-legal-vector-width"="{width}" }}')
        parts.append('!0 = !{!"llvm.loop.unroll.disable"}')
        parts += [f"!{n} = distinct !{{!{n}, !0}}" for n in range(1, self._loops + 1)]
        return "\n".join(parts) + "\n"


def _global(item: tuple[tuple[bytes, int], str]) -> str:
    (data, align), name = item
    content = "".join(f"\\{byte:02X}" for byte in data)
    return f'{name} = private unnamed_addr constant [{len(data)} x i8] c"{content}", align {align}'


class Loop:
    """A loop that carries values: `index` and `values` inside, `next(…)` once at the end of the body, `results` after it."""

    def __init__(self, index: Val, values: list[Val]) -> None:
        self.index = index
        self.values = values
        self.results: list[Val] = []
        self.following: list[Val] | None = None

    def next(self, values: Sequence[Val]) -> None:
        """What the next round, and after the last one `results`, gets to see."""
        self.following = list(values)


class Writer(Instructions):
    """Writes one function: instructions, and the loops and branches around them."""

    @property
    def ctx(self) -> Val:
        return self.params[0]

    @property
    def slots(self) -> Val:
        return self.params[1]

    @property
    def begin(self) -> Val:
        return self.params[2]

    @property
    def end(self) -> Val:
        return self.params[3]

    def operand(self, slot: int) -> Val:
        """The pointer in argument slot `slot` of a kernel."""
        return self.load("ptr", self.offset(self.slots, slot * 8), align=8)

    def symbol(self, slot: int) -> Val:
        """The i64 in argument slot `slot` of a kernel."""
        return self.load("i64", self.offset(self.slots, slot * 8), align=8)

    def scratch(self) -> Val:
        """The kernel's scratch memory, 64-byte aligned."""
        return self.load("ptr", self.ctx, align=8)

    @contextmanager
    def loop(self, stop: Operand, start: Operand = 0, step: Operand = 1) -> Generator[Val]:
        """Runs the body for the i64 index `start`, `start + step`, … while it is less (signed) than `stop`; `step` is positive."""
        with self.carry(stop, (), start, step) as loop:
            yield loop.index
            loop.next(())

    @contextmanager
    def carry(self, stop: Operand, init: Sequence[Val], start: Operand = 0, step: Operand = 1, *, runs: bool = False) -> Generator[Loop]:
        """A loop like `loop` that carries values, `init` to begin with; `runs` promises that it runs at least once. See `Loop`."""
        first, last = self._int64(start), self._int64(stop)
        body, done, before = self.label("loop"), self.label("done"), self.block
        runs = runs or (isinstance(start, int) and isinstance(stop, int) and start < stop)
        if runs:
            self.br(body)
        else:
            self.cbr(self.icmp("slt", first, last), body, done)
        self.at(body)
        index = self.fresh("i64")
        values = [self.fresh(v.type) for v in init]
        slot = len(self._lines)
        self._lines.extend([""] * (1 + len(values)))
        loop = Loop(index, values)
        yield loop
        if loop.following is None or len(loop.following) != len(values):
            raise InternalError(f"loop {body} in {self.name} carries {len(values)} values: call next() with as many")
        following = self.value("i64", f"add nsw i64 {index.ref}, {self._int64(step).ref}")
        again = self.icmp("slt", following, last)
        latch = self.block
        self._close(f"br i1 {again.ref}, label %{body}, label %{done}, !llvm.loop !{self.module.loop_id()}")
        carried = zip((index, *values), (first, *init), (following, *loop.following), strict=True)
        for at, (name, entering, repeated) in enumerate(carried, slot):
            self._lines[at] = f"  {name.ref} = phi {name.type} [ {entering.ref}, %{before} ], [ {repeated.ref}, %{latch} ]"
        self.at(done)
        exits = [(v, latch) for v in loop.following]
        loop.results = [
            out if runs else self.phi(out.type, [(entering, before), (out, latch)])
            for (out, latch), entering in zip(exits, init, strict=True)
        ]

    def while_(self, init: Sequence[Val], test: Callable[[list[Val]], Val], body: Callable[[list[Val]], Sequence[Val]]) -> list[Val]:
        """While `test(values)` (an i1), `values = body(values)`; returns the last values."""
        head, inside, done, before = self.label("while"), self.label("do"), self.label("done"), self.block
        self.at(head)
        values = [self.fresh(v.type) for v in init]
        slot = len(self._lines)
        self._lines.extend([""] * len(values))
        self.cbr(test(values), inside, done)
        self.at(inside)
        repeated = body(values)
        latch = self.block
        self._close(f"br label %{head}, !llvm.loop !{self.module.loop_id()}")
        for at, (name, entering, again) in enumerate(zip(values, init, repeated, strict=True), slot):
            self._lines[at] = f"  {name.ref} = phi {name.type} [ {entering.ref}, %{before} ], [ {again.ref}, %{latch} ]"
        self.at(done)
        return values

    @contextmanager
    def when(self, cond: Val) -> Generator[None]:
        """Runs the body if `cond`, an i1, holds."""
        then, done = self.label("then"), self.label("done")
        self.cbr(cond, then, done)
        self.at(then)
        yield
        if not self._closed:
            self.br(done)
        self.at(done)

    def cond(self, cond: Val, then: Callable[[], Sequence[Val]], otherwise: Callable[[], Sequence[Val]]) -> list[Val]:
        """The values of `then()` if `cond`, an i1, holds, else those of `otherwise()`."""
        yes, no, done = self.label("then"), self.label("else"), self.label("done")
        self.cbr(cond, yes, no)
        arms: list[tuple[Sequence[Val], str]] = []
        for label, arm in ((yes, then), (no, otherwise)):
            self.at(label)
            values = arm()
            arms.append((values, self.block))
            self.br(done)
        self.at(done)
        (left, left_block), (right, right_block) = arms
        return [self.phi(a.type, [(a, left_block), (b, right_block)]) for a, b in zip(left, right, strict=True)]


__all__ = ["Loop", "Module", "Operand", "Stream", "Val", "Writer"]
