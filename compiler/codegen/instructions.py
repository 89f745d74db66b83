"""The instructions: a method each, named as in LLVM's language reference; a trailing underscore where Python has that word."""

from collections.abc import Callable, Sequence

from ...proto.errors import InternalError
from .functiontext import Operand, Text
from .lltypes import Number, Val, align_of, bits_of, const, const_vector, elem_of, int_type, lanes_of, like, mangled, mask_type, vec, zero


class Instructions(Text):
    """Arithmetic, casts, memory, vectors, calls."""

    def const(self, type_: str, value: Number) -> Val:
        return const(type_, value)

    def _pair(self, a: Operand, b: Operand) -> tuple[Val, Val]:
        """Both operands with one type, a number taking its partner's."""
        if not isinstance(a, Val):
            if not isinstance(b, Val):
                raise InternalError(f"of two operands one must be a Val, got {a!r} and {b!r}")
            a = const(b.type, a)
        elif not isinstance(b, Val):
            b = const(a.type, b)
        if a.type != b.type:
            raise InternalError(f"operands of different types: {a} and {b}")
        return a, b

    def _int64(self, x: Operand) -> Val:
        return x if isinstance(x, Val) else const("i64", x)

    def _binary(self, op: str, a: Operand, b: Operand) -> Val:
        left, right = self._pair(a, b)
        self._count += 1
        ref = f"%v{self._count}"
        self._lines.append(f"  {ref} = {op} {left.type} {left.ref}, {right.ref}")
        return Val(ref, left.type)

    def _cast(self, op: str, x: Val, elem: str) -> Val:
        type_ = like(x.type, elem_of(elem))
        return x if type_ == x.type else self.value(type_, f"{op} {x} to {type_}")

    def fadd(self, a: Operand, b: Operand, flags: str = "") -> Val:
        return self._binary(f"fadd {flags}", a, b)

    def fsub(self, a: Operand, b: Operand, flags: str = "") -> Val:
        return self._binary(f"fsub {flags}", a, b)

    def fmul(self, a: Operand, b: Operand, flags: str = "") -> Val:
        return self._binary(f"fmul {flags}", a, b)

    def fdiv(self, a: Operand, b: Operand, flags: str = "") -> Val:
        return self._binary(f"fdiv {flags}", a, b)

    def frem(self, a: Operand, b: Operand) -> Val:
        """C's `fmod`; calls the support library, lane by lane."""
        return self._binary("frem", a, b)

    def fneg(self, x: Val) -> Val:
        return self.value(x.type, f"fneg {x}")

    def fma(self, a: Val, b: Operand, c: Operand) -> Val:
        """`a * b + c`, rounded once where the target has FMA, twice elsewhere."""
        if not self.target.has_fma:
            return self.fadd(self.fmul(a, b), c)
        return self.intrinsic("fma", a.type, [a, self._pair(a, b)[1], self._pair(a, c)[1]])

    def fabs(self, x: Val) -> Val:
        return self.intrinsic("fabs", x.type, [x])

    def sqrt(self, x: Val) -> Val:
        """The correctly rounded square root."""
        return self.intrinsic("sqrt", x.type, [x])

    def floor(self, x: Val) -> Val:
        return self.intrinsic("floor", x.type, [x])

    def ceil(self, x: Val) -> Val:
        return self.intrinsic("ceil", x.type, [x])

    def ftrunc(self, x: Val) -> Val:
        """Towards zero."""
        return self.intrinsic("trunc", x.type, [x])

    def round_even(self, x: Val) -> Val:
        """To nearest, ties to even."""
        return self.intrinsic("roundeven", x.type, [x])

    def round_away(self, x: Val) -> Val:
        """To nearest, ties away from zero."""
        return self.intrinsic("round", x.type, [x])

    def copysign(self, magnitude: Operand, sign: Operand) -> Val:
        a, b = self._pair(magnitude, sign)
        return self.intrinsic("copysign", a.type, [a, b])

    def minimum(self, a: Operand, b: Operand) -> Val:
        """The lesser; NaN if either is one; -0 is less than +0."""
        left, right = self._pair(a, b)
        return self.intrinsic("minimum", left.type, [left, right])

    def maximum(self, a: Operand, b: Operand) -> Val:
        """The greater; NaN if either is one; +0 is greater than -0."""
        left, right = self._pair(a, b)
        return self.intrinsic("maximum", left.type, [left, right])

    def fmin(self, a: Operand, b: Operand) -> Val:
        """One x86 instruction: `b` unless `a < b`, so a NaN in either gives `b`."""
        left, right = self._pair(a, b)
        return self.select(self.fcmp("olt", left, right), left, right)

    def fmax(self, a: Operand, b: Operand) -> Val:
        """One x86 instruction: `b` unless `a > b`, so a NaN in either gives `b`."""
        left, right = self._pair(a, b)
        return self.select(self.fcmp("ogt", left, right), left, right)

    def fcmp(self, predicate: str, a: Operand, b: Operand) -> Val:
        """`predicate` as LLVM's: `oeq`, `olt`, … ordered, `une`, `ult`, … unordered, `ord`, `uno`."""
        left, right = self._pair(a, b)
        return self.value(mask_type(left.type), f"fcmp {predicate} {left}, {right.ref}")

    def add(self, a: Operand, b: Operand, flags: str = "") -> Val:
        return self._binary(f"add {flags}", a, b)

    def sub(self, a: Operand, b: Operand, flags: str = "") -> Val:
        return self._binary(f"sub {flags}", a, b)

    def mul(self, a: Operand, b: Operand, flags: str = "") -> Val:
        return self._binary(f"mul {flags}", a, b)

    def udiv(self, a: Operand, b: Operand) -> Val:
        return self._binary("udiv", a, b)

    def sdiv(self, a: Operand, b: Operand) -> Val:
        return self._binary("sdiv", a, b)

    def urem(self, a: Operand, b: Operand) -> Val:
        return self._binary("urem", a, b)

    def srem(self, a: Operand, b: Operand) -> Val:
        return self._binary("srem", a, b)

    def shl(self, a: Operand, b: Operand) -> Val:
        return self._binary("shl", a, b)

    def lshr(self, a: Operand, b: Operand) -> Val:
        return self._binary("lshr", a, b)

    def ashr(self, a: Operand, b: Operand) -> Val:
        return self._binary("ashr", a, b)

    def and_(self, a: Operand, b: Operand) -> Val:
        return self._binary("and", a, b)

    def or_(self, a: Operand, b: Operand) -> Val:
        return self._binary("or", a, b)

    def xor(self, a: Operand, b: Operand) -> Val:
        return self._binary("xor", a, b)

    def not_(self, x: Val) -> Val:
        return self._binary("xor", x, -1)

    def neg(self, x: Val) -> Val:
        return self._binary("sub", 0, x)

    def icmp(self, predicate: str, a: Operand, b: Operand) -> Val:
        """`predicate` as LLVM's: `eq`, `ne`, `slt`, `ult`, …"""
        left, right = self._pair(a, b)
        return self.value(mask_type(left.type), f"icmp {predicate} {left}, {right.ref}")

    def int_minmax(self, op: str, a: Operand, b: Operand) -> Val:
        """`op` is `smin`, `smax`, `umin` or `umax`."""
        left, right = self._pair(a, b)
        return self.intrinsic(op, left.type, [left, right])

    def select(self, cond: Val, a: Operand, b: Operand) -> Val:
        """`a` where `cond`, else `b`; a scalar `cond` may choose between vectors."""
        left, right = self._pair(a, b)
        return self.value(left.type, f"select {cond}, {left}, {right}")

    def bitcast(self, x: Val, type_: str) -> Val:
        """Reinterprets the bits; `type_` is the whole type (lanes may change)."""
        return x if type_ == x.type else self.value(type_, f"bitcast {x} to {type_}")

    def bits(self, x: Val) -> Val:
        """The bits of a float as an integer of the same width."""
        return self.bitcast(x, int_type(x.type))

    def zext(self, x: Val, elem: str) -> Val:
        return self._cast("zext", x, elem)

    def sext(self, x: Val, elem: str) -> Val:
        return self._cast("sext", x, elem)

    def trunc(self, x: Val, elem: str) -> Val:
        """Drops high bits of an integer."""
        return self._cast("trunc", x, elem)

    def int_resize(self, x: Val, elem: str, signed: bool) -> Val:
        """An integer as one of another width."""
        narrower = bits_of(elem) < bits_of(x.type)
        return self._cast("trunc" if narrower else "sext" if signed else "zext", x, elem)

    def fpext(self, x: Val, elem: str) -> Val:
        return self._cast("fpext", x, elem)

    def fptrunc(self, x: Val, elem: str) -> Val:
        return self._cast("fptrunc", x, elem)

    def fptosi(self, x: Val, elem: str) -> Val:
        """Truncates; poison if the value does not fit (`fptosi_sat` saturates)."""
        return self._cast("fptosi", x, elem)

    def fptoui(self, x: Val, elem: str) -> Val:
        return self._cast("fptoui", x, elem)

    def fp_to_int_sat(self, x: Val, elem: str, signed: bool) -> Val:
        """Truncates and saturates; NaN gives 0."""
        type_ = like(x.type, elem)
        name = f"llvm.fpto{'s' if signed else 'u'}i.sat.{mangled(type_)}.{mangled(x.type)}"
        return self.call(name, type_, [x])

    def sitofp(self, x: Val, elem: str) -> Val:
        return self._cast("sitofp", x, elem)

    def uitofp(self, x: Val, elem: str) -> Val:
        return self._cast("uitofp", x, elem)

    def ptrtoint(self, x: Val) -> Val:
        return self._cast("ptrtoint", x, "i64")

    def gep(self, elem: str, base: Val, index: Operand) -> Val:
        """The address of element `index` (an integer, or a vector of them for a vector of addresses) counted in `elem`s."""
        i = self._int64(index)
        type_ = like(i.type, "ptr") if lanes_of(i.type) > 1 else base.type
        return self.value(type_, f"getelementptr {elem}, {base}, {i}")

    def offset(self, base: Val, nbytes: Operand) -> Val:
        """`base` plus `nbytes` bytes."""
        return base if isinstance(nbytes, int) and nbytes == 0 else self.gep("i8", base, nbytes)

    def load(self, type_: str, address: Val, align: int = 0) -> Val:
        """Loads a scalar or consecutive lanes; element-aligned unless told better."""
        return self.value(type_, f"load {type_}, {address}, align {align or align_of(type_)}")

    def store(self, value: Val, address: Val, align: int = 0) -> None:
        self._lines.append(f"  store {value}, {address}, align {align or align_of(value.type)}")

    def prefetch(self, address: Val, nearness: int = 3) -> None:
        """Asks for the cache line at `address`, which need not exist, to be brought near: 3 is the first-level cache, 2 the second."""
        self.call("llvm.prefetch.p0", "void", [address, const("i32", 0), const("i32", nearness), const("i32", 1)])

    def masked_load(self, type_: str, address: Val, mask: Val, other: Val | None = None, align: int = 0) -> Val:
        """Loads the lanes of `mask`; the others are `other`'s (0 if none), and their memory is not touched."""
        at = f"ptr align {align or align_of(type_)} {address.ref}"
        text = f"{at}, {mask}, {other or zero(type_)}"
        return self._intrinsic_text(f"llvm.masked.load.{mangled(type_)}.p0", type_, ("ptr", mask.type, type_), text)

    def masked_store(self, value: Val, address: Val, mask: Val, align: int = 0) -> None:
        name = f"llvm.masked.store.{mangled(value.type)}.p0"
        self.module.declare(name, "void", (value.type, "ptr", mask.type))
        self._lines.append(f"  call void @{name}({value}, ptr align {align or align_of(value.type)} {address.ref}, {mask})")

    def gather(self, elem: str, addresses: Val, mask: Val | None = None, other: Val | None = None) -> Val:
        """Loads from a vector of addresses, where `mask` holds."""
        type_ = like(addresses.type, elem)
        mask = mask or const(mask_type(type_), True)
        text = f"{addresses.type} align {align_of(type_)} {addresses.ref}, {mask}, {other or zero(type_)}"
        name = f"llvm.masked.gather.{mangled(type_)}.{mangled(addresses.type)}"
        return self._intrinsic_text(name, type_, (addresses.type, mask.type, type_), text)

    def scatter(self, value: Val, addresses: Val, mask: Val | None = None) -> None:
        """Stores to a vector of addresses, lane 0 first, where `mask` holds."""
        mask = mask or const(mask_type(value.type), True)
        name = f"llvm.masked.scatter.{mangled(value.type)}.{mangled(addresses.type)}"
        self.module.declare(name, "void", (value.type, addresses.type, mask.type))
        self._lines.append(f"  call void @{name}({value}, {addresses.type} align {align_of(value.type)} {addresses.ref}, {mask})")

    def alloca(self, type_: str, count: int = 1, align: int = 64) -> Val:
        """Stack memory of this function for `count` elements, allocated once at entry."""
        self._count += 1
        ref = f"%v{self._count}"
        self._allocas.append(f"  {ref} = alloca {type_}, i64 {count}, align {align}")
        return Val(ref, "ptr")

    def atomic_load(self, type_: str, address: Val, order: str = "acquire") -> Val:
        return self.value(type_, f"load atomic {type_}, {address} {order}, align {align_of(type_)}")

    def atomic_store(self, value: Val, address: Val, order: str = "release") -> None:
        self._lines.append(f"  store atomic {value}, {address} {order}, align {align_of(value.type)}")

    def atomic_rmw(self, op: str, address: Val, value: Val, order: str = "seq_cst") -> Val:
        """Applies `op` (`add`, `sub`, `xchg`, …) and returns what was there before."""
        return self.value(value.type, f"atomicrmw {op} {address}, {value} {order}, align {align_of(value.type)}")

    def cmpxchg(self, address: Val, expected: Val, new: Val, order: str = "acq_rel") -> tuple[Val, Val]:
        """Stores `new` if `expected` is there. Returns what was there and whether it was stored."""
        pair = self.value("pair", f"cmpxchg {address}, {expected}, {new} {order} acquire, align {align_of(new.type)}")
        aggregate = f"{{ {new.type}, i1 }} {pair.ref}"
        return self.value(new.type, f"extractvalue {aggregate}, 0"), self.value("i1", f"extractvalue {aggregate}, 1")

    def splat(self, x: Val, lanes: int) -> Val:
        """A scalar in every lane; `x` itself for one lane."""
        if lanes == 1:
            return x
        type_ = vec(x.type, lanes)
        one = self.value(type_, f"insertelement {type_} poison, {x}, i64 0")
        return self.value(type_, f"shufflevector {one}, {type_} poison, <{lanes} x i32> zeroinitializer")

    def iota(self, elem: str, lanes: int, start: Val | int = 0, step: int = 1) -> Val:
        """`start`, `start + step`, …: one integer per lane."""
        if not isinstance(start, Val):
            return const_vector(elem, range(start, start + lanes * step, step))
        return self.add(self.splat(start, lanes), const_vector(elem, range(0, lanes * step, step)))

    def tail_mask(self, count: Val, lanes: int) -> Val:
        """The mask of lanes below `count` (an i64, negative counts as 0)."""
        bound = self.trunc(self.int_minmax("smax", self.int_minmax("smin", count, lanes), 0), "i32")
        return self.icmp("ult", const_vector("i32", range(lanes)), self.splat(bound, lanes))

    def extract(self, v: Val, lane: Operand) -> Val:
        return self.value(elem_of(v.type), f"extractelement {v}, {self._int64(lane)}")

    def insert(self, v: Val, x: Val, lane: Operand) -> Val:
        return self.value(v.type, f"insertelement {v}, {x}, {self._int64(lane)}")

    def shuffle(self, a: Val, b: Val | None, lanes: Sequence[int]) -> Val:
        """The chosen lanes of `a` followed by `b`; a lane -1 is arbitrary."""
        chosen = ", ".join(f"i32 {lane}" if lane >= 0 else "i32 poison" for lane in lanes)
        other = b.ref if b else "poison"
        return self.value(vec(elem_of(a.type), len(lanes)), f"shufflevector {a}, {a.type} {other}, <{len(lanes)} x i32> <{chosen}>")

    def concat(self, a: Val, b: Val) -> Val:
        """The lanes of `a`, then those of `b`; both vectors of one type."""
        return self.shuffle(a, b, range(2 * lanes_of(a.type)))

    def reduce(self, v: Val, combine: Callable[[Val, Val], Val]) -> Val:
        """Combines the lanes (a power of two) pairwise: the upper half onto the lower until one is left. The order is fixed."""
        lanes = lanes_of(v.type)
        while lanes > 1:
            lanes //= 2
            if lanes == 1:
                return combine(self.extract(v, 0), self.extract(v, 1))
            v = combine(self.shuffle(v, None, range(lanes)), self.shuffle(v, None, range(lanes, 2 * lanes)))
        return v

    def call(self, name: str, result: str, args: Sequence[Val], attrs: str = "") -> Val:
        """Calls `@name`, declaring it unless the module defines it. For `void` the returned value must not be used."""
        self.module.declare(name, result, [a.type for a in args], attrs)
        text = f"call {result} @{name}({', '.join(map(str, args))})"
        if result == "void":
            self._lines.append("  " + text)
            return Val("", "void")
        return self.value(result, text)

    def call_pointer(self, function: Val, result: str, args: Sequence[Val]) -> Val:
        """Calls through a function pointer."""
        return self.value(result, f"call {result} {function.ref}({', '.join(map(str, args))})")

    def horizontal(self, op: str, x: Val) -> Val:
        """All lanes of an integer vector combined by `op`: `smin`, `smax`, `umin`, `umax`, `add`, `and`, `or` or `xor`."""
        if lanes_of(x.type) == 1:
            return x
        return self._intrinsic_text(f"llvm.vector.reduce.{op}.{mangled(x.type)}", elem_of(x.type), [x.type], str(x))

    def intrinsic(self, name: str, type_: str, args: Sequence[Val]) -> Val:
        """`llvm.name` overloaded on `type_`, which is also its result."""
        return self._intrinsic_text(f"llvm.{name}.{mangled(type_)}", type_, [a.type for a in args], ", ".join(map(str, args)))

    def _intrinsic_text(self, name: str, result: str, params: Sequence[str], args: str) -> Val:
        if name not in self.module.declared:
            self.module.declare(name, result, params)
        return self.value(result, f"call {result} @{name}({args})")
