"""What the array API lets programs ask of a namespace."""

from typing import Any

import numpy as np

from . import dtypes


class __array_namespace_info__:
    """Devices, default types and capabilities."""

    def capabilities(self) -> dict[str, Any]:
        """Masks and data-dependent shapes work; ranks go up to 64."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        """The device tensors are on unless another is asked for."""
        return "cpu:0"

    def devices(self) -> list[str]:
        """The devices there are."""
        return ["cpu:0"]

    def default_dtypes(self, *, device: object = None) -> dict[str, np.dtype]:
        """The types of new tensors."""
        return {
            "real floating": dtypes.DEFAULT_FLOAT,
            "complex floating": dtypes.DEFAULT_COMPLEX,
            "integral": dtypes.DEFAULT_INT,
            "indexing": dtypes.DEFAULT_INT,
        }

    def dtypes(self, *, device: object = None, kind: Any = None) -> dict[str, np.dtype]:
        """The standard's types by name, of a kind if one is given."""
        names = ["bool", *(f"{s}int{n}" for s in ("", "u") for n in (8, 16, 32, 64)), "float32", "float64", "complex64", "complex128"]
        found = {name: getattr(dtypes, name) for name in names}
        return found if kind is None else {name: d for name, d in found.items() if dtypes.isdtype(d, kind)}
