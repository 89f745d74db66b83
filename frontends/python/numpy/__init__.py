"""`weft.numpy`: NumPy's functions on tensors, after the Python array API standard 2024.12.

Every function builds graph out of ops; on tensors that hold their elements the graph is interpreted at once, inside `@weft.function` it
is compiled. Types are promoted by the standard's rules; Python numbers take the type of the tensor beside them. New floats are float32 and
new integers int64 unless a dtype is given.
"""

from ..tensor import METHODS, Tensor
from . import (
    creation as creation,
)
from . import (
    elementwise as elementwise,
)
from . import (
    indexing as indexing,
)
from . import (
    linear as linear,
)
from . import (
    manipulation as manipulation,
)
from . import (
    reductions as reductions,
)
from .creation import *  # noqa: F403
from .dtypes import *  # noqa: F403
from .elementwise import *  # noqa: F403
from .indexing import *  # noqa: F403
from .linear import *  # noqa: F403
from .manipulation import *  # noqa: F403
from .reductions import *  # noqa: F403

__array_api_version__ = "2024.12"

ndarray = Tensor


def _namespace(api_version: str | None) -> object:
    import sys

    if api_version not in (None, "2021.12", "2022.12", "2023.12", "2024.12"):
        raise ValueError(f"there is no version {api_version!r} of the array API here; the newest is 2024.12")
    return sys.modules[__name__]


METHODS.update({name: f for name, f in list(globals().items()) if callable(f) and not name.startswith("_") and f is not Tensor})
METHODS["namespace"] = _namespace
