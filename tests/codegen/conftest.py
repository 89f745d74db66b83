"""Running generated code in the test process."""

import ctypes
import mmap
import os
from collections.abc import Callable

import numpy as np
import pytest
from weft.compiler.codegen.link import Image


@pytest.fixture
def mapped() -> Callable[[Image], dict[str, int]]:
    """Maps an image read-execute and gives the addresses of its symbols; it stays mapped while the test runs."""
    alive: list[mmap.mmap] = []

    def map_image(image: Image) -> dict[str, int]:
        handle = os.memfd_create("weft-test")
        try:
            os.write(handle, image.data)
            memory = mmap.mmap(handle, len(image.data), prot=mmap.PROT_READ | mmap.PROT_EXEC)
        finally:
            os.close(handle)
        alive.append(memory)
        base = np.frombuffer(memory, np.uint8).ctypes.data
        return {name: base + offset for name, offset in image.symbols.items()}

    return map_image


@pytest.fixture
def call(mapped: Callable[[Image], dict[str, int]]) -> Callable[..., int]:
    """`call(image, name, *arguments)`: an i64 function of integers and arrays (passed by address)."""

    def call_function(image: Image, name: str, *arguments: int | np.ndarray) -> int:
        values = [a.ctypes.data if isinstance(a, np.ndarray) else a for a in arguments]
        function = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * len(values))(mapped(image)[name])
        return function(*values)

    return call_function
