"""CPU targets: weft's own named feature levels, and which of them this machine has."""

import platform
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path

from ...proto.errors import fail


@dataclass(frozen=True, slots=True, init=False)
class Target:
    """What code is generated for: `Target("x86-64-v3")`, `Target("native")`. Two targets with equal fields give identical code.

    `cpu` and `features` are LLVM's names; `cpuinfo` holds the `/proc/cpuinfo` flags a machine must show to run the code.
    `vector_bytes` is the width kernels should use, `vector_registers` how many such registers there are. Cache sizes are in bytes:
    the machine's own for the native target, cautious figures for a named level.
    """

    name: str
    arch: str
    triple: str
    cpu: str
    features: str
    cpuinfo: tuple[str, ...]
    vector_bytes: int
    vector_registers: int
    has_fma: bool
    has_f16c: bool
    has_bf16: bool
    has_vnni: bool
    l1_bytes: int
    l2_bytes: int
    l3_bytes: int

    def __init__(self, name: str = "native") -> None:
        known = Target.parse(name)
        for field in fields(Target):
            object.__setattr__(self, field.name, getattr(known, field.name))

    def __str__(self) -> str:
        return self.name

    def lanes(self, element_bytes: int) -> int:
        """Elements of `element_bytes` bytes in one vector register."""
        return self.vector_bytes // element_bytes

    @staticmethod
    def parse(name: str) -> "Target":
        """The target called `name`: a level, or `native` (also `host`) for the best level of this machine.

        Raises `WeftError` (`target.unknown`) that lists the choices.
        """
        if name in ("native", "host"):
            return Target.host()
        if name not in LEVELS:
            raise fail("target.unknown", f"no target is called {name!r}", help=f"choose one of: native, {', '.join(LEVELS)}")
        return LEVELS[name]

    @staticmethod
    def host() -> "Target":
        """The best level this machine has, with its cache sizes. Raises `WeftError` (`target.host`) if it has none."""
        return _host()


def _target(*values: object, **more: object) -> Target:
    """A target with these fields, in order and by name."""
    names = [field.name for field in fields(Target)]
    made = object.__new__(Target)
    defaults = {"l1_bytes": 32 << 10, "l2_bytes": 512 << 10, "l3_bytes": 8 << 20}
    for name, value in {**defaults, **dict(zip(names, values, strict=False)), **more}.items():
        object.__setattr__(made, name, value)
    return made


_X86 = ("x86_64", "x86_64-unknown-linux-gnu")
_V2 = ("cx16", "lahf_lm", "popcnt", "pni", "ssse3", "sse4_1", "sse4_2")
_V3 = (*_V2, "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave")
_V4 = (*_V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")
_V4B = (*_V4, "avx512_bf16", "avx512_vnni")
_NEON = ("fp", "asimd")


def _levels() -> dict[str, Target]:
    #        name                    arch, triple  cpu          features                    cpuinfo  bytes regs fma    f16c   bf16   vnni
    rows = (
        _target("x86-64-v2",            *_X86, "x86-64-v2", "",                             _V2, 16, 16, False, False, False, False),
        _target("x86-64-v3",            *_X86, "x86-64-v3", "",                             _V3, 32, 16, True,  True,  False, False),
        _target("x86-64-v4",            *_X86, "x86-64-v4", "",                             _V4, 64, 32, True,  True,  False, False),
        _target("x86-64-v4-bf16-vnni",  *_X86, "x86-64-v4", "+avx512bf16,+avx512vnni",      _V4B, 64, 32, True,  True,  True,  True),
        _target("aarch64", "aarch64", "aarch64-unknown-linux-gnu", "generic", "+neon",      _NEON, 16, 32, True,  True,  False, False),
    )  # fmt: skip
    return {t.name: t for t in rows}


LEVELS = _levels()


def machine_arch() -> str:
    """This machine's architecture as `Target.arch` spells it."""
    machine = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)


def machine_flags() -> frozenset[str]:
    """The CPU flags of `/proc/cpuinfo` (x86 `flags`, Arm `Features`), if there is such a file; on AArch64 at least what all have."""
    always = frozenset(_NEON if machine_arch() == "aarch64" else ())
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return always
    for line in path.read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return always.union(value.split())
    return always


def supported(target: Target) -> bool:
    """Whether this machine can run code for `target`."""
    return target.arch == machine_arch() and machine_flags().issuperset(target.cpuinfo)


@cache
def _host() -> Target:
    fitting = [t for t in LEVELS.values() if supported(t)]
    if not fitting:
        raise fail(
            "target.host",
            f"this machine ({machine_arch()}) has none of the levels weft generates code for",
            help=f"the levels are {', '.join(LEVELS)}; x86-64-v2 needs SSE4.2, aarch64 needs Advanced SIMD",
        )
    return _target(**asdict(fitting[-1]) | _cache_sizes())


def _cache_sizes() -> dict[str, int]:
    """L1 data, L2 and L3 sizes of CPU 0 as sysfs tells them."""
    sizes: dict[str, int] = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            level, kind, size = ((index / name).read_text().strip() for name in ("level", "type", "size"))
        except OSError:
            continue
        if kind != "Instruction" and level in "123" and size.endswith("K"):
            sizes[f"l{level}_bytes"] = int(size[:-1]) << 10
    return sizes
