"""`Function`: a function of a loaded program as a Python callable on numpy arrays."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import fastcall, model
from .image import Image
from .model import Model
from .runner import Runner
from .signature import Signature


class Function:
    """Call it with arrays by position or by name; the result is an array, or a tuple of them if there are several.

    Any number of threads may call it at once. Inputs are never written unless the signature says that they are donated; results
    are new arrays. `timeout=` is in seconds. Raises `WeftError`: `call.*` for wrong arguments, `run.timeout`, `run.kernel`,
    `run.memory`.
    """

    # Python finds `__call__` by its type, and there the slot, which gives what the instance holds: native code, or a method of the runner.
    # The runner does not refer to either, so that memory and code go when the last reference to a function does.
    __slots__ = ("__call__", "__weakref__", "runner", "signature")

    __call__: Callable[..., Any]
    signature: Signature

    def __init__(
        self, model: Model, function: model.Function, image: Image, constants: Sequence[np.ndarray], threads: int, memory: int
    ) -> None:
        self.runner = Runner(model, function, image, constants, threads, memory)
        self.signature = self.runner.signature
        slow = self.runner.call
        fast = fastcall.entry(image, function.name, len(function.inputs), self.runner.variants, slow) if self.runner.fast else None
        self.__call__ = fast or slow

    @property
    def name(self) -> str:
        """The name of the function in the program."""
        return self.signature.name

    def __repr__(self) -> str:
        return f"<weft function {self.signature}>"

    def run_into(self, inputs: Sequence[Any] | Mapping[str, Any], outputs: Sequence[np.ndarray], *, timeout: float | None = None) -> None:
        """Run and write the results to `outputs`, which must be row-major, of the exact dtype and shape.

        No array is allocated if the inputs need no conversion. An input that overlaps an output is copied first.
        """
        self.runner.run_into(inputs, outputs, timeout)
