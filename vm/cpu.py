"""What this machine's CPU can do, without LLVM, and which image of a program it should run."""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

from ..proto.errors import fail


class Requirement(Protocol):
    """What the image of one CPU level needs: the `Image` message."""

    @property
    def level(self) -> str: ...
    @property
    def arch(self) -> str: ...
    @property
    def features(self) -> Sequence[str]: ...


Image = TypeVar("Image", bound=Requirement)


@cache
def arch() -> str:
    """`x86_64` or `aarch64`, or what else the machine calls itself."""
    machine = os.uname().machine.lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)


# What every CPU of an architecture has that Linux and macOS run on, whether or not a file says so.
_ALWAYS = {"aarch64": frozenset(("fp", "asimd"))}


@cache
def features() -> frozenset[str]:
    """The flags of the first CPU in /proc/cpuinfo (`flags` on x86-64, `Features` on aarch64)."""
    always = _ALWAYS.get(arch(), frozenset[str]())
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return always
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return always.union(value.split())
    return always


def choose(images: Sequence[Image]) -> Image:
    """The first of `images` that this machine can run; with the environment variable WEFT_CPU, the one of that level.

    Raises `WeftError` (`cpu.level`) if the program has no image of the level asked for, `cpu.features` if the machine fits none.
    """
    wanted = os.environ.get("WEFT_CPU")
    candidates = [image for image in images if not wanted or image.level == wanted]
    if not candidates:
        levels = ", ".join(image.level for image in images) or "none"
        raise fail("cpu.level", f"WEFT_CPU asks for {wanted}, but the program was compiled for {levels}")
    for image in candidates:
        if image.arch == arch() and not missing(image):
            return image
    lacks = "; ".join(f"{image.level} needs {_needs(image)}" for image in candidates)
    raise fail(
        "cpu.features",
        f"this machine ({arch()}) cannot run the program: {lacks}",
        help="compile the model on this machine, or with `weft compile --cpu LEVEL` for a level it has",
    )


def missing(image: Requirement) -> list[str]:
    """The features of `image` that this machine lacks."""
    return [feature for feature in image.features if feature not in features()]


def _needs(image: Requirement) -> str:
    return ", ".join(missing(image)) if image.arch == arch() else f"a CPU of architecture {image.arch}"
